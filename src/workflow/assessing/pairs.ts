/** Works out what is missed by each pair of a software set and a pending set that assets have. */

import type { MissingAlike } from '../../core/assessment/assess.ts'
import type { Missing } from '../../core/assessment/missing.ts'
import type { InstalledPackage } from '../../core/asset.ts'
import type { Steps } from '../../core/steps.ts'
import { slices } from '../../store/bulk.ts'
import { createPauses, inSlices } from '../../store/in-slices.ts'
import { type AssetKeys, softwareNames } from '../../store/inventory.ts'
import { readSets, type Sets } from '../../store/software-memory.ts'
import { type Reading, replacePackages, SETS_AT_ONCE } from './feeds-say.ts'
import type { Known } from './known.ts'

/** This many pairs are always kept, even if no asset has them. */
const PAIRS_AT_LEAST = 10_000

/** Works out what new pairs miss. False if some of the assets have other software now. */
export async function knowPairs(known: Known, rows: readonly AssetKeys[], reading: Reading): Promise<boolean> {
  const fresh = new Map<string, AssetKeys>()
  for (const row of rows) {
    const key = pairKey(row)
    if (!known.pairs.has(key)) fresh.set(key, row)
  }
  const all = [...fresh].sort(([, a], [, b]) => a.softwareSet - b.softwareSet)
  const platforms = new Set(all.map(([, { asset }]) => asset.platform))
  for (const some of slices(all, SETS_AT_ONCE)) {
    const sets = await readSets(
      reading.db,
      [...new Set(some.map(([, { softwareSet }]) => softwareSet))],
      [...new Set(some.flatMap(([, { pendingSet }]) => pendingSet ?? []))],
      reading.memory,
    )
    await knowPackages(known, platforms, sets.software, reading)
    await inSlices(missedBy(known, some, sets))
  }
  return all.every(([key]) => known.pairs.has(key))
}

/** Reads what feeds say about packages that no asset had before. */
async function knowPackages(
  known: Known,
  needed: ReadonlySet<string>,
  sets: ReadonlyMap<number, readonly InstalledPackage[]>,
  reading: Reading,
): Promise<void> {
  const packages = new Set<string>()
  const pause = createPauses()
  for (const installed of sets.values()) {
    if (known.looked.has(installed)) continue
    await pause()
    known.looked.add(installed)
    for (const { name, source } of installed) {
      if (!known.packages.has(name)) packages.add(name)
      if (!known.packages.has(source)) packages.add(source)
    }
  }
  const platforms = [...needed].filter((platform) => !known.platforms.has(platform))
  if (packages.size === 0 && platforms.length === 0) return
  // Reads the packages of all assets together, because the next team has nearly the same.
  const all = await softwareNames(reading.db)
  for (const name of all.packages) if (!known.packages.has(name)) packages.add(name)
  const count = known.platforms.size
  for (const platform of [...platforms, ...all.platforms]) known.platforms.add(platform)
  for (const name of packages) known.packages.add(name)
  // Nothing was read for a new platform yet, so all packages are read.
  await replacePackages(known, known.platforms.size > count ? new Set(known.packages) : packages, reading)
}

function* missedBy(
  known: Known,
  some: readonly (readonly [string, AssetKeys])[],
  sets: Sets,
): Generator<void, void, void> {
  let opened: readonly InstalledPackage[] | undefined
  for (const [key, { asset, softwareSet, pendingSet }] of some) {
    yield
    const { platform } = asset
    const packages = sets.software.get(softwareSet)
    if (packages !== opened) yield* openIn(known, platform, packages ?? [])
    opened = packages
    const pending = pendingSet === null ? null : sets.pending.get(pendingSet)
    // The set was deleted after the assets were read. They have another set now.
    if (packages === undefined || pending === undefined) continue
    const missing = known.misses.of({ platform, packages, pending })
    known.pairs.set(key, { software: softwareSet, pending, platform, missing })
  }
}

/** How many packages are looked up without a pause. */
const PACKAGES_AT_ONCE = 50

/** Looks up what packages lack, because the first time that takes long for all packages of one list. */
function* openIn(known: Known, platform: string, packages: readonly InstalledPackage[]): Steps<void> {
  for (const some of slices(packages, PACKAGES_AT_ONCE)) {
    for (const item of some) known.catalog.matcher.open(platform, item)
    yield
  }
}

/** Groups the assets by what they miss. */
export function* alikeOf(known: Known, rows: readonly AssetKeys[]): Generator<void, MissingAlike, void> {
  const alike = new Map<Missing, AssetKeys[]>()
  for (const row of rows) {
    const missing = known.pairs.get(pairKey(row))?.missing
    if (missing === undefined) throw new Error(`What ${row.asset.id} misses is not known.`)
    const those = alike.get(missing)
    if (those === undefined) {
      alike.set(missing, [row])
      yield
    } else those.push(row)
  }
  return alike
}

/** When half of the pairs may be unused, drops those that no asset has. */
export function forgetPairs(known: Known): void {
  if (known.pairs.size < Math.max(PAIRS_AT_LEAST, 2 * known.live)) return
  const live = new Set<string>()
  for (const { rows } of known.teams.values()) for (const row of rows) live.add(pairKey(row))
  for (const key of known.pairs.keys()) if (!live.has(key)) known.pairs.delete(key)
  known.live = live.size
}

function pairKey({ asset, softwareSet, pendingSet }: AssetKeys): string {
  return `${asset.platform} ${softwareSet} ${pendingSet}`
}
