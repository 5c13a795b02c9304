/** Finds the fixes that a package version lacks. Only the version matters, so one answer serves all machines. */

import type { InstalledPackage, Platform } from '../asset.ts'
import type { Fix, PatchType } from '../catalog.ts'
import { isAfterBranch, platformsOf } from '../streams.ts'
import { type Interval, isWithin, joined } from '../versions/intervals.ts'
import { schemeFor, type VersionScheme } from '../versions/scheme.ts'
import { thirdParty } from './third-party.ts'

/** A fix that an installed version lacks. */
export interface OpenFix {
  /** `null`: the fix fixes no known CVE. */
  readonly cve: string | null
  readonly fixedVersion: string
  readonly advisory: string | null
  readonly type: PatchType
  readonly subscription: string | null
}

export interface Matcher {
  /** The fixes that `item` lacks on `platform`, highest fixed version first. Empty for a package of another vendor. */
  open(platform: Platform, item: InstalledPackage): readonly OpenFix[]
  /** Forgets what feeds said about these packages (source or binary names). */
  forget(packages: ReadonlySet<string>): void
  /** Adds what feeds say about packages, all at once or in parts. Nothing about them may be known before. */
  take(fixes: Iterable<Fix>): void
  /** What feeds say about a package. `name` may be a source or a binary package. */
  said(platform: Platform, name: string): readonly Fix[]
  /** CVEs that the platform's vendor knows but has not fixed yet. */
  unfixed(platform: Platform, item: InstalledPackage): readonly string[]
}

/** A fix with the versions that it is for. */
type FixedInterval = OpenFix & Interval & { readonly fixedVersion: string; readonly alsoFixed: readonly string[] }

interface Compiled {
  /** Sorted by fixed version, the highest first. No version is in two intervals of one CVE. */
  readonly fixes: readonly FixedInterval[]
  /** True if some fixes above the installed version may not apply: they have exceptions or a first affected version. */
  readonly bounded: boolean
  /** Versions that are affected and have no fix. */
  readonly unfixed: readonly (Interval & { readonly cve: string })[]
}

const none: Compiled = { fixes: [], bounded: false, unfixed: [] }

export function createMatcher(fixes: Iterable<Fix>): Matcher {
  const said = new Map<string, Fix[]>()
  const compiled = new Map<string, Compiled>()
  /** The platforms that a platform branched off from. */
  const mains = new Map<Platform, readonly Platform[]>()
  /** Package versions are interned: equal versions are the same object on every machine. */
  const answers = new Map<InstalledPackage, { readonly platform: Platform; readonly open: readonly OpenFix[] }>()

  function forget(packages: ReadonlySet<string>): void {
    for (const [key, [fix]] of said) if (fix !== undefined && packages.has(fix.package)) said.delete(key)
    for (const key of compiled.keys()) if (packages.has(key.split(' ')[2] ?? '')) compiled.delete(key)
    for (const item of answers.keys()) if (packages.has(item.name) || packages.has(item.source)) answers.delete(item)
  }

  function take(more: Iterable<Fix>): void {
    for (const fix of more) {
      const key = `${fix.platform} ${fix.by} ${fix.package}`
      const list = said.get(key)
      if (list) list.push(fix)
      else said.set(key, [fix])
    }
  }

  function about(platform: Platform, by: Fix['by'], item: InstalledPackage): Compiled {
    const called = by === 'source' ? item.source : item.name
    const list = listOf(platform, by, called)
    if (list === undefined) return none
    const name = `${platform} ${by} ${called}`
    const version = by === 'source' ? item.sourceVersion : item.version
    const stream = streamOf(item.module ?? null, version)
    const key = stream === null ? name : `${name} ${stream}`
    const known = compiled.get(key)
    if (known) return known
    const made = compile(
      list.filter((fix) => sameStream(fix, stream)),
      platform,
    )
    compiled.set(key, made)
    return made
  }

  /** What feeds say about the package on the platform, and on the one that it branched off from. */
  function listOf(platform: Platform, by: Fix['by'], called: string): readonly Fix[] | undefined {
    const list = said.get(`${platform} ${by} ${called}`)
    const others = mains.get(platform) ?? platformsOf(platform).slice(1)
    mains.set(platform, others)
    if (others.length === 0) return list
    const all = others.reduce((sum, other) => sum.concat(said.get(`${other} ${by} ${called}`) ?? []), list ?? [])
    return all.length === 0 ? undefined : all
  }

  function open(platform: Platform, item: InstalledPackage): readonly OpenFix[] {
    const known = answers.get(item)
    if (known?.platform === platform) return known.open
    const found = lookUp(platform, item)
    answers.set(item, { platform, open: found })
    return found
  }

  function lookUp(platform: Platform, item: InstalledPackage): readonly OpenFix[] {
    const bySource = about(platform, 'source', item)
    const byBinary = about(platform, 'binary', item)
    if (bySource === none && byBinary === none) return []
    if (thirdParty(platform, item) !== null) return []
    const scheme = schemeFor(platform)
    const found = newer(bySource, item.sourceVersion, scheme)
    const also = newer(byBinary, item.version, scheme)
    return found.length === 0 ? also : also.length === 0 ? found : [...found, ...also]
  }

  function unfixed(platform: Platform, item: InstalledPackage): readonly string[] {
    if (thirdParty(platform, item) !== null) return []
    const scheme = schemeFor(platform)
    const found = [
      ...unfixedAt(about(platform, 'source', item), item.sourceVersion, scheme),
      ...unfixedAt(about(platform, 'binary', item), item.version, scheme),
    ]
    return [...new Set(found)]
  }

  take(fixes)
  return {
    open,
    forget,
    take,
    unfixed,
    said: (platform, name) => (['source', 'binary'] as const).flatMap((by) => listOf(platform, by, name) ?? []),
  }
}

