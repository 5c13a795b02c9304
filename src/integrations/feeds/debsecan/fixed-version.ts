import { schemeFor } from '../../../core/versions/scheme.ts'

/** Sources whose stable updates carry no mark of their release: the kernel follows one upstream series per release. */
const series: Readonly<Record<string, string>> = { 11: '5.10.', 12: '6.1.', 13: '6.12.' }

const unmarked = /^linux(?:-signed-[a-z0-9]+)?$/

export interface DebsecanRow {
  readonly source: string
  /** True where the feed says that this release has a fix. */
  readonly available: boolean
  /** Empty: not fixed in unstable. */
  readonly unstable: string
  /** Fixed versions of every release, mixed. */
  readonly others: readonly string[]
}

/**
 * The lowest version of Debian `release` (`12`) that mends the row's CVE; `null` where there is none yet. The feed
 * mixes the versions of all releases; they are told apart by their marks (`+deb12u1`), the kernel by its series. Where
 * nothing tells them apart, the highest counts: a false alarm is better than a false all-clear.
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
 * Versions of any release that the feed lists as mended and that sort before this release's fix: a host that has exactly
 * one of them is not affected, as debsecan has it, too.
 */
export function alsoFixed({ others }: DebsecanRow, fixed: string | null): readonly string[] {
  return fixed === null ? [] : others.filter((version) => version !== '0' && compare(version, fixed) < 0)
}

/** `12` of `1.2-3+deb12u4`; `backport` of `1.2-3~bpo12+1`; `null` where there is none. */
function markOf(version: string): string | null {
  if (/~bpo\d/.test(version)) return 'backport'
  return /[-+~.]deb(\d+)(?:u|$)/.exec(version)?.[1] ?? null
}

/** What the release shipped with before its first update: `1.2-3` of `1.2-3+deb12u4`. */
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
