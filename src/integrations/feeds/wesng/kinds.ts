/** What kind of update a KB is, told by its twin: the definitions do not say it. */

import type { Platform } from '../../../core/asset.ts'

export interface Dated {
  readonly kb: string
  /** `YYYYMMDD`. */
  readonly published: string
  readonly cves: ReadonlySet<string>
  readonly supersedes: ReadonlySet<string>
}

/** https://learn.microsoft.com/windows-server/get-started/hotpatch, and of clients since 24H2. */
const HOTPATCHED = /^windows:(?:server-2022|server-2025|11-2[4-9]h2)(?:-core|-arm64)?$/
/** Since October 2016 these get a rollup and a security-only update each month. */
const MONTHLY = /^windows:(?:7|8|8\.1|server-2008|server-2012)(?:-|$)/
const MONTHLY_SINCE = '201610'

/**
 * Fewer CVEs in common may be chance: two updates of a month may also be two parts of a fix. A rollup also has the few of the
 * update of Internet Explorer, which is no twin of it.
 */
const FEWEST_IN_COMMON = 5
const SHARE_OF_SMALLER = 0.8
const SHARE_OF_LARGER = 0.5

/**
 * Microsoft's words for the updates of a platform that have a twin: two of the same month that fix nearly the same CVEs and do
 * not replace each other are a hotpatch and a cumulative update, or a security-only update and a rollup. The one that goes on
 * from the cumulative updates before it, or replaces anything at all, is the one for all machines. Left out: no twin, or both
 * could be either.
 */
export function wordsByTwin(platform: Platform, updates: readonly Dated[]): ReadonlyMap<string, string> {
  const hotpatched = HOTPATCHED.test(platform)
  if (!hotpatched && !MONTHLY.test(platform)) return new Map()
  const words = new Map<string, string>()
  const apart = new Set<string>()
  const months = grouped(updates, ({ published }) => published.slice(0, 6))
  for (const month of [...months.keys()].sort()) {
    if (!hotpatched && month < MONTHLY_SINCE) continue
    for (const [one, other] of pairs(months.get(month) ?? [])) {
      if (!areTwins(one, other)) continue
      const goesOn = ({ supersedes }: Dated) => [...supersedes].some((kb) => !apart.has(kb))
      if (goesOn(one) === goesOn(other)) continue
      const [wide, narrow] = goesOn(one) ? [one, other] : [other, one]
      apart.add(narrow.kb)
      words.set(narrow.kb, hotpatched ? 'Security Hotpatch Update' : 'Security Only')
      words.set(wide.kb, hotpatched ? 'Cumulative Update with Restart' : 'Monthly Rollup')
    }
  }
  return words
}

/** The items by their keys, in order. */
export function grouped<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

function areTwins(a: Dated, b: Dated): boolean {
  if (a.supersedes.has(b.kb) || b.supersedes.has(a.kb)) return false
  const common = [...a.cves].filter((cve) => b.cves.has(cve)).length
  const [smaller = 0, larger = 0] = [a.cves.size, b.cves.size].sort((one, other) => one - other)
  return common >= FEWEST_IN_COMMON && common >= SHARE_OF_SMALLER * smaller && common >= SHARE_OF_LARGER * larger
}

function* pairs<Item>(items: readonly Item[]): Generator<readonly [Item, Item]> {
  for (const [at, one] of items.entries()) for (const other of items.slice(at + 1)) yield [one, other]
}
