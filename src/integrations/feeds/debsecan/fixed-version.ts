import { schemeFor } from '../../../core/versions/scheme.ts'

/** The upstream series of the kernel, by Debian release. The versions of the kernel carry no mark of the release. */
const series: Readonly<Record<string, string>> = { 11: '5.10.', 12: '6.1.', 13: '6.12.' }

const unmarked = /^linux(?:-signed-[a-z0-9]+)?$/

export interface DebsecanRow {
  readonly source: string
  /** True when the feed says that this release has a fix. */
  readonly available: boolean
  /** Version fixed in unstable; empty: not fixed there. */
  readonly unstable: string
  /** Fixed versions of all releases together. */
  readonly others: readonly string[]
}

/**
 * Returns the lowest version in Debian `release` (for example `12`) that fixes the CVE of the row; `null`: there is no
 * fix yet. The feed mixes the versions of all releases. Their marks (`+deb12u1`) tell them apart; for the kernel, the
 * upstream series does. If neither does, the highest version counts, because a false alarm is better than a missed
 * flaw.
 */
export function fixedVersion(row: DebsecanRow, release: string): string | null {
  const { source, available, unstable, others } = row
  if (!available) return unstable === '' ? null : unstable
  const own = others.filter((version) => markOf(version) === release)
  const plain = others.filter((version) => markOf(version) === null && version !== '0' && version !== unstable)
  if (own.length > 0) {
    const bases = new Set(own.map(withoutMark))
    return lowest([...own, ...plain.filter((version) => bases.has(version))])
  }
  const prefix = unmarked.test(source) ? series[release] : undefined
  const inSeries = prefix === undefined ? [] : plain.filter((version) => version.startsWith(prefix))
  if (inSeries.length > 0) return lowest(inSeries)
  return highest(plain) ?? (unstable === '' ? null : unstable)
}

/**
 * Returns fixed versions of other releases that are lower than this release's fix. Like debsecan, a host with exactly
 * one of these versions counts as not affected.
 */
export function alsoFixed({ others }: DebsecanRow, fixed: string | null): readonly string[] {
  return fixed === null ? [] : others.filter((version) => version !== '0' && compare(version, fixed) < 0)
}

/** Returns `12` for `1.2-3+deb12u4` and `backport` for `1.2-3~bpo12+1`; `null` when there is no mark. */
function markOf(version: string): string | null {
  if (/~bpo\d/.test(version)) return 'backport'
  return /[-+~.]deb(\d+)(?:u|$)/.exec(version)?.[1] ?? null
}

/** Returns the version that the release had before its first update: `1.2-3` for `1.2-3+deb12u4`. */
function withoutMark(version: string): string {
  return version.replace(/[-+~.]deb\d+u.*$/, '')
}

function lowest(versions: readonly string[]): string | null {
  return versions.reduce<string | null>((low, one) => (low === null || compare(one, low) < 0 ? one : low), null)
}

function highest(versions: readonly string[]): string | null {
  return versions.reduce<string | null>((high, one) => (high === null || compare(one, high) > 0 ? one : high), null)
}

function compare(left: string, right: string): number {
  return schemeFor('debian:12').compare(left, right)
}
