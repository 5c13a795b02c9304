/**
 * Finds the source that a package was really built from. Some sources only sign what another one built, or only point
 * at it: `linux-image-6.1.0-47-amd64` is of `linux-signed-amd64`, and security data speaks of `linux`. How the names
 * and versions are made is fixed by the distribution's own tools, so they are turned back by rule:
 *
 * - Debian signs a template of the real source. The version of the signed source is the one of the real source with `+`
 *   for `-` (a native version must not have a `-`), for boot loaders with `1+` before it. Debian's archive says the same
 *   in `Built-Using`, which inventories do not have.
 * - Ubuntu signs `linux-aws` as `linux-signed-aws` and points at it as `linux-meta-aws`. A signed source has the version
 *   of the real one, with `+1` or `+signed1` where it was made again.
 *
 * Ubuntu's data names signed boot loaders (`grub2-signed`, `shim-signed`) itself, so they keep their names.
 */

import type { AssetSnapshot, InstalledPackage, PendingUpdate, Platform } from '../asset.ts'

interface Build {
  /** The version of the binary package. */
  readonly version: string
  readonly source: string
  /** `null`: not known. */
  readonly sourceVersion: string | null
}

interface Built extends Pick<Build, 'source' | 'sourceVersion'> {
  /** A meta package: it contains nothing, and its version is not the one of what it points at. */
  readonly isMeta?: true
}

/** The source of a signed boot loader in Debian, by the name of the source that signs it. */
const loaders: readonly (readonly [RegExp, string])[] = [
  [/^grub-efi-(?:amd64|arm64|ia32)-signed$/, 'grub2'],
  [/^shim-helpers-(?:amd64|arm64|i386)-signed$/, 'shim'],
  [/^systemd-boot-efi-(?:amd64|arm64|i386)-signed$/, 'systemd'],
]
const DEBIAN_KERNEL = /^linux-signed(-\d[\d.]*)?-(?:amd64|arm64|i386)$/
const FWUPD = /^fwupd-(?:amd64|arm64|armhf|i386)-signed$/
const UBUNTU_KERNEL = /^linux-(signed|meta)(-.+)?$/

/** The source that the package was built from, if that is not the one it names; else `null`. */
export function builtFrom(platform: Platform, build: Build): Built | null {
  const { source } = build
  // Nearly all packages end here.
  if (!source.startsWith('linux-') && !source.endsWith('-signed')) return null
  if (platform.startsWith('debian:')) return inDebian(build)
  if (!platform.startsWith('ubuntu:')) return null
  const [, role, flavour = ''] = UBUNTU_KERNEL.exec(source) ?? []
  if (role === undefined) return null
  // The version of a meta package is never below the one of its kernel: 5.15.0.126.124 is of 5.15.0-126.136.
  if (role === 'meta') return { source: `linux${flavour}`, sourceVersion: build.sourceVersion, isMeta: true }
  return { source: `linux${flavour}`, sourceVersion: build.sourceVersion?.replace(/\+signed\d+$/, '') ?? null }
}

function inDebian({ source, version, sourceVersion }: Build): Built | null {
  const [kernel, series = ''] = DEBIAN_KERNEL.exec(source) ?? []
  if (kernel !== undefined) return { source: `linux${series}`, sourceVersion: withDash(sourceVersion) }
  // Until Debian 10. Its version (105+deb10u20) is above every kernel's.
  if (source === 'linux-latest') return { source: 'linux', sourceVersion, isMeta: true }
  // The binary package alone names the version that is in it: 1.51~1+deb12u1+16.1-2~deb12u1 has shim 16.1-2~deb12u1.
  if (source === 'shim-signed')
    return { source: 'shim', sourceVersion: /\+(\d.*)$/.exec(version)?.[1] ?? sourceVersion }
  // Since Debian 12 the loader is a source of its own, whose versions begin with 1:.
  if (FWUPD.test(source)) {
    const own = sourceVersion?.startsWith('1:') ?? version.startsWith('1:')
    return { source: own ? 'fwupd-efi' : 'fwupd', sourceVersion: withDash(sourceVersion) }
  }
  const loader = loaders.find(([name]) => name.test(source))
  return loader === undefined
    ? null
    : { source: loader[1], sourceVersion: withDash(sourceVersion?.replace(/^1\+/, '') ?? null) }
}

/** `6.1.170+3` is `6.1.170-3`, and `2.02+dfsg1+20+deb10u4` is `2.02+dfsg1-20+deb10u4`: a revision begins with a digit. */
function withDash(signed: string | null): string | null {
  return signed === null || signed.includes('-') ? signed : signed.replace(/\+(?=\d)/, '-')
}

/** The snapshot with the sources that its packages and pending updates were built from. The same object if none differ. */
export function withBuiltSources(snapshot: AssetSnapshot): AssetSnapshot {
  const { platform } = snapshot.asset
  if (!platform.startsWith('debian:') && !platform.startsWith('ubuntu:')) return snapshot
  const packages = mapped(snapshot.packages, (item) => ofInstalled(platform, item))
  const pending = mapped(snapshot.pending, (item) => ofPending(platform, item))
  return packages === snapshot.packages && pending === snapshot.pending ? snapshot : { ...snapshot, packages, pending }
}

function ofInstalled(platform: Platform, item: InstalledPackage): InstalledPackage {
  const built = builtFrom(platform, item)
  return built === null
    ? item
    : { ...item, source: built.source, sourceVersion: built.sourceVersion ?? item.sourceVersion }
}

function ofPending(platform: Platform, item: PendingUpdate): PendingUpdate {
  if (item.source === null) return item
  const { candidate: version, source, sourceVersion = null } = item
  const built = builtFrom(platform, { version, source, sourceVersion })
  if (built === null) return item
  const { sourceVersion: to } = built
  // A new package of the real source says which version comes.
  if (built.isMeta) return { ...item, source: built.source, sourceVersion: null }
  return { ...item, source: built.source, ...(to === null ? {} : { sourceVersion: to }) }
}

function mapped<Item>(items: readonly Item[], change: (item: Item) => Item): readonly Item[] {
  let all: Item[] | null = null
  items.forEach((item, at) => {
    const made = change(item)
    if (made !== item) all ??= items.slice()
    if (all !== null) all[at] = made
  })
  return all ?? items
}
