import { eq, lte, sql } from 'drizzle-orm'
import type { Queryable } from './connection.ts'
import { timers } from './schema.ts'

/** Sets when the proposal wants attention again; `null` removes its timer. */
export async function setTimer(tx: Queryable, proposal: string, dueAt: string | null): Promise<void> {
  if (dueAt === null) {
    await tx.delete(timers).where(eq(timers.proposal, proposal))
    return
  }
  await tx.insert(timers).values({ proposal, dueAt }).onConflictDoUpdate({ target: timers.proposal, set: { dueAt } })
}

/**
 * Some of those that are due, chosen anew each time, so that one that cannot go on now does not keep others waiting.
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