/**
 * Joins what is said about each CVE. Where several feeds and suites name a fix for the same versions, the highest one
 * counts, because the security archive may be behind a point release. A fix that needs a subscription counts only for
 * versions that nothing else fixes.
 */
function compile(list: readonly Fix[], platform: Platform): Compiled {
  const scheme = schemeFor(platform)
  const fixed = new Map<string, FixedInterval[]>()
  const open = new Map<string, Compiled['unfixed'][number][]>()
  for (const fix of list) {
    const { fixedVersion, advisory = null, type = 'security', subscription = null, alsoFixed = [] } = fix
    const introduced = fix.introduced === '0' ? null : (fix.introduced ?? null)
    const { lastAffected = null } = fix
    if (fixedVersion === '0') continue
    const isFixed = fixedVersion !== null && !isAfterBranch(platform, { platform: fix.platform, version: fixedVersion })
    if (!isFixed) {
      for (const cve of fix.cves) put(open, cve, { cve, introduced, fixedVersion, lastAffected })
      continue
    }
    for (const cve of fix.cves.length === 0 ? [null] : fix.cves) {
      const interval = { introduced, fixedVersion, lastAffected: null }
      put(fixed, cve ?? `${advisory ?? fixedVersion}`, { cve, ...interval, advisory, type, subscription, alsoFixed })
    }
  }
  const fixes = [...fixed.values()].flatMap((those) => oneForEachVersion(those, scheme))
  return {
    fixes: fixes.sort((a, b) => scheme.compare(b.fixedVersion, a.fixedVersion)),
    bounded: fixes.some((fix) => fix.introduced !== null || fix.alsoFixed.length > 0),
    unfixed: [...open].flatMap(([cve, those]) =>
      joined(
        those.filter((one) => !fixed.has(cve) || saysWhere(one)),
        scheme.compare,
      ),
    ),
  }
}

/**
 * Whether it says which versions have no fix. If it does not, and somebody else has a fix, it is only behind; and a fix
 * that is only in a later minor release is none where the stream has its own.
 */
function saysWhere({ introduced, lastAffected, fixedVersion }: Interval): boolean {
  return fixedVersion === null && (introduced !== null || lastAffected !== null)
}

function put<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function oneForEachVersion(those: readonly FixedInterval[], { compare }: VersionScheme): readonly FixedInterval[] {
  if (those.length === 1) return those
  const named = (other: OpenFix, known: OpenFix) => known.advisory === null && other.advisory !== null
  const free = joined(
    those.filter((one) => one.subscription === null),
    compare,
    named,
  )
  const paid = joined(
    those.filter((one) => one.subscription !== null),
    compare,
    named,
  )
  // Two that do not overlap stay two when they are joined.
  return [...free, ...paid.filter((one) => free.every((other) => joined([one, other], compare).length === 2))]
}

function unfixedAt(compiled: Compiled, version: string, scheme: VersionScheme): readonly string[] {
  const found = compiled.unfixed.filter((interval) => isWithin(version, interval, scheme.compare))
  if (found.length === 0) return []
  const fixed = new Set(newer(compiled, version, scheme).map(({ cve }) => cve))
  return found.flatMap(({ cve }) => (fixed.has(cve) ? [] : [cve]))
}

/** The fixes above `version`. The fixes are sorted, so a binary search finds the end. */
function newer({ fixes, bounded }: Compiled, version: string, scheme: VersionScheme): readonly OpenFix[] {
  let low = 0
  let high = fixes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (scheme.compare(version, fixes[middle]?.fixedVersion ?? '') < 0) low = middle + 1
    else high = middle
  }
  const above = fixes.slice(0, low)
  if (!bounded) return above
  return above.filter(
    ({ introduced, alsoFixed }) =>
      (introduced === null || scheme.compare(version, introduced) >= 0) && !alsoFixed.includes(version),
  )
}

const modular = /\.module[_+]el/

/**
 * The stream of a version, e.g. `nodejs:18`; for a modular version of unknown stream `?` and its first number; `null`: not modular.
 */
export function streamOf(module: string | null, version: string): string | null {
  if (module !== null && module !== '') return module
  return modular.test(version) ? `?${firstNumber(version)}` : null
}

/** Whether a fix is for this stream. If one of the two streams is not known, their first numbers must be equal. */
function sameStream(fix: Fix, stream: string | null): boolean {
  const version = fix.fixedVersion ?? ''
  const own = streamOf(fix.module ?? null, version)
  if (own === null || stream === null) return own === stream || (own === null && version === '')
  if (!own.startsWith('?') && !stream.startsWith('?')) return own === stream
  const number = stream.startsWith('?') ? stream.slice(1) : firstNumber(stream.split(':')[1] ?? '')
  return number === firstNumber(version)
}

function firstNumber(version: string): string {
  return /\d+/.exec(version.replace(/^\d+:/, ''))?.[0] ?? ''
}
