/** Which assets rollouts and tests work on now. No asset may be worked on for two proposals at the same time. */

import { and, eq, gte, inArray, ne, sql } from 'drizzle-orm'
import { limits } from '../core/limits.ts'
import type { OtherWork } from '../core/proposal/command.ts'
import type { Deployment, ProposalState } from '../core/proposal/proposal.ts'
import { unfinishedDeployments } from '../core/rollout/run.ts'
import { plusSeconds } from '../core/time/instant.ts'
import { slices } from './bulk.ts'
import type { Queryable, Tx } from './connection.ts'
import { atWork, proposals, startAssets, starts } from './schema.ts'
import { Collision } from './transaction.ts'

/**
 * Keeps others from beginning work for the team until the transaction ends. Take this lock before you lock the row of
 * any proposal.
 */
export async function lockTeam(tx: Tx, team: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchwarden:team:${team}`}::text, 0))`)
}

/** The work of the team's other proposals, and any other work on the assets of this proposal. */
export async function workOfOthers(
  tx: Tx,
  { id, team, subject }: ProposalState,
  now: string,
): Promise<readonly OtherWork[]> {
  const { asset, proposal, ring } = atWork
  // Few assets are at work at a time, in all teams together; a proposal may have very many assets.
  const work = await tx.select({ asset, proposal, ring, team: atWork.team }).from(atWork).where(ne(proposal, id))
  const elsewhere = work.some((row) => row.team !== team)
  const mine = new Set(elsewhere && subject.kind === 'patches' ? subject.assets.map((planned) => planned.asset.id) : [])
  const others = work.filter((row) => row.team === team || mine.has(row.asset))
  const proposalsOfOthers = [...new Set(others.map((row) => row.proposal))]
  const ends = await windowEnds(tx, proposalsOfOthers)
  const resting = await restingAssets(tx, proposalsOfOthers, now)
  return others.map((row) => ({
    asset: row.asset,
    proposal: row.proposal,
    ring: row.ring,
    until: ends.get(row.proposal) ?? null,
    rests: resting.has(row.asset),
  }))
}

/** The assets that are at work for a proposal. */
export async function assetsOf(db: Queryable, proposal: string): Promise<readonly string[]> {
  const rows = await db.select({ asset: atWork.asset }).from(atWork).where(eq(atWork.proposal, proposal))
  return rows.map(({ asset }) => asset)
}

/** The assets of these proposals whose start is looked at again so late that nobody waits for it. */
async function restingAssets(tx: Tx, ids: readonly string[], now: string): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const rows = await tx
    .select({ asset: startAssets.asset })
    .from(startAssets)
    .innerJoin(starts, eq(starts.key, startAssets.key))
    .where(and(inArray(starts.proposal, [...ids]), gte(starts.nextLook, plusSeconds(now, limits.restSeconds))))
  return new Set(rows.map(({ asset }) => asset))
}

/** When the windows of these proposals end. A state may be large, so each one is read only once. */
async function windowEnds(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  if (ids.length === 0) return new Map()
  const end = sql<string | null>`${proposals.state} -> 'schedule' ->> 'end'`
  const rows = await tx
    .select({ id: proposals.id, end })
    .from(proposals)
    .where(inArray(proposals.id, [...ids]))
  return new Map(rows.map((row) => [row.id, row.end]))
}

/** How many proposals that wait are woken when something gets free. */
const WOKEN = 10

/**
 * Other proposals of the team that wait until an asset is free: those that wait for this proposal first. There may be
 * hundreds, and a few places, so only some are given, chosen at random. The others try again by themselves.
 */
export async function waitingForAssets(tx: Tx, { id, team }: ProposalState): Promise<readonly string[]> {
  const waitsFor = sql`${proposals.state} -> 'waitsFor'`
  const waits = sql`jsonb_typeof(${waitsFor}) = 'object'`
  const forThis = sql`${waitsFor} ->> 'proposal' = ${id} and ${waitsFor} ->> 'full' is null`
  const rows = await tx
    .select({ id: proposals.id })
    .from(proposals)
    .where(
      and(eq(proposals.team, team), inArray(proposals.status, ['open', 'rolling out']), ne(proposals.id, id), waits),
    )
    .orderBy(sql`${forThis} desc, random()`)
    .limit(WOKEN)
  return rows.map((row) => row.id)
}

/**
 * Writes which assets the proposal works on. `before`: the state whose work is stored already; `null`: there is none.
 * Returns true if an asset became free. Throws a `Collision` if another proposal works on one of the assets.
 */
export async function saveAtWork(tx: Queryable, state: ProposalState, before: ProposalState | null): Promise<boolean> {
  const now = unfinishedDeployments(state)
  const known = before === null ? [] : unfinishedDeployments(before)
  const ended = without(known, now)
  if (ended.length > 0)
    await tx.delete(atWork).where(
      and(
        eq(atWork.proposal, state.id),
        inArray(
          atWork.asset,
          ended.map(({ asset }) => asset),
        ),
      ),
    )
  const begun = without(now, known)
  if (begun.length === 0) return ended.length > 0
  const rows = workRows(state, begun)
  const written = await tx
    .insert(atWork)
    .values([...rows])
    .onConflictDoNothing()
    .returning({ asset: atWork.asset })
  if (written.length < rows.length)
    throw new Collision(`An asset of ${state.id} is being worked on for another proposal.`)
  return ended.length > 0
}

/**
 * Writes anew which assets the proposal works on. If another proposal works on the same asset, which an earlier version
 * allowed, the asset stays with that proposal.
 */
export async function renewAtWork(tx: Queryable, state: ProposalState): Promise<void> {
  await tx.delete(atWork).where(eq(atWork.proposal, state.id))
  const rows = workRows(state)
  for (const some of slices(rows))
    await tx
      .insert(atWork)
      .values([...some])
      .onConflictDoNothing()
}

/** The rows of `at_work` for these deployments. Default: all unfinished deployments of the proposal. */
export function workRows(
  state: ProposalState,
  deployments: readonly Deployment[] = unfinishedDeployments(state),
): readonly (typeof atWork.$inferInsert)[] {
  const { id, team, subject } = state
  const rings = subject.kind === 'patches' ? subject.rings : []
  return deployments.map(({ asset, ring, startedAt }) => ({
    asset,
    proposal: id,
    team,
    ring: rings[ring]?.name ?? '',
    since: startedAt,
  }))
}

function without(list: readonly Deployment[], other: readonly Deployment[]): readonly Deployment[] {
  if (list.length === 0 || other.length === 0) return list
  const assets = new Set(other.map(({ asset }) => asset))
  return list.filter(({ asset }) => !assets.has(asset))
}
