/** Finds the fixes that a package version lacks. Only the version matters, so one answer serves all machines. */

import type { InstalledPackage, Platform } from '../asset.ts'
import type { Fix } from '../catalog.ts'
import { schemeFor } from '../versions/scheme.ts'
import { type Compiled, compile, newer, type OpenFix, unfixedAt } from './compiled.ts'
import { createSaid } from './said.ts'
import { thirdParty } from './third-party.ts'

export interface Matcher {
  /** The fixes that `item` lacks on `platform`, highest fixed version first. Empty for a package of another vendor. */
  open(platform: Platform, item: InstalledPackage): readonly OpenFix[]
  /** Works out anew what concerns these CVEs, after one was rejected or is valid again. Returns the packages' names. */
  reconsider(cves: ReadonlySet<string>): ReadonlySet<string>
  /** Forgets what feeds said about these packages (source or binary names). */
  forget(packages: ReadonlySet<string>): void
  /** Adds what feeds say about packages, all at once or in parts. Nothing about them may be known before. */
  take(fixes: Iterable<Fix>): void
  /** What feeds say about a package. `name` may be a source or a binary package. */
  said(platform: Platform, name: string): readonly Fix[]
  /** CVEs that the platform's vendor knows but has not fixed yet. */
  unfixed(platform: Platform, item: InstalledPackage): readonly string[]
}

const none: Compiled = { fixes: [], bounded: false, unfixed: [] }

/** `isRejected`: whether a CVE was withdrawn by whoever assigned it. It is no flaw, whatever feeds say of packages. */
export function createMatcher(fixes: Iterable<Fix>, isRejected: (cve: string) => boolean = () => false): Matcher {
  const said = createSaid()
  const compiled = new Map<string, Compiled>()
  /** Package versions are interned: equal versions are the same object on every machine. */
  const answers = new Map<InstalledPackage, { readonly platform: Platform; readonly open: readonly OpenFix[] }>()

  function forget(packages: ReadonlySet<string>): void {
    said.forget(packages)
    for (const key of compiled.keys()) if (packages.has(key.split(' ')[2] ?? '')) compiled.delete(key)
    forgetAnswers(packages)
  }

  function forgetAnswers(packages: ReadonlySet<string>): void {
    for (const item of answers.keys()) if (packages.has(item.name) || packages.has(item.source)) answers.delete(item)
  }

  function about(platform: Platform, by: Fix['by'], item: InstalledPackage): Compiled {
    const called = by === 'source' ? item.source : item.name
    const list = said.of(platform, by, called)
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
    return withoutRejected(found.length === 0 ? also : also.length === 0 ? found : [...found, ...also], isRejected)
  }

  function unfixed(platform: Platform, item: InstalledPackage): readonly string[] {
    if (thirdParty(platform, item) !== null) return []
    const scheme = schemeFor(platform)
    const found = [
      ...unfixedAt(about(platform, 'source', item), item.sourceVersion, scheme),
      ...unfixedAt(about(platform, 'binary', item), item.version, scheme),
    ]
    return [...new Set(found)].filter((cve) => !isRejected(cve))
  }

  said.take(fixes)
  return {
    open,
    reconsider(cves) {
      const packages = said.packagesWith(cves)
      forgetAnswers(packages)
      return packages
    },
    forget,
    take: said.take,
    unfixed,
    said: (platform, name) => (['source', 'binary'] as const).flatMap((by) => said.of(platform, by, name) ?? []),
  }
}

/** Leaves out rejected CVEs. If an advisory fixes nothing else, it is still missing, but for no CVE. */
function withoutRejected(fixes: readonly OpenFix[], isRejected: (cve: string) => boolean): readonly OpenFix[] {
  if (!fixes.some(({ cve }) => cve !== null && isRejected(cve))) return fixes
  const valid = fixes.filter(({ cve }) => cve === null || !isRejected(cve))
  const advisories = new Set(valid.map(({ advisory }) => advisory))
  return fixes.flatMap((fix) => {
    if (fix.cve === null || !isRejected(fix.cve)) return [fix]
    if (fix.advisory === null || advisories.has(fix.advisory)) return []
    advisories.add(fix.advisory)
    return [{ ...fix, cve: null }]
  })
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
