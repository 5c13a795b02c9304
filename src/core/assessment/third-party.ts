import type { InstalledPackage, Platform } from '../asset.ts'

/** Words in revisions of Debian and Ubuntu. Any other word of four or more letters is the mark of another builder. */
const ownWords = new Set([
  'debian',
  'ubuntu',
  // Ubuntu's own marks: a package rebuilt from Debian's source, and a slip of the keyboard in a published MySQL.
  'fakesync',
  'buntu',
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
 * The builder of a package that the platform's vendor did not build; `null`: the vendor built it. The vendor's security
 * data says nothing about other builders' versions. If the inventory does not name the builder, a word in a Debian
 * revision (`1nodesource1`) does.
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
