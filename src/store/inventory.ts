/** Assets as they were last seen. */

import { and, asc, count, desc, eq, gt, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Asset, AssetSnapshot } from '../core/asset.ts'
import { storable, storableAsJson } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { assetHistory, assetLooks, assets, packageVersions, pendingSets, softwareSets } from './schema.ts'
import { createSoftwareMemory, readSets, type SoftwareMemory } from './software-memory.ts'

/** What is stored of an asset, without its packages. */
export interface StoredAsset {
  readonly asset: Asset
  readonly packages: number
  readonly pending: number
  readonly security: number
  readonly rebootRequired: boolean
  readonly observedAt: string | null
  readonly problem: string | null
}

/** Rows that one statement reads, and that are then converted without a pause. */
const ROWS_AT_ONCE = 1_000

/** Platforms of all assets, and names (source and binary) of all packages that any of them ever had. */
export async function softwareNames(
  db: Queryable,
): Promise<{ readonly platforms: readonly string[]; readonly packages: ReadonlySet<string> }> {
  const platforms = await db.selectDistinct({ platform: assets.platform }).from(assets)
  const names = await db.execute<{ name: string }>(
    sql`select name from ${packageVersions} union select source from ${packageVersions}`,
  )
  return { platforms: platforms.map(({ platform }) => platform), packages: new Set(names.map(({ name }) => name)) }
}

/** How many assets of the source are known. */
export async function assetsOfSource(db: Queryable, source: string): Promise<number> {
  const [row] = await db.select({ many: count() }).from(assets).where(eq(assets.source, source))
  return row?.many ?? 0
}

/** Whether some asset has, or had, a package of this source or binary name. */
export async function isInstalled(db: Queryable, name: string): Promise<boolean> {
  const rows = await db.execute(sql`select 1 from ${packageVersions}
    where name = ${storable(name)} or source = ${storable(name)} limit 1`)
  return rows.length > 0
}

/** The oldest look at any of these assets, ISO 8601 UTC; `null`: one of them was never seen, or is not listed. */
export async function oldestLook(db: Queryable, ids: readonly string[]): Promise<string | null> {
  const listed = storableAsJson(ids)
  const [row] = await db
    .select({
      seen: sql<number>`count(${assetLooks.observedAt})::int`,
      oldest: sql<string | null>`min(${assetLooks.observedAt})`,
    })
    .from(assetLooks)
    .where(sql`${assetLooks.asset} in (select jsonb_array_elements_text(${listed}::text::jsonb))`)
  if (row === undefined || row.oldest === null || row.seen < new Set(ids).size) return null
  return new Date(row.oldest).toISOString()
}

/**
 * Those of these assets whose last good look was before `instant` (ISO 8601 UTC), or that were never seen. In the given
 * order.
 */
export async function looksBefore(
  db: Queryable,
  ids: readonly string[],
  instant: string,
): Promise<readonly { readonly asset: string; readonly lookedAt: string | null }[]> {
  const found: { readonly asset: string; readonly lookedAt: string | null }[] = []
  for (const some of slices(ids, ROWS_AT_ONCE)) {
    const listed = storableAsJson(some)
    const rows = await db
      .select({ asset: assetLooks.asset, observedAt: assetLooks.observedAt })
      .from(assetLooks)
      .where(sql`${assetLooks.asset} in (select jsonb_array_elements_text(${listed}::text::jsonb))`)
    const looks = new Map(rows.map(({ asset, observedAt }) => [asset, observedAt]))
    for (const asset of some) {
      const lookedAt = looks.get(asset) ?? null
      if (lookedAt === null || Date.parse(lookedAt) < Date.parse(instant)) found.push({ asset, lookedAt })
    }
  }
  return found
}

