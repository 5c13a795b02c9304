/** The updates that software misses: what its package manager offers, or else what feeds say is fixed. */

import type { InstalledPackage, PendingUpdate, Platform } from '../asset.ts'
import type { Change } from '../change.ts'
import { schemeFor } from '../versions/scheme.ts'
import type { CatalogView } from './catalog-view.ts'
import type { OpenFix } from './compiled.ts'
import type { Matcher } from './matching.ts'
import type { Held, NotAssessed, NotOffered, Software, Update } from './missing.ts'
import { missingWindowsUpdates, unjudgedProducts, updateChange } from './windows-updates.ts'
import { bySource, type FixedUpdate, lackingOf, mended, nothing, onPlatform, type WorkedOut } from './worked-out.ts'

/** The updates that the package manager offers. `only`: of these sources; `null`: of all. */
export function offeredUpdates(
  workedOut: WorkedOut,
  { platform, packages }: Software,
  pending: readonly PendingUpdate[],
  only: ReadonlySet<string> | null,
): readonly Update[] {
  const groups = pendingBySource(packages, pending, only)
  if (groups.size === 0) return []
  const present = bySource(packages, ({ source }) => groups.has(source))
  const { offered } = onPlatform(workedOut, platform)
  return [...groups].map(([source, items]) => {
    const installed = present.get(source) ?? nothing
    return offered([items, installed], () =>
      offeredUpdate(workedOut.catalog.matcher, platform, source, items, installed),
    )
  })
}

/** Updates that can be installed, by source. If the package manager names no source, the installed package does. */
function pendingBySource(
  packages: readonly InstalledPackage[],
  pending: readonly PendingUpdate[],
  only: ReadonlySet<string> | null,
): ReadonlyMap<string, readonly PendingUpdate[]> {
  const groups = new Map<string, PendingUpdate[]>()
  let names: Map<string, InstalledPackage> | null = null
  for (const item of pending) {
    if (item.held !== null) continue
    if (item.source === null) names ??= new Map(packages.map((there) => [`${there.name} ${there.architecture}`, there]))
    const source = item.source ?? names?.get(`${item.name} ${item.architecture}`)?.source ?? item.name
    if (only !== null && !only.has(source)) continue
    const group = groups.get(source)
    if (group) group.push(item)
    else groups.set(source, [item])
  }
  return groups
}

function offeredUpdate(
  matcher: Matcher,
  platform: Platform,
  source: string,
  items: readonly PendingUpdate[],
  installed: readonly InstalledPackage[],
): Update {
  const scheme = schemeFor(platform)
  let version = items[0]?.candidate ?? ''
  for (const item of items) if (scheme.compare(item.candidate, version) > 0) version = item.candidate
  const target = sourceVersion(version)
  const done = installed.flatMap((item) =>
    matcher.open(platform, item).filter((fix) => scheme.compare(fix.fixedVersion, target) <= 0),
  )
  return {
    platform,
    source,
    version,
    changes: items.map((item) => ({
      name: item.name,
      architecture: item.architecture,
      from: item.installed,
      to: item.candidate,
    })),
    ...mended(done),
    origins: [...new Set(items.flatMap((item) => item.origins))],
    security: items.some((item) => item.security),
    type: null,
  }
}

/** A binary version without the counter of rebuilds: `5.2.15-2+b13` was built from `5.2.15-2`. */
function sourceVersion(binary: string): string {
  return binary.replace(/\+b\d+$/, '')
}

export function fixedUpdates(workedOut: WorkedOut, software: Software): readonly FixedUpdate[] {
  const { platform } = software
  const { fixed } = onPlatform(workedOut, platform)
  return [...lackingOf(workedOut, software).bySource].map(([source, installed]) =>
    fixed([installed], () => fixedUpdate(workedOut.catalog.matcher, platform, source, installed)),
  )
}

function fixedUpdate(
  matcher: Matcher,
  platform: Platform,
  source: string,
  installed: readonly InstalledPackage[],
): FixedUpdate {
  const scheme = schemeFor(platform)
  const held: Held[] = []
  const changes: Change[] = []
  const open: OpenFix[] = []
  let version: string | null = null
  for (const item of installed) {
    const all = matcher.open(platform, item)
    const fixes = all.filter((fix) => fix.subscription === null)
    if (fixes.length < all.length) held.push({ name: item.name, reason: 'needs a subscription' })
    const [highest] = fixes
    if (highest === undefined) continue
    const { name, architecture, version: from } = item
    changes.push({ name, architecture, from, to: highest.fixedVersion })
    for (const fix of fixes) open.push(fix)
    if (version === null || scheme.compare(highest.fixedVersion, version) > 0) version = highest.fixedVersion
  }
  if (version === null) return { update: null, held }
  const security = open.some((fix) => fix.type === 'security')
  const type = security ? 'security' : open.every((fix) => fix.type === 'feature') ? 'feature' : 'bugfix'
  return { update: { platform, source, version, changes, ...mended(open), origins: [], security, type }, held }
}

/** Fixes that feeds know and none of the updates contains. */
export function notOffered(
  workedOut: WorkedOut,
  software: Software,
  updates: readonly Update[],
): readonly NotOffered[] {
  const { platform } = software
  const memo = onPlatform(workedOut, platform).notOffered
  const bySourceName = new Map(updates.map((update) => [update.source, update]))
  const found: (readonly NotOffered[])[] = []
  for (const [source, items] of lackingOf(workedOut, software).bySource) {
    const update = bySourceName.get(source)
    const ofSource = memo([items, update === undefined ? nothing : [update]], () =>
      notOfferedOf(workedOut.catalog.matcher, platform, source, items, update),
    )
    if (ofSource.length > 0) found.push(ofSource)
  }
  return found.length === 0 ? nothing : found.flat()
}

function notOfferedOf(
  matcher: Matcher,
  platform: Platform,
  source: string,
  items: readonly InstalledPackage[],
  update: Update | undefined,
): readonly NotOffered[] {
  const cves = new Set(update?.cves)
  return items.flatMap((item) =>
    matcher.open(platform, item).flatMap(({ cve, advisory, fixedVersion, type }) => {
      const flaw = cve ?? advisory
      if (flaw === null || cves.has(flaw)) return []
      return [{ platform, source, flaw, cve: cve !== null, advisory, fixedVersion, type }]
    }),
  )
}

export function windowsUpdates({ platform, packages }: Software, catalog: CatalogView): readonly Update[] {
  return missingWindowsUpdates(packages, catalog.windowsUpdates(platform)).map(({ update, cves, includes }) => ({
    platform,
    source: update.kb,
    version: update.fixedBuild ?? update.kb,
    changes: [updateChange(update)],
    cves,
    advisories: [update.kb, ...includes],
    origins: [],
    security: update.type === 'security',
    type: update.type,
  }))
}

/** Updates of products on Windows, such as .NET, for which nothing says that the product is installed. */
export function unjudgedUpdates({ platform, packages }: Software, catalog: CatalogView): readonly NotAssessed[] {
  return unjudgedProducts(packages, catalog.windowsUpdates(platform)).map(({ kb, product }) => ({
    name: kb,
    builder: product ?? '',
    why: 'product',
  }))
}
