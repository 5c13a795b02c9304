/**
 * What teams miss, assessed again and again by what has changed since: assets whose software is another one, packages and
 * CVEs of which feeds say something else. What was worked out is kept in memory, and is made again from the store wherever
 * it is not there.
 */

import { type Assess, type Assessment, createAssess, type MissingAlike, patchId } from '../core/assessment/assess.ts'
import { type CatalogView, catalogView } from '../core/assessment/catalog-view.ts'
import { createMisses, type Misses } from '../core/assessment/misses.ts'
import type { Missing, Software, Update } from '../core/assessment/missing.ts'
import type { InstalledPackage, PendingUpdate } from '../core/asset.ts'
import type { FeedChange } from '../core/feed-change.ts'
import { slices } from '../store/bulk.ts'
import { cvesIn, patchesFirstSeen, readAbout, readPackages, readPlatforms, rememberPatches } from '../store/catalog.ts'
import { feedChangesSince, feedVersions } from '../store/feed-changes.ts'
import { createPauses, inSlices } from '../store/in-slices.ts'
import { type AssetKeys, readAssetKeys, softwareNames } from '../store/inventory.ts'
import { createSoftwareMemory, readSets, type Sets } from '../store/software-memory.ts'
import type { WorkflowParts } from './ports.ts'

/** Sets that are read from the store together. */
const SETS_AT_ONCE = 500
/** Packages and CVEs of which is read together what feeds say: it is made into values in one turn. */
const NAMES_AT_ONCE = 250
const CVES_AT_ONCE = 2_000
/** How often assets are read again whose software changed meanwhile. */
const ATTEMPTS = 5
/** So many pairs are kept, whether assets have them or not. */
const PAIRS_AT_LEAST = 10_000

/** What a team misses, and what it was made of. */
export interface TeamAssessed {
  /** Patches that are as they were are the same objects as before. */
  readonly assessment: Assessment
  /** The same object as before where all of it is as it was, but for when assets were looked at. */
  readonly missed: object
  readonly alike: MissingAlike
  /** Its assets, by id. */
  readonly rows: ReadonlyMap<string, AssetKeys>
  /** When the assets were read, ISO 8601 UTC. */
  readonly at: string
}

export interface Assessor {
  /**
   * `kept`: nothing has changed of the team's assets since this count of its own was given, so that they are not read
   * again; left out: they are. `fresh`: they are read again all the same.
   */
  assess(team: string, kept?: number, fresh?: boolean): Promise<TeamAssessed>
  /** What was read last of the team's assets counts as this from now on. */
  countAs(team: string, count: number): void
  readonly catalog: () => CatalogView
  /** Of packages that assets of any team have. */
  readonly names: () => { readonly platforms: readonly string[]; readonly packages: readonly string[] }
}

/** One pair of a software set and a pending set, on one platform. */
interface Pair {
  readonly software: number
  readonly pending: readonly PendingUpdate[] | null
  readonly platform: string
  missing: Missing
}

interface Team {
  readonly assess: Assess
  /** Day of its judgements. */
  readonly day: string
  rows: readonly AssetKeys[]
  at: string
  /** As it was given with the rows. */
  count: number | null
  assessed: TeamAssessed | null
}

/** Everything that goes by what feeds say; made anew where it is not known what of it has changed. */
interface Known {
  readonly versions: Map<string, number>
  readonly catalog: CatalogView
  readonly misses: Misses
  /** Source and binary names, and platforms, of which the catalog has been read. */
  readonly packages: Set<string>
  readonly platforms: Set<string>
  /** Lists of software of which the catalog has been read. */
  readonly looked: WeakSet<readonly InstalledPackage[]>
  readonly pairs: Map<string, Pair>
  /** How many of the pairs some asset had when that was last looked at. */
  live: number
  readonly teams: Map<string, Team>
  /** Updates whose patches are remembered as seen. */
  readonly seen: WeakSet<Update>
}

