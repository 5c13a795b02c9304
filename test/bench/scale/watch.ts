/** Watches work that is measured: how long it took, the turns of the event loop meanwhile, and the rows that it wrote. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { Db } from '../../../src/store/connection.ts'
import { percentile } from '../percentile.ts'
import type { Spread } from './figures.ts'

/** How finely turns are told apart, in milliseconds. */
const RESOLUTION = 1
/** So long, the first turn of the loop that is watched has begun, and the last is told. */
const SETTLE_MS = 10

export interface Watched<T> {
  readonly value: T
  readonly seconds: number
  /** The longest that nothing else had its turn. */
  readonly turnMs: number
}

/** Only what the product does belongs into `work`: whatever is made for it is made before. */
export async function watched<T>(work: () => Promise<T>): Promise<Watched<T>> {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION })
  loop.enable()
  await sleep(SETTLE_MS)
  loop.reset()
  const began = performance.now()
  try {
    const value = await work()
    const seconds = (performance.now() - began) / 1_000
    await sleep(SETTLE_MS)
    return { value, seconds, turnMs: loop.max / 1e6 }
  } finally {
    loop.disable()
  }
}

export async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

export function spread(took: readonly number[]): Spread {
  return { p50: rounded(percentile(took, 0.5)), p99: rounded(percentile(took, 0.99)) }
}

/** To hundredths. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

/** Connections of one pool, at most. */
const CONNECTIONS = 10
/** A connection that is idle for so long has said what it wrote. */
const SAID_AFTER_SECONDS = 11

/** How many rows all connections to the database have inserted, updated and deleted since the server started. */
export async function rowsWritten(db: Db): Promise<number> {
  const asked = await Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      db.execute<{ pid: number }>(
        sql`select pg_backend_pid() as pid from (select pg_stat_force_next_flush(), pg_sleep(0.2)) as said`,
      ),
    ),
  )
  const said = sql.join(
    asked.flatMap((rows) => rows.map(({ pid }) => sql`${pid}::int`)),
    sql`, `,
  )
  for (;;) {
    const [row] = await db.execute<{ busy: number }>(sql`select count(*)::int as busy from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid not in (${said})
        and state_change > now() - ${SAID_AFTER_SECONDS} * interval '1 second'`)
    if (row?.busy === 0) break
    await sleep(500)
  }
  await db.execute(sql`select pg_stat_clear_snapshot()`)
  const [row] = await db.execute<{ rows: number }>(
    sql`select sum(n_tup_ins + n_tup_upd + n_tup_del)::float8 as rows from pg_stat_user_tables`,
  )
  return row?.rows ?? 0
}
