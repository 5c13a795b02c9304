/** What is left to propose, and the data that this depends on. */

import { bigserial, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { TransactionStep } from '../../core/ports.ts'
import type { Watched } from '../../core/watched.ts'
import { instant } from './column-types.ts'

/** Changes that proposing has not looked at yet. A process that has finished the work deletes the rows that it read. */
export const dirty = pgTable(
  'dirty',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    /** `null`: the change does not belong to one team. */
    team: text('team'),
    feed: text('feed'),
    /** The version that the feed has since the change. */
    version: integer('version'),
    why: text('why').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [index('dirty_team').on(table.team)],
)

/** How far proposing has come with each team. store/drafted.ts describes the columns. */
export const drafted = pgTable('drafted', {
  team: text('team').primaryKey(),
  count: integer('count').notNull(),
  key: text('key').notNull(),
  nextAt: instant('next_at'),
  waitsSince: instant('waits_since'),
})

/** Answers of engines to previews. store/previews.ts describes them. */
export const previews = pgTable(
  'previews',
  {
    engine: text('engine').notNull(),
    key: text('key').notNull(),
    steps: jsonb('steps').$type<readonly TransactionStep[]>(),
    problem: text('problem'),
    askedAt: instant('asked_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.engine, table.key] })],
)

/** What the last assessment found pending on those assets of a team that are only watched. */
export const watched = pgTable('watched', {
  team: text('team').primaryKey(),
  /** Since when the facts are the same. */
  at: instant('at').notNull(),
  facts: jsonb('facts').$type<Watched>().notNull(),
})

/** When each patch was first found missing. Due dates count from that time. */
export const patchesSeen = pgTable('patches_seen', {
  id: text('id').primaryKey(),
  firstSeenAt: instant('first_seen_at').notNull(),
})
