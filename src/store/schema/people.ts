/** Who signs in, and which accounts and groups are whose. */

import { boolean, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { ChatPlatformName } from '../../core/chat-platforms.ts'
import type { Via } from '../../core/proposal/proposal.ts'
import { instant } from './column-types.ts'

/** Only hashes of tokens are kept. */
export const signInLinks = pgTable('sign_in_links', {
  tokenHash: text('token_hash').primaryKey(),
  person: text('person').notNull(),
  issuedBy: text('issued_by').notNull(),
  /** The hands that could keep the link for themselves: people, or the command line. */
  madeBy: text('made_by').array().notNull(),
  /** Made in the labelled example, and worth nothing elsewhere. */
  example: boolean('example').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
})

export const sessions = pgTable('sessions', {
  tokenHash: text('token_hash').primaryKey(),
  /** Who signed in. */
  person: text('person').notNull(),
  /** Who they act as; differs only in the labelled example. */
  actingAs: text('acting_as').notNull(),
  /** As for the link that began it. */
  madeBy: text('made_by').array().notNull(),
  example: boolean('example').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** Accounts that people linked with themselves by a code, beside those in the configuration. */
export const linkedAccounts = pgTable(
  'linked_accounts',
  {
    platform: text('platform').$type<ChatPlatformName>().notNull(),
    account: text('account').notNull(),
    /** How the account calls itself there; `null`: linked before that was kept. */
    label: text('label'),
    person: text('person').notNull(),
    linkedAt: instant('linked_at').notNull(),
    /** Where the person confirmed it; `null`: linked before that was kept. */
    confirmedIn: text('confirmed_in').$type<Via>(),
  },
  (table) => [
    primaryKey({ columns: [table.platform, table.account] }),
    // One on each platform: the next one is refused until the former is revoked.
    uniqueIndex('linked_accounts_once').on(table.person, table.platform),
  ],
)

/** Accounts and addresses that the configuration names for people, and when that was first seen. */
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
  /** How the account calls itself there. */
  label: text('label').notNull(),
  /** The person who was last shown whose account it is: only they can confirm it. */
  shownTo: text('shown_to'),
  expiresAt: instant('expires_at').notNull(),
})

/** Who was in a group of another system when it was last asked. */
export const groupsSeen = pgTable('groups_seen', {
  name: text('name').primaryKey(),
  people: text('people').array().notNull(),
  seenAt: instant('seen_at').notNull(),
})
