/** Finds the fixes that a package version lacks. Only the version matters, so one answer serves all machines. */

import type { InstalledPackage, Platform } from '../asset.ts'
import type { Fix, PatchType } from '../catalog.ts'
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
  /** Whose version `fixedVersion` is. */
  readonly by: Fix['by']
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

interface Compiled {
  /** Sorted by fixed version, the highest first. */
  readonly fixes: readonly (OpenFix & { readonly introduced: string | null; readonly alsoFixed: readonly string[] })[]
  /** True if some fixes above the installed version may not apply: they have exceptions or a first affected version. */
  readonly bounded: boolean
  readonly unfixed: readonly string[]
}

const none: Compiled = { fixes: [], bounded: false, unfixed: [] }

export function createMatcher(fixes: Iterable<Fix>): Matcher {
  const said = new Map<string, Fix[]>()
  const compiled = new Map<string, Compiled>()
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
    const name = `${platform} ${by} ${by === 'source' ? item.source : item.name}`
    const list = said.get(name)
    if (list === undefined) return none
    const version = by === 'source' ? item.sourceVersion : item.version
    const stream = streamOf(item.module ?? null, version)
    const key = stream === null ? name : `${name} ${stream}`
    const known = compiled.get(key)
    if (known) return known
    const made = compile(
      list.filter((fix) => sameStream(fix, stream)),
      schemeFor(platform),
    )
    compiled.set(key, made)
    return made
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
    return [...about(platform, 'source', item).unfixed, ...about(platform, 'binary', item).unfixed]
  }

  take(fixes)
  return {
    open,
    forget,
    take,
    unfixed,
    said: (platform, name) =>
      (['source', 'binary'] as const).flatMap((by) => said.get(`${platform} ${by} ${name}`) ?? []),
  }
}

/**
 * Picks one fix per CVE: the highest version over all feeds and suites, because the security archive may be behind a
 * point release. A fix that needs a subscription counts only if nothing else fixes the CVE.
 */
function compile(list: readonly Fix[], scheme: VersionScheme): Compiled {
  const highest = new Map<string, Compiled['fixes'][number]>()
  const open = new Set<string>()
  for (const fix of list) {
    const { fixedVersion } = fix
    if (fixedVersion === null) for (const cve of fix.cves) open.add(cve)
    if (fixedVersion === null || fixedVersion === '0') continue
    const { advisory = null, type = 'security', subscription = null, introduced = null, alsoFixed = [] } = fix
    for (const cve of fix.cves.length === 0 ? [null] : fix.cves) {
      const key = cve ?? `${advisory} ${fixedVersion}`
      const known = highest.get(key)
      const entry = {
        cve,
        fixedVersion,
        advisory,
        type,
        subscription,
        by: fix.by,
        introduced: introduced === '0' ? null : introduced,
        alsoFixed,
      }
      if (known === undefined || better(entry, known, scheme)) highest.set(key, entry)
    }
  }
  const fixes = [...highest.values()].sort((a, b) => scheme.compare(b.fixedVersion, a.fixedVersion))
  return {
    fixes,
    bounded: fixes.some((fix) => fix.introduced !== null || fix.alsoFixed.length > 0),
    unfixed: [...open].filter((cve) => !highest.has(cve)),
  }
}

function better(entry: OpenFix, known: OpenFix, scheme: VersionScheme): boolean {
  if ((entry.subscription === null) !== (known.subscription === null)) return entry.subscription === null
  const order = scheme.compare(entry.fixedVersion, known.fixedVersion)
  return order > 0 || (order === 0 && known.advisory === null && entry.advisory !== null)
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
 * The stream, e.g. `nodejs:18`; for a modular version of unknown stream `?` and its first number; `null`: not modular.
 */
function streamOf(module: string | null, version: string): string | null {
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
