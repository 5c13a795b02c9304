/** What is said, and where. */

import { sql } from 'drizzle-orm'
import { bigserial, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { ThreadEntry } from '../../chat/card.ts'
import { instant } from './column-types.ts'

/** True for a message that everybody in its channel should know, and that is not about a proposal. */
export const isNotice = sql`proposal is null and kind = 'entry'`

/** Messages to deliver, written in the transaction of the event that caused them; delivered in order per conversation. */
export const outbox = pgTable(
  'outbox',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    platform: text('platform').notNull(),
    /** A channel of the configuration, or `@` and a person's id. */
    channel: text('channel').notNull(),
    /** `null`: about no single one, as a digest is. */
    proposal: text('proposal'),
    /** `card`: the proposal's card is to be shown as it is at delivery, so pending edits merge by themselves. */
    kind: text('kind', { enum: ['card', 'entry'] }).notNull(),
    at: instant('at').notNull(),
    /** Waits until then; `null`: for nothing. */
    notBefore: instant('not_before'),
    entry: jsonb('entry').$type<ThreadEntry>(),
    attempts: integer('attempts').notNull().default(0),
    deliveredAt: instant('delivered_at'),
    problem: text('problem'),
  },
  (table) => [
    index('outbox_waiting').on(table.platform, table.channel, table.id).where(sql`delivered_at is null`),
    index('outbox_delivered').on(table.deliveredAt),
    index('outbox_notices').on(table.platform, table.channel, table.id).where(isNotice),
  ],
)

/** True for a message of the console with a picture under it. */
export const hasPicture = sql`entry -> 'picture' is not null`

/** The console's own message log: what a chat platform would hold. `id` is the outbox id, so a redelivery changes nothing. */
export const consoleMessages = pgTable(
  'console_messages',
  {
    id: integer('id').primaryKey(),
    channel: text('channel').notNull(),
    proposal: text('proposal').notNull(),
    at: instant('at').notNull(),
    entry: jsonb('entry').$type<ThreadEntry>().notNull(),
  },
  (table) => [
    index('console_messages_proposal').on(table.proposal, table.id),
    index('console_messages_pictures').on(table.proposal, table.id).where(hasPicture),
  ],
)

/** Our messages on chat platforms. `message` is null from just before it is posted until its id is known. */
export const posts = pgTable(
  'posts',
  {
    platform: text('platform').notNull(),
    key: text('key').notNull(),
    proposal: text('proposal'),
    place: text('place').notNull(),
    message: text('message'),
  },
  (table) => [
    primaryKey({ columns: [table.platform, table.key] }),
    index('posts_message').on(table.platform, table.place, table.message),
  ],
)

/** Digests that were posted: one a day and channel. `day` is the local date. */
export const digests = pgTable(
  'digests',
  { channel: text('channel').notNull(), day: text('day').notNull() },
  (table) => [primaryKey({ columns: [table.channel, table.day] })],
)
