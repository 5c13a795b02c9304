/** When proposals need attention, which process gives it, and which starts engines were asked for. */

import { index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { DeploymentReport, HealthResult, StopReport } from '../../core/ports.ts'
import { instant } from './column-types.ts'

/** When a proposal needs attention again. One row for each proposal. */
export const timers = pgTable(
  'timers',
  { proposal: text('proposal').primaryKey(), dueAt: instant('due_at').notNull() },
  (table) => [index('timers_due').on(table.dueAt)],
)

/** Leases: which process (`holder`) does a piece of work that only one may do at a time. `term` counts the holders. */
export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  term: integer('term').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

export const startStages = ['starting', 'started', 'window over', 'tidied'] as const

/** Starts: calls of an engine, each for assets of one batch, by idempotency key. */
export const starts = pgTable(
  'starts',
  {
    key: text('key').primaryKey(),
    proposal: text('proposal').notNull(),
    engine: text('engine').notNull(),
    /**
     * `starting`: just before the engine is called; `started`: it has answered; `window over`: what had not begun was
     * taken back; `tidied`: nothing of it is left in the engine's system.
     */
    stage: text('stage', { enum: startStages }).notNull(),
    /** What the engine needs to find the start again; `null` until it has answered. */
    handle: jsonb('handle').$type<Readonly<Record<string, unknown>>>(),
    startedAt: instant('started_at').notNull(),
    /**
     * The engine is not asked again before this time; `null`: it has named no time, or all assets of the start have
     * ended.
     */
    nextLook: instant('next_look'),
    /** The last sentence that the thread was told about the start itself; `null`: none. */
    told: text('told'),
    /** What its engine reported in the last look that it made for several starts, and when; `null`: there was none. */
    reports: jsonb('reports').$type<readonly DeploymentReport[]>(),
    reportsAt: instant('reports_at'),
  },
  (table) => [index('starts_proposal').on(table.proposal)],
)

/** The assets of each start. They are deleted some time after the proposal is over. */
export const startAssets = pgTable(
  'start_assets',
  {
    key: text('key').notNull(),
    asset: text('asset').notNull(),
    /**
     * The asset's place in the order in which the engine is called, from 1; `null`: the engine is not called for it,
     * because it was refused before.
     */
    place: integer('place'),
    /** Health of the asset before the start; `null`: nobody looked. */
    before: jsonb('before').$type<readonly HealthResult[]>(),
    /** What the last stop reached on the asset; `null`: it was not stopped. */
    stop: text('stop').$type<StopReport['state']>(),
    /** Work that has not begun by then never begins; `null`: not known, or it was not stopped. */
    stopUntil: instant('stop_until'),
  },
  (table) => [primaryKey({ columns: [table.key, table.asset] })],
)

/** What an engine keeps beyond the life of a process: who is to be told of a start, and who was taken back. */
export const engineNotes = pgTable(
  'engine_notes',
  {
    engine: text('engine').notNull(),
    /** The key of a start, or another name that the engine chose. */
    name: text('name').notNull(),
    note: jsonb('note').$type<Readonly<Record<string, unknown>>>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.engine, table.name] })],
)
