/** Rows of work: what has changed and was not looked at yet. They are written with the change, in its transaction. */

import { asc, sql } from 'drizzle-orm'
import { listOf, slices } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { dirty } from './schema.ts'

export interface Dirty {
  /** `null`: it is not of one team. */
  readonly team: string | null
  readonly feed: string | null
  /** The version of what the feed holds. */
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

/** Notes that something else of a team changed: `why` in a word. */
export async function noteDirtyTeam(tx: Queryable, team: string, why: string, at: string): Promise<void> {
  await noteDirty(tx, [{ team, feed: null, version: null, why, at }])
}

export interface DirtyRow extends Pick<Dirty, 'team' | 'why'> {
  readonly id: number
}

/**
 * Rows of work that are there now. Whoever has done the work deletes them; rows that came meanwhile stay for the next
 * time.
 */
export async function seenDirty(db: Queryable): Promise<readonly DirtyRow[]> {
  return db.select({ id: dirty.id, team: dirty.team, why: dirty.why }).from(dirty).orderBy(asc(dirty.id))
}

export async function forgetDirty(db: Queryable, ids: readonly number[]): Promise<void> {
  for (const some of slices(ids)) await db.delete(dirty).where(sql`${dirty.id} = any(${listOf(some)}::text::bigint[])`)
}
