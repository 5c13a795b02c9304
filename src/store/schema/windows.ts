/** When assets must not be touched, and when they are least busy. */

import { index, integer, jsonb, pgTable, serial, text } from 'drizzle-orm/pg-core'
import type { MeasuredWindow, UnusableLoad } from '../../core/load.ts'
import { instant } from './column-types.ts'

/** The quietest time of each measured window, as last found. */
export const measuredWindows = pgTable('measured_windows', {
  window: text('window').primaryKey(),
  wish: text('wish').notNull(),
  result: jsonb('result').$type<MeasuredWindow | UnusableLoad>(),
  measuredAt: instant('measured_at'),
  problem: text('problem'),
})

/** Freezes that people declared, lifted ones too. */
export const freezes = pgTable(
  'freezes',
  {
    id: serial('id').primaryKey(),
    team: text('team').notNull(),
    /** Pseudonym; in rows of earlier versions the person's id, as with `lifted_by`. */
    person: text('person').notNull(),
    /**
     * Number of the entry in `rights` that declares it; the reason stands beside that entry. `null`: from an earlier
     * version.
     */
    entry: integer('entry'),
    /** What the person wrote, in rows of earlier versions. */
    reason: text('reason'),
    fromAt: instant('from_at').notNull(),
    untilAt: instant('until_at').notNull(),
    liftedAt: instant('lifted_at'),
    liftedBy: text('lifted_by'),
  },
  (table) => [index('freezes_team').on(table.team, table.untilAt)],
)

/** Calendars of freezes: the last text that could be understood, and what is wrong with reading it now. */
export const freezeCalendars = pgTable('freeze_calendars', {
  location: text('location').primaryKey(),
  /** `null`: never read. */
  text: text('text'),
  readAt: instant('read_at'),
  problem: text('problem'),
})
