/** The numbers of /metrics. Each is one short query; none names a host or a person. */

import { sql } from 'drizzle-orm'
import type { Queryable } from './connection.ts'
import { unjudgedOf } from './coverage.ts'
import { assets, checkpoints, isOpen, leases, outbox, proposals, sources, timers } from './schema.ts'

export interface StoredNumbers {
  readonly proposals: readonly { readonly status: string; readonly priority: string; readonly count: number }[]
  /** Open proposals that are past their due date. */
  readonly overdue: number
  /** Messages that should have been delivered by now. `oldest`: for how many seconds the oldest has waited. */
  readonly waiting: readonly { readonly platform: string; readonly count: number; readonly oldest: number }[]
  readonly sources: readonly {
    readonly kind: 'inventory' | 'catalog'
    readonly name: string
    /** Seconds since 1970; 0: never. */
    readonly lastGood: number
    readonly failing: boolean
    readonly rejected: number
  }[]
  readonly assets: number
  /** Assets that nobody can judge. */
  readonly unjudged: number
  /** For how many seconds the proposal that waits longest, and on which no process works, has waited; 0: none waits. */
  readonly timersLate: number
  /** When the record was last sealed, in seconds since 1970; 0: never. */
  readonly checkpointAt: number
}

export async function readNumbers(
  db: Queryable,
  { now, teams }: { readonly now: string; readonly teams: readonly string[] },
): Promise<StoredNumbers> {
  const counted = await db.execute<{ status: string; priority: string; count: number; overdue: number }>(sql`
    select status, priority, count(*)::int as count, (count(*) filter (where due_at < ${now}))::int as overdue
    from ${proposals} where ${isOpen} group by status, priority`)
  const waiting = await db.execute<{ platform: string; count: number; oldest: number }>(sql`
    select platform, count(*)::int as count,
      coalesce(max(extract(epoch from ${now}::timestamptz - coalesce(not_before, at))), 0)::float8 as oldest
    from ${outbox} where delivered_at is null and coalesce(not_before, at) <= ${now} group by platform`)
  const read = await db.execute<StoredNumbers['sources'][number]>(sql`
    select kind, name, coalesce(extract(epoch from last_good_at), 0)::float8 as "lastGood",
      problem is not null as failing, rejected
    from ${sources} order by kind, name`)
  const [one] = await db.execute<{ assets: number; late: number; sealed: number | null }>(sql`
    select (select count(*) from ${assets})::int as assets,
      (select coalesce(greatest(extract(epoch from ${now}::timestamptz - min(due_at)), 0), 0) from ${timers}
        where not exists (select from ${leases} where name = proposal and expires_at > ${now}))::float8 as late,
      (select extract(epoch from at::timestamptz) from ${checkpoints} order by number desc limit 1)::float8 as sealed`)
  const unjudged = await unjudgedOf(db, teams)
  return {
    proposals: counted,
    overdue: counted.reduce((sum, { overdue }) => sum + overdue, 0),
    waiting,
    sources: read,
    assets: one?.assets ?? 0,
    unjudged: unjudged.reduce((sum, group) => sum + group.assets, 0),
    timersLate: one?.late ?? 0,
    checkpointAt: one?.sealed ?? 0,
  }
}
