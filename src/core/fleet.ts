/**
 * The assessment of a whole fleet in counts: which source packages miss what, on how many assets, how urgent. Package
 * versions are judged once each and sets of software once each, so that the cost grows with the variety of software and
 * not with the number of assets. Positions in arrays stand for versions, sets and assets: a fleet of 100,000 hosts is
 * tens of millions of installed packages.
 */

import type { CatalogView } from './assessment.ts'
import { likeliestOfEachKind } from './assessment.ts'
import {
  type Asset,
  type Criticality,
  type Exposure,
  type InstalledPackage,
  type Platform,
  standInAsset,
} from './asset.ts'
import type { OpenFix } from './matching.ts'
import { judge, type PriorityDefaults } from './priority/facts.ts'
import { likelihood, stakes } from './priority/order.ts'
import { type Priority, priorityRank } from './priority/priority.ts'
import type { PriorityRule } from './priority/rule.ts'

export interface Fleet {
  readonly versions: readonly { readonly platform: Platform; readonly item: InstalledPackage }[]
  readonly sets: PackedSets
  /** The set of each asset. */
  readonly setOf: Int32Array
  /** What judgement needs to know of each asset. */
  readonly contextOf: Uint8Array
}

/** The versions of each set, one after the other: those of set `n` are `members[starts[n]] .. members[starts[n + 1] - 1]`. */
export interface PackedSets {
  readonly starts: Uint32Array
  readonly members: Uint32Array
}

/** The sets of each version, one after the other, as `PackedSets` has it the other way round. */
export interface SetsByVersion {
  readonly starts: Uint32Array
  readonly sets: Uint32Array
}

/** Made once a fleet is in memory, so that one advisory needs to look at nothing but what it is about. */
export function setsByVersion({
  versions,
  sets: { starts: from, members },
}: Pick<Fleet, 'versions' | 'sets'>): SetsByVersion {
  const starts = new Uint32Array(versions.length + 1)
  for (let at = 0; at < members.length; at++) {
    const next = (members[at] ?? 0) + 1
    starts[next] = (starts[next] ?? 0) + 1
  }
  for (let version = 1; version < starts.length; version++)
    starts[version] = (starts[version] ?? 0) + (starts[version - 1] ?? 0)
  const free = starts.slice()
  const sets = new Uint32Array(members.length)
  for (let set = 0; set + 1 < from.length; set++) {
    const end = from[set + 1] ?? 0
    for (let at = from[set] ?? 0; at < end; at++) {
      const version = members[at] ?? 0
      const place = free[version] ?? 0
      sets[place] = set
      free[version] = place + 1
    }
  }
  return { starts, sets }
}

const exposures: readonly (Exposure | null)[] = [null, 'small', 'controlled', 'open']
const criticalities: readonly (Criticality | null)[] = [null, 'low', 'medium', 'high', 'very high']

/** Exposure and criticality in one small number. */
export function contextOf({ exposure, criticality }: Pick<Asset, 'exposure' | 'criticality'>): number {
  return exposures.indexOf(exposure) * criticalities.length + criticalities.indexOf(criticality)
}

function contextAt(index: number): { readonly exposure: Exposure | null; readonly criticality: Criticality | null } {
  return {
    exposure: exposures[Math.floor(index / criticalities.length)] ?? null,
    criticality: criticalities[index % criticalities.length] ?? null,
  }
}

/** What one source package (or KB) misses, over the fleet. */
export interface FleetPatch {
  readonly platform: Platform
  readonly source: string
  /** The highest version that mends all of it. */
  readonly version: string
  readonly assets: number
  readonly cves: readonly string[]
  readonly priority: Priority
  /** Orders patches of one priority, higher first. */
  readonly urgency: number
}

/** What does not depend on feeds about CVEs: made once, and mended when advisories or assets change. */
export interface FleetMatches {
  /** By version: the fixes it lacks; by far the most lack none. */
  readonly open: (readonly OpenFix[])[]
  /** By version: the group (platform and source package) that it lacks something of, or -1. */
  readonly groupOf: Int32Array
  /** By version: how many CVEs its lacking fixes mend. */
  readonly cves: Uint32Array
  readonly groups: { readonly platform: Platform; readonly source: string; readonly versions: number[] }[]
  /** By set: the groups it lacks something of. */
  readonly lacking: Uint32Array[]
  /** By set: CVEs on binary packages. */
  readonly findings: Uint32Array
}

const nothing: readonly OpenFix[] = []

