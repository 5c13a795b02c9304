/** Reads assets for pages: first the ids on the page, then the rows of these assets. Not for assessment. */

import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { type Held, heldIn } from '../core/assessment/missing.ts'
import type { Archives } from '../core/asset.ts'
import { storable } from '../core/storable.ts'
import type { Queryable } from './connection.ts'
import { contains } from './proposal-pages.ts'
import { assetLooks, assets, assetsRecorded, inBytes, pendingSets, platformsRecorded, softwareSets } from './schema.ts'
import { readSets } from './software-memory.ts'
import { isUnmanaged } from './unmanaged.ts'

export interface AssetFilter {
  /** `null`: all teams. */
  readonly team: string | null
  readonly platform: string | null
  /**
   * The beginning of the name, in exact case; with `anywhere`, any part of the name, in any case. Empty: every name.
   */
  readonly text: string
  readonly anywhere: boolean
  /** Only assets whose last look failed (`problem`), that need a reboot, or that nobody manages; `null`: all. */
  readonly is: 'problem' | 'reboot' | 'unmanaged' | null
  /** Names of the sources that are systems which manage machines. Left out: there is none. */
  readonly managing?: readonly string[]
}

/** The last asset of a page. */
export interface AssetPlace {
  readonly name: string
  readonly id: string
}

export interface ListedAsset {
  readonly id: string
  readonly name: string
  readonly platform: string
  readonly team: string
  readonly tags: readonly string[]
  readonly source: string
  readonly simulated: boolean
  readonly packages: number
  readonly pending: number
  /** Whether its package manager was asked. */
  readonly asked: boolean
  readonly security: number
  /** Packages with a newer version that the package manager will not install, each once. */
  readonly held: readonly Held[]
  readonly listsRefreshedAt: string | null
  readonly archives: Archives | null
  readonly rebootRequired: boolean
  /** No engine changes it, and no system that manages machines lists it. */
  readonly unmanaged: boolean
  readonly observedAt: string | null
  readonly problem: string | null
}

const [name, id] = [inBytes(sql`name`), inBytes(sql`id`)]
/** A text followed by this sorts after every other text with the same beginning. */
const END = '\u{10ffff}'

/** The next assets after a place, sorted by name; `null`: from the first on. */
export async function listAssetPage(
  db: Queryable,
  filter: AssetFilter,
  after: AssetPlace | null,
  most: number,
): Promise<readonly ListedAsset[]> {
  const cut = await db.execute<{ id: string }>(sql`select id from ${assets} where ${conditions(filter, after)}
    order by ${name}, ${id} limit ${most}`)
  return readListed(
    db,
    cut.map((row) => row.id),
    filter.managing ?? [],
  )
}

function conditions({ team, platform, text, anywhere, is, managing = [] }: AssetFilter, after: AssetPlace | null): SQL {
  const all = [
    team === null ? null : sql`team = ${team}`,
    platform === null ? null : sql`platform = ${platform}`,
    is === 'problem'
      ? sql`id = any(array(select asset from ${assetLooks} where problem is not null))`
      : is === 'reboot'
        ? sql`reboot_required`
        : is === 'unmanaged'
          ? isUnmanaged(managing)
          : null,
    text === ''
      ? null
      : anywhere
        ? sql`name ilike ${contains(text)}`
        : sql`${name} >= ${text} and ${name} < ${text + END}`,
    after === null ? null : sql`(${name}, ${id}) > (${after.name}, ${after.id})`,
  ].filter((one) => one !== null)
  return all.length === 0 ? sql`true` : sql.join(all, sql` and `)
}

async function readListed(
  db: Queryable,
  ids: readonly string[],
  managing: readonly string[],
): Promise<readonly ListedAsset[]> {
  if (ids.length === 0) return []
  const rows = await db
    .select({
      id: assets.id,
      name: assets.name,
      platform: assets.platform,
      team: assets.team,
      asset: assets.asset,
      simulated: assets.simulated,
      packages: sql<number>`coalesce(${softwareSets.size}, 0)`,
      pending: sql<number>`coalesce(${pendingSets.size}, 0)`,
      asked: sql<boolean>`${assets.pendingSet} is not null`,
      security: sql<number>`coalesce(${pendingSets.security}, 0)`,
      pendingSet: assets.pendingSet,
      listsRefreshedAt: assetLooks.listsRefreshedAt,
      archives: assets.archives,
      rebootRequired: assets.rebootRequired,
      unmanaged: sql<boolean>`${isUnmanaged(managing)}`,
      observedAt: assetLooks.observedAt,
      problem: assetLooks.problem,
    })
    .from(assets)
    .innerJoin(assetLooks, eq(assetLooks.asset, assets.id))
    .leftJoin(softwareSets, eq(softwareSets.id, assets.softwareSet))
    .leftJoin(pendingSets, eq(pendingSets.id, assets.pendingSet))
    // The ids are named for both tables, so that the server reads only these rows of each.
    .where(and(inArray(assets.id, [...ids]), inArray(assetLooks.asset, [...ids])))
  const { pending } = await readSets(
    db,
    [],
    rows.flatMap(({ pendingSet }) => pendingSet ?? []),
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => {
    const row = byId.get(id)
    if (row === undefined) return []
    const { asset, pendingSet, ...rest } = row
    const { tags, source } = asset
    return [{ ...rest, tags, source, held: heldIn(pending.get(pendingSet ?? -1) ?? []) }]
  })
}

/** `null`: no source lists it. */
export async function findListed(
  db: Queryable,
  called: string,
  managing: readonly string[],
): Promise<ListedAsset | null> {
  const [found = null] = await readListed(db, [storable(called)], managing)
  return found
}

/** The assets of this name. Sources may list several. */
export async function assetsNamed(
  db: Queryable,
  called: string,
): Promise<readonly { readonly id: string; readonly team: string }[]> {
  return db.execute<{ id: string; team: string }>(
    sql`select id, team from ${assets} where ${name} = ${storable(called)} order by ${id} limit 10`,
  )
}

/** The current names of assets by id; assets that no source lists are left out. */
export async function namesOf(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select({ id: assets.id, name: assets.name })
    .from(assets)
    .where(inArray(assets.id, [...ids]))
  return new Map(rows.map((row) => [row.id, row.name]))
}

export interface TeamCounts {
  readonly assets: number
  /** How many of the assets are simulated. */
  readonly simulated: number
  /** How many can be assessed, as the record last said. */
  readonly covered: number
}

type CountsRow = Record<string, unknown> & TeamCounts & { readonly team: string }

/** Counts by team. It reads an index entry for each asset, so it is too slow for every page. */
export async function countAssets(db: Queryable): Promise<ReadonlyMap<string, TeamCounts>> {
  const rows = await db.execute<CountsRow>(sql`
    select team, sum(assets)::int as assets, sum(simulated)::int as simulated, sum(covered)::int as covered from (
      select team, count(*) as assets, count(*) filter (where simulated) as simulated, 0 as covered
        from ${assets} group by team
      union all
      select team, 0, 0, count(*) from ${assetsRecorded} where coverage = 'covered' group by team
      union all
      -- Of these, nobody speaks of the platform, and no package manager was asked.
      select a.team, 0, 0, -count(*) from ${assets} a
        join ${assetsRecorded} r on r.asset = a.id and r.coverage = 'covered'
        join ${platformsRecorded} p on p.team = a.team and p.platform = a.platform and p.coverage <> 'covered'
        where a.pending_set is null group by a.team) as counted
    group by team`)
  return new Map(rows.map(({ team, assets, simulated, covered }) => [team, { assets, simulated, covered }]))
}
