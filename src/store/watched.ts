/** What is pending on assets that are only watched, as the last assessment of each team found it. Pages show it. */

import { and, eq, inArray, lt, sql } from 'drizzle-orm'
import type { Watched } from '../core/watched.ts'
import type { Queryable } from './connection.ts'
import { watched } from './schema.ts'

export interface WatchedTeam extends Watched {
  readonly team: string
  /** Since when the facts are the same, ISO 8601 UTC. */
  readonly at: string
}

/**
 * Stores what the assessment of a team found at `at`, if it differs. `null`: none of the team's assets is only watched.
 * The result of a later assessment stays.
 */
export async function saveWatched(db: Queryable, team: string, at: string, facts: Watched | null): Promise<void> {
  if (facts === null) {
    await db.delete(watched).where(and(eq(watched.team, team), lt(watched.at, at)))
    return
  }
  await db
    .insert(watched)
    .values({ team, at, facts })
    .onConflictDoUpdate({
      target: watched.team,
      set: { at: sql`excluded.at`, facts: sql`excluded.facts` },
      setWhere: sql`${watched.at} < excluded.at and ${watched.facts} <> excluded.facts`,
    })
}

/** What is pending for these teams, in their order. Teams without pending updates on watched assets are left out. */
export async function watchedOfTeams(db: Queryable, teams: readonly string[]): Promise<readonly WatchedTeam[]> {
  if (teams.length === 0) return []
  const rows = await db
    .select()
    .from(watched)
    .where(inArray(watched.team, [...teams]))
  return teams.flatMap((team) =>
    rows.filter((row) => row.team === team).map(({ at, facts }) => ({ team, at, ...facts })),
  )
}
