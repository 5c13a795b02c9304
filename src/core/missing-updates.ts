import type { CatalogView } from './assessment.ts'
import type { AssetSnapshot, HeldReason, InstalledPackage, PendingUpdate } from './asset.ts'
import type { PackageChange, PatchType } from './catalog.ts'
import type { OpenFix } from './matching.ts'
import { schemeFor } from './versions/scheme.ts'
import { type MissingUpdate, missingWindowsUpdates, WINDOWS } from './windows-updates.ts'

/** One source package (or KB) that one asset should move forward. */
export interface Update {
  readonly platform: string
  readonly source: string
  /** Target version. */
  readonly version: string
  readonly changes: readonly PackageChange[]
  /** CVEs that the installed version has and the target mends. */
  readonly cves: readonly string[]
  readonly advisories: readonly string[]
  readonly origins: readonly string[]
  readonly security: boolean
  /** What the vendor calls it; `null`: it does not say. */
  readonly type: PatchType | null
}

/** A CVE that a binary package (or Windows) has and a newer version mends. */
export interface Finding {
  readonly asset: string
  readonly package: string
  readonly source: string
  readonly installed: string
  readonly cve: string
  readonly advisory: string | null
  readonly fixedVersion: string
  readonly type: PatchType
  /** Who alone may install the fix: `Ubuntu Pro`; `null`: everybody. */
  readonly subscription: string | null
}

export interface Held {
  readonly name: string
  readonly reason: HeldReason
}

export interface Missing {
  readonly updates: readonly Update[]
  /** Newer versions exist, and cannot be installed now. */
  readonly held: readonly Held[]
}

/**
 * What an asset misses. Where its package manager has a say, that is what can be installed, and feeds add the CVEs;
 * a bare list of packages is judged by the feeds' fixed versions alone, Windows by its updates.
 */
export function missingUpdates(snapshot: AssetSnapshot, catalog: CatalogView): Missing {
  const held = snapshot.pending.flatMap(({ name, held: reason }) => (reason === null ? [] : [{ name, reason }]))
  if (isWindows(snapshot)) return { updates: windowsUpdates(snapshot, catalog), held }
  if (isManaged(snapshot)) return { updates: pendingUpdates(snapshot, catalog), held }
  return fixedUpdates(snapshot, catalog)
}

/** True where the asset's own package manager says what can be installed. */
export function isManaged(snapshot: AssetSnapshot): boolean {
  return snapshot.pending.length > 0 || snapshot.listsRefreshedAt !== null
}

function isWindows(snapshot: AssetSnapshot): boolean {
  return snapshot.asset.platform.startsWith('windows:')
}

function pendingUpdates(snapshot: AssetSnapshot, catalog: CatalogView): readonly Update[] {
  const groups = new Map<string, PendingUpdate[]>()
  const installed = new Map(snapshot.packages.map((item) => [`${item.name} ${item.architecture}`, item]))
  for (const item of snapshot.pending) {
    if (item.held !== null) continue
    const source = item.source ?? installed.get(`${item.name} ${item.architecture}`)?.source ?? item.name
    const group = groups.get(source)
    if (group) group.push(item)
    else groups.set(source, [item])
  }
  const { platform } = snapshot.asset
  const scheme = schemeFor(platform)
  const present = bySource(snapshot.packages)
  const updates: Update[] = []
  for (const [source, items] of groups) {
    let version = items[0]?.candidate ?? ''
    for (const item of items) if (scheme.compare(item.candidate, version) > 0) version = item.candidate
    const target = sourceVersion(version)
    const mended = (present.get(source) ?? []).flatMap((item) =>
      catalog.matcher.open(platform, item).filter((fix) => scheme.compare(fix.fixedVersion, target) <= 0),
    )
    updates.push({
      platform,
      source,
      version,
      changes: items.map((item) => ({
        name: item.name,
        architecture: item.architecture,
        from: item.installed,
        to: item.candidate,
      })),
      ...said(mended),
      origins: [...new Set(items.flatMap((item) => item.origins))],
      security: items.some((item) => item.security),
      type: null,
    })
  }
  return updates
}

