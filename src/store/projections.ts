/**
 * The tables of current state that events can rebuild, and the rows that each should have for a proposal according to
 * its events. `audit verify --rebuild` compares them. A new table is one more entry in `projections`.
 */

import { inArray, isNotNull } from 'drizzle-orm'
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core'
import { resultRows } from '../core/proposal/light.ts'
import { mayWakeAt, wakeAt } from '../core/proposal/next-step.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { rowWithoutPersons } from '../core/proposal/said.ts'
import type { Register } from '../core/record/register.ts'
import { workRows } from './at-work.ts'
import { besides } from './beside.ts'
import type { Queryable } from './connection.ts'
import { contentRows } from './live-contents.ts'
import { proposalRow, resultRow, tallyColumns, voteRows } from './proposals.ts'
import { atWork, liveContents, proposals, results, timers, votes } from './schema.ts'

/** What the events of one proposal lead to. */
export interface Replayed {
  readonly state: ProposalState
  readonly headHash: string
  readonly register: Register
  /** When the last event was recorded. */
  readonly lastAt: string
}

export type Row = Readonly<Record<string, unknown>>

export interface Projection {
  readonly table: string
  /**
   * `state`: a part of the state, which an earlier version stored whole. `tally`: the version before did not write it.
   * `beside`: any other table.
   */
  readonly is: 'state' | 'beside' | 'tally'
  /** Columns that the version before did not write. */
  readonly tallied: readonly string[]
  /** Columns that, together with the proposal, identify a row. */
  readonly key: readonly string[]
  /** Ids of all proposals that have rows. */
  readonly proposals: (db: Queryable) => Promise<readonly string[]>
  /** The rows of these proposals, by proposal. */
  readonly stored: (db: Queryable, ids: readonly string[]) => Promise<ReadonlyMap<string, readonly Row[]>>
  /**
   * The rows that events give. If more than one row would be right, a right one in `stored` is taken. Instants have the
   * form in which the database returns them.
   */
  readonly rebuilt: (replayed: Replayed, stored: readonly Row[], now: string) => readonly Row[]
}

export const projections: readonly Projection[] = [
  {
    ...projection('state', proposals, proposals.id, [], ({ state, headHash, register }) => [
      proposalRow(state, headHash, register),
    ]),
    tallied: tallyColumns,
  },
  projection('state', votes, votes.proposal, ['person'], ({ state, register }) => voteRows(state, register)),
  projection('state', results, results.proposal, ['part', 'asset'], ({ state, register }) =>
    resultRows(state).map((row) => resultRow(state.id, rowWithoutPersons(row, register))),
  ),
  projection('beside', liveContents, liveContents.proposal, [], ({ state }) => contentRows(state)),
  projection('beside', atWork, atWork.proposal, ['asset'], ({ state }) => workRows(state)),
  ...besides.map(({ table, key, rows }) =>
    projection('tally', table, table.proposal, key, ({ state, register }) => rows(state, register)),
  ),
  projection('beside', timers, timers.proposal, [], timerRows),
]

function timerRows({ state, lastAt }: Replayed, stored: readonly Row[], now: string): readonly Row[] {
  const dueAt = wakeAt(state, lastAt)
  if (dueAt === null) return []
  const [row] = stored
  const kept = typeof row?.dueAt === 'string' && mayWakeAt(state, row.dueAt, lastAt, now)
  return [kept ? row : { proposal: state.id, dueAt }]
}

/** One table, whose rows belong to the proposal that the column `of` names. */
function projection(
  is: Projection['is'],
  table: PgTable,
  of: PgColumn,
  key: readonly string[],
  rowsOf: (replayed: Replayed, stored: readonly Row[], now: string) => readonly Row[],
): Projection {
  const { name, columns } = getTableConfig(table)
  const propertyOf = new Map(
    Object.entries(table).flatMap(([property, value]) => (columns.includes(value) ? [[value, property] as const] : [])),
  )
  const instants = columns
    .filter((column) => column.getSQLType().startsWith('timestamp'))
    .map((column) => propertyOf.get(column) ?? column.name)
  const proposal = propertyOf.get(of) ?? of.name
  const printed = (row: Row): Row => ({
    ...row,
    ...Object.fromEntries(
      instants.map((instant) => [
        instant,
        typeof row[instant] === 'string' ? new Date(row[instant]).toISOString() : null,
      ]),
    ),
  })
  return {
    table: name,
    is,
    tallied: [],
    key,
    proposals: async (db) => {
      const rows = await db.selectDistinct({ id: of }).from(table).where(isNotNull(of))
      return rows.map(({ id }) => String(id))
    },
    stored: async (db, ids) => {
      const rows: readonly Row[] = await db
        .select()
        .from(table)
        .where(inArray(of, [...ids]))
      return grouped(rows, (row) => String(row[proposal]))
    },
    rebuilt: (replayed, stored, now) => rowsOf(replayed, stored, now).map(printed),
  }
}

function grouped(rows: readonly Row[], by: (row: Row) => string): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const name = by(row)
    const group = groups.get(name)
    if (group) group.push(row)
    else groups.set(name, [row])
  }
  return groups
}
