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

/** Whether both builds are of the same release of Windows: their first three numbers are equal. */
export function sameWindowsRelease(build: string, other: string): boolean {
  return build.split('.').slice(0, 3).join('.') === other.split('.').slice(0, 3).join('.')
}
