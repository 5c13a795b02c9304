/** Rows of work: changes that proposing has not looked at yet. Each is written in the transaction of the change. */

import { asc, sql } from 'drizzle-orm'
import { listOf, slices } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { dirty } from './schema.ts'

export interface Dirty {
  /** `null`: the change does not belong to one team. */
  readonly team: string | null
  readonly feed: string | null
  /** The version that the feed has since the change. */
  readonly version: number | null
  readonly why: string
  /** ISO 8601 UTC. */
  readonly at: string
}

export async function noteDirty(tx: Queryable, rows: readonly Dirty[]): Promise<void> {
  if (rows.length > 0) await tx.insert(dirty).values([...rows])
}

/** Notes that something about the assets of these teams changed. */
export async function noteDirtyTeams(tx: Queryable, teams: Iterable<string>, at: string): Promise<void> {
  await noteDirty(
    tx,
    [...new Set(teams)].sort().map((team) => ({ team, feed: null, version: null, why: 'assets', at })),
  )
}

/** Notes another change of a team. `why`: what changed, in one word. */
export async function noteDirtyTeam(tx: Queryable, team: string, why: string, at: string): Promise<void> {
  await noteDirty(tx, [{ team, feed: null, version: null, why, at }])
}

export interface DirtyRow extends Pick<Dirty, 'team' | 'why'> {
  readonly id: number
}

/**
 * The rows of work that are there now. The caller deletes them when the work is done. Rows that came meanwhile stay for
 * the next time.
 */
export async function seenDirty(db: Queryable): Promise<readonly DirtyRow[]> {
  return db.select({ id: dirty.id, team: dirty.team, why: dirty.why }).from(dirty).orderBy(asc(dirty.id))
}

export async function forgetDirty(db: Queryable, ids: readonly number[]): Promise<void> {
  for (const some of slices(ids)) await db.delete(dirty).where(sql`${dirty.id} = any(${listOf(some)}::text::bigint[])`)
}
