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
}

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
  readonly bySource: ReadonlyMap<string, readonly InstalledPackage[]>
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
  return { catalog, changes: { count: 0, lastOf: new Map() }, platforms: new Map() }
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

export function lackingOf(workedOut: WorkedOut, { platform, packages }: Software): Lacking {
  const { changes, catalog } = workedOut
  const { lacking } = onPlatform(workedOut, platform)
  const known = lacking.get(packages)
  const isChanged = (since: number) => packages.some((item) => hasChangedSince(changes, item, since))
  if (known !== undefined && (known.at === changes.count || !isChanged(known.at))) {
    known.at = changes.count
    return known
  }
  let findings = 0
  const found = bySource(packages, (item) => {
    const open = catalog.matcher.open(platform, item)
    for (const { cve } of open) if (cve !== null) findings++
    return open.length > 0
  })
  const made = { bySource: found, findings, at: changes.count }
  lacking.set(packages, made)
  return made
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

/** The packages that `wanted` accepts, by source. */
export function bySource(
  packages: readonly InstalledPackage[],
  wanted: (item: InstalledPackage) => boolean,
): ReadonlyMap<string, readonly InstalledPackage[]> {
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
