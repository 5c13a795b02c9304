import { and, asc, desc, eq, gte, inArray, notInArray, type SQL, sql } from 'drizzle-orm'
import { type Deployment, finalStatuses, type ProposalState, type Status } from '../core/proposal/proposal.ts'
import { storable } from '../core/storable.ts'
import { renewAtWork, saveAtWork } from './at-work.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { renewContent, saveContent } from './live-contents.ts'
import { deployments, proposals, votes } from './schema.ts'

export interface StoredProposal {
  readonly state: ProposalState
  /** Hash of the last event of its stream. */
  readonly headHash: string
}

/** The team of a proposal, which never changes. */
export async function teamOf(db: Queryable, id: string): Promise<string | null> {
  const [row] = await db
    .select({ team: proposals.team })
    .from(proposals)
    .where(eq(proposals.id, storable(id)))
  return row?.team ?? null
}

/** The proposal, locked until the transaction ends, so that commands on one proposal come one after another. */
export async function lockProposal(tx: Tx, id: string): Promise<StoredProposal | null> {
  const [row] = await tx
    .select()
    .from(proposals)
    .where(eq(proposals.id, storable(id)))
    .for('update')
  return row ? { state: row.state, headHash: row.headHash } : null
}

export async function findProposal(db: Queryable, id: string): Promise<ProposalState | null> {
  const [row] = await db
    .select({ state: proposals.state })
    .from(proposals)
    .where(eq(proposals.id, storable(id)))
  return row?.state ?? null
}

/** The next free number. The lock is held until the transaction ends, so numbers have no gaps. */
export async function nextProposalNumber(tx: Tx): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchwarden:proposal-number', 0))`)
  const [row] = await tx.select({ last: sql<number>`coalesce(max(${proposals.number}), 0)::int` }).from(proposals)
  return (row?.last ?? 0) + 1
}

/**
 * Writes the projections of one state: the row, its votes, its deployments, what it asks for and works on. `before`: the
 * state as it was read, whose deployments are written already; those that have not changed since are the same objects.
 * `freed`: an asset is not worked on any more.
 */
export async function saveProposal(
  tx: Queryable,
  state: ProposalState,
  headHash: string,
  before: ProposalState | null,
): Promise<{ readonly freed: boolean }> {
  await saveState(tx, state, headHash, before)
  await saveContent(tx, state, before)
  return { freed: await saveAtWork(tx, state, before) }
}

/** Writes them all anew, as they are by its events. */
export async function renewProposal(tx: Queryable, state: ProposalState, headHash: string): Promise<void> {
  await saveState(tx, state, headHash, null)
  await renewContent(tx, state)
  await renewAtWork(tx, state)
}

async function saveState(
  tx: Queryable,
  state: ProposalState,
  headHash: string,
  before: ProposalState | null,
): Promise<void> {
  const row = proposalRow(state, headHash)
  await tx.insert(proposals).values(row).onConflictDoUpdate({ target: proposals.id, set: row })
  await saveVotes(tx, state)
  await saveDeployments(tx, state, before)
}

/** The row of `proposals` that a state is kept in. */
export function proposalRow(state: ProposalState, headHash: string): typeof proposals.$inferInsert {
  const { id, number, team, status, seq, openedAt, closedAt } = state
  return { id, number, team, status, seq, headHash, openedAt, closedAt, state }
}

/** Its rows of `votes`. */
export function voteRows({ id, votes: cast }: ProposalState): readonly (typeof votes.$inferInsert)[] {
  return cast.map(({ person, choice, at, via }) => ({ proposal: id, person, choice, at, via }))
}

/** The row of `deployments` of one asset. */
export function deploymentRow(proposal: string, item: Deployment): typeof deployments.$inferInsert {
  return {
    proposal,
    asset: item.asset,
    ring: item.ring,
    batch: item.batch,
    startedAt: item.startedAt,
    outcome: item.outcome?.state ?? null,
    endState: item.verification?.end ?? null,
    verifiedAt: item.verification?.at ?? null,
  }
}

/** Rows in one statement, which takes 65,535 values at most. */
const ROWS_AT_ONCE = 2_000

async function saveVotes(tx: Queryable, state: ProposalState): Promise<void> {
  await tx.delete(votes).where(eq(votes.proposal, state.id))
  if (state.votes.length === 0) return
  await tx.insert(votes).values([...voteRows(state)])
}