export function createAssessor(parts: Pick<WorkflowParts, 'db' | 'clock' | 'judgement'>): Assessor {
  const { db } = parts
  const memory = createSoftwareMemory()
  const firstSeen = new Map<string, string>()
  let known = nothingKnown(new Map())
  let turn: Promise<unknown> = Promise.resolve()

  /** One at a time: all share what is known. */
  function assess(team: string, kept?: number, fresh = false): Promise<TeamAssessed> {
    const mine = turn.then(() => assessNow(team, kept ?? null, fresh))
    turn = mine.catch(() => {
      // Some of it may be half read.
      known = nothingKnown(new Map())
    })
    return mine
  }

  async function assessNow(team: string, kept: number | null, fresh: boolean): Promise<TeamAssessed> {
    await learn()
    const at = parts.clock().toISOString()
    const own = teamOf(team, at.slice(0, 10))
    if (fresh || kept === null || own.count !== kept) {
      own.rows = sameAssets(await readAssetKeys(db, [team]), own.rows)
      own.at = at
      own.count = kept
    }
    for (let attempt = 1; !(await knowPairs(own.rows)); attempt++) {
      if (attempt === ATTEMPTS) throw new Error(`The software of assets of ${team} changed while it was read.`)
      own.rows = sameAssets(await readAssetKeys(db, [team]), own.rows)
    }
    const alike = await inSlices(alikeOf(own.rows))
    await seen(alike, at)
    const assessment = await inSlices(own.assess(alike))
    forgetPairs()
    const before = own.assessed
    const missed = before !== null && sameAssessment(before.assessment, assessment) ? before.missed : {}
    const rows = new Map(own.rows.map((row) => [row.asset.id, row]))
    own.assessed = { assessment, missed, alike, rows, at: own.at }
    return own.assessed
  }

  function teamOf(team: string, day: string): Team {
    const there = known.teams.get(team)
    if (there !== undefined && there.day === day) return there
    const { exposure, criticality, dueDays, rule } = parts.judgement
    const options = { catalog: known.catalog, rule, dueDays, firstSeen, now: day, defaults: { exposure, criticality } }
    const made: Team = {
      ...(there ?? { rows: [], at: '', count: null }),
      day,
      assess: createAssess(options),
      assessed: null,
    }
    known.teams.set(team, made)
    return made
  }

  // ---------------------------------------------------------------- what feeds say

  /** Brings what is known to what the feeds say now. */
  async function learn(): Promise<void> {
    const now = await feedVersions(db)
    const removed = [...known.versions.keys()].some((feed) => !now.has(feed))
    if (removed) {
      known = nothingKnown(now)
      return
    }
    for (const [feed, version] of now) {
      const before = known.versions.get(feed) ?? 0
      if (before === version) continue
      const changes = await feedChangesSince(db, feed, before)
      if (changes.length !== version - before && known.packages.size > 0) {
        // Some were forgotten, or are just being written.
        known = nothingKnown(await feedVersions(db))
        return
      }
      if (known.packages.size > 0 && !(await take(changes))) {
        known = nothingKnown(now)
        return
      }
      known.versions.set(feed, version)
    }
  }

  /** False where so much has changed that all is better read again. */
  async function take(changes: readonly FeedChange[]): Promise<boolean> {
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
    if (ours.size > 0 || (packages.size > 0 && windows)) await replacePackages(ours)
    await replaceCves(anyCve ? null : cves)
    return true
  }

  async function replacePackages(packages: ReadonlySet<string>): Promise<void> {
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
    const changed = await readCves(cves)
    known.misses.changed(packages)
    await againOf(packages)
    for (const team of known.teams.values()) team.assess.changed(packages, changed)
  }

  /** `null`: all that are known. */
  async function replaceCves(some: ReadonlySet<string> | null): Promise<void> {
    const all = new Set(known.catalog.cves())
    const changed = await readCves(some === null ? all : [...some].filter((cve) => all.has(cve)))
    if (changed.size === 0) return
    for (const team of known.teams.values()) team.assess.changed(new Set(), changed)
  }

  /** Reads what feeds say of CVEs. Answers with those of which it is another. */
  async function readCves(cves: Iterable<string>): Promise<ReadonlySet<string>> {
    const changed = new Set<string>()
    for (const some of slices([...cves], CVES_AT_ONCE))
      for (const cve of known.catalog.replaceCves(some, await readAbout(db, some))) changed.add(cve)
    return changed
  }

  /** Looks again at all pairs that have some of the packages. */
  async function againOf(packages: ReadonlySet<string>): Promise<void> {
    const bySet = new Map<number, Pair[]>()
    for (const pair of known.pairs.values()) {
      const those = bySet.get(pair.software)
      if (those === undefined) bySet.set(pair.software, [pair])
      else those.push(pair)
    }
    for (const some of slices([...bySet.keys()], SETS_AT_ONCE)) {
      const sets = await readSets(db, some, [], memory)
      await inSlices(againOfSets(some, sets.software, bySet, packages))
    }
  }

  function* againOfSets(
    ids: readonly number[],
    sets: ReadonlyMap<number, readonly InstalledPackage[]>,
    pairs: ReadonlyMap<number, readonly Pair[]>,
    packages: ReadonlySet<string>,
  ): Generator<void, void, void> {
    for (const id of ids) {
      yield
      const installed = sets.get(id)
      // No asset has it any more.
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

  // ---------------------------------------------------------------- what assets have

  /** Works out what is missed by pairs that were not met yet. False where some have other software by now. */
  async function knowPairs(rows: readonly AssetKeys[]): Promise<boolean> {
    const fresh = new Map<string, AssetKeys>()
    for (const row of rows) {
      const key = pairKey(row)
      if (!known.pairs.has(key)) fresh.set(key, row)
    }
    const all = [...fresh]
    const platforms = new Set(all.map(([, { asset }]) => asset.platform))
    for (const some of slices(all, SETS_AT_ONCE)) {
      const sets = await readSets(
        db,
        [...new Set(some.map(([, { softwareSet }]) => softwareSet))],
        [...new Set(some.flatMap(([, { pendingSet }]) => pendingSet ?? []))],
        memory,
      )
      await knowPackages(platforms, sets.software)
      await inSlices(missedBy(some, sets))
    }
    return all.every(([key]) => known.pairs.has(key))
  }

  /** Reads what feeds say of packages that no asset had before. */
  async function knowPackages(
    needed: ReadonlySet<string>,
    sets: ReadonlyMap<number, readonly InstalledPackage[]>,
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
    // All that any asset has is read together: the next team hardly has anything else.
    const all = await softwareNames(db)
    for (const name of all.packages) if (!known.packages.has(name)) packages.add(name)
    const count = known.platforms.size
    for (const platform of [...platforms, ...all.platforms]) known.platforms.add(platform)
    for (const name of packages) known.packages.add(name)
    // Of a new platform nothing was read at all.
    await replacePackages(known.platforms.size > count ? new Set(known.packages) : packages)
  }

  function* missedBy(some: readonly (readonly [string, AssetKeys])[], sets: Sets): Generator<void, void, void> {
    for (const [key, { asset, softwareSet, pendingSet }] of some) {
      yield
      const { platform } = asset
      const packages = sets.software.get(softwareSet)
      const pending = pendingSet === null ? null : sets.pending.get(pendingSet)
      // It was purged since the assets were read: they have another one by now.
      if (packages === undefined || pending === undefined) continue
      const missing = known.misses.of({ platform, packages, pending })
      known.pairs.set(key, { software: softwareSet, pending, platform, missing })
    }
  }

  function* alikeOf(rows: readonly AssetKeys[]): Generator<void, MissingAlike, void> {
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

  /** Forgets pairs that no asset has any more, once they are as many as those that some has. */
  function forgetPairs(): void {
    if (known.pairs.size < Math.max(PAIRS_AT_LEAST, 2 * known.live)) return
    const live = new Set<string>()
    for (const { rows } of known.teams.values()) for (const row of rows) live.add(pairKey(row))
    for (const key of known.pairs.keys()) if (!live.has(key)) known.pairs.delete(key)
    known.live = live.size
  }

  /** Remembers patches that are missing for the first time. */
  async function seen(alike: MissingAlike, at: string): Promise<void> {
    if (firstSeen.size === 0) for (const [id, when] of await patchesFirstSeen(db)) firstSeen.set(id, when)
    const fresh = new Set<string>()
    for (const { updates } of alike.keys())
      for (const update of updates) {
        if (known.seen.has(update)) continue
        known.seen.add(update)
        const id = patchId(update)
        if (!firstSeen.has(id)) fresh.add(id)
      }
    if (fresh.size === 0) return
    for (const [id, when] of await rememberPatches(db, [...fresh], at)) firstSeen.set(id, when)
  }

  return {
    assess,
    countAs(team, count) {
      const own = known.teams.get(team)
      if (own !== undefined) own.count = count
    },
    catalog: () => known.catalog,
    names: () => ({ platforms: [...known.platforms], packages: [...known.packages] }),
  }
}

function nothingKnown(versions: ReadonlyMap<string, number>): Known {
  const catalog = catalogView([])
  return {
    versions: new Map(versions),
    catalog,
    misses: createMisses(catalog),
    packages: new Set(),
    platforms: new Set(),
    looked: new WeakSet(),
    pairs: new Map(),
    live: 0,
    teams: new Map(),
    seen: new WeakSet(),
  }
}

function pairKey({ asset, softwareSet, pendingSet }: AssetKeys): string {
  return `${asset.platform} ${softwareSet} ${pendingSet}`
}

function sameAssessment(some: Assessment, others: Assessment): boolean {
  return (
    some.patches.length === others.patches.length &&
    some.assets.length === others.assets.length &&
    some.patches.every((patch, index) => patch === others.patches[index]) &&
    some.assets.every((one, index) => {
      const other = others.assets[index]
      return (
        other !== undefined &&
        one.asset === other.asset &&
        one.patches === other.patches &&
        one.changes === other.changes &&
        one.held === other.held
      )
    })
  )
}

/** Assets of which the same is said are the same objects as before. */
function sameAssets(rows: readonly AssetKeys[], before: readonly AssetKeys[]): readonly AssetKeys[] {
  const known = new Map(before.map(({ asset }) => [asset.id, asset]))
  return rows.map((row) => {
    const there = known.get(row.asset.id)
    return there !== undefined && JSON.stringify(there) === JSON.stringify(row.asset) ? { ...row, asset: there } : row
  })
}
