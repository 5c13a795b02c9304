/** What is left to propose, and what that depends on. */

import { bigserial, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { TransactionStep } from '../../core/ports.ts'
import type { Watched } from '../../core/watched.ts'
import { instant } from './column-types.ts'

/** What has changed and was not looked at yet. Whoever does the work deletes the rows that they saw. */
export const dirty = pgTable(
  'dirty',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    /** `null`: not of one team. */
    team: text('team'),
    feed: text('feed'),
    /** The version of what the feed holds. */
    version: integer('version'),
    why: text('why').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [index('dirty_team').on(table.team)],
)

/** How far proposing has come with each team, as store/drafted.ts says. */
export const drafted = pgTable('drafted', {
  team: text('team').primaryKey(),
  count: integer('count').notNull(),
  key: text('key').notNull(),
  nextAt: instant('next_at'),
  waitsSince: instant('waits_since'),
})

/** What engines have answered, as store/previews.ts says. */
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

/** What was last seen to be pending on a team's assets that are watched only. */
export const watched = pgTable('watched', {
  team: text('team').primaryKey(),
  /** Since when it is so. */
  at: instant('at').notNull(),
  facts: jsonb('facts').$type<Watched>().notNull(),
})

/** When each patch was first seen to be missing: due dates count from there. */
export const patchesSeen = pgTable('patches_seen', {
  id: text('id').primaryKey(),
  firstSeenAt: instant('first_seen_at').notNull(),
})
