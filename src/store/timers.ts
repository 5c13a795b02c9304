import { and, eq, lte, sql } from 'drizzle-orm'
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

interface Rest {
  readonly proposal: string
  /** Number of the last event of the state by which nothing is to be done before `dueAt` (ISO 8601 UTC). */
  readonly seq: number
  readonly dueAt: string
}

/**
 * Sets the timer of a proposal that has nothing to do before `dueAt`. False, and nothing is written: something has
 * happened to it since.
 */
export function restProposal(db: Db, rest: Rest): Promise<boolean> {
  return inTransaction(db, writeRest, rest)
}

async function writeRest(tx: Tx, { proposal, seq, dueAt }: Rest): Promise<boolean> {
  const [same] = await tx
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(eq(proposals.id, proposal), eq(proposals.seq, seq)))
    .for('update')
  if (same === undefined) return false
  await setTimer(tx, proposal, dueAt)
  return true
}