/** A binary version without the counter of a rebuild: `5.2.15-2+b13` was built from `5.2.15-2`. */
function sourceVersion(binary: string): string {
  return binary.replace(/\+b\d+$/, '')
}

function said(fixes: readonly OpenFix[]): { readonly cves: readonly string[]; readonly advisories: readonly string[] } {
  return {
    cves: [...new Set(fixes.flatMap((fix) => fix.cve ?? []))],
    advisories: [...new Set(fixes.flatMap((fix) => fix.advisory ?? []))],
  }
}

function fixedUpdates(snapshot: AssetSnapshot, catalog: CatalogView): Missing {
  const { platform } = snapshot.asset
  const scheme = schemeFor(platform)
  const updates: Update[] = []
  const held: Held[] = []
  for (const [source, packages] of bySource(snapshot.packages)) {
    const changes: PackageChange[] = []
    const open: OpenFix[] = []
    let version: string | null = null
    for (const item of packages) {
      const all = catalog.matcher.open(platform, item)
      if (all.length === 0) continue
      const fixes = all.filter((fix) => fix.subscription === null)
      if (fixes.length < all.length) held.push({ name: item.name, reason: 'needs a subscription' })
      const [highest] = fixes
      if (highest === undefined) continue
      const { name, architecture, version: from } = item
      changes.push({ name, architecture, from, to: highest.fixedVersion })
      for (const fix of fixes) open.push(fix)
      if (version === null || scheme.compare(highest.fixedVersion, version) > 0) version = highest.fixedVersion
    }
    if (version === null) continue
    const security = open.some((fix) => fix.type === 'security')
    const type = security ? 'security' : open.every((fix) => fix.type === 'feature') ? 'feature' : 'bugfix'
    updates.push({ platform, source, version, changes, ...said(open), origins: [], security, type })
  }
  return { updates, held }
}

function windowsUpdates(snapshot: AssetSnapshot, catalog: CatalogView): readonly Update[] {
  const { platform } = snapshot.asset
  return missingOn(snapshot, catalog).map(({ update, cves, includes }) => ({
    platform,
    source: update.kb,
    version: update.fixedBuild ?? update.kb,
    changes: [{ name: update.kb, architecture: 'all', from: null, to: update.fixedBuild ?? update.kb }],
    cves,
    advisories: [update.kb, ...includes],
    origins: [],
    security: update.type === 'security',
    type: update.type,
  }))
}

function missingOn(snapshot: AssetSnapshot, catalog: CatalogView): readonly MissingUpdate[] {
  return missingWindowsUpdates(snapshot.packages, catalog.windowsUpdates(snapshot.asset.platform))
}

/** Every CVE on every binary package whose version is older than the fix. */
export function findings(snapshot: AssetSnapshot, catalog: CatalogView): readonly Finding[] {
  const { platform, id } = snapshot.asset
  if (isWindows(snapshot)) {
    const installed = snapshot.packages.find((item) => item.name === WINDOWS)?.version ?? ''
    return missingOn(snapshot, catalog).flatMap(({ update, cves }) =>
      cves.map((cve) => ({
        asset: id,
        package: update.kb,
        source: WINDOWS,
        installed,
        cve,
        advisory: update.kb,
        fixedVersion: update.fixedBuild ?? update.kb,
        type: update.type,
        subscription: null,
      })),
    )
  }
  return snapshot.packages.flatMap((item) =>
    catalog.matcher.open(platform, item).flatMap(({ cve, fixedVersion, advisory, type, subscription }) =>
      cve === null
        ? []
        : [
            {
              asset: id,
              package: item.name,
              source: item.source,
              installed: item.version,
              cve,
              advisory,
              fixedVersion,
              type,
              subscription,
            },
          ],
    ),
  )
}

function bySource(packages: readonly InstalledPackage[]): ReadonlyMap<string, readonly InstalledPackage[]> {
  const groups = new Map<string, InstalledPackage[]>()
  for (const item of packages) {
    const group = groups.get(item.source)
    if (group) group.push(item)
    else groups.set(item.source, [item])
  }
  return groups
}
