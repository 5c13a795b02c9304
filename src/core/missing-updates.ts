import type { CatalogView } from './assessment.ts'
import type { AssetSnapshot, InstalledPackage, PendingUpdate } from './asset.ts'
import type { Fix, PackageChange } from './catalog.ts'
import { schemeFor } from './versions/scheme.ts'

/** One source package that one asset should move forward. */
export interface Update {
  readonly platform: string
  readonly source: string
  /** Target version. */
  readonly version: string
  readonly changes: readonly PackageChange[]
  /** CVEs that the installed version has and the target mends. */
  readonly cves: readonly string[]
  readonly origins: readonly string[]
  readonly security: boolean
}

/** A CVE that a binary package has and a newer version mends. */
export interface Finding {
  readonly asset: string
  readonly package: string
  readonly source: string
  readonly installed: string
  readonly cve: string
  readonly fixedVersion: string
}

/**
 * What an asset misses. Where its package manager has a say, that is what can be installed, and feeds add the CVEs;
 * a bare list of packages is judged by the feeds' fixed versions alone.
 */
export function missingUpdates(snapshot: AssetSnapshot, catalog: CatalogView): readonly Update[] {
  const managed = snapshot.pending.length > 0 || snapshot.listsRefreshedAt !== null
  return managed ? pendingUpdates(snapshot, catalog) : fixedUpdates(snapshot, catalog)
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
  const updates: Update[] = []
  for (const [source, items] of groups) {
    let version = items[0]?.candidate ?? ''
    for (const item of items) if (scheme.compare(item.candidate, version) > 0) version = item.candidate
    const target = sourceVersion(version)
    const has = snapshot.packages.filter((item) => item.source === source).map((item) => item.sourceVersion)
    const mended = highestFixes(catalog.fixes(platform, source), scheme.compare).filter(
      (fix) =>
        scheme.compare(fix.fixedVersion, target) <= 0 && has.some((old) => scheme.compare(old, fix.fixedVersion) < 0),
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
      cves: mended.map((fix) => fix.cve),
      origins: [...new Set(items.flatMap((item) => item.origins))],
      security: items.some((item) => item.security),
    })
  }
  return updates
}

/** A binary version without the counter of a rebuild: `5.2.15-2+b13` was built from `5.2.15-2`. */
function sourceVersion(binary: string): string {
  return binary.replace(/\+b\d+$/, '')
}

function fixedUpdates(snapshot: AssetSnapshot, catalog: CatalogView): readonly Update[] {
  const { platform } = snapshot.asset
  const scheme = schemeFor(platform)
  const updates: Update[] = []
  for (const [source, packages] of bySource(snapshot.packages)) {
    const open = highestFixes(catalog.fixes(platform, source), scheme.compare).filter((fix) =>
      packages.some((item) => scheme.compare(item.sourceVersion, fix.fixedVersion) < 0),
    )
    if (open.length === 0) continue
    let version = open[0]?.fixedVersion ?? ''
    for (const fix of open) if (scheme.compare(fix.fixedVersion, version) > 0) version = fix.fixedVersion
    const old = packages.filter((item) => scheme.compare(item.sourceVersion, version) < 0)
    updates.push({
      platform,
      source,
      version,
      changes: old.map((item) => ({
        name: item.name,
        architecture: item.architecture,
        from: item.version,
        to: version,
      })),
      cves: open.map((fix) => fix.cve),
      origins: [],
      security: true,
    })
  }
  return updates
}

/** Every CVE on every binary package whose source is older than the fix. */
export function findings(snapshot: AssetSnapshot, catalog: CatalogView): readonly Finding[] {
  const { platform, id } = snapshot.asset
  const scheme = schemeFor(platform)
  const found: Finding[] = []
  for (const [source, packages] of bySource(snapshot.packages)) {
    for (const fix of highestFixes(catalog.fixes(platform, source), scheme.compare)) {
      for (const item of packages) {
        if (scheme.compare(item.sourceVersion, fix.fixedVersion) >= 0) continue
        const { name, version } = item
        found.push({
          asset: id,
          package: name,
          source,
          installed: version,
          cve: fix.cve,
          fixedVersion: fix.fixedVersion,
        })
      }
    }
  }
  return found
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

/** One fix per CVE: the highest version over all that feeds and suites name. `0` means never affected. */
function highestFixes(
  fixes: readonly Fix[],
  compare: (a: string, b: string) => number,
): readonly (Fix & { readonly fixedVersion: string })[] {
  const highest = new Map<string, Fix & { readonly fixedVersion: string }>()
  for (const fix of fixes) {
    const { fixedVersion } = fix
    if (fixedVersion === null || fixedVersion === '0') continue
    const known = highest.get(fix.cve)
    if (!known || compare(fixedVersion, known.fixedVersion) > 0) highest.set(fix.cve, { ...fix, fixedVersion })
  }
  return [...highest.values()]
}
