/** Sign-in links, sessions, and the accounts and groups of people. */

import { boolean, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { ChatPlatformName } from '../../core/chat-platforms.ts'
import type { Via } from '../../core/proposal/proposal.ts'
import { instant } from './column-types.ts'

/** Only hashes of tokens are kept. */
export const signInLinks = pgTable('sign_in_links', {
  tokenHash: text('token_hash').primaryKey(),
  person: text('person').notNull(),
  issuedBy: text('issued_by').notNull(),
  /** Who made the link and could use it themselves: people, or the command line. */
  madeBy: text('made_by').array().notNull(),
  /** Made in the labelled example; not valid elsewhere. */
  example: boolean('example').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
})

export const sessions = pgTable('sessions', {
  tokenHash: text('token_hash').primaryKey(),
  /** Who signed in. */
  person: text('person').notNull(),
  /** The person they act as. It differs from `person` only in the labelled example. */
  actingAs: text('acting_as').notNull(),
  /** Who made the link that began the session. */
  madeBy: text('made_by').array().notNull(),
  example: boolean('example').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** Accounts that people linked to themselves with a code, in addition to those in the configuration. */
export const linkedAccounts = pgTable(
  'linked_accounts',
  {
    platform: text('platform').$type<ChatPlatformName>().notNull(),
    account: text('account').notNull(),
    /** The account's name on its platform; `null`: it was linked before names were kept. */
    label: text('label'),
    person: text('person').notNull(),
    linkedAt: instant('linked_at').notNull(),
    /** Where the person confirmed the link; `null`: it was linked before this was kept. */
    confirmedIn: text('confirmed_in').$type<Via>(),
  },
  (table) => [
    primaryKey({ columns: [table.platform, table.account] }),
    // A person has one account on each platform. A second one is refused until the first is revoked.
    uniqueIndex('linked_accounts_once').on(table.person, table.platform),
  ],
)

/** Accounts and addresses that the configuration names for people, and when each was first seen there. */
export const configuredAccounts = pgTable(
  'configured_accounts',
  {
    platform: text('platform').$type<ChatPlatformName | 'email'>().notNull(),
    account: text('account').notNull(),
    person: text('person').notNull(),
    seenAt: instant('seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.platform, table.account, table.person] })],
)

/** Codes that were asked for and not used yet; only their hashes are kept. */
export const linkCodes = pgTable('link_codes', {
  codeHash: text('code_hash').primaryKey(),
  platform: text('platform').$type<ChatPlatformName>().notNull(),
  account: text('account').notNull(),
  /** The account's name on its platform. */
  label: text('label').notNull(),
  /** The person who was last shown which account the code is for. Only that person can confirm it. */
  shownTo: text('shown_to'),
  expiresAt: instant('expires_at').notNull(),
})

/** Who was in each group of another system when that system was last asked. */
export const groupsSeen = pgTable('groups_seen', {
  name: text('name').primaryKey(),
  people: text('people').array().notNull(),
  seenAt: instant('seen_at').notNull(),
})

/** Secret addresses of calendars; only their hashes are kept. */
export const calendarAddresses = pgTable('calendar_addresses', {
  tokenHash: text('token_hash').primaryKey(),
  /** Whose calendar it is. It shows what this person may see. */
  person: text('person').notNull(),
  /** `null`: of all teams of the person. */
  team: text('team'),
  /** Whether it names titles, which may contain packages and servers. */
  detailed: boolean('detailed').notNull(),
  createdAt: instant('created_at').notNull(),
})
