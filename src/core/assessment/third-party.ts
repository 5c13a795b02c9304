import type { InstalledPackage, Platform } from '../asset.ts'

/** Words that Debian and Ubuntu put into revisions themselves; longer ones are another builder's mark. */
const ownWords = new Set([
  'debian',
  'ubuntu',
  'build',
  'cross',
  'dfsg',
  'really',
  'exp',
  'backport',
  'lenny',
  'etch',
  'sarge',
  'squeeze',
  'wheezy',
  'jessie',
  'stretch',
])

/**
 * Who built a package that the platform's own vendor did not build: its versions mean nothing to the vendor's security
 * data. Where the inventory does not say, a Debian revision that bears a name (`1nodesource1`) tells. `null`: the vendor.
 */
export function thirdParty(platform: Platform, item: InstalledPackage): string | null {
  if (item.origin !== undefined && item.origin !== null && item.origin !== '') return item.origin
  if (!platform.startsWith('debian:') && !platform.startsWith('ubuntu:')) return null
  const dash = item.sourceVersion.lastIndexOf('-')
  if (dash === -1) return null
  for (const [word] of item.sourceVersion.slice(dash + 1).matchAll(/[a-z]{4,}/gi))
    if (!ownWords.has(word.toLowerCase())) return word
  return null
}
