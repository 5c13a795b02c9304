/** Windows builds: up to four numbers, `10.0.20348.2340`; the last one is the update build revision (UBR). */

import type { InstalledPackage } from '../asset.ts'
import type { Order } from './order.ts'

/** Name under which an inventory lists the build of Windows itself; installed updates are listed as `KB5035857`. */
export const WINDOWS = 'Windows'

const pattern = /^\s*\d{1,9}(?:\.\d{1,9}){1,3}\s*$/

export function isWindowsBuild(text: string): boolean {
  return pattern.test(text)
}

/** Number by number; one that is missing is 0. */
export function compareWindows(a: string, b: string): Order {
  const left = a.trim().split('.')
  const right = b.trim().split('.')
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = Number(left[index] ?? 0) - Number(right[index] ?? 0)
    if (difference !== 0) return difference < 0 ? -1 : 1
  }
  return 0
}

/** The full build, `10.0.20348.2340`; `null` where it is not known, or known without its update revision. */
export function windowsBuildOf(packages: readonly InstalledPackage[]): string | null {
  const version = packages.find((item) => item.name === WINDOWS)?.version ?? ''
  return isWindowsBuild(version) && version.split('.').length === 4 ? version : null
}

/** Are both builds of the same release of Windows? The first three numbers say it. */
export function sameWindowsRelease(build: string, other: string): boolean {
  return build.split('.').slice(0, 3).join('.') === other.split('.').slice(0, 3).join('.')
}
