import type { Platform } from '../../core/asset.ts'

/** Code names of Debian's releases, https://wiki.debian.org/DebianReleases */
const platforms: ReadonlyMap<string, Platform> = new Map([
  ['sarge', 'debian:3.1'],
  ['etch', 'debian:4'],
  ['lenny', 'debian:5'],
  ['squeeze', 'debian:6'],
  ['wheezy', 'debian:7'],
  ['jessie', 'debian:8'],
  ['stretch', 'debian:9'],
  ['buster', 'debian:10'],
  ['bullseye', 'debian:11'],
  ['bookworm', 'debian:12'],
  ['trixie', 'debian:13'],
  ['forky', 'debian:14'],
  ['duke', 'debian:15'],
])

/** Code names in Debian's data that are not a stable release, or that are older than security support with versions. */
const unversioned = new Set(['sid', 'unstable', 'experimental', 'woody', 'potato', 'slink', 'hamm'])

/**
 * Returns the platform of a code name; `none` when it is not a platform that we patch; `null` when the name is unknown.
 */
export function debianPlatform(codeName: string): Platform | 'none' | null {
  return platforms.get(codeName) ?? (unversioned.has(codeName) ? 'none' : null)
}
