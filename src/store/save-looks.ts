/** Stores what looks at assets found. */

import { sql } from 'drizzle-orm'
import type { Observation } from '../core/asset.ts'
import { type MachineRule, noMachineRule } from '../core/witnesses.ts'
import { listOf, slices } from './bulk.ts'
import type { Db, Tx } from './connection.ts'
import { noteDirtyTeams } from './dirty.ts'
import { readByOurClock, readEarlyWords } from './early-words.ts'
import { forgetAssets } from './forget-rows.ts'
import { bringTogether, lockMachines, type Together } from './machines.ts'
import { LOOKS_AT_ONCE, type PreparedLook, preparedLooks, storedId, withSources } from './prepared-looks.ts'
import { recordAssets } from './recorded-assets.ts'
import { assetHistory, assetLooks, assets, assetsRecorded } from './schema.ts'
import { type Interned, newInterned } from './sets.ts'
import { codeOf, inTransaction } from './transaction.ts'

export { LOOKS_AT_ONCE } from './prepared-looks.ts'

export interface SaveOptions {
  /** Give it to the next call of the same sync. */
  readonly interned?: Interned
  /** How assets of several sources become one. */
  readonly rule?: MachineRule
}

/**
 * Stores what looks at assets found, if it differs from what is stored, in one transaction. An unreachable asset keeps
 * its last good look, with the problem beside it. A look counts as taken when it was first read, if it claims to be from
 * later. One that is older than the stored one changes nothing, unless the
 * stored one claims to be later than `now`. If something changed, the record says so as of `now`, and the team gets a
 * row of work. An asset that is the same machine as an asset of another source becomes one with it.
 */
export async function saveObservations(
  db: Db,
  observations: readonly Observation[],
  now: string,
  { interned = newInterned(), rule = noMachineRule }: SaveOptions = {},
): Promise<void> {
  // If a batch has several looks at one asset, the last counts: a statement may touch a row only once.
  const ids = observations.map(storedId)
  const read = await readByOurClock(db, observations, await readEarlyWords(db, ids), now)
  const last = new Map(read.map((observation) => [storedId(observation), withSources(observation)]))
  for (let attempt = 1; ; attempt++) {
    const looks = await preparedLooks(db, [...last.values()], interned)
    try {
      const given = { looks, now, rule }
      if (!(await inTransaction(db, writeLooks, { ...given, alone: false })))
        await inTransaction(db, writeLooks, { ...given, alone: true })
      return
    } catch (error) {
      // A set that no asset had was purged just before this gave it to an asset.
      if (codeOf(error) !== FOREIGN_KEY_VIOLATION || attempt > 1) throw error
      interned.software.sets.clear()
      interned.pending.sets.clear()
    }
  }
}

const FOREIGN_KEY_VIOLATION = '23503'

interface LooksGiven {
  readonly looks: readonly PreparedLook[]
  readonly now: string
  readonly rule: MachineRule
  /** True: nobody else brings assets together meanwhile. */
  readonly alone: boolean
}

/** Returns false, and has written nothing, if the looks are about machines of several sources and must be stored alone. */
async function writeLooks(tx: Tx, { looks, now, rule, alone }: LooksGiven): Promise<boolean> {
  await lockMachines(tx, alone)
  const together = await bringTogether(tx, { looks, now, rule, alone })
  if (together === null) return false
  await storeTogether(tx, together, now)
  return true
}

/** Stores assets as they are after their words were brought together. */
export async function storeTogether(tx: Tx, { single, merged, left }: Together, now: string): Promise<void> {
  if (left.length > 0) await forgetAssets(tx, left, 'same machine', now)
  const newest = await writeTimes(tx, single, now)
  await setTimes(tx, merged)
  const looks = [...single.filter(({ id }) => newest.has(id)), ...merged].sort((a, b) => (a.id < b.id ? -1 : 1))
  const differing = await findDiffering(tx, looks)
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

/** Writes when machines of several sources were looked at. The words of these sources have been compared already. */
async function setTimes(tx: Tx, looks: readonly PreparedLook[]): Promise<void> {
  for (const some of slices(looks, LOOKS_AT_ONCE))
    await tx.execute(sql`
      insert into ${assetLooks} as l (asset, observed_at, lists_refreshed_at, checked_at, problem)
      select * from ${timesOf(some)} as given (asset) order by asset
      on conflict (asset) do update set observed_at = excluded.observed_at,
        lists_refreshed_at = excluded.lists_refreshed_at, checked_at = excluded.checked_at, problem = excluded.problem`)
}

function timesOf(looks: readonly PreparedLook[]) {
  return sql`unnest(
    ${listOf(looks.map(({ id }) => id))}::text::text[],
    ${listOf(looks.map(({ seen }) => seen?.observedAt ?? null))}::text::timestamptz[],
    ${listOf(looks.map(({ seen }) => seen?.listsRefreshedAt ?? null))}::text::timestamptz[],
    ${listOf(looks.map(({ checkedAt }) => checkedAt))}::text::timestamptz[],
    ${listOf(looks.map(({ problem }) => problem))}::text::text[])`
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
      select * from ${timesOf(some)} as given (asset) order by asset
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
