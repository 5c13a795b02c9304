/**
 * What the record last said about assets and how far they can be assessed, and the entries of the streams
 * `assets:TEAM`.
 */

import { sql } from 'drizzle-orm'
import type { Coverage } from '../core/record/coverage.ts'
import {
  type CoverageOfAsset,
  coverageOfAssets,
  coverageOfPlatforms,
  LOOK_MAX_AGE_SECONDS,
} from '../core/record/coverage.ts'
import type { Told } from '../core/record/entry.ts'
import {
  type AssetFacts,
  type AssetNow,
  type GoneReason,
  populationDifference,
  populationGone,
  type ToldOfAssets,
  type ToldOfTeam,
} from '../core/record/population.ts'
import { listOf, slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { nameContents, storeContents } from './content.ts'
import { appendToStream } from './entries.ts'
import { assetLooks, assets, assetsRecorded, fixes, platformsRecorded, sources, windowsUpdates } from './schema.ts'
import { inTransaction } from './transaction.ts'

export type { GoneReason } from '../core/record/population.ts'

const BY = 'inventory'

/** What the record keeps of an asset, in the form of `AssetFacts`. */
const facts = sql`jsonb_build_object(
  'platform', a.asset -> 'platform', 'exposure', a.asset -> 'exposure', 'criticality', a.asset -> 'criticality',
  'tags', (select coalesce(jsonb_agg(tag order by tag collate "C"), '[]') from
    (select distinct tag from jsonb_array_elements_text(a.asset -> 'tags') as tag) as tags),
  'timeZone', a.asset -> 'timeZone')`

interface DifferingRow extends Record<string, unknown> {
  readonly id: string
  readonly source: string
  readonly team: string
  readonly facts: AssetFacts
  readonly said_at: string
  readonly before_team: string | null
  readonly before_facts: AssetFacts | null
}

/** Records what is new about these assets, in the transaction that has just stored them. */
export async function recordAssets(tx: Tx, ids: readonly string[], now: string): Promise<void> {
  const differing: AssetNow[] = []
  for (const some of slices(ids)) {
    const rows = await tx.execute<DifferingRow>(sql`
      select * from (select a.id, a.source, a.team, ${facts} as facts, l.checked_at as said_at,
          r.team as before_team, r.facts as before_facts
        from ${assets} a join ${assetLooks} l on l.asset = a.id left join ${assetsRecorded} r on r.asset = a.id
        where a.id = any(${listOf(some)}::text::text[])) as looked
      where before_team is distinct from team or before_facts is distinct from facts
      order by id collate "C"`)
    for (const row of rows) {
      const { id, source, team, before_team: teamBefore, before_facts: factsBefore } = row
      const before = teamBefore === null || factsBefore === null ? null : { team: teamBefore, facts: factsBefore }
      differing.push({ id, source, team, facts: row.facts, saidAt: new Date(row.said_at).toISOString(), before })
    }
  }
  if (differing.length === 0) return
  const entryOf = await append(tx, populationDifference(differing), now)
  for (const some of slices(differing))
    await tx.execute(sql`
      insert into ${assetsRecorded} (asset, team, source, facts, coverage, entry)
      select asset, team, source, facts::jsonb, 'covered', entry from unnest(
        ${listOf(some.map(({ id }) => id))}::text::text[], ${listOf(some.map(({ team }) => team))}::text::text[],
        ${listOf(some.map(({ source }) => source))}::text::text[],
        ${listOf(some.map((one) => JSON.stringify(one.facts)))}::text::text[],
        ${listOf(some.map(({ team }) => entryOf(team)))}::text::integer[]) as given (asset, team, source, facts, entry)
      on conflict (asset) do update
        set team = excluded.team, source = excluded.source, facts = excluded.facts, entry = excluded.entry,
          -- The record of another team has said nothing of it yet.
          coverage = case when ${assetsRecorded.team} = excluded.team then ${assetsRecorded.coverage} else 'covered' end`)
}

/** Records that these assets are gone, in the transaction that has just forgotten them. */
export async function recordGone(tx: Tx, ids: readonly string[], why: GoneReason, now: string): Promise<void> {
  const gone: { readonly id: string; readonly source: string; readonly team: string }[] = []
  for (const some of slices(ids))
    gone.push(
      ...(await tx.execute<{ id: string; source: string; team: string }>(sql`
        select asset as id, source, team from ${assetsRecorded}
        where asset = any(${listOf(some)}::text::text[]) order by asset collate "C"`)),
    )
  if (gone.length === 0) return
  await append(tx, populationGone(gone, why), now)
  for (const some of slices(gone))
    await tx.execute(sql`delete from ${assetsRecorded}
      where asset = any(${listOf(some.map(({ id }) => id))}::text::text[])`)
}

/**
 * Appends to the streams of teams, to each once and in sorted order, so that two transactions never wait for each
 * other. The rows of what the record last said are written after this. Returns a function that gives the number of a
 * team's last entry.
 */
async function append(
  tx: Tx,
  said: readonly ToldOfAssets[],
  now: string,
  more: readonly ToldOfTeam[] = [],
): Promise<(team: string) => number> {
  const contents = said.flatMap(({ list }) => list.contents)
  await storeContents(tx, { contents, now })
  await nameContents(
    tx,
    said.map(({ list }) => list.hash),
    { contents, now },
  )
  const byTeam = new Map<string, Told[]>()
  for (const { team, told } of [...said, ...more]) byTeam.set(team, [...(byTeam.get(team) ?? []), told])
  const ends = new Map<string, number>()
  for (const team of [...byTeam.keys()].sort()) {
    const told = byTeam.get(team) ?? []
    const end = await appendToStream(
      tx,
      `assets:${team}`,
      told.map((one) => ({ ...one, at: now, by: BY })),
    )
    ends.set(team, end.seq)
  }
  return (team) => ends.get(team) ?? 0
}

// ---------------------------------------------------------------- coverage

interface CoverageRow extends Record<string, unknown> {
  readonly id: string
  readonly team: string
  readonly coverage: Coverage
  readonly observed_at: string | null
  readonly problem: string | null
}

interface CoverageGiven {
  /** ISO 8601 UTC. */
  readonly now: string
  /** How old a look may be, in seconds, by team. */
  readonly maxAges: ReadonlyMap<string, number>
}

/** Assets whose coverage in the record differs from what is known now. */
async function differingCoverage(db: Queryable, { now, maxAges }: CoverageGiven): Promise<readonly CoverageOfAsset[]> {
  const ages = sql`unnest(${listOf([...maxAges.keys()])}::text::text[],
    ${listOf([...maxAges.values()])}::text::double precision[]) as age (team, seconds)`
  const rows = await db.execute<CoverageRow>(sql`
    select * from (select a.id, a.team, l.observed_at, coalesce(l.problem, s.problem) as problem, r.coverage as recorded,
        case when l.observed_at is null then 'never looked at'
          when l.problem is not null or s.problem is not null then 'cannot be looked at'
          when l.observed_at < ${now}::timestamptz
            - make_interval(secs => coalesce(age.seconds, ${LOOK_MAX_AGE_SECONDS})) then 'not looked at for too long'
          else 'covered' end as coverage
      from ${assets} a join ${assetLooks} l on l.asset = a.id join ${assetsRecorded} r on r.asset = a.id and r.team = a.team
        left join ${sources} s on s.kind = 'inventory' and s.name = a.source
        left join ${ages} on age.team = a.team) as known
    where coverage <> recorded order by id collate "C"`)
  return rows.map(({ id, team, coverage: is, observed_at: seen, problem }) => ({
    id,
    team,
    is,
    since: seen === null ? null : new Date(seen).toISOString(),
    problem: is === 'covered' ? null : problem,
  }))
}

/**
 * Platforms of teams whose coverage in the record differs from what is known now. If the record does not mention a
 * platform, it counts as one that a feed speaks of.
 */
async function differingPlatforms(db: Queryable) {
  const spoken: Coverage = 'covered'
  const unspoken: Coverage = 'no feed speaks of it'
  return db.execute<{ team: string; platform: string; is: Coverage }>(sql`
    select team, platform, "is" from (
      select known.team, known.platform, case when spoken.platform is null then ${unspoken}::text else ${spoken}::text end as "is",
        coalesce(r.coverage, ${spoken}::text) as recorded
      from (select distinct team, left(asset ->> 'platform', 200) as platform from ${assets}) as known
        left join (select platform from (select distinct left(asset ->> 'platform', 200) as platform from ${assets}) as p
          where exists (select 1 from ${fixes} f where f.platform = p.platform)
            or exists (select 1 from ${windowsUpdates} w where w.platform = p.platform)) as spoken
          on spoken.platform = known.platform
        left join ${platformsRecorded} r on r.team = known.team and r.platform = known.platform) as compared
    where "is" <> recorded order by team, platform`)
}

/** Records what cannot be assessed any more, and what can be assessed again, unless the record says that already. */
export async function recordCoverage(db: Db, given: CoverageGiven): Promise<void> {
  if ((await differingCoverage(db, given)).length === 0 && (await differingPlatforms(db)).length === 0) return
  await inTransaction(db, writeCoverage, given)
}

async function writeCoverage(tx: Tx, given: CoverageGiven): Promise<void> {
  const { now } = given
  // One process at a time: a second one then finds nothing left to record.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchwarden:coverage', 0))`)
  const changed = await differingCoverage(tx, given)
  const platforms = await differingPlatforms(tx)
  const entryOf = await append(tx, coverageOfAssets(changed), now, coverageOfPlatforms(platforms, now))
  for (const some of slices(changed))
    await tx.execute(sql`
      update ${assetsRecorded} set coverage = given."is", entry = given.entry from unnest(
        ${listOf(some.map(({ id }) => id))}::text::text[], ${listOf(some.map(({ is }) => is))}::text::text[],
        ${listOf(some.map(({ team }) => entryOf(team)))}::text::integer[]) as given (asset, "is", entry)
      where ${assetsRecorded.asset} = given.asset`)
  for (const { team, platform, is: coverage } of platforms) {
    const row = { team, platform, coverage, entry: entryOf(team) }
    await tx
      .insert(platformsRecorded)
      .values(row)
      .onConflictDoUpdate({ target: [platformsRecorded.team, platformsRecorded.platform], set: row })
  }
}
