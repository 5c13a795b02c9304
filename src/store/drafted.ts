/** How far proposing has come with each team, so that no work is repeated if nothing has changed. */

import { asc, eq } from 'drizzle-orm'
import { storable } from '../core/storable.ts'
import type { Queryable } from './connection.ts'
import { drafted } from './schema.ts'

export interface Drafted {
  readonly team: string
  /** How often drafts were made for the team. */
  readonly count: number
  /**
   * What the team's drafts depend on, apart from assets, feeds and decisions: plan, policy, decision table, silent
   * feeds.
   */
  readonly key: string
  /** When the passing of time alone may change what is proposed, ISO 8601 UTC; `null`: never. */
  readonly nextAt: string | null
  /** Since when drafts wait for previews, ISO 8601 UTC; `null`: no draft waits. */
  readonly waitsSince: string | null
}

export async function draftedTeams(db: Queryable): Promise<ReadonlyMap<string, Drafted>> {
  const rows = await db.select().from(drafted).orderBy(asc(drafted.team))
  return new Map(rows.map((row) => [row.team, row]))
}

/** `null`: no drafts were ever made for the team. */
export async function draftedTeam(db: Queryable, team: string): Promise<Drafted | null> {
  const [row] = await db.select().from(drafted).where(eq(drafted.team, team))
  return row ?? null
}

export async function noteDrafted(db: Queryable, row: Drafted): Promise<void> {
  const clean = storable(row)
  await db.insert(drafted).values(clean).onConflictDoUpdate({ target: drafted.team, set: clean })
}
