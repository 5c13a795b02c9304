import { and, asc, eq, inArray, isNotNull, notInArray, sql } from 'drizzle-orm'
import {
  type Asset,
  type AssetSnapshot,
  type Criticality,
  type Exposure,
  type InstalledPackage,
  type Observation,
  observedAsset,
} from '../core/asset.ts'
import { contextOf, type Fleet } from '../core/fleet.ts'
import { sha256 } from '../core/sha256.ts'
import { storable, storableAsJson } from '../core/storable.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { countIds, packIds, unpackIds } from './packed-ids.ts'
import { recordAssets, recordGone } from './recorded-assets.ts'
import { assets, packageVersions, softwareSets } from './schema.ts'
import { inTransaction } from './transaction.ts'

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

/** Ids that are known already, so that a fleet's inventory does not ask for each package of each asset again. */
export interface Interned {
  readonly versions: Map<string, number>
  readonly sets: Map<string, number>
}

export function newInterned(): Interned {
  return { versions: new Map(), sets: new Map() }
}

/** Ids of interned package versions, sorted. */
async function internPackages(
  db: Queryable,
  platform: string,
  packages: readonly InstalledPackage[],
  { versions }: Interned,
): Promise<readonly number[]> {
  const ids = new Set<number>()
  const unknown = new Map<string, InstalledPackage>()
  for (const item of packages) {
    const key = keyOf(platform, item)
    const id = versions.get(key)
    if (id === undefined) unknown.set(key, item)
    else ids.add(id)
  }
  const items = storable([...unknown.values()])
  for (let from = 0; from < items.length; from += CHUNK) {
    const json = storableAsJson(
      items
        .slice(from, from + CHUNK)
        .map((item) => [
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
    const rows = await db.execute<InternedRow>(sql`
      with given as (
        select ${platform}::text as platform, e->>0 as name, e->>1 as version, e->>2 as architecture, e->>3 as source,
          e->>4 as source_version, e->>5 as origin, e->>6 as module
        from jsonb_array_elements(${json}::text::jsonb) as e
      ), added as (
        insert into package_versions (${columns})
        select distinct * from given
        on conflict (${columns}) do nothing
        returning id, ${columns}
      )
      select id, ${columns} from added
      union
      select p.id, ${columns} from package_versions p join given g using (${columns})`)
    const added = new Map<string, number>()
    for (const { id, source_version: sourceVersion, ...row } of rows)
      added.set(keyOf(platform, { ...row, sourceVersion }), id)
    for (const [key, item] of unknown) {
      const id = added.get(keyOf(platform, storable(item)))
      if (id === undefined) continue
      versions.set(key, id)
      ids.add(id)
    }
  }
  return [...ids].sort((a, b) => a - b)
}

interface InternedRow extends Record<string, unknown> {
  readonly id: number
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly source: string
  readonly source_version: string
  readonly origin: string
  readonly module: string
}

function keyOf(platform: string, item: InstalledPackage): string {
  const { name, version, architecture, source, sourceVersion, origin, module } = item
  return `${platform}\n${name}\n${version}\n${architecture}\n${source}\n${sourceVersion}\n${origin ?? ''}\n${module ?? ''}`
}

/** Stores sets that are not known yet; assets with the same software share one. */
async function internSets(
  db: Queryable,
  unknown: ReadonlyMap<string, readonly number[]>,
  { sets }: Interned,
): Promise<void> {
  if (unknown.size === 0) return
  const rows = await db
    .insert(softwareSets)
    .values([...unknown].map(([hash, ids]) => ({ hash, packages: packIds(ids) })))
    .onConflictDoUpdate({ target: softwareSets.hash, set: { hash: sql`excluded.hash` } })
    .returning({ id: softwareSets.id, hash: softwareSets.hash })
  for (const { id, hash } of rows) sets.set(hash, id)
}

/** Looks stored by one statement: well under PostgreSQL's 65,535 parameters. */
export const LOOKS_AT_ONCE = 500

/**
 * Stores looks at assets, in one transaction. An unreachable asset keeps its last good look, with the problem beside it.
 * What is new of assets is recorded with it, as of `now`. What `interned` holds afterwards is good as long as the transaction was: give it to the next call of the same sync.
 */
export async function saveObservations(
  db: Db,
  observations: readonly Observation[],
  now: string,
  interned: Interned = newInterned(),
): Promise<void> {
  // Of several looks at one asset in one batch the last counts: a statement may touch a row once.
  const last = new Map(observations.map((observation) => [observedAsset(observation).id, observation]))
  await inTransaction(db, writeObservations, { observations: [...last.values()], interned, now })
}

interface ObservationsGiven {
  readonly now: string
  readonly observations: readonly Observation[]
  readonly interned: Interned
}

/** What it interned is known no more where the transaction fails: it may be done again. */
async function writeObservations(tx: Tx, given: ObservationsGiven): Promise<void> {
  try {
    await writeLooks(tx, given)
  } catch (error) {
    given.interned.versions.clear()
    given.interned.sets.clear()
    throw error
  }
}

async function writeLooks(tx: Tx, { observations, interned, now }: ObservationsGiven): Promise<void> {
  const seen: (typeof assets.$inferInsert)[] = []
  const lost: (typeof assets.$inferInsert)[] = []
  const software = new Map<AssetSnapshot, string>()
  const unknown = new Map<string, readonly number[]>()
  for (const observation of observations) {
    if (observation.kind === 'unreachable') {
      lost.push(lostRow(observation))
      continue
    }
    const { snapshot } = observation
    const ids = await internPackages(tx, snapshot.asset.platform, snapshot.packages, interned)
    const hash = sha256(ids.join(','))
    software.set(snapshot, hash)
    if (!interned.sets.has(hash)) unknown.set(hash, ids)
  }
  await internSets(tx, unknown, interned)
  for (const [snapshot, hash] of software) {
    const set = interned.sets.get(hash)
    if (set === undefined) throw new Error('PostgreSQL did not return a software set that it stored.')
    seen.push(seenRow(snapshot, set))
  }
  for (let from = 0; from < seen.length; from += LOOKS_AT_ONCE)
    await tx
      .insert(assets)
      .values(seen.slice(from, from + LOOKS_AT_ONCE))
      .onConflictDoUpdate({ target: assets.id, set: given(seenColumns) })
  for (let from = 0; from < lost.length; from += LOOKS_AT_ONCE)
    await tx
      .insert(assets)
      .values(lost.slice(from, from + LOOKS_AT_ONCE))
      .onConflictDoUpdate({ target: assets.id, set: given(lostColumns) })
  await recordAssets(
    tx,
    [...seen, ...lost].map(({ id }) => id),
    now,
  )
}

const lostColumns = ['asset', 'team', 'source', 'problem', 'checkedAt'] as const
const seenColumns = [
  ...lostColumns,
  'softwareSet',
  'pending',
  'runningKernel',
  'bootId',
  'rebootRequired',
  'rebootPackages',
  'staleServices',
  'listsRefreshedAt',
  'observedAt',
] as const

/** The values of the row that could not be inserted because it is there. */
function given(columns: readonly (typeof seenColumns)[number][]) {
  return Object.fromEntries(columns.map((name) => [name, sql.raw(`excluded."${assets[name].name}"`)]))
}

function lostRow(observation: Extract<Observation, { kind: 'unreachable' }>): typeof assets.$inferInsert {
  const asset = storable(observation.asset)
  return {
    id: asset.id,
    source: asset.source,
    team: asset.team,
    asset,
    pending: [],
    rebootRequired: false,
    rebootPackages: [],
    staleServices: [],
    problem: storable(observation.reason),
    checkedAt: observation.at,
  }
}

function seenRow({ packages: _packages, ...rest }: AssetSnapshot, softwareSet: number): typeof assets.$inferInsert {
  const snapshot = storable(rest)
  return {
    id: snapshot.asset.id,
    source: snapshot.asset.source,
    team: snapshot.asset.team,
    asset: snapshot.asset,
    softwareSet,
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
}

/** Forgets sets of software that no asset has any more. One that is just being given to an asset is kept. */
export async function purgeSoftware(db: Queryable): Promise<number> {
  const gone = await db
    .delete(softwareSets)
    .where(sql`not exists (select 1 from ${assets} where ${assets.softwareSet} = ${softwareSets.id})`)
    .returning({ id: softwareSets.id })
  return gone.length
}

/** Forgets assets that the source no longer lists. Returns how many. */
export async function forgetMissing(db: Db, source: string, seen: readonly string[], now: string): Promise<number> {
  return inTransaction(db, forgetOfSource, { source, listed: storableAsJson(seen), now })
}

async function forgetOfSource(
  tx: Tx,
  { source, listed, now }: { readonly source: string; readonly listed: string; readonly now: string },
): Promise<number> {
  const gone = await tx
    .delete(assets)
    .where(
      and(
        eq(assets.source, source),
        sql`${assets.id} not in (select jsonb_array_elements_text(${listed}::text::jsonb))`,
      ),
    )
    .returning({ id: assets.id })
  await recordGone(
    tx,
    gone.map(({ id }) => id),
    'not listed',
    now,
  )
  return gone.length
}

/** Forgets assets of sources that are configured no more. */
export async function forgetOtherSources(db: Db, configured: readonly string[], now: string): Promise<void> {
  await inTransaction(db, forgetSources, { configured, now })
}

async function forgetSources(
  tx: Tx,
  { configured, now }: { readonly configured: readonly string[]; readonly now: string },
): Promise<void> {
  const gone = await tx
    .delete(assets)
    .where(configured.length === 0 ? undefined : notInArray(assets.source, [...configured]))
    .returning({ id: assets.id })
  await recordGone(
    tx,
    gone.map(({ id }) => id),
    'source removed',
    now,
  )
}

/** The oldest look at any of these assets, ISO 8601 UTC; `null` where one was never seen, or is not listed. */
export async function oldestLook(db: Queryable, ids: readonly string[]): Promise<string | null> {
  const listed = storableAsJson(ids)
  const [row] = await db
    .select({
      seen: sql<number>`count(${assets.observedAt})::int`,
      oldest: sql<string | null>`min(${assets.observedAt})`,
    })
    .from(assets)
    .where(sql`${assets.id} in (select jsonb_array_elements_text(${listed}::text::jsonb))`)
  if (row === undefined || row.oldest === null || row.seen < new Set(ids).size) return null
  return new Date(row.oldest).toISOString()
}

/** These assets as they are known now, by id; those that no source lists any more are left out. */
export async function readAssets(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Asset>> {
  const found = new Map<string, Asset>()
  for (let from = 0; from < ids.length; from += CHUNK) {
    const listed = storableAsJson(ids.slice(from, from + CHUNK))
    const rows = await db
      .select({ id: assets.id, asset: assets.asset })
      .from(assets)
      .where(sql`${assets.id} in (select jsonb_array_elements_text(${listed}::text::jsonb))`)
    for (const { id, asset } of rows) found.set(id, asset)
  }
  return found
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
  const wanted = storableAsJson(ids)
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

/** The whole fleet in arrays, for assessment in counts: see core/fleet.ts. */
export async function readFleet(db: Queryable): Promise<Fleet> {
  const known = await readVersions(db, null)
  const versionAt = new Map(known.map(({ id }, index) => [id, index]))
  const setAt = new Map<number, number>()
  const starts: number[] = [0]
  let members = new Uint32Array(1 << 16)
  let length = 0
  for (let after = 0; ; ) {
    const rows = await db
      .select({ id: softwareSets.id, packages: softwareSets.packages })
      .from(softwareSets)
      .where(sql`${softwareSets.id} > ${after}`)
      .orderBy(asc(softwareSets.id))
      .limit(SETS_AT_ONCE)
    for (const { id, packages } of rows) {
      setAt.set(id, starts.length - 1)
      unpackIds(packages, (version) => {
        if (length === members.length) {
          const larger = new Uint32Array(members.length * 2)
          larger.set(members)
          members = larger
        }
        members[length++] = versionAt.get(version) ?? 0
      })
      starts.push(length)
      after = id
    }
    if (rows.length < SETS_AT_ONCE) break
  }
  const rows = await db
    .select({
      set: assets.softwareSet,
      exposure: sql<Exposure | null>`${assets.asset}->>'exposure'`,
      criticality: sql<Criticality | null>`${assets.asset}->>'criticality'`,
    })
    .from(assets)
    .where(isNotNull(assets.softwareSet))
  return {
    versions: known,
    sets: { starts: Uint32Array.from(starts), members: members.subarray(0, length) },
    setOf: Int32Array.from(rows, (row) => setAt.get(row.set ?? -1) ?? -1),
    contextOf: Uint8Array.from(rows, contextOf),
  }
}

const SETS_AT_ONCE = 5_000
