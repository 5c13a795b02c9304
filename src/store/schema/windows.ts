/** When assets must not be touched, and when they are least busy. */

import { index, integer, jsonb, pgTable, serial, text } from 'drizzle-orm/pg-core'
import type { MeasuredWindow, UnusableLoad } from '../../core/load.ts'
import { instant } from './column-types.ts'

/** The quietest time of each measured window, as the last measurement found it. */
export const measuredWindows = pgTable('measured_windows', {
  window: text('window').primaryKey(),
  wish: text('wish').notNull(),
  result: jsonb('result').$type<MeasuredWindow | UnusableLoad>(),
  measuredAt: instant('measured_at'),
  problem: text('problem'),
})

/** Freezes that people declared, including lifted ones. */
export const freezes = pgTable(
  'freezes',
  {
    id: serial('id').primaryKey(),
    team: text('team').notNull(),
    /** Pseudonym; in rows of earlier versions the person's id. The same for `lifted_by`. */
    person: text('person').notNull(),
    /**
     * Number of the entry in the stream `rights` that declares the freeze. The reason stands beside that entry. `null`:
     * an earlier version wrote the row.
     */
    entry: integer('entry'),
    /** The person's words, only in rows of earlier versions. */
    reason: text('reason'),
    fromAt: instant('from_at').notNull(),
    untilAt: instant('until_at').notNull(),
    liftedAt: instant('lifted_at'),
    liftedBy: text('lifted_by'),
  },
  (table) => [index('freezes_team').on(table.team, table.untilAt)],
)

/** Freeze calendars: the last text that could be understood, and why reading fails now. */
export const freezeCalendars = pgTable('freeze_calendars', {
  location: text('location').primaryKey(),
  /** `null`: never read. */
  text: text('text'),
  readAt: instant('read_at'),
  problem: text('problem'),
})
