/** What assessment looks at of an asset, and what it says that the asset misses. */

import type { AssetSnapshot, HeldReason, InstalledPackage, PendingUpdate, Platform } from '../asset.ts'
import type { PatchType } from '../catalog.ts'
import type { Change } from '../change.ts'

/** What assessment looks at of an asset's software. */
export interface Software {
  readonly platform: Platform
  readonly packages: readonly InstalledPackage[]
  /** What its package manager says can be installed; `null`: none has a say. */
  readonly pending: readonly PendingUpdate[] | null
}

/** One source package (or KB) that one asset should move forward. */
export interface Update {
  readonly platform: string
  readonly source: string
  /** Target version. */
  readonly version: string
  readonly changes: readonly Change[]
  /** CVEs that the installed version has and the target fixes. */
  readonly cves: readonly string[]
  readonly advisories: readonly string[]
  readonly origins: readonly string[]
  readonly security: boolean
  /** What the vendor calls it; `null`: it does not say. */
  readonly type: PatchType | null
}

/** What feeds have a fix for, and the package manager does not offer. */
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

export interface Missing {
  readonly updates: readonly Update[]
  /** Newer versions exist, and cannot be installed now. */
  readonly held: readonly Held[]
  readonly notOffered: readonly NotOffered[]
  /** Packages that another vendor built, whose versions the platform's security data cannot judge. */
  readonly notAssessed: readonly { readonly name: string; readonly builder: string }[]
  /** CVEs that binary packages (or Windows) have and a newer version fixes, whether it can be had now or not. */
  readonly findings: number
}

/** What assessment looks at of a snapshot. */
export function softwareOf({ asset, packages, pending, listsRefreshedAt }: AssetSnapshot): Software {
  const managed = pending.length > 0 || listsRefreshedAt !== null
  return { platform: asset.platform, packages, pending: managed ? pending : null }
}

export function isWindows({ platform }: Pick<Software, 'platform'>): boolean {
  return platform.startsWith('windows:')
}
