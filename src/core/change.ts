/** The changes of an asset, and the one function that tests whether a change has happened. */

import type { AssetSnapshot, InstalledPackage } from './asset.ts'
import { withoutOlderKernels } from './kernels.ts'
import { memoizeByIdentity } from './memoize-by-identity.ts'
import { schemeFor } from './versions/scheme.ts'
import { hasReached, windowsBuildOf, windowsReleaseOf } from './versions/windows.ts'

/** A package is moved to a version. */
export interface PackageChange {
  readonly kind?: undefined
  readonly name: string
  readonly architecture: string
  /** `null`: the package is newly installed because the update needs it. */
  readonly from: string | null
  readonly to: string
}

/** An update of Windows is installed or removed. There is no version before. */
export interface UpdateChange {
  readonly kind: 'update'
  /** `KB5035857` */
  readonly name: string
  /** The machine's build after the update, e.g. `10.0.20348.2340`; `null`: not cumulative, or the feed does not say. */
  readonly build: string | null
  /** True: the update is removed. Left out: it is installed. */
  readonly undone?: true
}

export type Change = PackageChange | UpdateChange

/** Identifies the package or update that is changed. An asset has at most one change per key. */
export function changeKey(change: Pick<PackageChange, 'kind' | 'name' | 'architecture'> | UpdateChange): string {
  return change.kind === 'update' ? change.name : `${change.name}:${change.architecture}`
}

/** The architecture; `all` for updates of Windows, which have none. */
export function architectureOf(change: Change): string {
  return change.kind === 'update' ? 'all' : change.architecture
}

/** The version or build after the change. For an update without a build: its KB number. */
export function changeTarget(change: Pick<PackageChange, 'kind' | 'to'> | UpdateChange): string {
  return change.kind === 'update' ? (change.build ?? change.name) : change.to
}

export function sameChange(one: Change, other: Change): boolean {
  if (one.kind === 'update')
    return (
      other.kind === 'update' && one.name === other.name && one.build === other.build && one.undone === other.undone
    )
  return (
    other.kind !== 'update' && changeKey(one) === changeKey(other) && one.from === other.from && one.to === other.to
  )
}

/** The version before the change; `null`: it is newly installed, or an update of Windows. */
export function versionBefore(change: Change): string | null {
  return change.kind === 'update' ? null : change.from
}

/** The version before the change of the first package that has one; `null`: no package has one. */
export function firstVersionBefore(changes: readonly Change[]): string | null {
  const first = changes.find((change) => versionBefore(change) !== null)
  return first === undefined ? null : versionBefore(first)
}

/** Whether the change can be taken back. A newly installed package stays installed. */
export function canBeReversed(change: Change): boolean {
  return change.kind === 'update' || versionBefore(change) !== null
}

/** For people: `openssl 3.0.20 → 3.0.22`, `libfoo (new) → 1.2`, `KB5035857 (build 10.0.20348.2340)`. */
export function changeLine(change: Change): string {
  if (change.kind !== 'update') return `${change.name} ${change.from ?? '(new)'} → ${change.to}`
  if (change.undone === true) return `${change.name} taken off`
  return change.build === null ? change.name : `${change.name} (build ${change.build})`
}

/** The changes for an engine that can only move packages. Throws if an update of Windows is among them. */
export function packageChanges(changes: readonly Change[], engine: string): readonly PackageChange[] {
  return changes.map((change) => {
    if (change.kind !== 'update') return change
    throw new Error(`${change.name} is an update of Windows, and the engine ${engine} installs packages only.`)
  })
}

/**
 * The change that takes this change back. `from`: the version to go back to; `null`: the package was newly installed.
 * Returns `null` if nothing can take the change back.
 */
export function reversed(change: Change, from: string | null): Change | null {
  if (change.kind !== 'update') return from === null ? null : { ...change, from: change.to, to: from }
  const { undone, ...installed } = change
  return undone === true ? installed : { ...installed, undone: true }
}

export interface Applied {
  readonly applied: 'yes' | 'no' | 'not known'
  /** What the asset has now: a version, or the build of Windows; `null`: nothing, or the asset does not say. */
  readonly found: string | null
}

type Software = Pick<AssetSnapshot, 'packages'> & { readonly asset: Pick<AssetSnapshot['asset'], 'platform'> }

/**
 * Tests whether the change has happened, as far as this look at the asset says. For a package, the promised version or
 * a newer one is a yes; if the promised version is older than the one before, only exactly that version is. For an
 * update, a yes means: it is listed, or the machine's build is at least the update's build, so a newer cumulative
 * update counts too. Not known: the look has no packages, the build is of another release, or there is no build where a
 * later update may have replaced this one.
 */
export function isApplied(change: Change, { asset, packages }: Software): Applied {
  if (packages.length === 0) return { applied: 'not known', found: null }
  if (change.kind === 'update') {
    const there = isInstalled(change, packages)
    if (there.applied === 'not known' || change.undone !== true) return there
    return { ...there, applied: there.applied === 'yes' ? 'no' : 'yes' }
  }
  const found = packageOf(change, { asset, packages })?.version ?? null
  if (found === null) return { applied: 'no', found }
  const { compare } = schemeFor(asset.platform)
  const back = change.from !== null && compare(change.to, change.from) < 0
  const order = compare(found, change.to)
  return { applied: (back ? order === 0 : order >= 0) ? 'yes' : 'no', found }
}

function packageOf({ name, architecture }: PackageChange, { asset, packages }: Software): InstalledPackage | undefined {
  const named = withoutOlderKernels(asset.platform, packages).filter((item) => item.name === name)
  return named.find((item) => item.architecture === architecture) ?? (named.length === 1 ? named[0] : undefined)
}

function isInstalled({ name, build: promised }: UpdateChange, packages: readonly InstalledPackage[]): Applied {
  const { build, updates } = windowsOf(packages)
  if (updates.has(name.toUpperCase())) return { applied: 'yes', found: build }
  if (promised !== null) {
    const reached = build === null ? null : hasReached(build, promised)
    if (reached === null) return { applied: 'not known', found: build }
    return { applied: reached ? 'yes' : 'no', found: build }
  }
  return { applied: updates.size > 0 ? 'no' : 'not known', found: build }
}

/** What an inventory says of Windows. It is asked for once per update that feeds know. */
export const windowsOf = memoizeByIdentity((packages: readonly InstalledPackage[]) => ({
  /** The full build; `null`: not known. */
  build: windowsBuildOf(packages),
  /** The build without its update revision; `null`: not known. */
  release: windowsReleaseOf(packages),
  /** The installed updates, as `KB5035857`. */
  updates: new Set(packages.flatMap(({ name }) => (isUpdateName(name) ? [name.toUpperCase()] : []))),
}))

/**
 * The changes to ask for when an asset is tried again. Updates that are already installed are left out. Packages are
 * always asked for together: the package manager handles them in one go, and finishes a half-done installation.
 */
export function leftToDo(changes: readonly Change[], software: Software): readonly Change[] {
  const left = changes.filter((change) => change.kind !== 'update' || isApplied(change, software).applied !== 'yes')
  return left.length === 0 ? changes : left
}

/** Whether this is the name under which an inventory lists an update of Windows. */
export function isUpdateName(name: string): boolean {
  return /^KB\d+$/i.test(name)
}
