/** What feeds say about packages, by platform and name. */

import type { Platform } from '../asset.ts'
import type { Fix } from '../catalog.ts'
import { platformsOf } from '../streams.ts'

export function createSaid() {
  const said = new Map<string, Fix[]>()
  /** The platforms that a platform branched off from. */
  const mains = new Map<Platform, readonly Platform[]>()
  return {
    take(more: Iterable<Fix>): void {
      for (const fix of more) {
        const key = `${fix.platform} ${fix.by} ${fix.package}`
        const list = said.get(key)
        if (list) list.push(fix)
        else said.set(key, [fix])
      }
    },
    forget(packages: ReadonlySet<string>): void {
      for (const [key, [fix]] of said) if (fix !== undefined && packages.has(fix.package)) said.delete(key)
    },
    /** Also what is said of the platforms that this one branched off from. */
    of(platform: Platform, by: Fix['by'], name: string): readonly Fix[] | undefined {
      const own = said.get(`${platform} ${by} ${name}`)
      let others = mains.get(platform)
      if (others === undefined) {
        others = platformsOf(platform).slice(1)
        mains.set(platform, others)
      }
      if (others.length === 0) return own
      const all = others.reduce((sum, other) => sum.concat(said.get(`${other} ${by} ${name}`) ?? []), own ?? [])
      return all.length === 0 ? undefined : all
    },
    packagesWith(cves: ReadonlySet<string>): ReadonlySet<string> {
      const packages = new Set<string>()
      for (const list of said.values())
        for (const fix of list) if (fix.cves.some((cve) => cves.has(cve))) packages.add(fix.package)
      return packages
    },
  }
}
