/**
 * Results that were computed for software with one catalog. If a source package misses the same on several assets, the
 * result is the same object, even if the rest of their software differs. Package versions and pending updates are
 * recognised because equal ones are the same objects.
 */

import type { InstalledPackage, Platform } from '../asset.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { CatalogView } from './catalog-view.ts'
import type { OpenFix } from './compiled.ts'
import { type Changes, createMemo, hasChangedSince, type Memo } from './memo.ts'
import type { Held, Missing, NotOffered, Software, Update, Withheld } from './missing.ts'
import { thirdParty } from './third-party.ts'

export interface WorkedOut {
  readonly catalog: CatalogView
  /** Changes in what feeds say about packages. */
  readonly changes: Changes
  readonly platforms: Map<Platform, OnPlatform>
  /** The list that was asked for last: assets with the same list come one after the other. */
  indexed: Indexed | null
}

interface Indexed {
  readonly packages: Software['packages']
  readonly bySource: BySource
  /** What `sourcesNamed` found last. */
  named: { readonly names: ReadonlySet<string>; readonly sources: ReadonlySet<string> } | null
}

export type BySource = ReadonlyMap<string, readonly InstalledPackage[]>

/** Results are kept per platform, because the same update may be judged by other fixes on another platform. */
interface OnPlatform {
  readonly ofSource: Memo<OfSource>
  readonly fixed: Memo<FixedUpdate>
  readonly foreign: WeakMap<Software['packages'], Missing['notAssessed']>
  readonly builderOf: (item: InstalledPackage) => string | null
  readonly lacking: WeakMap<Software['packages'], Lacking>
}

/** The packages of a list that lack a fix. */
interface Lacking {
  readonly bySource: BySource
  /** Number of CVEs of all these packages. */
  readonly findings: number
  /** The number of changes when this was computed. */
  at: number
}

export interface FixedUpdate {
  /** `null`: the missing fixes need a subscription. */
  readonly update: Update | null
  readonly notOffered: readonly NotOffered[]
  readonly held: readonly Held[]
}

/** What one source package misses on an asset with a package manager. */
export interface OfSource {
  /** `null`: the package manager offers nothing for it. */
  readonly update: Update | null
  readonly notOffered: readonly NotOffered[]
  readonly withheld: Withheld | null
  /** Packages with a fix that needs a subscription. */
  readonly paid: readonly Held[]
}

export const nothing: readonly never[] = []

export function nothingWorkedOut(catalog: CatalogView): WorkedOut {
  return { catalog, changes: { count: 0, lastOf: new Map() }, platforms: new Map(), indexed: null }
}

export function onPlatform({ platforms, changes }: WorkedOut, platform: Platform): OnPlatform {
  const known = platforms.get(platform)
  if (known !== undefined) return known
  const made: OnPlatform = {
    ofSource: createMemo(changes),
    fixed: createMemo(changes),
    foreign: new WeakMap(),
    builderOf: memoizeByIdentity((item: InstalledPackage) => thirdParty(platform, item)),
    lacking: new WeakMap(),
  }
  platforms.set(platform, made)
  return made
}

export function lackingOf(workedOut: WorkedOut, software: Software): Lacking {
  const { changes, catalog } = workedOut
  const { lacking } = onPlatform(workedOut, software.platform)
  const known = lacking.get(software.packages)
  if (known?.at === changes.count) return known
  const made = { bySource: lackingNow(catalog, changes, software, known), at: changes.count }
  if (known?.bySource === made.bySource) {
    known.at = made.at
    return known
  }
  let findings = 0
  for (const items of made.bySource.values())
    for (const item of items)
      for (const { cve } of catalog.matcher.open(software.platform, item)) if (cve !== null) findings++
  const all = { ...made, findings }
  lacking.set(software.packages, all)
  return all
}

/** The packages that lack a fix, by source. Looks only at sources that have changed, where that is enough. */
function lackingNow(
  { matcher }: CatalogView,
  changes: Changes,
  { platform, packages }: Software,
  known: Lacking | undefined,
): Lacking['bySource'] {
  const lacks = (item: InstalledPackage) => matcher.open(platform, item).length > 0
  if (known === undefined) return bySource(packages, lacks)
  const touched = new Set<string>()
  for (const item of packages) if (hasChangedSince(changes, item, known.at)) touched.add(item.source)
  if (touched.size === 0) return known.bySource
  const now = new Map(known.bySource)
  const again = bySource(packages, (item) => touched.has(item.source) && lacks(item))
  for (const source of touched) {
    const items = again.get(source)
    if (items === undefined) now.delete(source)
    // Sources are in the order of their first packages.
    else if (items[0] === now.get(source)?.[0]) now.set(source, items)
    else return bySource(packages, lacks)
  }
  return now
}

/** Packages that another vendor built. */
export function foreignIn(workedOut: WorkedOut, { platform, packages }: Software): Missing['notAssessed'] {
  const { foreign, builderOf } = onPlatform(workedOut, platform)
  const known = foreign.get(packages)
  if (known !== undefined) return known
  const found = packages.flatMap((item) => {
    const builder = builderOf(item)
    return builder === null ? [] : [{ name: item.name, builder }]
  })
  foreign.set(packages, found)
  return found
}

/** All packages by source. */
export function sourcesOf(workedOut: WorkedOut, packages: Software['packages']): BySource {
  return indexOf(workedOut, packages).bySource
}

/** The sources of packages that have one of these names (source or binary). */
export function sourcesNamed(
  workedOut: WorkedOut,
  packages: Software['packages'],
  names: ReadonlySet<string>,
): ReadonlySet<string> {
  const indexed = indexOf(workedOut, packages)
  if (indexed.named?.names === names) return indexed.named.sources
  const sources = new Set<string>()
  for (const { name, source } of packages) if (names.has(name) || names.has(source)) sources.add(source)
  indexed.named = { names, sources }
  return sources
}

function indexOf(workedOut: WorkedOut, packages: Software['packages']): Indexed {
  if (workedOut.indexed?.packages !== packages)
    workedOut.indexed = { packages, bySource: bySource(packages, () => true), named: null }
  return workedOut.indexed
}

/** The packages that `wanted` accepts, by source. */
function bySource(packages: readonly InstalledPackage[], wanted: (item: InstalledPackage) => boolean): BySource {
  const groups = new Map<string, InstalledPackage[]>()
  for (const item of packages) {
    if (!wanted(item)) continue
    const group = groups.get(item.source)
    if (group) group.push(item)
    else groups.set(item.source, [item])
  }
  return groups
}

/** CVEs and advisories that these fixes fix, each once. */
export function mended(fixes: readonly OpenFix[]): Pick<Update, 'cves' | 'advisories'> {
  return {
    cves: [...new Set(fixes.flatMap((fix) => fix.cve ?? []))],
    advisories: [...new Set(fixes.flatMap((fix) => fix.advisory ?? []))],
  }
}
