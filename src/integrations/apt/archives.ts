import type { InstalledPackage } from '../../core/asset.ts'

/** Values of `Origin:` in the Release files of the distributions' own archives. */
const vendors = /^(?:Debian|Ubuntu|Debian Backports|Freexian|UbuntuESM\w*)$/i

/** `        500 http://deb.debian.org/debian bookworm/main amd64 Packages` */
const ARCHIVE = /^\s+-?\d+ (\S+ \S+) \S+ Packages$/

/**
 * The origin of each installed package that does not come from the distribution, by package name. `archives` is the
 * output of `apt-cache policy`, `versions` the output of it with package names. A package is also left out when no
 * configured archive offers its installed version.
 */
export function packageOrigins(archives: readonly string[], versions: readonly string[]): ReadonlyMap<string, string> {
  const origins = originsByArchive(archives)
  const found = new Map<string, string>()
  let name: string | null = null
  let offered: string[] = []
  let installed = false
  const close = () => {
    const known = offered.flatMap((archive) => origins.get(archive) ?? [])
    const [first] = known
    if (name !== null && first !== undefined && !known.some((origin) => vendors.test(origin))) found.set(name, first)
    offered = []
  }
  for (const line of versions) {
    const header = /^(\S+):$/.exec(line)?.[1]
    if (header !== undefined) {
      close()
      name = header.split(':')[0] ?? null
      installed = false
    } else if (/^ (?:\*\*\*| {3}) \S/.test(line)) installed = line.startsWith(' ***')
    else {
      const archive = installed ? ARCHIVE.exec(line)?.[1] : undefined
      if (archive !== undefined) offered.push(archive)
    }
  }
  close()
  return found
}

/** A suite (`a=`), code name (`n=`) or label (`l=`) of a security archive, or the origin of extended support. */
const SECURITY = /^\s+release (?:.*,)?(?:[aln]=[^,]*security|o=Freexian)/i

/**
 * Whether a security archive is among the archives of the machine; `null`: nothing was printed. `archives` is the
 * output of `apt-cache policy`.
 */
export function hasSecurityArchive(archives: readonly string[]): boolean | null {
  return archives.length === 0 ? null : archives.some((line) => SECURITY.test(line))
}

function originsByArchive(lines: readonly string[]): ReadonlyMap<string, string> {
  const origins = new Map<string, string>()
  let archive: string | null = null
  for (const line of lines) {
    const next = ARCHIVE.exec(line)?.[1]
    if (next !== undefined) archive = next
    const origin = /^\s+release (?:.*,)?o=([^,]+)/.exec(line)?.[1]
    if (archive !== null && origin !== undefined) origins.set(archive, origin)
  }
  return origins
}

/** Adds the origin to each package that does not come from the distribution. */
export function withOrigins(
  packages: readonly InstalledPackage[],
  origins: ReadonlyMap<string, string>,
): readonly InstalledPackage[] {
  if (origins.size === 0) return packages
  return packages.map((item) => {
    const origin = origins.get(item.name)
    return origin === undefined ? item : { ...item, origin }
  })
}
