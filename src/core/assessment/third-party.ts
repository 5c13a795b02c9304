import type { InstalledPackage, Platform } from '../asset.ts'
import { schemeFor } from '../versions/scheme.ts'

/**
 * Words of four or more letters that Debian and Ubuntu use in revisions themselves. Any other such word is the mark of
 * another builder.
 */
const ownWords = new Set([
  'debian',
  'ubuntu',
  // Ubuntu's own marks: a package rebuilt from Debian's source, and a slip of the keyboard in a published MySQL.
  'buntu',
  'build',
  'fakesync',
  'maysync',
  'signed',
  'fips',
  'cross',
  'dfsg',
  'really',
  'lenny',
  'etch',
  'sarge',
  'squeeze',
  'wheezy',
  'jessie',
  'stretch',
])

/** Letters that may follow `ubuntu1` in a revision of Ubuntu itself, as in `2ubuntu0.1~esm1`. */
const afterUbuntu = new Set(['esm', 'fips', 'signed', 'build', 'fakesync', 'ubuntu', 'exp', 'rc', 'b', 'a'])

/**
 * Marks of other builders that a version may have anywhere: PPAs, Proxmox, Raspberry Pi, repositories of projects. A
 * release's code name is one, too (`1.26.1-2~jammy`): Debian and Ubuntu write the number of a release.
 */
const MARK =
  /(?<![a-z])(ppa|rpt|rpi|pve|pmx|pgdg|maria|nodesource|sury|trusty|xenial|bionic|focal|jammy|kinetic|lunar|mantic|noble|oracular|plucky|questing|resolute|buster|bullseye|bookworm|trixie|forky|duke)(?![a-z])/i

/** Marks in releases of RPM packages: 1.26.1-2.el9.ngx, 8.2.10-1.el9.remi, 15.5-1PGDG.rhel9. */
const RPM_MARK = /(?<![a-z])(remi|ngx|elrepo|ius|nodesource|pgdg)(?![a-z])/i

/** A rebuild for an older release by the distribution's backporters, whom its security team does not watch. */
const BACKPORT = /~bpo[.\d]/

/** Whether a version has letters at all that could be a mark. Most versions end here. */
const MAYBE = /[a-z]{2}/i

/**
 * The builder of a package that the platform's vendor did not build; `null`: the vendor built it. The vendor's security
 * data says nothing about other builders' versions. If the inventory does not name the builder, the version of a Debian
 * or Ubuntu package does, where it has a mark (`1nodesource1`), and so do some of RPM packages.
 */
export function thirdParty(platform: Platform, item: InstalledPackage): string | null {
  if (item.origin !== undefined && item.origin !== null && item.origin !== '') return item.origin
  const debian = platform.startsWith('debian:')
  const version = item.sourceVersion
  if (!MAYBE.test(version)) return null
  if (!debian && !platform.startsWith('ubuntu:'))
    return schemeFor(platform).name === 'rpm' ? (RPM_MARK.exec(version)?.[1]?.toLowerCase() ?? null) : null
  if (BACKPORT.test(version)) return 'backports'
  // Kernels of Ubuntu 14.04 and before: 3.13.0-121.170~precise1.
  if (!debian && item.source.startsWith('linux') && /~(?:precise|trusty)\d/.test(version)) return null
  const [mark] = MARK.exec(version) ?? []
  if (mark !== undefined) return mark.toLowerCase()
  const dash = version.lastIndexOf('-')
  if (dash === -1) return null
  const revision = version.slice(dash + 1)
  return debian ? inDebian(revision, platform) : inUbuntu(revision, platform)
}

function inDebian(revision: string, platform: Platform): string | null {
  if (/ubuntu\d/.test(revision)) return 'ubuntu'
  // Repositories of projects write the release as a number: 8.0.35-1debian12. Debian writes deb12u1.
  if (namesRelease(revision, platform)) return 'another vendor'
  return foreignWord(revision)
}

function inUbuntu(revision: string, platform: Platform): string | null {
  if (namesRelease(revision, platform)) return 'another vendor'
  // In 0nocelt2ubuntu1.4, Ubuntu's own revision follows the one of Debian, so only what comes after it can be foreign.
  const own = /\dubuntu\d/.exec(revision)
  if (own === null) return foreignWord(revision)
  for (const [word] of revision.slice(own.index + 'Nubuntu'.length).matchAll(/[a-z]+/gi))
    if (!afterUbuntu.has(word.toLowerCase())) return word
  return null
}

/**
 * `1ubuntu22.04` or `1+debian12` on that very release. Ubuntu itself writes `ubuntu0.22.04.1`, `~ubuntu22.04.1`, and
 * sometimes `1ubuntu22.10.1`, with a number of its own behind.
 */
function namesRelease(revision: string, platform: Platform): boolean {
  const release = platform.replace(':', '')
  const at = revision.indexOf(release)
  return at > 0 && /[\d+]/.test(revision[at - 1] ?? '') && !/^\.\d/.test(revision.slice(at + release.length))
}

function foreignWord(revision: string): string | null {
  for (const [word] of revision.matchAll(/[a-z]{4,}/gi)) if (!ownWords.has(word.toLowerCase())) return word
  return null
}
