/** The updates that software without a package manager misses, by what feeds say is fixed. */

import type { InstalledPackage, Platform } from '../asset.ts'
import type { Change } from '../change.ts'
import { schemeFor } from '../versions/scheme.ts'
import type { CatalogView } from './catalog-view.ts'
import type { OpenFix } from './compiled.ts'
import type { Matcher } from './matching.ts'
import type { Held, NotAssessed, NotOffered, Software, Update } from './missing.ts'
import { missingWindowsUpdates, unjudgedProducts, updateChange } from './windows-updates.ts'
import { type FixedUpdate, lackingOf, mended, onPlatform, type WorkedOut } from './worked-out.ts'

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
  const paid: OpenFix[] = []
  const changes: Change[] = []
  const open: OpenFix[] = []
  let version: string | null = null
  for (const item of installed) {
    const all = matcher.open(platform, item)
    const fixes = all.filter((fix) => fix.subscription === null)
    if (fixes.length < all.length) held.push({ name: item.name, reason: 'needs a subscription' })
    for (const fix of all) if (fix.subscription !== null) paid.push(fix)
    const [highest] = fixes
    if (highest === undefined) continue
    const { name, architecture, version: from } = item
    changes.push({ name, architecture, from, to: highest.fixedVersion })
    for (const fix of fixes) open.push(fix)
    if (version === null || scheme.compare(highest.fixedVersion, version) > 0) version = highest.fixedVersion
  }
  const cves = new Set(open.map(({ cve }) => cve))
  const notOffered = paid.flatMap(({ cve, advisory, fixedVersion, type }): NotOffered[] => {
    const flaw = cve ?? advisory
    if (flaw === null || cves.has(flaw)) return []
    return [{ platform, source, flaw, cve: cve !== null, advisory, fixedVersion, type }]
  })
  if (version === null) return { update: null, notOffered, held }
  const security = open.some((fix) => fix.type === 'security')
  const type = security ? 'security' : open.every((fix) => fix.type === 'feature') ? 'feature' : 'bugfix'
  return {
    update: { platform, source, version, changes, ...mended(open), origins: [], security, type },
    notOffered,
    held,
  }
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
