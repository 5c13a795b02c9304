import { and, asc, eq, inArray, notInArray, sql } from 'drizzle-orm'
import type { Asset, AssetSnapshot, InstalledPackage, Observation } from '../core/asset.ts'
import { sha256 } from '../core/audit.ts'
import type { Db, Queryable } from './connection.ts'
import { countIds, packIds, unpackIds } from './packed-ids.ts'
import { assets, packageVersions, softwareSets } from './schema.ts'
import { storable } from './storable.ts'

/** What is stored of an asset besides its packages. */
export interface StoredAsset {
  readonly asset: Asset
  readonly packages: number
  readonly pending: number
  readonly security: number
  readonly rebootRequired: boolean
  readonly observedAt: string | null
  readonly problem: string | null
}

/** Rows per statement: well under PostgreSQL's 65,535 parameters. */
const CHUNK = 5_000

/** Ids of interned package versions, sorted. */
async function internPackages(
  db: Queryable,
  platform: string,
  packages: readonly InstalledPackage[],
): Promise<readonly number[]> {
  const ids: number[] = []
  for (let from = 0; from < packages.length; from += CHUNK) {
    const chunk = packages.slice(from, from + CHUNK)
    const json = JSON.stringify(
      chunk.map((item) => [
        item.name,
        item.version,
        item.architecture,
        item.source,
        item.sourceVersion,
        item.origin ?? '',
        item.module ?? '',
      ]),
    )
    const columns = sql.raw('platform, name, version, architecture, source, source_version, origin, module')
    const rows = await db.execute<{ id: number }>(sql`
      with given as (
        select ${platform}::text as platform, e->>0 as name, e->>1 as version, e->>2 as architecture, e->>3 as source,
          e->>4 as source_version, e->>5 as origin, e->>6 as module
        from jsonb_array_elements(${json}::text::jsonb) as e
      ), added as (
        insert into package_versions (${columns})
        select distinct * from given
        on conflict (${columns}) do nothing
        returning id
      )
      select id from added
      union
      select p.id from package_versions p join given g using (${columns})`)
    for (const row of rows) ids.push(row.id)
  }
  return ids.sort((a, b) => a - b)
}

/** The id of the set of exactly these packages; assets with the same software share one. */
async function softwareSet(db: Queryable, platform: string, packages: readonly InstalledPackage[]): Promise<number> {
  const ids = await internPackages(db, platform, packages)
  const hash = sha256(ids.join(','))
  const [known] = await db.select({ id: softwareSets.id }).from(softwareSets).where(eq(softwareSets.hash, hash))
  if (known) return known.id
  const [added] = await db
    .insert(softwareSets)
    .values({ hash, packages: packIds(ids) })
    .onConflictDoUpdate({ target: softwareSets.hash, set: { hash } })
    .returning({ id: softwareSets.id })
  if (!added) throw new Error('PostgreSQL did not return the software set it stored.')
  return added.id
}

/** Stores one look at one asset. An unreachable asset keeps its last good look, with the problem beside it. */
export async function saveObservation(db: Db, observation: Observation): Promise<void> {
  if (observation.kind === 'unreachable') {
    const asset = storable(observation.asset)
    const problem = storable(observation.reason)
    await db
      .insert(assets)
      .values({
        id: asset.id,
        source: asset.source,
        team: asset.team,
        asset,
        pending: [],
        rebootRequired: false,
        rebootPackages: [],
        staleServices: [],
        problem,
        checkedAt: observation.at,
      })
      .onConflictDoUpdate({
        target: assets.id,
        set: { asset, team: asset.team, source: asset.source, problem, checkedAt: observation.at },
      })
    return
  }
  const snapshot = storable(observation.snapshot)
  const row = {
    source: snapshot.asset.source,
    team: snapshot.asset.team,
    asset: snapshot.asset,
    softwareSet: await softwareSet(db, snapshot.asset.platform, snapshot.packages),
    pending: snapshot.pending,
    runningKernel: snapshot.runningKernel,
    bootId: snapshot.bootId,
    rebootRequired: snapshot.rebootRequired,
    rebootPackages: [...snapshot.rebootPackages],
    staleServices: [...snapshot.staleServices],
    listsRefreshedAt: snapshot.listsRefreshedAt,
    observedAt: snapshot.observedAt,
    problem: null,
    checkedAt: snapshot.observedAt,
  }
  await db
    .insert(assets)
    .values({ id: snapshot.asset.id, ...row })
    .onConflictDoUpdate({ target: assets.id, set: row })
}

