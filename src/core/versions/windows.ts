/** Windows builds: two to four numbers, e.g. `10.0.20348.2340`. The last one is the update build revision (UBR). */

import type { InstalledPackage } from '../asset.ts'
import type { Order } from './order.ts'

/** The name under which an inventory lists the build of Windows itself. Installed updates are listed as `KB5035857`. */
export const WINDOWS = 'Windows'

const pattern = /^\s*\d{1,9}(?:\.\d{1,9}){1,3}\s*$/

export function isWindowsBuild(text: string): boolean {
  return pattern.test(text)
}

/** Compares number by number. A missing number is 0. */
export function compareWindows(a: string, b: string): Order {
  const left = a.trim().split('.')
  const right = b.trim().split('.')
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = Number(left[index] ?? 0) - Number(right[index] ?? 0)
    if (difference !== 0) return difference < 0 ? -1 : 1
  }
  return 0
}

/** The full build, e.g. `10.0.20348.2340`; `null`: it is not known, or known only without its update revision. */
export function windowsBuildOf(packages: readonly InstalledPackage[]): string | null {
  const version = packages.find((item) => item.name === WINDOWS)?.version ?? ''
  return isWindowsBuild(version) && version.split('.').length === 4 ? version : null
}

/** The release in the build that an inventory lists, e.g. `10.0.20348`; `null`: it is not known. */
export function windowsReleaseOf(packages: readonly InstalledPackage[]): string | null {
  const version = packages.find((item) => item.name === WINDOWS)?.version ?? ''
  return isWindowsBuild(version) && version.split('.').length >= 3 ? releaseIn(version) : null
}

/**
 * Releases that get the same updates as an older one. Only a switch makes the newer release, so that both have the same
 * update revision at any time: https://learn.microsoft.com/windows/release-health/release-information
 */
const sisterOf: ReadonlyMap<string, string> = new Map([
  ['10.0.18363', '10.0.18362'],
  ['10.0.19042', '10.0.19041'],
  ['10.0.19043', '10.0.19041'],
  ['10.0.19044', '10.0.19041'],
  ['10.0.19045', '10.0.19041'],
  ['10.0.22631', '10.0.22621'],
  ['10.0.26200', '10.0.26100'],
])

/** Whether both builds are of releases that get the same updates: 19045 and 19041, 22631 and 22621. */
export function sameWindowsRelease(build: string, other: string): boolean {
  return lineOf(build) === lineOf(other)
}

/**
 * Whether a machine with this build contains an update that leads to `fixed`. `null`: they are of releases that get
 * different updates. Microsoft often names the build of a sister release, so only the update revisions are compared.
 */
export function hasReached(build: string, fixed: string): boolean | null {
  return sameWindowsRelease(build, fixed) ? revisionIn(build) >= revisionIn(fixed) : null
}

/** The update build revision, the fourth number. */
export function revisionIn(build: string): number {
  return Number(build.trim().split('.')[3] ?? 0)
}

function lineOf(build: string): string {
  const release = releaseIn(build)
  return sisterOf.get(release) ?? release
}

function releaseIn(build: string): string {
  return build.trim().split('.').slice(0, 3).join('.')
}
