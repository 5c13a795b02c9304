/** Stores what looks at assets found. */

import { sql } from 'drizzle-orm'
import { withBuiltSources } from '../core/assessment/built-from.ts'
import { type AssetSnapshot, type Observation, observedAsset } from '../core/asset.ts'
import { storable, storableText } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Db, Tx } from './connection.ts'
import { noteDirtyTeams } from './dirty.ts'
import { inSlices } from './in-slices.ts'
import { recordAssets } from './recorded-assets.ts'
import { assetHistory, assetLooks, assets, assetsRecorded } from './schema.ts'
import { type Interned, internSets, newInterned, type SetIds } from './sets.ts'
import { codeOf, inTransaction } from './transaction.ts'

/** Looks that are stored together, and rows that one statement writes. */
export const LOOKS_AT_ONCE = 500

/**
 * Stores what looks at assets found, if it differs from what is stored, in one transaction. An unreachable asset keeps
 * its last good look, with the problem beside it. A look that is older than the stored one changes nothing, unless the
 * stored one claims to be later than `now`. If something changed, the record says so as of `now`, and the team gets a
 * row of work. `interned`: give it to the next call of the same sync.
 */
export async function saveObservations(
  db: Db,
  observations: readonly Observation[],
  now: string,
  interned: Interned = newInterned(),
): Promise<void> {
  // If a batch has several looks at one asset, the last counts: a statement may touch a row only once.
  const last = new Map(
    observations.map((observation) => [storableText(observedAsset(observation).id), withSources(observation)]),
  )
  for (let attempt = 1; ; attempt++) {
    const looks = await preparedLooks(db, [...last.values()], interned)
    try {
      return await inTransaction(db, writeLooks, { looks, now })
    } catch (error) {
      // A set that no asset had was purged just before this gave it to an asset.
      if (codeOf(error) !== FOREIGN_KEY_VIOLATION || attempt > 1) throw error
      interned.software.sets.clear()
      interned.pending.sets.clear()
    }
  }
}

/** Every look is stored under the sources that security data speaks of, whatever read it. */
function withSources(observation: Observation): Observation {
  if (observation.kind !== 'seen') return observation
  const snapshot = withBuiltSources(observation.snapshot)
  return snapshot === observation.snapshot ? observation : { ...observation, snapshot }
}

const FOREIGN_KEY_VIOLATION = '23503'

/** A look in the form in which it is stored. Lists and JSON are texts that PostgreSQL reads. */
interface PreparedLook {
  readonly id: string
  readonly source: string
  readonly team: string
  readonly asset: string
  readonly checkedAt: string
  readonly problem: string | null
  /** `null`: the asset could not be looked at. */
  readonly seen: Seen | null
}

interface Seen extends SetIds {
  readonly runningKernel: string | null
  readonly bootId: string | null
  readonly rebootRequired: boolean
  readonly rebootPackages: string
  readonly staleServices: string
  readonly archives: string | null
  readonly observedAt: string
  readonly listsRefreshedAt: string | null
}

/**
 * Does the work that takes long, before anything is locked. The looks are sorted by id, so that two transactions never
 * wait for each other.
 */
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
        archives: snapshot.archives == null ? null : JSON.stringify(storable(snapshot.archives)),
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
 * Writes when each asset was looked at. Returns the ids of the assets for which no newer look is stored. Their rows in
 * `asset_looks` are locked from here on. Everything that changes an asset locks that row first, so rows of `assets`
 * need no lock. If nothing is new, they are only read; a lock on them would be a write.
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
  /** `false`: nothing changed, but the record does not know the asset yet. */
  readonly changed: boolean
  /** More than the asset's address changed. */
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

/** Looks that found something different from what is stored, or whose asset the record does not know yet. */
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
/** Columns that only a good look fills. */
const seenColumns = [
  'software_set',
  'pending_set',
  'running_kernel',
  'boot_id',
  'reboot_required',
  'reboot_packages',
  'stale_services',
  'archives',
] as const

/** Looks as rows, with the columns of `assets`. */
function givenRows(looks: readonly PreparedLook[]) {
  const list = (value: (look: PreparedLook) => string | number | null | undefined) =>
    listOf(looks.map((look) => value(look) ?? null))
  return sql`
    select id, source, team, asset::jsonb as asset, seen, software_set, pending_set, running_kernel, boot_id, reboot_required,
      reboot_packages::text[] as reboot_packages, stale_services::text[] as stale_services, archives::jsonb as archives
    from unnest(${list(({ id }) => id)}::text::text[], ${list(({ source }) => source)}::text::text[],
      ${list(({ team }) => team)}::text::text[], ${list(({ asset }) => asset)}::text::text[],
      ${list(({ seen }) => String(seen !== null))}::text::boolean[],
      ${list(({ seen }) => seen?.software)}::text::integer[], ${list(({ seen }) => seen?.pending)}::text::integer[],
      ${list(({ seen }) => seen?.runningKernel)}::text::text[], ${list(({ seen }) => seen?.bootId)}::text::text[],
      ${list(({ seen }) => String(seen?.rebootRequired ?? false))}::text::boolean[],
      ${list(({ seen }) => seen?.rebootPackages ?? '{}')}::text::text[],
      ${list(({ seen }) => seen?.staleServices ?? '{}')}::text::text[],
      ${list(({ seen }) => seen?.archives)}::text::text[]
    ) as given (id, source, team, asset, seen, software_set, pending_set, running_kernel, boot_id, reboot_required,
      reboot_packages, stale_services, archives)`
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
