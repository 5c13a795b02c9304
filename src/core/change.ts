/** What is changed on an asset, and the one test of whether that has happened. */

import type { AssetSnapshot, InstalledPackage } from './asset.ts'
import { schemeFor } from './versions/scheme.ts'
import { compareWindows, sameWindowsRelease, windowsBuildOf } from './versions/windows.ts'

/** One package is moved to a version. */
export interface PackageChange {
  readonly kind?: undefined
  readonly name: string
  readonly architecture: string
  /** `null`: newly installed because the update needs it. */
  readonly from: string | null
  readonly to: string
}

/** One update of Windows is installed, or taken off again. It has no version before. */
export interface UpdateChange {
  readonly kind: 'update'
  /** `KB5035857` */
  readonly name: string
  /** The build that it brings the machine to, `10.0.20348.2340`; `null`: it is not cumulative, or that is not said. */
  readonly build: string | null
  /** It is taken off. Left out: it is installed. */
  readonly undone?: true
}

export type Change = PackageChange | UpdateChange

/** What a change is of, whatever it starts from: one asset has one of each. */
export function changeKey(change: Pick<PackageChange, 'kind' | 'name' | 'architecture'> | UpdateChange): string {
  return change.kind === 'update' ? change.name : `${change.name}:${change.architecture}`
}

/** Updates of Windows have none of their own: `all`. */
export function architectureOf(change: Change): string {
  return change.kind === 'update' ? 'all' : change.architecture
}

/** The version or build that a change leads to; of an update without one its number. */
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

/** The version that one of the packages has before; `null`: none has, or none is said. */
export function versionBefore(changes: readonly Change[]): string | null {
  for (const change of changes) if (change.kind !== 'update' && change.from !== null) return change.from
  return null
}

/** Can it be taken back at all? What was newly installed stays. */
export function canBeReversed(change: Change): boolean {
  return change.kind === 'update' || change.from !== null
}

/** For people: `openssl 3.0.20 → 3.0.22`, `libfoo (new) → 1.2`, `KB5035857 (build 10.0.20348.2340)`. */
export function changeLine(change: Change): string {
  if (change.kind !== 'update') return `${change.name} ${change.from ?? '(new)'} → ${change.to}`
  if (change.undone === true) return `${change.name} taken off`
  return change.build === null ? change.name : `${change.name} (build ${change.build})`
}

/** For engines that only move packages. Throws a sentence where an update is among them. */
export function packageChanges(changes: readonly Change[], engine: string): readonly PackageChange[] {
  return changes.map((change) => {
    if (change.kind !== 'update') return change
    throw new Error(`${change.name} is an update of Windows, and the engine ${engine} installs packages only.`)
  })
}

/** What takes a change back; `null`: nothing does, such as of what was newly installed. */
export function reversed(change: Change, from: string | null): Change | null {
  if (change.kind !== 'update') return from === null ? null : { ...change, from: change.to, to: from }
  const { undone, ...installed } = change
  return undone === true ? installed : { ...installed, undone: true }
}

export interface Applied {
  readonly applied: 'yes' | 'no' | 'not known'
  /** What the asset has in its place: a version, the build of Windows; `null`: nothing, or it does not say. */
  readonly found: string | null
}

type Software = Pick<AssetSnapshot, 'packages'> & { readonly asset: Pick<AssetSnapshot['asset'], 'platform'> }

/**
 * Has the change happened, as far as this look at the asset says? A package counts from the promised version on, or, where
 * an older one was promised, with exactly that. An update counts when it is listed or when the machine's build has reached
 * its own, so that a newer cumulative update is a yes. What the look does not say is not known: no packages at all, a build
 * of another release, or no build where a later update may stand in its place.
 */
export function isApplied(change: Change, { asset, packages }: Software): Applied {
  if (packages.length === 0) return { applied: 'not known', found: null }
  if (change.kind === 'update') {
    const there = isInstalled(change, packages)
    if (there.applied === 'not known' || change.undone !== true) return there
    return { ...there, applied: there.applied === 'yes' ? 'no' : 'yes' }
  }
  const found = packageOf(change, packages)?.version ?? null
  if (found === null) return { applied: 'no', found }
  const { compare } = schemeFor(asset.platform)
  const back = change.from !== null && compare(change.to, change.from) < 0
  const order = compare(found, change.to)
  return { applied: (back ? order === 0 : order >= 0) ? 'yes' : 'no', found }
}

function packageOf(
  { name, architecture }: PackageChange,
  packages: readonly InstalledPackage[],
): InstalledPackage | undefined {
  const named = packages.filter((item) => item.name === name)
  return named.find((item) => item.architecture === architecture) ?? (named.length === 1 ? named[0] : undefined)
}

function isInstalled({ name, build: promised }: UpdateChange, packages: readonly InstalledPackage[]): Applied {
  const build = windowsBuildOf(packages)
  const updates = packages.filter((item) => isUpdateName(item.name))
  if (updates.some((item) => item.name.toUpperCase() === name.toUpperCase())) return { applied: 'yes', found: build }
  if (promised !== null) {
    if (build === null || !sameWindowsRelease(build, promised)) return { applied: 'not known', found: build }
    return { applied: compareWindows(build, promised) >= 0 ? 'yes' : 'no', found: build }
  }
  return { applied: updates.length > 0 ? 'no' : 'not known', found: build }
}

/**
 * Of the changes of an asset that is tried again those to ask for: no update that is there. Packages are asked for whole,
 * since their package manager does them together, and finishes what it has left half done.
 */
export function leftToDo(changes: readonly Change[], software: Software): readonly Change[] {
  const left = changes.filter((change) => change.kind !== 'update' || isApplied(change, software).applied !== 'yes')
  return left.length === 0 ? changes : left
}

/** Does an inventory list an update of Windows under this name? */
export function isUpdateName(name: string): boolean {
  return /^KB\d+$/i.test(name)
}
