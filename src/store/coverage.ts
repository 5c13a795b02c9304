/** Who speaks of the assets, and how many there are of which nobody does. */

import { type SQL, sql } from 'drizzle-orm'
import type { FeedProblem, FeedVoice, FleetCoverage, Voices } from '../core/coverage.ts'
import { LOOK_MAX_AGE_SECONDS } from '../core/record/coverage.ts'
import { listOf } from './bulk.ts'
import { sourceStates } from './catalog.ts'
import type { Queryable } from './connection.ts'
import { assetLooks, assets, fixes, platformsRecorded, softwareSets, sources, windowsUpdates } from './schema.ts'

/** What is known of an asset, as far as it decides whether anybody can judge it. */
export interface AssetKnown {
  readonly platform: string
  readonly look: 'good' | 'never' | 'too old'
  /** Whether its package manager was asked. */
  readonly asked: boolean
  /** Whether its inventory lists no package. */
  readonly empty: boolean
}

/** Assets of which the same is known. */
export interface AssetsKnown extends AssetKnown {
  readonly assets: number
  /** Since when the oldest of their package lists are so, ISO 8601 UTC; `null`: not known. */
  readonly refreshedAt: string | null
}

export interface CoverageAsked {
  /** ISO 8601 UTC. */
  readonly now: string
  /** How old a look may be, in seconds, by team. */
  readonly maxAges: ReadonlyMap<string, number>
  /** `null`: assets of all teams. */
  readonly team: string | null
}

/** Counts in one pass over the assets. */
export async function assetsKnown(db: Queryable, asked: CoverageAsked): Promise<readonly AssetsKnown[]> {
  const rows = await db.execute<Record<string, unknown> & AssetsKnown>(sql`
    select platform, look, asked, empty, count(*)::int as assets, min(lists_refreshed_at) as "refreshedAt"
    from ${known(asked)} group by platform, look, asked, empty order by platform, look, asked, empty`)
  return rows.map(({ refreshedAt, ...row }) => ({
    ...row,
    refreshedAt: refreshedAt === null ? null : new Date(refreshedAt).toISOString(),
  }))
}

/** The names of the first assets of which this is known. */
export async function namesOfKnown(
  db: Queryable,
  asked: CoverageAsked,
  { platform, look, asked: manager, empty }: AssetKnown,
  most: number,
): Promise<readonly string[]> {
  const rows = await db.execute<{ name: string }>(sql`select name from ${known(asked)}
    where platform = ${platform} and look = ${look} and asked = ${manager} and empty = ${empty}
    order by name collate "C" limit ${most}`)
  return rows.map(({ name }) => name)
}

function known({ now, maxAges, team }: CoverageAsked): SQL {
  const ages = sql`unnest(${listOf([...maxAges.keys()])}::text::text[],
    ${listOf([...maxAges.values()])}::text::double precision[]) as age (team, seconds)`
  return sql`(select a.name, a.platform, l.lists_refreshed_at, a.pending_set is not null as asked,
      s.size is not distinct from 0 as empty,
      case when l.observed_at is null then 'never'
        when l.observed_at < ${now}::timestamptz
          - make_interval(secs => coalesce(age.seconds, ${LOOK_MAX_AGE_SECONDS})) then 'too old'
        else 'good' end as look
    from ${assets} a join ${assetLooks} l on l.asset = a.id left join ${softwareSets} s on s.id = a.software_set
      left join ${ages} on age.team = a.team
    where ${team === null ? sql`true` : sql`a.team = ${team}`}) as known`
}

/** Assets of teams that nobody can judge, as the record last said; quick, for cards and lists. */
export async function unjudgedOf(
  db: Queryable,
  teams: readonly string[],
): Promise<readonly { readonly team: string; readonly platform: string; readonly assets: number }[]> {
  if (teams.length === 0) return []
  const mine = listOf(teams)
  // Each branch begins with the few rows that nobody judges, so that it costs nothing where there are none.
  return db.execute<{ team: string; platform: string; assets: number }>(sql`
    select team, platform, sum(assets)::int as assets from (
      select team, platform, count(*) as assets from ${assets}
        where software_set is null and team = any(${mine}::text::text[]) group by team, platform
      union all
      select a.team, a.platform, count(*) from ${platformsRecorded} r
        join ${assets} a on a.team = r.team and a.platform = r.platform
        where r.team = any(${mine}::text::text[]) and r.coverage <> 'covered'
          and a.pending_set is null and a.software_set is not null
        group by a.team, a.platform) as unjudged
    group by team, platform order by team, platform`)
}

/** The feeds that say what is fixed on each of these platforms. */
export async function voicesOf(db: Queryable, platforms: readonly string[]): Promise<Voices> {
  const rows = await db.execute<{ platform: string; feed: string; read: string | null }>(sql`
    select p.platform, s.name as feed, s.last_good_at as read
    from unnest(${listOf(platforms)}::text::text[]) as p (platform)
      join ${sources} s on s.kind = 'catalog'
    where exists (select 1 from ${fixes} f where f.feed = s.name)
        and exists (select 1 from ${fixes} f where f.platform = p.platform and f.feed = s.name)
      or exists (select 1 from ${windowsUpdates} w where w.platform = p.platform and w.feed = s.name)
    order by p.platform, s.name`)
  const voices = new Map<string, FeedVoice[]>()
  for (const { platform, feed, read } of rows) {
    const those = voices.get(platform) ?? []
    voices.set(platform, those)
    those.push({ feed, readAt: read === null ? null : new Date(read).toISOString() })
  }
  return voices
}

/** Feeds whose last answer could not be used, and how many records of the others could not. */
export async function feedProblems(db: Queryable): Promise<Pick<FleetCoverage, 'feeds' | 'skippedRecords'>> {
  const catalogs = (await sourceStates(db)).filter(({ kind }) => kind === 'catalog')
  return {
    feeds: catalogs.flatMap(({ name, problem, lastGoodAt }): readonly FeedProblem[] =>
      problem === null ? [] : [{ feed: name, problem, readAt: lastGoodAt }],
    ),
    skippedRecords: catalogs.reduce((sum, { rejected }) => sum + rejected, 0),
  }
}
