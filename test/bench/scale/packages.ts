/** The packages that synthetic hosts are made of: for each platform sources, their binaries, and the versions that there were. */

import type { InstalledPackage } from '../../../src/core/asset.ts'
import { random } from '../fleet.ts'

/** What becomes of a source's newest version on a host that is exposed and matters. */
export type Fate = 'immediate' | 'out-of-cycle' | 'scheduled' | 'bugfix' | 'feature' | 'none'

export interface Source {
  readonly name: string
  readonly fate: Fate
  /** On every host of the platform. */
  readonly base: boolean
  readonly binaries: readonly string[]
  /** As they were published; the last is the newest. */
  readonly versions: readonly string[]
  /** Of the flaws that the newest version fixes. */
  readonly cves: readonly string[]
  /** Of the flaws that every version here has fixed. */
  readonly oldCves: readonly string[]
  /** What announced the newest version; `null`: nobody did. */
  readonly advisory: string | null
}

export interface Universe {
  readonly platform: string
  readonly debian: boolean
  readonly sources: readonly Source[]
  /** A source that every host has, whose newest version is routine: the one whose advisory is changed. */
  readonly common: Source
}

export const platforms = ['debian:12', 'debian:13', 'almalinux:9'] as const

const SOURCES = 1_000
const BASE = 110
const FIRST_YEAR = 2026

export function indexOfPlatform(platform: string): number {
  return (platforms as readonly string[]).indexOf(platform)
}

/** The same for every run. */
export function createUniverse(platform: string): Universe {
  const index = indexOfPlatform(platform)
  const next = random(1_000 + index)
  const debian = platform.startsWith('debian:')
  const sources = Array.from({ length: SOURCES }, (_, number) => sourceOf(number, { platform, index, debian, next }))
  const [common] = sources
  if (common === undefined) throw new Error(`${platform} has no sources.`)
  return { platform, debian, sources, common }
}

interface Given {
  readonly platform: string
  readonly index: number
  readonly debian: boolean
  readonly next: () => number
}

function sourceOf(number: number, { platform, index, debian, next }: Given): Source {
  const base = number < BASE
  const share = next()
  const fate = number === 0 ? 'scheduled' : fateOf(share)
  const name = `${words[number % words.length]}${Math.floor(number / words.length) || ''}`
  const count = 1 + Math.floor(next() ** 2 * 6)
  const ends = ['', '-common', '-libs', '-data', '-utils', '-plugins', '-lang']
  const binaries = ends.slice(0, count).map((end) => `${name}${end}`)
  const serial = index * SOURCES + number
  const flawed = fate === 'immediate' || fate === 'out-of-cycle' || fate === 'scheduled'
  const year = (back: number) => FIRST_YEAR - back
  const fixed = flawed ? 1 + Math.floor(next() ** 2 * 12) : 0
  const cves = Array.from({ length: fixed }, (_, at) => `CVE-${year(at % 2)}-${20_000 + serial * 14 + at}`)
  const old = 5 + Math.floor(next() * 20)
  const oldCves = Array.from({ length: old }, (_, at) => `CVE-${year(3 + (at % 8))}-${20_000 + serial * 26 + at}`)
  const prefix = debian ? 'DSA' : flawed ? 'ALSA' : fate === 'bugfix' ? 'ALBA' : 'ALEA'
  const announced = fate !== 'none' && (flawed || !debian)
  // One advisory is for all releases that are affected, as Debian's are.
  const advisory = announced ? advisoryId(prefix, number === 0 ? number : serial) : null
  return { name, fate, base, binaries, versions: versionsOf(platform, debian, fate, next), cves, oldCves, advisory }
}

function advisoryId(prefix: string, serial: number): string {
  return prefix === 'DSA' ? `DSA-${5_000 + serial}-1` : `${prefix}-2026:${10_000 + serial}`
}

/** Of a hundred sources. */
function fateOf(share: number): Fate {
  if (share < 0.02) return 'immediate'
  if (share < 0.07) return 'out-of-cycle'
  if (share < 0.25) return 'scheduled'
  if (share < 0.3) return 'bugfix'
  if (share < 0.38) return 'feature'
  return 'none'
}

