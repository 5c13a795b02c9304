import type { Platform } from '../../core/asset.ts'
import { families } from '../../core/platform/families.ts'

const releases = new Map(Object.entries(families.debian?.codeNames ?? {}))

/** Code names in Debian's data that are not a stable release, or that are older than security support with versions. */
const unversioned = new Set(['sid', 'unstable', 'experimental', 'woody', 'potato', 'slink', 'hamm'])

/**
 * Returns the platform of a code name; `none` when it is not a platform that we patch; `null` when the name is unknown.
 */
export function debianPlatform(codeName: string): Platform | 'none' | null {
  const release = releases.get(codeName)
  if (release !== undefined) return `debian:${release}`
  return unversioned.has(codeName) ? 'none' : null
}
