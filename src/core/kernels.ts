/** Kernels are installed side by side: a new one does not replace the old one, which is kept as a fallback. */

import type { InstalledPackage, Platform } from './asset.ts'
import { memoizeByIdentity } from './memoize-by-identity.ts'
import { schemeFor } from './versions/scheme.ts'

/** `linux-image-6.1.0-38-cloud-amd64`: what it is, the release, and the flavour. */
const named = /^linux-([a-z0-9.-]+?)-(\d+(?:\.\d+)+[\w.+~]*(?:-\d+)?)((?:-[a-z][a-z0-9]*)*)$/
const rpmKernel = /^kernel[\d.]*(?:-|$)/

/** The series in which a package stands beside others of it; `null`: the package stands alone. */
function seriesOf(scheme: string, { name, architecture }: InstalledPackage): string | null {
  if (scheme === 'rpm') return rpmKernel.test(name) ? `${name} ${architecture}` : null
  if (scheme !== 'dpkg' || !name.startsWith('linux-')) return null
  const [, what, , flavour] = named.exec(name) ?? []
  return what === undefined ? null : `${what} ${flavour} ${architecture}`
}

const bySet = memoizeByIdentity(
  (_packages: readonly InstalledPackage[]) => new Map<string, readonly InstalledPackage[]>(),
)

/**
 * The packages that decide what is missing: of kernels only the newest of each series, which is the one that the next
 * boot starts. Whether that boot is still to come is another question: `rebootRequired`. The same list gives the same
 * answer, and itself where it has no older kernel.
 */
export function withoutOlderKernels(
  platform: Platform,
  packages: readonly InstalledPackage[],
): readonly InstalledPackage[] {
  const { name: scheme, compare } = schemeFor(platform)
  const known = bySet(packages)
  const before = known.get(scheme)
  if (before !== undefined) return before
  const newest = new Map<string, InstalledPackage>()
  const older = new Set<InstalledPackage>()
  for (const item of packages) {
    const series = seriesOf(scheme, item)
    if (series === null) continue
    const other = newest.get(series)
    if (other === undefined) newest.set(series, item)
    else if (compare(item.version, other.version) > 0) {
      older.add(other)
      newest.set(series, item)
    } else if (compare(item.version, other.version) < 0) older.add(item)
  }
  const found = older.size === 0 ? packages : packages.filter((item) => !older.has(item))
  known.set(scheme, found)
  return found
}
