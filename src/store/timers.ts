import { and, eq, lte, sql } from 'drizzle-orm'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { waitingForAssets } from './at-work.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { proposals, timers } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** Sets when the proposal needs attention again; `null` removes its timer. */
export async function setTimer(tx: Queryable, proposal: string, dueAt: string | null): Promise<void> {
  if (dueAt === null) {
    await tx.delete(timers).where(eq(timers.proposal, proposal))
    return
  }
  await tx.insert(timers).values({ proposal, dueAt }).onConflictDoUpdate({ target: timers.proposal, set: { dueAt } })
}

/**
 * Some of the proposals whose timers are due, chosen at random each time, so that one that cannot go on now does not
 * keep others waiting.
 */
export async function dueTimers(db: Queryable, now: string, limit: number): Promise<readonly string[]> {
  const rows = await db
    .select({ proposal: timers.proposal })
    .from(timers)
    .where(lte(timers.dueAt, now))
    .orderBy(sql`random()`)
    .limit(limit)
  return rows.map((row) => row.proposal)
}

/** Sets the timer of a proposal to a later instant, unless something has happened to it since this state. */
export async function postpone(db: Queryable, { id, seq }: ProposalState, dueAt: string): Promise<void> {
  const same = sql`exists (select from ${proposals} where ${proposals.id} = ${id} and ${proposals.seq} = ${seq})`
  await db
    .update(timers)
    .set({ dueAt })
    .where(and(eq(timers.proposal, id), same))
}

interface Rest {
  /** The state by which nothing is to be done before `dueAt` (ISO 8601 UTC). */
  readonly state: ProposalState
  readonly dueAt: string
  readonly now: string
  /** Adds a job that wakes a proposal to the transaction. */
  readonly wake: (tx: Tx, proposal: string, at: string) => Promise<void>
}

/**
 * Sets the timer of a proposal that has nothing to do before `dueAt`, and wakes the proposals that waited for a place in
 * its rings. False, and nothing is written: something has happened to it since.
 */
export function restProposal(db: Db, rest: Rest): Promise<boolean> {
  return inTransaction(db, writeRest, rest)
}

async function writeRest(tx: Tx, { state, dueAt, now, wake }: Rest): Promise<boolean> {
  const [same] = await tx
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(eq(proposals.id, state.id), eq(proposals.seq, state.seq)))
    .for('update')
  if (same === undefined) return false
  await setTimer(tx, state.id, dueAt)
  for (const waiting of await waitingForAssets(tx, state)) await wake(tx, waiting, now)
  return true
}
