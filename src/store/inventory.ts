import { and, asc, desc, eq, gt, isNotNull, lt, notInArray, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { type Asset, type AssetSnapshot, type Observation, observedAsset } from '../core/asset.ts'
import { storable, storableAsJson, storableText } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { noteDirtyTeams } from './dirty.ts'
import { inSlices } from './in-slices.ts'
import { recordAssets, recordGone } from './recorded-assets.ts'
import {
  assetHistory,
  assetLooks,
  assets,
  assetsRecorded,
  packageVersions,
  pendingSets,
  softwareSets,
} from './schema.ts'
import { type Interned, internSets, newInterned, type SetIds } from './sets.ts'
import { createSoftwareMemory, readSets, type SoftwareMemory } from './software-memory.ts'
import { codeOf, inTransaction } from './transaction.ts'

export { type Interned, newInterned } from './sets.ts'

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

/** Rows that one statement reads, and that are made into values in one turn. */
const ROWS_AT_ONCE = 1_000

/** Looks that are stored together, and rows in one statement that writes. */
export const LOOKS_AT_ONCE = 500

/**
 * Stores what looks at assets found, in one transaction, as far as it differs from what is there. An unreachable asset keeps
 * its last good look, with the problem beside it. A look that is older than the one that is stored changes nothing, unless
 * that one claims to be later than `now`. Where something changed, the record says so as of `now`, and a row of work is left
 * for the team. `interned`: give it to the next call of the same sync.
 */
export async function saveObservations(
  db: Db,
  observations: readonly Observation[],
  now: string,
  interned: Interned = newInterned(),
): Promise<void> {
  // Of several looks at one asset in one batch the last counts: a statement may touch a row once.
  const last = new Map(observations.map((observation) => [storableText(observedAsset(observation).id), observation]))
  for (let attempt = 1; ; attempt++) {
    const looks = await preparedLooks(db, [...last.values()], interned)
    try {
      return await inTransaction(db, writeLooks, { looks, now })
    } catch (error) {
      // A set that no asset had was purged just before this gave it to one.
      if (codeOf(error) !== FOREIGN_KEY_VIOLATION || attempt > 1) throw error
      interned.software.sets.clear()
      interned.pending.sets.clear()
    }
  }
}

const FOREIGN_KEY_VIOLATION = '23503'

/** A look as it is stored. Lists and JSON are texts, as PostgreSQL reads them. */
interface PreparedLook {
  readonly id: string
  readonly source: string
  readonly team: string
  readonly asset: string
  readonly checkedAt: string
  readonly problem: string | null
  /** `null`: it could not be looked at. */
  readonly seen: Seen | null
}

interface Seen extends SetIds {
  readonly runningKernel: string | null
  readonly bootId: string | null
  readonly rebootRequired: boolean
  readonly rebootPackages: string
  readonly staleServices: string
  readonly observedAt: string
  readonly listsRefreshedAt: string | null
}

/** All that takes long, before anything is locked. In order of id, so that two never wait for each other in turn. */
async function preparedLooks(
  db: Db,
  observations: readonly Observation[],
  interned: Interned,
): Promise<readonly PreparedLook[]> {
  const looks: PreparedLook[] = []
  for (const some of slices(observations, LOOKS_AT_ONCE)) {
    const snapshots = some.flatMap((observation) => (observation.kind === 'seen' ? [observation.snapshot] : []))
    const sets = await internSets(db, snapshots, interned)
    looks.push(...(await inSlices(prepared(some, sets))))
  }
  return looks.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function* prepared(observations: readonly Observation[], sets: ReadonlyMap<AssetSnapshot, SetIds>) {
  const looks: PreparedLook[] = []
  for (const observation of observations) {
    const asset = storable(observedAsset(observation))
    const { id, source, team } = asset
    const row = { id, source, team, asset: JSON.stringify(asset) }
    if (observation.kind === 'unreachable')
      looks.push({ ...row, checkedAt: observation.at, problem: storable(observation.reason), seen: null })
    else {
      const { snapshot } = observation
      const ids = sets.get(snapshot)
      if (ids === undefined) throw new Error('A look was stored without its software.')
      const { observedAt, listsRefreshedAt, rebootRequired } = snapshot
      const seen: Seen = {
        ...ids,
        runningKernel: storable(snapshot.runningKernel),
        bootId: storable(snapshot.bootId),
        rebootRequired,
        rebootPackages: listOf(storable(snapshot.rebootPackages)),
        staleServices: listOf(storable(snapshot.staleServices)),
        observedAt,
        listsRefreshedAt,
      }
      looks.push({ ...row, checkedAt: observedAt, problem: null, seen })
    }
    yield
  }
  return looks
}

interface LooksGiven {
  readonly looks: readonly PreparedLook[]
  readonly now: string
}

async function writeLooks(tx: Tx, { looks, now }: LooksGiven): Promise<void> {
  const newest = await writeTimes(tx, looks, now)
  const differing = await findDiffering(
    tx,
    looks.filter(({ id }) => newest.has(id)),
  )
  const changed = differing.filter(({ changed: is }) => is)
  const rows = changed.map(({ look }) => look)
  await writeAssets(
    tx,
    rows.filter(({ seen }) => seen !== null),
    [...factColumns, ...seenColumns],
  )
  await writeAssets(
    tx,
    rows.filter(({ seen }) => seen === null),
    factColumns,
  )
  await writeHistory(tx, changed)
  await recordAssets(
    tx,
    differing.map(({ look: { id } }) => id),
    now,
  )
  const teams = changed.flatMap(({ look: { team }, matters, teamBefore }) =>
    matters ? [team, teamBefore ?? team] : [],
  )
  await noteDirtyTeams(tx, teams, now)
}

/**
 * When each asset was looked at. Answers with those of which nobody stored a newer look. Their rows are locked from here on,
 * and whoever changes what is known of an asset comes by here first: so the rows of `assets` are only read where nothing
 * is new, for a lock would be written, too.
 */
async function writeTimes(tx: Tx, looks: readonly PreparedLook[], now: string): Promise<ReadonlySet<string>> {
  const newest = new Set<string>()
  const later = (column: string) => sql`coalesce(l.${sql.raw(column)} <= ${now}::text::timestamptz
    and l.${sql.raw(column)} > excluded.${sql.raw(column)}, false)`
  for (const some of slices(looks, LOOKS_AT_ONCE)) {
    const rows = await tx.execute<{ asset: string }>(sql`
      insert into ${assetLooks} as l (asset, observed_at, lists_refreshed_at, checked_at, problem)
      select * from unnest(
        ${listOf(some.map(({ id }) => id))}::text::text[],
        ${listOf(some.map(({ seen }) => seen?.observedAt ?? null))}::text::timestamptz[],
        ${listOf(some.map(({ seen }) => seen?.listsRefreshedAt ?? null))}::text::timestamptz[],
        ${listOf(some.map(({ checkedAt }) => checkedAt))}::text::timestamptz[],
        ${listOf(some.map(({ problem }) => problem))}::text::text[]) as given (asset) order by asset
      on conflict (asset) do update set
        observed_at = coalesce(excluded.observed_at, l.observed_at),
        lists_refreshed_at = case when excluded.observed_at is null then l.lists_refreshed_at
          else excluded.lists_refreshed_at end,
        checked_at = case when ${later('checked_at')} then l.checked_at else excluded.checked_at end,
        problem = case when ${later('checked_at')} then l.problem else excluded.problem end
      where case when excluded.observed_at is null then not ${later('checked_at')} else not ${later('observed_at')} end
      returning asset`)
    for (const { asset } of rows) newest.add(asset)
  }
  return newest
}

interface Differing {
  readonly look: PreparedLook
  /** `false`: the record alone does not know of it yet. */
  readonly changed: boolean
  /** More than its address changed. */
  readonly matters: boolean
  /** `null`: the asset is new. */
  readonly teamBefore: string | null
  /** `null`: there was no good look before. */
  readonly softwareBefore: number | null
}

interface DifferingRow extends Record<string, unknown> {
  readonly id: string
  readonly changed: boolean
  readonly matters: boolean
  readonly team_before: string | null
  readonly software_before: number | null
}

/** Looks that found something else than what is stored. */
async function findDiffering(tx: Tx, looks: readonly PreparedLook[]): Promise<readonly Differing[]> {
  const byId = new Map(looks.map((look) => [look.id, look]))
  const found: Differing[] = []
  const seen = sql.raw(seenColumns.map((column) => `a.${column} is distinct from g.${column}`).join(' or '))
  for (const some of slices(looks, LOOKS_AT_ONCE)) {
    const rows = await tx.execute<DifferingRow>(sql`
      select * from (
        select g.id, a.team as team_before, a.software_set as software_before, r.asset is null as untold,
          a.id is null or a.team <> g.team or a.source <> g.source or a.asset <> g.asset
            or g.seen and (${seen}) as changed,
          a.id is null or a.team <> g.team or a.source <> g.source or a.asset - 'address' <> g.asset - 'address'
            or g.seen and (${seen}) as matters
        from (${givenRows(some)}) as g left join ${assets} a on a.id = g.id left join ${assetsRecorded} r on r.asset = g.id
      ) as compared where changed or untold order by id`)
    for (const { id, changed, matters, team_before: teamBefore, software_before: softwareBefore } of rows) {
      const look = byId.get(id)
      if (look !== undefined) found.push({ look, changed, matters, teamBefore, softwareBefore })
    }
  }
  return found
}

const factColumns = ['source', 'team', 'asset'] as const
/** What only a good look says. */
const seenColumns = [
  'software_set',
  'pending_set',
  'running_kernel',
  'boot_id',
  'reboot_required',
  'reboot_packages',
  'stale_services',
] as const

/** Looks as rows, with the columns of `assets`. */
function givenRows(looks: readonly PreparedLook[]) {
  const list = (value: (look: PreparedLook) => string | number | null | undefined) =>
    listOf(looks.map((look) => value(look) ?? null))
  return sql`
    select id, source, team, asset::jsonb as asset, seen, software_set, pending_set, running_kernel, boot_id, reboot_required,
      reboot_packages::text[] as reboot_packages, stale_services::text[] as stale_services
    from unnest(${list(({ id }) => id)}::text::text[], ${list(({ source }) => source)}::text::text[],
      ${list(({ team }) => team)}::text::text[], ${list(({ asset }) => asset)}::text::text[],
      ${list(({ seen }) => String(seen !== null))}::text::boolean[],
      ${list(({ seen }) => seen?.software)}::text::integer[], ${list(({ seen }) => seen?.pending)}::text::integer[],
      ${list(({ seen }) => seen?.runningKernel)}::text::text[], ${list(({ seen }) => seen?.bootId)}::text::text[],
      ${list(({ seen }) => String(seen?.rebootRequired ?? false))}::text::boolean[],
      ${list(({ seen }) => seen?.rebootPackages ?? '{}')}::text::text[],
      ${list(({ seen }) => seen?.staleServices ?? '{}')}::text::text[]
    ) as given (id, source, team, asset, seen, software_set, pending_set, running_kernel, boot_id, reboot_required,
      reboot_packages, stale_services)`
}

async function writeAssets(tx: Tx, looks: readonly PreparedLook[], columns: readonly string[]): Promise<void> {
  const all = sql.raw(['id', ...factColumns, ...seenColumns].join(', '))
  const given = sql.raw(columns.map((column) => `${column} = excluded.${column}`).join(', '))
  for (const some of slices(looks, LOOKS_AT_ONCE))
    await tx.execute(sql`
      insert into ${assets} (${all}) select ${all} from (${givenRows(some)}) as g order by id
      on conflict (id) do update set ${given}`)
}

async function writeHistory(tx: Tx, changed: readonly Differing[]): Promise<void> {
  const other = changed.flatMap(({ look: { id, seen }, softwareBefore }) =>
    seen === null || seen.software === softwareBefore ? [] : [{ id, seen }],
  )
  for (const some of slices(other, LOOKS_AT_ONCE)) {
    const ids = listOf(some.map(({ id }) => id))
    const times = listOf(some.map(({ seen }) => seen.observedAt))
    await tx.execute(sql`
      update ${assetHistory} as h set until_at = greatest(h.from_at, given.at)
      from unnest(${ids}::text::text[], ${times}::text::timestamptz[]) as given (asset, at)
      where h.asset = given.asset and h.until_at is null`)
    await tx.execute(sql`
      insert into ${assetHistory} (asset, from_at, software_set)
      select asset, greatest(at, (select max(until_at) from ${assetHistory} h where h.asset = given.asset)), software_set
      from unnest(${ids}::text::text[], ${times}::text::timestamptz[],
        ${listOf(some.map(({ seen }) => seen.software))}::text::integer[]) as given (asset, at, software_set)
      on conflict (asset, from_at) do update set software_set = excluded.software_set, until_at = null`)
  }
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
    .select({ id: assets.id })
    .from(assets)
    .where(
      and(
        eq(assets.source, source),
        sql`${assets.id} not in (select jsonb_array_elements_text(${listed}::text::jsonb))`,
      ),
    )
    .orderBy(asc(assets.id))
  return forget(tx, gone, 'not listed', now)
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
    .select({ id: assets.id })
    .from(assets)
    .where(configured.length === 0 ? undefined : notInArray(assets.source, [...configured]))
    .orderBy(asc(assets.id))
  await forget(tx, gone, 'source removed', now)
}

/** In the order in which looks are stored. What the assets had is kept in their history. */
async function forget(
  tx: Tx,
  gone: readonly { readonly id: string }[],
  why: 'not listed' | 'source removed',
  now: string,
): Promise<number> {
  const forgotten: { readonly id: string; readonly team: string }[] = []
  for (const some of slices(gone, LOOKS_AT_ONCE)) {
    const ids = listOf(some.map(({ id }) => id))
    await tx.execute(sql`
      delete from ${assetLooks} where asset in (select asset from ${assetLooks}
        where asset = any(${ids}::text::text[]) order by asset for update)`)
    const rows = await tx.execute<{ id: string; team: string }>(
      sql`delete from ${assets} where id = any(${ids}::text::text[]) returning id, team`,
    )
    await tx.execute(sql`
      update ${assetHistory} set until_at = greatest(from_at, ${now}::text::timestamptz)
      where asset = any(${ids}::text::text[]) and until_at is null`)
    forgotten.push(...rows)
  }
  await recordGone(
    tx,
    forgotten.map(({ id }) => id),
    why,
    now,
  )
  await noteDirtyTeams(
    tx,
    forgotten.map(({ team }) => team),
    now,
  )
  return forgotten.length
}

/**
 * Forgets sets that no asset has any more, and software that none ever had. One that is just being given to an asset is kept.
 * Returns how many.
 */
export async function purgeSoftware(db: Queryable): Promise<number> {
  const software = await db.execute(sql`
    delete from ${softwareSets} where id in (select id from ${softwareSets} s
      where not exists (select 1 from ${assets} a where a.software_set = s.id)
        and not exists (select 1 from ${assetHistory} h where h.software_set = s.id)
      for update skip locked) returning id`)
  const pending = await db.execute(sql`
    delete from ${pendingSets} where id in (select id from ${pendingSets} s
      where not exists (select 1 from ${assets} a where a.pending_set = s.id)
      for update skip locked) returning id`)
  return software.length + pending.length
}

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

/** The oldest look at any of these assets, ISO 8601 UTC; `null` where one was never seen, or is not listed. */
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

/** These assets as they are known now, by id; those that no source lists any more are left out. */
export async function readAssets(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Asset>> {
  const found = new Map<string, Asset>()
  for (const some of slices(ids, ROWS_AT_ONCE)) {
    const listed = storableAsJson(some)
    const rows = await db
      .select({ id: assets.id, asset: assets.asset })
      .from(assets)
      .where(sql`${assets.id} in (select jsonb_array_elements_text(${listed}::text::jsonb))`)
    for (const { id, asset } of rows) found.set(id, asset)
  }
  return found
}

/** What a good look found, with the sets that hold the packages and the pending updates. */
export interface AssetKeys extends Omit<AssetSnapshot, 'packages' | 'pending'> {
  readonly softwareSet: number
  /** `null`: no package manager says anything. */
  readonly pendingSet: number | null
}

/** Which assets are read: all, where nothing is said. */
interface Which {
  readonly ids?: readonly string[]
  readonly teams?: readonly string[]
}

/** The last good look at each asset of these teams, in order of id; assets never seen are left out. */
export async function readAssetKeys(db: Queryable, teams: readonly string[]): Promise<readonly AssetKeys[]> {
  return readKeys(db, { teams })
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
        observedAt: assetLooks.observedAt,
        listsRefreshedAt: assetLooks.listsRefreshedAt,
      })
      .from(assets)
      .innerJoin(assetLooks, eq(assetLooks.asset, assets.id))
      .where(and(wanted, gt(assets.id, after)))
      .orderBy(asc(assets.id))
      .limit(ROWS_AT_ONCE)
    for (const { id, softwareSet, observedAt, ...row } of rows) {
      after = id
      if (softwareSet !== null && observedAt !== null) found.push({ ...row, softwareSet, observedAt })
    }
    if (rows.length < ROWS_AT_ONCE) return found
  }
}

/** As JSON: what reads lists of the server as they are takes away each backslash. */
function listed(column: AnyPgColumn) {
  return sql<readonly string[]>`to_jsonb(${column})`
}

/**
 * The last good look at each asset, in order of id; assets never seen are left out. Assets with the same software, or the
 * same pending updates, share one list; with `memory`, those of several calls do.
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
    // It was given other sets meanwhile, and the former were purged.
    else snapshots.push(...(await readSnapshots(db, { ids: [row.asset.id] }, memory)))
  }
  return snapshots
}

const NOTHING: AssetSnapshot['pending'] = []

/** How much there is of assets that were looked at, of packages on them, and of different package versions. */
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

/** Teams of which assets have one of these sets. */
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
  /** ISO 8601 UTC: when the look was that found it. */
  readonly from: string
  /** `null`: it still has it. */
  readonly until: string | null
  readonly softwareSet: number
}

/** The newest first, `most` of them; with `before`, those that began earlier. */
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
