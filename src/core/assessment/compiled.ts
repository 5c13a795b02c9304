/** What feeds say about one package of one platform, made ready for looking up versions. */

import type { Platform } from '../asset.ts'
import type { Fix, PatchType } from '../catalog.ts'
import { afterBranch } from '../streams.ts'
import { type Interval, isWithin, joined } from '../versions/intervals.ts'
import { schemeFor, type VersionScheme } from '../versions/scheme.ts'

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

/** A fix with the versions that it is for. */
type FixedInterval = OpenFix & Interval & { readonly fixedVersion: string; readonly alsoFixed: readonly string[] }

export interface Compiled {
  /** Sorted by fixed version, the highest first. No version is in two intervals of one CVE. */
  readonly fixes: readonly FixedInterval[]
  /** True if some fixes above the installed version may not apply: they have exceptions or a first affected version. */
  readonly bounded: boolean
  /** Versions that are affected and have no fix. */
  readonly unfixed: readonly (Interval & { readonly cve: string })[]
}

/**
 * Joins what is said about each CVE. Where several feeds and suites name a fix for the same versions, the highest one
 * counts, because the security archive may be behind a point release. A fix that needs a subscription counts only for
 * versions that nothing else fixes.
 */
export function compile(list: readonly Fix[], platform: Platform): Compiled {
  const scheme = schemeFor(platform)
  const isAfterBranch = afterBranch(platform)
  const fixed = new Map<string, FixedInterval[]>()
  const open = new Map<string, Compiled['unfixed'][number][]>()
  for (const fix of list) {
    const { fixedVersion, advisory = null, type = 'security', subscription = null, alsoFixed = [] } = fix
    const introduced = fix.introduced === '0' ? null : (fix.introduced ?? null)
    const { lastAffected = null } = fix
    if (fixedVersion === '0') continue
    const isFixed = fixedVersion !== null && !isAfterBranch({ platform: fix.platform, version: fixedVersion })
    if (!isFixed) {
      for (const cve of fix.cves) put(open, cve, { cve, introduced, fixedVersion, lastAffected })
      continue
    }
    for (const cve of fix.cves.length === 0 ? [null] : fix.cves) {
      const interval = { introduced, fixedVersion, lastAffected: null }
      put(fixed, cve ?? `${advisory ?? fixedVersion}`, {
        cve,
        ...interval,
        advisory,
        type,
        subscription,
        by: fix.by,
        alsoFixed,
      })
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

export function unfixedAt(compiled: Compiled, version: string, scheme: VersionScheme): readonly string[] {
  const found = compiled.unfixed.filter((interval) => isWithin(version, interval, scheme.compare))
  if (found.length === 0) return []
  const fixed = new Set(newer(compiled, version, scheme).map(({ cve }) => cve))
  return found.flatMap(({ cve }) => (fixed.has(cve) ? [] : [cve]))
}

/** The fixes above `version`. The fixes are sorted, so a binary search finds the end. */
export function newer({ fixes, bounded }: Compiled, version: string, scheme: VersionScheme): readonly OpenFix[] {
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