/** Matches every version, then every set. */
export function matchFleet(
  fleet: Pick<Fleet, 'versions' | 'sets'>,
  { matcher }: Pick<CatalogView, 'matcher'>,
): FleetMatches {
  const { versions, sets } = fleet
  const matches: FleetMatches = {
    open: new Array(versions.length).fill(nothing),
    groupOf: new Int32Array(versions.length).fill(-1),
    cves: new Uint32Array(versions.length),
    groups: [],
    lacking: [],
    findings: new Uint32Array(sets.starts.length - 1),
  }
  const places = new Map<string, number>()
  for (const [index, { platform, item }] of versions.entries()) {
    const open = matcher.open(platform, item)
    if (open.length > 0) assign(matches, places, index, platform, item.source, open)
  }
  const mark = new Int32Array(matches.groups.length).fill(-1)
  for (let set = 0; set < matches.findings.length; set++) matchSet(fleet.sets, matches, mark, set)
  return matches
}

function assign(
  { open: all, groupOf, cves, groups }: FleetMatches,
  places: Map<string, number>,
  index: number,
  platform: Platform,
  source: string,
  open: readonly OpenFix[],
): void {
  const key = `${platform} ${source}`
  let place = places.get(key)
  if (place === undefined) {
    place = groups.length
    places.set(key, place)
    groups.push({ platform, source, versions: [] })
  }
  all[index] = open
  groupOf[index] = place
  let count = 0
  for (const fix of open) if (fix.cve !== null) count++
  cves[index] = count
  groups[place]?.versions.push(index)
}

/** One set, by looking its versions up: no name and no version is compared here. */
function matchSet({ starts, members }: PackedSets, matches: FleetMatches, mark: Int32Array, set: number): void {
  const { groupOf, cves, lacking, findings } = matches
  const found: number[] = []
  let sum = 0
  const end = starts[set + 1] ?? 0
  for (let at = starts[set] ?? 0; at < end; at++) {
    const version = members[at] ?? 0
    const group = groupOf[version] ?? -1
    if (group < 0) continue
    sum += cves[version] ?? 0
    if (mark[group] === set) continue
    mark[group] = set
    found.push(group)
  }
  lacking[set] = Uint32Array.from(found)
  findings[set] = sum
}

export interface Rematched {
  /** How many sets have something of these packages. */
  readonly sets: number
  /** The groups that may count differently now. */
  readonly groups: ReadonlySet<number>
}

/** Matches again after fixes for these packages (source or binary names) came or went; nothing else is looked at. */
export function rematchPackages(
  fleet: Pick<Fleet, 'versions' | 'sets'>,
  byVersion: SetsByVersion,
  { matcher }: Pick<CatalogView, 'matcher'>,
  matches: FleetMatches,
  packages: ReadonlySet<string>,
): Rematched {
  const places = new Map(matches.groups.map((group, place) => [`${group.platform} ${group.source}`, place]))
  const groups = new Set<number>()
  const changed = new Uint8Array(matches.findings.length)
  let sets = 0
  const again = new Set<number>()
  const { groupOf, cves, lacking, findings } = matches
  for (const [index, { platform, item }] of fleet.versions.entries()) {
    if (!packages.has(item.name) && !packages.has(item.source)) continue
    const [before, had] = [groupOf[index] ?? -1, cves[index] ?? 0]
    const own = matches.groups[before]
    if (own) {
      own.versions.splice(own.versions.indexOf(index), 1)
      groups.add(before)
    }
    matches.open[index] = nothing
    groupOf[index] = -1
    cves[index] = 0
    const open = matcher.open(platform, item)
    if (open.length > 0) assign(matches, places, index, platform, item.source, open)
    const group = groupOf[index] ?? -1
    if (group >= 0) groups.add(group)
    const end = byVersion.starts[index + 1] ?? 0
    for (let at = byVersion.starts[index] ?? 0; at < end; at++) {
      const set = byVersion.sets[at] ?? 0
      if (changed[set] === 0) sets++
      changed[set] = 1
      findings[set] = (findings[set] ?? 0) + (cves[index] ?? 0) - had
      // What lacked something of the group before is in the list already.
      if (group >= 0 && before < 0) {
        const list = lacking[set] ?? new Uint32Array(0)
        if (!list.includes(group)) lacking[set] = Uint32Array.from([...list, group])
      }
      // Whether the set still lacks something of the group, its other versions tell.
      if (group < 0 && before >= 0) again.add(set)
    }
  }
  const mark = new Int32Array(matches.groups.length).fill(-1)
  for (const set of again) matchSet(fleet.sets, matches, mark, set)
  return { sets, groups }
}

