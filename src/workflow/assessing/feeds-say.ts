/** Updates what is known when feeds say something new. */

import type { CvesReplaced } from '../../core/assessment/catalog-view.ts'
import type { Software } from '../../core/assessment/missing.ts'
import type { InstalledPackage } from '../../core/asset.ts'
import type { FeedChange } from '../../core/feed-change.ts'
import { slices } from '../../store/bulk.ts'
import { cvesIn, readAbout, readPackages, readPlatforms } from '../../store/catalog.ts'
import type { Db } from '../../store/connection.ts'
import { feedChangesSince, feedVersions } from '../../store/feed-changes.ts'
import { createPauses, inSlices } from '../../store/in-slices.ts'
import { readSets, type SoftwareMemory } from '../../store/software-memory.ts'
import { type Known, nothingKnown, type Pair } from './known.ts'

/** How many software sets are read from the store together. */
export const SETS_AT_ONCE = 500
/** How many packages and CVEs are read together. Their values are made without a pause. */
const NAMES_AT_ONCE = 250
const CVES_AT_ONCE = 2_000

/** The database, and the software lists that are in memory. */
export interface Reading {
  readonly db: Db
  readonly memory: SoftwareMemory
}

/** Updates what is known to what the feeds say now. Starts from nothing if the changes are not known. */
export async function learn(known: Known, { db, memory }: Reading): Promise<Known> {
  const now = await feedVersions(db)
  const removed = [...known.versions.keys()].some((feed) => !now.has(feed))
  if (removed) return nothingKnown(now)
  for (const [feed, version] of now) {
    const before = known.versions.get(feed) ?? 0
    if (before === version) continue
    const changes = await feedChangesSince(db, feed, before)
    // Some changes were deleted, or are being written just now.
    if (changes.length !== version - before && known.packages.size > 0) return nothingKnown(await feedVersions(db))
    if (known.packages.size > 0 && !(await take(known, changes, { db, memory }))) return nothingKnown(now)
    known.versions.set(feed, version)
  }
  return known
}

/** False if so much has changed that reading everything again is better. */
async function take(known: Known, changes: readonly FeedChange[], reading: Reading): Promise<boolean> {
  const packages = new Set<string>()
  const cves = new Set<string>()
  let anyCve = false
  let lifecycles = false
  for (const change of changes) {
    if (change.packages === null) return false
    for (const [, name] of change.packages) packages.add(name)
    if (change.cves === null) anyCve = true
    for (const cve of change.cves ?? []) cves.add(cve)
    if (change.platforms === null || change.platforms.length > 0) lifecycles = true
  }
  if (lifecycles) return false
  const ours = new Set([...packages].filter((name) => known.packages.has(name)))
  const windows = [...known.platforms].some((platform) => platform.startsWith('windows:'))
  if (ours.size > 0 || (packages.size > 0 && windows)) await replacePackages(known, ours, reading)
  await replaceCves(known, anyCve ? null : cves, reading)
  return true
}

/** Reads again what feeds say about these packages. */
export async function replacePackages(
  known: Known,
  packages: ReadonlySet<string>,
  { db, memory }: Reading,
): Promise<void> {
  const platforms = [...known.platforms]
  const { catalog } = known
  const whole = await readPlatforms(db, platforms)
  catalog.forgetPackages(packages)
  catalog.replacePlatforms(whole)
  const cves = new Set(cvesIn(whole))
  for (const some of slices([...packages], NAMES_AT_ONCE)) {
    const content = await readPackages(db, platforms, some)
    catalog.takePackages(new Set(some), content)
    for (const cve of cvesIn(content)) cves.add(cve)
  }
  const { changed, packages: others } = await readCves(known, cves, db)
  await judgeAgain(known, new Set([...packages, ...others]), changed, { db, memory })
}

async function judgeAgain(
  known: Known,
  packages: ReadonlySet<string>,
  cves: ReadonlySet<string>,
  reading: Reading,
): Promise<void> {
  known.misses.changed(packages)
  await againOf(known, packages, reading)
  await noteChanged(known, packages, cves)
}

async function noteChanged(known: Known, packages: ReadonlySet<string>, cves: ReadonlySet<string>): Promise<void> {
  known.changes++
  const pause = createPauses()
  for (const team of known.teams.values()) {
    await pause()
    team.assess.changed(packages, cves)
  }
}

/** Reads again what feeds say about these CVEs. `null`: all known ones. */
async function replaceCves(known: Known, some: ReadonlySet<string> | null, reading: Reading): Promise<void> {
  const all = new Set(known.catalog.cves())
  const wanted = some === null ? all : [...some].filter((cve) => all.has(cve))
  const { changed, packages } = await readCves(known, wanted, reading.db)
  if (packages.size > 0) return judgeAgain(known, packages, changed, reading)
  if (changed.size > 0) await noteChanged(known, new Set(), changed)
}

/** Reads what feeds say about CVEs. */
async function readCves(known: Known, cves: Iterable<string>, db: Db): Promise<CvesReplaced> {
  const all = { changed: new Set<string>(), packages: new Set<string>() }
  for (const some of slices([...cves], CVES_AT_ONCE)) {
    const { changed, packages } = known.catalog.replaceCves(some, await readAbout(db, some))
    for (const cve of changed) all.changed.add(cve)
    for (const name of packages) all.packages.add(name)
  }
  return all
}

/** Works out again what is missed by pairs with some of these packages. */
async function againOf(known: Known, packages: ReadonlySet<string>, { db, memory }: Reading): Promise<void> {
  const bySet = new Map<number, Pair[]>()
  for (const pair of known.pairs.values()) {
    const those = bySet.get(pair.software)
    if (those === undefined) bySet.set(pair.software, [pair])
    else those.push(pair)
  }
  for (const some of slices([...bySet.keys()], SETS_AT_ONCE)) {
    const sets = await readSets(db, some, [], memory)
    await inSlices(againOfSets(known, some, sets.software, bySet, packages))
  }
}

function* againOfSets(
  known: Known,
  ids: readonly number[],
  sets: ReadonlyMap<number, readonly InstalledPackage[]>,
  pairs: ReadonlyMap<number, readonly Pair[]>,
  packages: ReadonlySet<string>,
): Generator<void, void, void> {
  for (const id of ids) {
    yield
    const installed = sets.get(id)
    // No asset has this software any more.
    if (installed === undefined) continue
    const has = installed.some(({ name, source }) => packages.has(name) || packages.has(source))
    for (const pair of pairs.get(id) ?? []) {
      const offered = pair.missing.updates.some(({ source }) => packages.has(source))
      if (!has && !offered && !pair.platform.startsWith('windows:')) continue
      const software: Software = { platform: pair.platform, packages: installed, pending: pair.pending }
      pair.missing = known.misses.again(software, pair.missing, packages)
    }
  }
}