/** Four of them. A feature brings another series, everything else another revision. */
function versionsOf(platform: string, debian: boolean, fate: Fate, next: () => number): readonly string[] {
  const major = 1 + Math.floor(next() * 9)
  const minor = Math.floor(next() * 30)
  const patch = Math.floor(next() * 12)
  const upstream = (step: number) =>
    fate === 'feature' && step === 3 ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch}`
  const release = platform.split(':')[1] ?? ''
  const revision = (step: number) =>
    debian ? (step === 0 ? '2' : `2+deb${release}u${step}`) : `${4 + step}.el${release}`
  return [0, 1, 2, 3].map((step) => `${upstream(step)}-${revision(step)}`)
}

/** What `names` are called after: enough of them that names look like those of a distribution. */
const words = (
  'libssl acl attr bash zlib glibc systemd curl openssh gnutls pam perl python ruby lua tcl sudo cron rsyslog dbus ' +
  'udev kmod grub kernel bind unbound nginx httpd tomcat redis postgres mariadb sqlite ldap krb5 sssd samba nfs lvm ' +
  'mdadm xfs btrfs parted cups avahi poppler ghostscript cairo pango gtk qt mesa vulkan x11 wayland tiff jpeg png webp ' +
  'freetype fontconfig harfbuzz icu expat libxml libxslt yajl jansson protobuf grpc snappy zstd lz4 xz bzip2 brotli tar ' +
  'cpio rsync git vim nano less man screen tmux strace gdb valgrind binutils gcc make cmake'
)
  .split(' ')
  .filter((word) => word !== '')

/** A choice of versions, one for each source of a set of software; packages are interned, so that equal ones are one object. */
export interface Drawn {
  readonly packages: readonly InstalledPackage[]
  /** What is installed of it, by source. */
  readonly sources: readonly DrawnSource[]
}

export interface DrawnSource {
  readonly source: Source
  /** Place of the installed version. */
  readonly at: number
  readonly packages: readonly InstalledPackage[]
}

/** Draws sets of 500 to 700 packages: what every host has, and further sources, some of them far more often than others. */
export function createDraw({ debian, sources }: Universe, next: () => number): () => Drawn {
  const optional = sources.filter(({ base }) => !base)
  const always = sources.filter(({ base }) => base)
  const interned = new Map(
    sources.map((source) => [source, source.versions.map((_, at) => builtOf(source, at, debian))]),
  )

  function drawSource(source: Source): DrawnSource {
    // Half of a host is up to date; what is behind is mostly one version behind.
    const behind = next()
    const at = behind < 0.45 ? 3 : behind < 0.75 ? 2 : behind < 0.9 ? 1 : 0
    const built = interned.get(source)?.[at] ?? []
    return { source, at, packages: built.filter((_, index) => index === 0 || source.base || next() < 0.8) }
  }

  return () => {
    const size = 500 + Math.floor(next() * 201)
    const drawn = always.map(drawSource)
    let count = drawn.reduce((sum, { packages }) => sum + packages.length, 0)
    const taken = new Set<Source>()
    while (count < size) {
      const source = optional[Math.floor(next() ** 1.5 * optional.length)]
      if (source === undefined || taken.has(source)) continue
      taken.add(source)
      const one = drawSource(source)
      const packages = one.packages.slice(0, size - count)
      drawn.push({ ...one, packages })
      count += packages.length
    }
    return { packages: drawn.flatMap(({ packages }) => packages), sources: drawn }
  }
}

/** The binaries of a source in one of its versions. */
function builtOf(
  { name: source, binaries, versions }: Source,
  at: number,
  debian: boolean,
): readonly InstalledPackage[] {
  const version = versions[at] ?? ''
  const architecture = debian ? 'amd64' : 'x86_64'
  return binaries.map((name) => ({ name, version, architecture, source, sourceVersion: version }))
}
