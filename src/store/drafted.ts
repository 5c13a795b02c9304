/** How far proposing has come with each team, so that nothing is done again where nothing has changed. */

import { asc, eq } from 'drizzle-orm'
import { storable } from '../core/storable.ts'
import type { Queryable } from './connection.ts'
import { drafted } from './schema.ts'

export interface Drafted {
  readonly team: string
  /** How often it was drafted. */
  readonly count: number
  /** What its drafts depend on besides assets, feeds and decisions: plan, policy, table, silent feeds. */
  readonly key: string
  /** When time alone may change what is proposed, ISO 8601 UTC; `null`: never. */
  readonly nextAt: string | null
  /** Since when drafts wait for previews, ISO 8601 UTC; `null`: none does. */
  readonly waitsSince: string | null
}

export async function draftedTeams(db: Queryable): Promise<ReadonlyMap<string, Drafted>> {
  const rows = await db.select().from(drafted).orderBy(asc(drafted.team))
  return new Map(rows.map((row) => [row.team, row]))
}

/** `null`: it never was. */
export async function draftedTeam(db: Queryable, team: string): Promise<Drafted | null> {
  const [row] = await db.select().from(drafted).where(eq(drafted.team, team))
  return row ?? null
}

export async function noteDrafted(db: Queryable, row: Drafted): Promise<void> {
  const clean = storable(row)
  await db.insert(drafted).values(clean).onConflictDoUpdate({ target: drafted.team, set: clean })
}
