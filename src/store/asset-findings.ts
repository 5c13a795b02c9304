/** What the record last said about one asset, for its page. */

import { sql } from 'drizzle-orm'
import type { JudgedRecorded } from '../core/record/judged.ts'
import type { Queryable } from './connection.ts'
import { findingAssets, findingClasses, findingsRecorded, judgedFlaws, openPatches, results } from './schema.ts'

export interface AssetFinding {
  readonly flaw: string
  /** Since when the asset has these open flaws, ISO 8601 UTC. */
  readonly since: string
  readonly feeds: readonly string[]
  /** In each context of assets. Empty: it was not judged. */
  readonly judged: readonly JudgedRecorded[]
  /** Open proposals of the team that ask for a patch against it. */
  readonly proposals: readonly string[]
}

/** The open flaws of an asset, in the order of their names. */
export async function findingsOfAsset(
  db: Queryable,
  { id, team }: { readonly id: string; readonly team: string },
): Promise<readonly AssetFinding[]> {
  const rows = await db.execute<Record<string, unknown> & AssetFinding>(sql`
    with open as (select a.since, jsonb_array_elements_text(c.flaws) as flaw
      from ${findingAssets} a join ${findingClasses} c on c.id = a.class where a.team = ${team} and a.asset = ${id})
    select open.flaw, open.since, coalesce(r.feeds, '[]'::jsonb) as feeds, coalesce(j.judged, '[]'::jsonb) as judged,
      coalesce((select jsonb_agg(distinct o.proposal) from ${openPatches} o
        where o.team = ${team} and o.patch in (select jsonb_array_elements_text(r.patches))), '[]'::jsonb) as proposals
    from open left join ${findingsRecorded} r on r.team = ${team} and r.flaw = open.flaw
      left join ${judgedFlaws} j on j.team = ${team} and j.flaw = open.flaw
    order by open.flaw`)
  return rows.map((row) => ({ ...row, since: new Date(row.since).toISOString() }))
}

export interface AssetResult {
  readonly proposal: string
  readonly startedAt: string | null
  readonly doneAt: string | null
  readonly endState: string | null
}

/** What rollouts did to an asset, the last first. */
export async function resultsOfAsset(db: Queryable, id: string, most: number): Promise<readonly AssetResult[]> {
  const rows = await db.execute<Record<string, unknown> & AssetResult>(sql`
    select proposal, started_at as "startedAt", done_at as "doneAt", end_state as "endState" from ${results}
    where asset = ${id} and part = 1 and started_at is not null order by started_at desc limit ${most}`)
  const instant = (at: string | null) => (at === null ? null : new Date(at).toISOString())
  return rows.map((row) => ({ ...row, startedAt: instant(row.startedAt), doneAt: instant(row.doneAt) }))
}
