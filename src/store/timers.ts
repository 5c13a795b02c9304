import { eq, lte, sql } from 'drizzle-orm'
import type { Queryable } from './connection.ts'
import { engineRuns, timers } from './schema.ts'

/** Sets when the proposal wants attention again; `null` removes its timer. */
export async function setTimer(tx: Queryable, proposal: string, dueAt: string | null): Promise<void> {
  if (dueAt === null) {
    await tx.delete(timers).where(eq(timers.proposal, proposal))
    return
  }
  await tx.insert(timers).values({ proposal, dueAt }).onConflictDoUpdate({ target: timers.proposal, set: { dueAt } })
}

/** Some of those that are due, chosen anew each time: whoever cannot go on now keeps nobody waiting. */
export async function dueTimers(db: Queryable, now: string, limit: number): Promise<readonly string[]> {
  const rows = await db
    .select({ proposal: timers.proposal })
    .from(timers)
    .where(lte(timers.dueAt, now))
    .orderBy(sql`random()`)
    .limit(limit)
  return rows.map((row) => row.proposal)
}

/** Remembers what the engine needs to find a started batch again. */
export async function saveEngineRun(
  db: Queryable,
  run: {
    readonly key: string
    readonly engine: string
    readonly handle: Readonly<Record<string, unknown>>
    readonly startedAt: string
  },
): Promise<void> {
  await db
    .insert(engineRuns)
    .values({ ...run, handle: { ...run.handle } })
    .onConflictDoUpdate({ target: engineRuns.key, set: { handle: { ...run.handle } } })
}

export async function findEngineRun(db: Queryable, key: string): Promise<Readonly<Record<string, unknown>> | null> {
  const [row] = await db.select().from(engineRuns).where(eq(engineRuns.key, key))
  return row?.handle ?? null
}

/** The channel on which a click on a test button is told to whoever waits for it. */
export const TEST_CLICKS = 'patchwarden_test_clicks'

export async function announceTest(db: Queryable, nonce: string): Promise<void> {
  await db.execute(sql`select pg_notify(${TEST_CLICKS}, ${nonce}::text)`)
}
