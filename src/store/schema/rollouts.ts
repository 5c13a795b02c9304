/** When proposals need attention, who gives it to them, and what engines were asked to start. */

import { index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { HealthResult } from '../../core/ports.ts'
import { instant } from './column-types.ts'

/** When a proposal needs attention again, one row each. */
export const timers = pgTable(
  'timers',
  { proposal: text('proposal').primaryKey(), dueAt: instant('due_at').notNull() },
  (table) => [index('timers_due').on(table.dueAt)],
)

/** Who does work that only one process does at a time: `holder` is the process, `term` counts the holders. */
export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  term: integer('term').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** Calls of an engine, each for assets of a batch, by idempotency key. */
export const starts = pgTable('starts', {
  key: text('key').primaryKey(),
  proposal: text('proposal').notNull(),
  engine: text('engine').notNull(),
  /** `starting`: just before the engine is called; `started`: it has answered. */
  stage: text('stage', { enum: ['starting', 'started'] }).notNull(),
  /** What the engine needs to find the start again; `null` until it has answered. */
  handle: jsonb('handle').$type<Readonly<Record<string, unknown>>>(),
  startedAt: instant('started_at').notNull(),
  /** The engine is not asked again before this time; `null`: it has not said so, or all of its assets have ended. */
  nextLook: instant('next_look'),
})

/** The assets of each start, until the proposal is over for a while. */
export const startAssets = pgTable(
  'start_assets',
  {
    key: text('key').notNull(),
    asset: text('asset').notNull(),
    /**
     * In which order the engine is called for them, from 1; `null`: it is not called, because the asset was refused
     * before.
     */
    place: integer('place'),
    /** How healthy it was before it was touched; `null`: nobody looked. */
    before: jsonb('before').$type<readonly HealthResult[]>(),
  },
  (table) => [primaryKey({ columns: [table.key, table.asset] })],
)
