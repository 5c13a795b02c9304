/**
 * Packages of hosts. Fleet's own lists leave out what security data needs: the epoch of an RPM package, and the source
 * that a Debian package was built from. Both follow from name, version and architecture, so that one host that was asked
 * itself tells it for all hosts of its platform.
 */

import type { InstalledPackage, Platform } from '../../core/asset.ts'
import { WINDOWS } from '../../core/versions/windows.ts'
import { parseRpmList } from '../file-inventory/rpm-list.ts'
import type { SoftwareRow } from './schema.ts'

/** Why a package of a list cannot be judged. It stands where otherwise its builder is named. */
export const NOT_TOLD = 'not known: Fleet does not say from which source, or with which epoch'

/** So many packages are kept. A distribution has about 60,000. */
const MOST = 500_000

/** What a list says of one package. Equal for all hosts that have it. */
export interface ListedPackage {
  readonly key: string
  /** As the list says it. */
  readonly listed: InstalledPackage
}

/** A list of packages. Hosts with the same list share one. */
export type PackageList = readonly ListedPackage[]

export interface Lore {
  /** The list that these rows are. */
  listOf(platform: Platform, rows: readonly SoftwareRow[]): PackageList
  /** Keeps what a host said itself. */
  learn(platform: Platform, told: readonly InstalledPackage[]): void
  /** How many packages of the list are not known exactly. */
  unknown(list: PackageList): number
  /** `exact`: only packages that are known exactly. Otherwise the others are marked, so that nobody judges them. */
  packagesOf(list: PackageList, exact: boolean): readonly InstalledPackage[]
}

export function createLore(): Lore {
  const told = new Map<string, InstalledPackage>()
  const listed = new Map<string, ListedPackage>()
  const lists = new Map<string, WeakRef<PackageList>>()
  let resolved = new WeakMap<PackageList, readonly InstalledPackage[]>()

  function rowOf(platform: Platform, row: SoftwareRow): ListedPackage | null {
    const item = listedPackage(row)
    if (item === null) return null
    const key = keyOf(platform, item)
    const known = listed.get(key)
    if (known !== undefined) return known
    const made = { key, listed: { ...item, origin: NOT_TOLD } }
    if (listed.size >= MOST) listed.clear()
    listed.set(key, made)
    return made
  }

  return {
    listOf(platform, rows) {
      const all = new Map(rows.flatMap((row) => rowOf(platform, row) ?? []).map((one) => [one.key, one]))
      const name = [...all.keys()].sort().join('\n')
      const there = lists.get(name)?.deref()
      if (there !== undefined) return there
      const list = [...all.values()]
      for (const [other, kept] of lists) if (kept.deref() === undefined) lists.delete(other)
      lists.set(name, new WeakRef(list))
      return list
    },
    learn(platform, packages) {
      if (told.size + packages.length > MOST) told.clear()
      for (const item of packages) told.set(keyOf(platform, item), item)
      resolved = new WeakMap()
    },
    unknown: (list) => list.filter(({ key }) => !told.has(key)).length,
    packagesOf(list, exact) {
      if (exact) return list.flatMap(({ key }) => told.get(key) ?? [])
      const known = resolved.get(list)
      if (known !== undefined) return known
      const packages = list.map((one) => told.get(one.key) ?? one.listed)
      resolved.set(list, packages)
      return packages
    },
  }
}

/** What Fleet's list can tell of a package, so without the epoch. */
function keyOf(platform: Platform, { name, version, architecture }: InstalledPackage): string {
  return [platform, name, isDeb(platform) ? version : version.replace(/^\d+:/, ''), architecture].join(' ')
}

function isDeb(platform: Platform): boolean {
  return /^(?:debian|ubuntu|raspbian|linuxmint)\b/.test(platform)
}

function listedPackage({ source, name, version, release, arch }: SoftwareRow): InstalledPackage | null {
  const isRpm = source === 'rpm_packages'
  const full = isRpm && release !== '' ? `${version}-${release}` : version
  if (!isRpm && source !== 'deb_packages') return null
  if (![name, full].every(isWord) || name === 'gpg-pubkey') return null
  return { name, version: full, architecture: isWord(arch) ? arch : 'all', source: name, sourceVersion: full }
}

function isWord(text: string): boolean {
  return /^\S{1,300}$/.test(text)
}

/** The packages that a host names itself, from rows of the question in question.ts. */
export function toldPackages(
  platform: Platform,
  rows: readonly Readonly<Record<string, string>>[],
): readonly InstalledPackage[] {
  return isDeb(platform) ? toldDeb(rows) : toldRpm(platform, rows)
}

function toldDeb(rows: readonly Readonly<Record<string, string>>[]): readonly InstalledPackage[] {
  return rows.flatMap(({ name = '', version = '', arch = '', source: said = '' }) => {
    if (![name, version, arch].every(isWord)) return []
    const [, source = name, sourceVersion = version] = /^(\S+)(?:\s+\((\S+)\))?$/.exec(said.trim()) ?? []
    return [{ name, version, architecture: arch, source, sourceVersion }]
  })
}

/** As the list of `rpm -qa` is read, which knows vendors. */
function toldRpm(platform: Platform, rows: readonly Readonly<Record<string, string>>[]): readonly InstalledPackage[] {
  const lines = rows
    .filter(({ name = '', arch = '' }) => isWord(name) && isWord(arch))
    .map(({ name, version, release, epoch, arch, source, vendor }) =>
      [name, `${epoch || '0'}:${version}-${release}`, arch, source, '', vendor].join('\t'),
    )
  if (lines.length === 0) return []
  return parseRpmList(lines.join('\n'), 'The answer of osquery', platform).packages.map((item) =>
    // osquery does not say the stream of a module, and fixes of another stream are not for it.
    /[._]module[+_]/.test(item.version) ? { ...item, origin: 'not known: osquery does not say its module' } : item,
  )
}

/** Windows as one package with its build; empty: the text names none. */
export function windowsPackages(text: string): readonly InstalledPackage[] {
  const build = /\b10\.0\.\d{4,6}(?:\.\d{1,6})?\b/.exec(text)?.[0]
  if (build === undefined) return []
  return [{ name: WINDOWS, version: build, architecture: 'all', source: WINDOWS, sourceVersion: build }]
}