async function saveDeployments(tx: Queryable, state: ProposalState, before: ProposalState | null): Promise<void> {
  const now = state.rollout?.deployments ?? {}
  const known = before?.rollout?.deployments ?? {}
  if (now === known) return
  const gone = Object.keys(known).filter((asset) => now[asset] === undefined)
  if (gone.length > 0)
    await tx.delete(deployments).where(and(eq(deployments.proposal, state.id), inArray(deployments.asset, gone)))
  const changed = Object.values(now).filter((item) => known[item.asset] !== item)
  for (let from = 0; from < changed.length; from += ROWS_AT_ONCE) {
    await tx
      .insert(deployments)
      .values(changed.slice(from, from + ROWS_AT_ONCE).map((item) => deploymentRow(state.id, item)))
      .onConflictDoUpdate({
        target: [deployments.proposal, deployments.asset],
        set: {
          ring: sql`excluded.ring`,
          batch: sql`excluded.batch`,
          startedAt: sql`excluded.started_at`,
          outcome: sql`excluded.outcome`,
          endState: sql`excluded.end_state`,
          verifiedAt: sql`excluded.verified_at`,
        },
      })
  }
}

/** Proposals whose stored state an earlier version wrote, without what states hold today. */
export async function proposalsOfBefore(db: Queryable): Promise<readonly string[]> {
  const rows = await db
    .select({ id: proposals.id })
    .from(proposals)
    .where(
      sql`not (${proposals.state} ? 'drifted')
        or (jsonb_typeof(${proposals.state} -> 'test') = 'object' and not (${proposals.state} -> 'test' ? 'stopped'))`,
    )
    .orderBy(asc(proposals.number))
  return rows.map(({ id }) => id)
}

/** Those that are not over: of every team, or of one. */
export function openProposals(db: Queryable, team?: string): Promise<readonly ProposalState[]> {
  return statesWhere(db, and(notInArray(proposals.status, [...finalStatuses]), ofTeam(team)))
}

/** The last ones of every team, oldest first. */
export async function recentProposals(db: Queryable, limit: number): Promise<readonly ProposalState[]> {
  const rows = await db.select({ state: proposals.state }).from(proposals).orderBy(desc(proposals.number)).limit(limit)
  return rows.map((row) => row.state).reverse()
}

export async function proposalsOfTeam(db: Queryable, team: string, limit: number): Promise<readonly ProposalState[]> {
  const rows = await db
    .select({ state: proposals.state })
    .from(proposals)
    .where(eq(proposals.team, team))
    .orderBy(desc(proposals.number))
    .limit(limit)
  return rows.map((row) => row.state).reverse()
}

/** Those with one of the statuses: of every team, or of one; that were closed since an instant, or whenever. */
export function proposalsWithStatus(
  db: Queryable,
  statuses: readonly Status[],
  { team, closedSince }: { readonly team?: string; readonly closedSince?: string } = {},
): Promise<readonly ProposalState[]> {
  const closed = closedSince === undefined ? undefined : gte(proposals.closedAt, closedSince)
  return statesWhere(db, and(inArray(proposals.status, [...statuses]), closed, ofTeam(team)))
}

/** Has a proposal of any team, with one of the statuses, exactly this content? */
export async function hasContent(db: Queryable, contentHash: string, statuses: readonly Status[]): Promise<boolean> {
  const [row] = await db
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(inArray(proposals.status, [...statuses]), sql`${proposals.state} ->> 'contentHash' = ${contentHash}`))
    .limit(1)
  return row !== undefined
}

function ofTeam(team: string | undefined): SQL | undefined {
  return team === undefined ? undefined : eq(proposals.team, team)
}

/** Oldest first. */
async function statesWhere(db: Queryable, condition: SQL | undefined): Promise<readonly ProposalState[]> {
  const rows = await db
    .select({ state: proposals.state })
    .from(proposals)
    .where(condition)
    .orderBy(asc(proposals.number))
  return rows.map((row) => row.state)
}

export async function allProposals(db: Db): Promise<readonly (StoredProposal & { readonly id: string })[]> {
  const rows = await db.select().from(proposals).orderBy(asc(proposals.number))
  return rows.map((row) => ({ id: row.id, state: row.state, headHash: row.headHash }))
}

export async function projectedVotes(db: Queryable): Promise<readonly (typeof votes.$inferSelect)[]> {
  return db.select().from(votes).orderBy(asc(votes.proposal), asc(votes.person))
}

export async function projectedDeployments(db: Queryable): Promise<readonly (typeof deployments.$inferSelect)[]> {
  return db.select().from(deployments).orderBy(asc(deployments.proposal), asc(deployments.asset))
}
