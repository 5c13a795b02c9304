/** What finished rollouts have verified on assets, and which of these assets were looked at since. */

import { and, eq, gte, sql } from 'drizzle-orm'
import type { Queryable } from './connection.ts'
import { assetLooks, assets, proposalBriefs, proposals, results } from './schema.ts'

export interface CompletedRollout {
  readonly id: string
  /** The proposal that it undoes; `null`: none. */
  readonly rollsBack: string | null
}

/** Rollouts that were completed since an instant. */
export async function completedSince(db: Queryable, since: string): Promise<readonly CompletedRollout[]> {
  return db
    .select({ id: proposals.id, rollsBack: sql<string | null>`${proposalBriefs.brief} ->> 'rollsBack'` })
    .from(proposals)
    .innerJoin(proposalBriefs, eq(proposalBriefs.proposal, proposals.id))
    .where(and(eq(proposals.status, 'completed'), gte(proposals.closedAt, since)))
    .orderBy(proposals.number)
}

/** Assets that a rollout has started. */
export async function startedBy(db: Queryable, proposal: string): Promise<readonly string[]> {
  const rows = await db
    .select({ asset: results.asset })
    .from(results)
    .where(sql`proposal = ${proposal} and part = 1 and started_at is not null`)
  return rows.map(({ asset }) => asset)
}

/**
 * Assets that a rollout has verified and that were looked at since it ended, with the number of their installed set.
 */
export async function lookedAtSince(
  db: Queryable,
  proposal: string,
): Promise<readonly { readonly asset: string; readonly software: number | null }[]> {
  return db
    .select({ asset: results.asset, software: assets.softwareSet })
    .from(results)
    .innerJoin(proposals, eq(proposals.id, results.proposal))
    .innerJoin(assets, eq(assets.id, results.asset))
    .innerJoin(assetLooks, eq(assetLooks.asset, results.asset))
    .where(
      sql`${results.proposal} = ${proposal} and ${results.part} = 1 and ${results.doneAt} is not null
        and ${assetLooks.observedAt} > ${proposals.closedAt}`,
    )
    .orderBy(results.asset)
}