/** The current data of these assets, by id; assets that no source lists any more are left out. */
export async function readAssets(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Asset>> {
  const found = new Map<string, Asset>()
  for (const some of slices(ids, ROWS_AT_ONCE)) {
    const rows = await db
      .select({ id: assets.id, asset: assets.asset })
      .from(assets)
      // An array says how many are wanted, so that few are found by the index.
      .where(sql`${assets.id} = any(${listOf(some.map(storable))}::text::text[])`)
    for (const { id, asset } of rows) found.set(id, asset)
  }
  return found
}

/** What a good look found, with the ids of the sets that hold the packages and the pending updates. */
export interface AssetKeys extends Omit<AssetSnapshot, 'packages' | 'pending'> {
  readonly softwareSet: number
  /** `null`: the look has nothing from a package manager. */
  readonly pendingSet: number | null
}

/** Which assets are read. Default: all. */
interface Which {
  readonly ids?: readonly string[]
  readonly teams?: readonly string[]
}

/** The last good look at each asset of these teams, in order of id; assets never seen are left out. */
export async function readAssetKeys(db: Queryable, teams: readonly string[]): Promise<readonly AssetKeys[]> {
  return readKeys(db, { teams })
}

/** The assets of a team of which no look has succeeded yet, by id. */
export async function neverSeen(db: Queryable, team: string): Promise<readonly Asset[]> {
  const rows = await db
    .select({ asset: assets.asset })
    .from(assets)
    .where(and(eq(assets.team, team), isNull(assets.softwareSet)))
    .orderBy(asc(assets.id))
  return rows.map(({ asset }) => asset)
}

async function readKeys(db: Queryable, { ids, teams }: Which): Promise<readonly AssetKeys[]> {
  const found: AssetKeys[] = []
  const wanted = and(
    isNotNull(assets.softwareSet),
    ids === undefined ? undefined : sql`${assets.id} = any(${listOf(ids)}::text::text[])`,
    teams === undefined ? undefined : sql`${assets.team} = any(${listOf(teams)}::text::text[])`,
  )
  for (let after = ''; ; ) {
    const rows = await db
      .select({
        id: assets.id,
        asset: assets.asset,
        softwareSet: assets.softwareSet,
        pendingSet: assets.pendingSet,
        runningKernel: assets.runningKernel,
        bootId: assets.bootId,
        rebootRequired: assets.rebootRequired,
        rebootPackages: listed(assets.rebootPackages),
        staleServices: listed(assets.staleServices),
        archives: assets.archives,
        observedAt: assetLooks.observedAt,
        listsRefreshedAt: assetLooks.listsRefreshedAt,
      })
      .from(assets)
      .innerJoin(assetLooks, eq(assetLooks.asset, assets.id))
      .where(and(wanted, gt(assets.id, after)))
      .orderBy(asc(assets.id))
      .limit(ROWS_AT_ONCE)
    for (const { id, softwareSet, observedAt, archives, ...row } of rows) {
      after = id
      if (softwareSet === null || observedAt === null) continue
      found.push({ ...row, softwareSet, observedAt, ...(archives === null ? {} : { archives }) })
    }
    if (rows.length < ROWS_AT_ONCE) return found
  }
}

/** A list column as JSON, because the driver removes backslashes when it reads arrays. */
function listed(column: AnyPgColumn) {
  return sql<readonly string[]>`to_jsonb(${column})`
}

/**
 * The last good look at each asset, in order of id; assets never seen are left out. Assets with the same software, or
 * the same pending updates, share one list. If several calls get the same `memory`, they share lists, too.
 */
export async function readSnapshots(
  db: Queryable,
  which: Which = {},
  memory: SoftwareMemory = createSoftwareMemory(),
): Promise<readonly AssetSnapshot[]> {
  const keys = await readKeys(db, which)
  const { software, pending } = await readSets(
    db,
    keys.map(({ softwareSet }) => softwareSet),
    keys.flatMap(({ pendingSet }) => pendingSet ?? []),
    memory,
  )
  const snapshots: AssetSnapshot[] = []
  for (const { softwareSet, pendingSet, ...row } of keys) {
    const packages = software.get(softwareSet)
    const updates = pendingSet === null ? NOTHING : pending.get(pendingSet)
    if (packages !== undefined && updates !== undefined) snapshots.push({ ...row, packages, pending: updates })
    // Meanwhile the asset was given other sets, and its former sets were purged.
    else snapshots.push(...(await readSnapshots(db, { ids: [row.asset.id] }, memory)))
  }
  return snapshots
}

const NOTHING: AssetSnapshot['pending'] = []

/** Numbers of assets that were looked at, of packages on them, and of different package versions. */
export async function installedCounts(
  db: Queryable,
): Promise<{ readonly assets: number; readonly packages: number; readonly versions: number }> {
  const [row] = await db.execute<{ assets: number; packages: number; versions: number }>(sql`
    select count(*)::int as assets, coalesce(sum(s.size), 0)::int as packages,
      (select count(*)::int from ${packageVersions}) as versions
    from ${assets} a join ${softwareSets} s on s.id = a.software_set`)
  return row ?? { assets: 0, packages: 0, versions: 0 }
}

/** Teams that have assets. */
export async function teamsWithAssets(db: Queryable): Promise<readonly string[]> {
  // One look into the index for each team: there are few teams, and very many assets.
  const rows = await db.execute<{ team: string }>(sql`
    with recursive teams as (
      (select team from ${assets} order by team limit 1)
      union all
      select (select team from ${assets} where team > teams.team order by team limit 1) from teams where team is not null)
    select team from teams where team is not null`)
  return rows.map(({ team }) => team)
}

/** Teams that have assets with one of these sets. */
export async function teamsOfSets(
  db: Queryable,
  software: readonly number[],
  pending: readonly number[],
): Promise<readonly string[]> {
  const rows = await db.execute<{ team: string }>(sql`
    select team from ${assets} where software_set = any(${listOf(software)}::text::integer[])
    union select team from ${assets} where pending_set = any(${listOf(pending)}::text::integer[])
    order by team`)
  return rows.map(({ team }) => team)
}

/** From when to when an asset had which software. */
export interface HistoryItem {
  /** Time of the look that found the software, ISO 8601 UTC. */
  readonly from: string
  /** `null`: the asset still has it. */
  readonly until: string | null
  readonly softwareSet: number
}

/**
 * The software history of an asset, newest first, at most `most` items; with `before`, only items that began earlier.
 */
export async function historyOf(
  db: Queryable,
  asset: string,
  { before, most = 100 }: { readonly before?: string; readonly most?: number } = {},
): Promise<readonly HistoryItem[]> {
  return db
    .select({ from: assetHistory.fromAt, until: assetHistory.untilAt, softwareSet: assetHistory.softwareSet })
    .from(assetHistory)
    .where(and(eq(assetHistory.asset, asset), before === undefined ? undefined : lt(assetHistory.fromAt, before)))
    .orderBy(desc(assetHistory.fromAt))
    .limit(most)
}

export async function listAssets(db: Queryable): Promise<readonly StoredAsset[]> {
  const rows = await db
    .select({
      asset: assets.asset,
      packages: softwareSets.size,
      pending: pendingSets.size,
      security: pendingSets.security,
      rebootRequired: assets.rebootRequired,
      observedAt: assetLooks.observedAt,
      problem: assetLooks.problem,
    })
    .from(assets)
    .innerJoin(assetLooks, eq(assetLooks.asset, assets.id))
    .leftJoin(softwareSets, eq(softwareSets.id, assets.softwareSet))
    .leftJoin(pendingSets, eq(pendingSets.id, assets.pendingSet))
    .orderBy(asc(assets.team), asc(assets.id))
  return rows.map(({ packages, pending, security, ...row }) => ({
    ...row,
    packages: packages ?? 0,
    pending: pending ?? 0,
    security: security ?? 0,
  }))
}