/** Forgets assets that the source no longer lists. Returns how many. */
export async function forgetMissing(db: Queryable, source: string, seen: readonly string[]): Promise<number> {
  const gone = await db
    .delete(assets)
    .where(and(eq(assets.source, source), seen.length === 0 ? undefined : notInArray(assets.id, [...seen])))
    .returning({ id: assets.id })
  return gone.length
}

/** Forgets assets of sources that are configured no more. */
export async function forgetOtherSources(db: Queryable, configured: readonly string[]): Promise<void> {
  await db.delete(assets).where(configured.length === 0 ? undefined : notInArray(assets.source, [...configured]))
}

/** The last good look at each asset; assets never seen are left out. `ids`, `teams`: only these. */
export async function readSnapshots(
  db: Queryable,
  { ids, teams }: { readonly ids?: readonly string[]; readonly teams?: readonly string[] } = {},
): Promise<readonly AssetSnapshot[]> {
  const rows = await db
    .select()
    .from(assets)
    .where(
      and(
        ids === undefined ? undefined : inArray(assets.id, [...ids]),
        teams === undefined ? undefined : inArray(assets.team, [...teams]),
      ),
    )
    .orderBy(asc(assets.id))
  const software = await readSoftware(db, [
    ...new Set(rows.flatMap((row) => (row.softwareSet === null ? [] : [row.softwareSet]))),
  ])
  const snapshots: AssetSnapshot[] = []
  for (const row of rows) {
    if (row.observedAt === null || row.softwareSet === null) continue
    snapshots.push({
      asset: row.asset,
      packages: software.get(row.softwareSet) ?? [],
      pending: row.pending,
      runningKernel: row.runningKernel,
      bootId: row.bootId,
      rebootRequired: row.rebootRequired,
      rebootPackages: row.rebootPackages,
      staleServices: row.staleServices,
      observedAt: row.observedAt,
      listsRefreshedAt: row.listsRefreshedAt,
    })
  }
  return snapshots
}

async function readSoftware(
  db: Queryable,
  sets: readonly number[],
): Promise<ReadonlyMap<number, readonly InstalledPackage[]>> {
  const software = new Map<number, readonly InstalledPackage[]>()
  if (sets.length === 0) return software
  const rows = await db
    .select()
    .from(softwareSets)
    .where(inArray(softwareSets.id, [...sets]))
  const members = new Map<number, number[]>()
  const wanted = new Set<number>()
  for (const row of rows) {
    const ids: number[] = []
    unpackIds(row.packages, (id) => {
      ids.push(id)
      wanted.add(id)
    })
    members.set(row.id, ids)
  }
  const byId = new Map((await readVersions(db, [...wanted])).map(({ id, item }) => [id, item]))
  for (const [id, ids] of members) {
    software.set(
      id,
      ids.flatMap((version) => byId.get(version) ?? []),
    )
  }
  return software
}

/** Interned package versions; all there are where `ids` is null. */
async function readVersions(
  db: Queryable,
  ids: readonly number[] | null,
): Promise<readonly { readonly id: number; readonly platform: string; readonly item: InstalledPackage }[]> {
  const wanted = JSON.stringify(ids)
  const rows = await db
    .select()
    .from(packageVersions)
    .where(
      ids === null
        ? undefined
        : sql`${packageVersions.id} in (select value::int from jsonb_array_elements_text(${wanted}::text::jsonb))`,
    )
    .orderBy(asc(packageVersions.id))
  return rows.map(({ id, platform, origin, module, ...item }) => ({
    id,
    platform,
    item: { ...item, ...(origin === '' ? {} : { origin }), ...(module === '' ? {} : { module }) },
  }))
}

export async function listAssets(db: Queryable): Promise<readonly StoredAsset[]> {
  const rows = await db
    .select({
      asset: assets.asset,
      software: softwareSets.packages,
      pending: assets.pending,
      rebootRequired: assets.rebootRequired,
      observedAt: assets.observedAt,
      problem: assets.problem,
    })
    .from(assets)
    .leftJoin(softwareSets, eq(softwareSets.id, assets.softwareSet))
    .orderBy(asc(assets.team), asc(assets.id))
  return rows.map(({ software, ...row }) => ({
    ...row,
    packages: software === null ? 0 : countIds(software),
    pending: row.pending.length,
    security: row.pending.filter((item) => item.security).length,
  }))
}
