/**
 * Tables beside the state of a proposal. Their rows follow from the state alone, so that lists and decisions find them
 * without reading the state. Rows that have changed are written in the transaction of the event. They are compared with
 * the rows that events rebuild.
 */

import { eq, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { canonicalJson } from '../core/canonical-json.ts'
import { type Ask, asksOf, placesWith } from '../core/permission/asks.ts'
import { briefOf } from '../core/proposal/brief.ts'
import { subjectHashes } from '../core/proposal/decision-content.ts'
import { lightOf } from '../core/proposal/light.ts'
import { finalStatuses, type ProposalState } from '../core/proposal/proposal.ts'
import type { Register } from '../core/record/register.ts'
import { storableAsJson } from '../core/storable.ts'
import { slices } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { carriedRows, deferralRows, deferredUntil, openPatchRows, standingRuleRows } from './precedents.ts'
import { asked, carried, deferrals, openPatches, proposalBriefs, standingRules } from './schema.ts'
import { together } from './transaction.ts'

type Row = Readonly<Record<string, unknown>>

export interface Beside {
  readonly table: PgTable & { readonly proposal: PgColumn }
  /** Columns that, together with the proposal, identify a row. */
  readonly key: readonly string[]
  /** A text that is cheap to make. As long as it stays the same, the rows of the proposal stay the same. */
  readonly of: (state: ProposalState) => string
  readonly rows: (state: ProposalState, register: Register) => readonly Row[]
}

export const besides: readonly Beside[] = [
  {
    table: proposalBriefs,
    key: [],
    of: subjectName,
    rows: ({ id, subject }) => [{ proposal: id, brief: briefOf(subject) }],
  },
  { table: asked, key: ['what'], of: (state) => canonicalJson(asksIn(state)), rows: askedRows },
  {
    table: openPatches,
    key: ['patch'],
    of: (state) => (finalStatuses.includes(state.status) ? '' : subjectName(state)),
    rows: openPatchRows,
  },
  {
    table: deferrals,
    key: ['patch'],
    of: (state) => {
      const until = deferredUntil(state)
      return until === null ? '' : `${until} ${subjectName(state)}`
    },
    rows: deferralRows,
  },
  {
    table: standingRules,
    key: [],
    of: (state) => `${state.status === 'approved'} ${subjectName(state)}`,
    rows: standingRuleRows,
  },
  { table: carried, key: ['family'], of: subjectName, rows: carriedRows },
]

function subjectName({ subject }: ProposalState): string {
  const { decision, evidence } = subjectHashes(subject)
  return `${decision} ${evidence}`
}

function asksIn(state: ProposalState): readonly Ask[] {
  return asksOf({ ...lightOf(state), subject: state.subject })
}

function askedRows(state: ProposalState, { pseudonymOf }: Register): readonly (typeof asked.$inferInsert)[] {
  const { id, number, team } = state
  return asksIn(state).map(({ what, roles, people, except, places }) => ({
    proposal: id,
    what,
    number,
    team,
    roles: [...roles],
    people: people.map(pseudonymOf),
    unasked: except.map(pseudonymOf),
    places: places && placesWith(places, pseudonymOf),
  }))
}

/**
 * Writes rows that have changed. `before`: the state whose rows are stored already; `null`: all rows are written anew.
 */
export async function saveBesides(
  tx: Queryable,
  state: ProposalState,
  before: ProposalState | null,
  register: Register,
): Promise<void> {
  const changed = besides.filter(({ of }) => before === null || of(before) !== of(state))
  await together(
    ...changed.map(async ({ table, rows }) => {
      await tx.delete(table).where(eq(table.proposal, state.id))
      for (const some of slices(rows(state, register)))
        await tx.execute(
          sql`insert into ${table} select * from jsonb_populate_recordset(null::${table}, ${storableAsJson(some)}::text::jsonb)`,
        )
    }),
  )
}