/** What one asset lacks, as groups, from its versions alone: when one asset changed, nothing else is looked at. */
export function groupsOf(matches: FleetMatches, versions: Iterable<number>): ReadonlySet<number> {
  const found = new Set<number>()
  for (const version of versions) {
    const group = matches.groupOf[version] ?? -1
    if (group >= 0) found.add(group)
  }
  return found
}

export interface JudgeOptions {
  readonly catalog: CatalogView
  readonly rule: PriorityRule
  readonly defaults: PriorityDefaults
  /** ISO 8601. */
  readonly now: string
}

/** Counts assets and judges each group (or `only` these) once for each kind of asset it is on. Most urgent first. */
export function judgeFleet(
  fleet: Fleet,
  matches: FleetMatches,
  options: JudgeOptions,
  only: ReadonlySet<number> | null = null,
): readonly FleetPatch[] {
  const { setOf, contextOf: contexts } = fleet
  const sets = matches.lacking.length
  const assets = new Uint32Array(sets)
  const stake = new Float64Array(sets)
  const masks = new Uint32Array(sets)
  for (let asset = 0; asset < setOf.length; asset++) {
    const set = setOf[asset] ?? -1
    if (set < 0) continue
    const context = contexts[asset] ?? 0
    assets[set] = (assets[set] ?? 0) + 1
    stake[set] = (stake[set] ?? 0) + stakes[contextAt(context).criticality ?? 'medium']
    masks[set] = (masks[set] ?? 0) | (1 << context)
  }
  const totals = matches.groups.map(() => ({ assets: 0, stake: 0, mask: 0 }))
  const wanted = Uint8Array.from(matches.groups, (_, group) => (only === null || only.has(group) ? 1 : 0))
  // Millions of steps: plain loops.
  for (let set = 0; set < sets; set++) {
    const groups = matches.lacking[set]
    if (assets[set] === 0 || groups === undefined) continue
    for (let at = 0; at < groups.length; at++) {
      const group = groups[at] ?? 0
      const total = wanted[group] === 1 ? totals[group] : undefined
      if (total === undefined) continue
      total.assets += assets[set] ?? 0
      total.stake += stake[set] ?? 0
      total.mask |= masks[set] ?? 0
    }
  }
  const patches = matches.groups.flatMap((group, index): FleetPatch[] => {
    const total = totals[index]
    if (!total || total.assets === 0) return []
    return [judgeGroup(group, total, matches, options)]
  })
  return patches.sort((a, b) => priorityRank(a.priority) - priorityRank(b.priority) || b.urgency - a.urgency)
}

function judgeGroup(
  { platform, source, versions }: FleetMatches['groups'][number],
  { assets, stake, mask }: { readonly assets: number; readonly stake: number; readonly mask: number },
  { open }: FleetMatches,
  { catalog, rule, defaults, now }: JudgeOptions,
): FleetPatch {
  const cves = new Set<string>()
  let version = ''
  let longest = 0
  for (const index of versions) {
    const fixes = open[index] ?? nothing
    // The oldest version lacks what every newer one lacks; the first fix of each is its highest.
    if (fixes.length > longest) {
      longest = fixes.length
      version = fixes[0]?.fixedVersion ?? version
    }
    for (const { cve } of fixes) if (cve !== null) cves.add(cve)
  }
  let priority: Priority = cves.size === 0 ? 'scheduled' : 'defer'
  const kinds = [...likeliestOfEachKind(cves, catalog)]
  for (let context = 0; mask >>> context !== 0; context++) {
    if (((mask >>> context) & 1) === 0) continue
    const asset = { ...anyAsset, ...contextAt(context) }
    for (const about of kinds) {
      const judged = judge(asset, about, defaults, rule).priority
      if (priorityRank(judged) < priorityRank(priority)) priority = judged
    }
  }
  let likeliest = Number.NEGATIVE_INFINITY
  for (const cve of cves) likeliest = Math.max(likeliest, likelihood(catalog.about(cve), now))
  const urgency = (cves.size === 0 ? -20 : likeliest) + Math.log(Math.max(stake, 1))
  return { platform, source, version, assets, cves: [...cves], priority, urgency }
}

/** Judgement looks at exposure and criticality alone. */
const anyAsset = standInAsset('', 'some assets', '')
