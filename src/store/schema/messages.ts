/** Messages to deliver, messages of the console, and messages on chat platforms. */

import { sql } from 'drizzle-orm'
import { bigserial, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { ThreadEntry } from '../../chat/card.ts'
import { instant } from './column-types.ts'

/** True for a message to a channel that is not about a proposal. Everybody in the channel should read it. */
export const isNotice = sql`proposal is null and kind = 'entry'`

/**
 * Messages to deliver. Each is written in the transaction of the event that caused it. Within a conversation they are
 * delivered in order.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    platform: text('platform').notNull(),
    /** A channel of the configuration, or `@` and a person's id. */
    channel: text('channel').notNull(),
    /** `null`: not about one proposal, like a digest. */
    proposal: text('proposal'),
    /**
     * `card`: show the proposal's card as it is at the time of delivery. One delivery so covers all cards that wait.
     */
    kind: text('kind', { enum: ['card', 'entry'] }).notNull(),
    at: instant('at').notNull(),
    /** The message waits until this time; `null`: it does not wait. */
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

/**
 * The messages of the console, which on a chat platform the platform would keep. `id` is the outbox id, so a second
 * delivery changes nothing.
 */
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

/**
 * Our messages on chat platforms. `message` is the platform's id of the message; `null` from just before posting until
 * the id is known.
 */
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

/** Digests that were posted: at most one for each channel and day. `day` is the local date. */
export const digests = pgTable(
  'digests',
  { channel: text('channel').notNull(), day: text('day').notNull() },
  (table) => [primaryKey({ columns: [table.channel, table.day] })],
)
