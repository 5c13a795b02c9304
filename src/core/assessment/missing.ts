/** The part of an asset's data that the assessment reads, and the missing updates that it finds. */

import type { AssetSnapshot, HeldReason, InstalledPackage, PendingUpdate, Platform } from '../asset.ts'
import type { PatchType } from '../catalog.ts'
import type { Change } from '../change.ts'

/** The software of an asset, as the assessment needs it. */
export interface Software {
  readonly platform: Platform
  readonly packages: readonly InstalledPackage[]
  /** What the asset's package manager says can be installed; `null`: no package manager was asked. */
  readonly pending: readonly PendingUpdate[] | null
}

/** One source package (or KB) of an asset that should be updated. */
export interface Update {
  readonly platform: string
  readonly source: string
  /** Target version. */
  readonly version: string
  readonly changes: readonly Change[]
  /** CVEs that the installed version has and the target version fixes. */
  readonly cves: readonly string[]
  readonly advisories: readonly string[]
  readonly origins: readonly string[]
  readonly security: boolean
  /** The vendor's type; `null`: the vendor gives none. */
  readonly type: PatchType | null
  /** True if nobody says which source version the target version was built from, so that all fixes are expected. */
  readonly sourceUnknown?: true
}

/** What the vendor has fixed in one source package, and the asset's package manager does not offer. */
export interface Withheld {
  /** What would be installed if it were offered. */
  readonly update: Update
  /** Why the package manager will not install the version that it has; `null`: it has none. */
  readonly held: HeldReason | null
}

/** A fix from a feed that the package manager does not offer. */
export interface NotOffered {
  readonly platform: Platform
  readonly source: string
  /** A CVE, or an advisory where there is none. */
  readonly flaw: string
  readonly cve: boolean
  readonly advisory: string | null
  readonly fixedVersion: string
  readonly type: PatchType
}

export interface Held {
  readonly name: string
  readonly reason: HeldReason
}

/** A package that another vendor built, or an update of a product on Windows that may not be installed. */
export interface NotAssessed {
  readonly name: string
  /** The vendor, or the product. */
  readonly builder: string
  readonly why?: 'product'
}

/** The packages that the package manager will not move to the version that it has. */
export function heldIn(pending: readonly PendingUpdate[]): readonly Held[] {
  return pending.flatMap(({ name, held: reason }) => (reason === null ? [] : [{ name, reason }]))
}

export interface Missing {
  readonly updates: readonly Update[]
  /** Packages with a newer version that cannot be installed now. */
  readonly held: readonly Held[]
  readonly notOffered: readonly NotOffered[]
  /** The same by source package, without what needs a subscription. Empty where no package manager was asked. */
  readonly withheld: readonly Withheld[]
  /** What the platform's security data cannot judge. */
  readonly notAssessed: readonly NotAssessed[]
  /**
   * Number of CVEs of binary packages (or Windows) that a newer version fixes, whether or not it can be installed now.
   */
  readonly findings: number
}

/** The part of a snapshot that the assessment needs. */
export function softwareOf({ asset, packages, pending, listsRefreshedAt }: AssetSnapshot): Software {
  const managed = pending.length > 0 || listsRefreshedAt !== null
  return { platform: asset.platform, packages, pending: managed ? pending : null }
}

export function isWindows({ platform }: Pick<Software, 'platform'>): boolean {
  return platform.startsWith('windows:')
}
