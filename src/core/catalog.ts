/** What vendors and public feeds say: fixes, advisories, exploitation evidence; and the patches made of them. */

import type { Platform } from './asset.ts'
import type { Assumption, Priority, PriorityEvidence } from './priority/priority.ts'

export const patchTypes = ['security', 'bugfix', 'feature'] as const
export type PatchType = (typeof patchTypes)[number]

/** `fixedVersion` of `source` on `platform` mends `cve`; `null`: the platform has no fix yet; `'0'`: never affected. */
export interface Fix {
  readonly platform: Platform
  readonly source: string
  readonly cve: string
  readonly fixedVersion: string | null
}

/** A vendor's notice: DSA, DLA, USN, RHSA, KB. */
export interface Advisory {
  readonly id: string
  readonly title: string
  /** ISO date, `null` where the feed gives none. */
  readonly published: string | null
  readonly cves: readonly string[]
  /** Fixed version per platform and source package. */
  readonly fixes: readonly { readonly platform: Platform; readonly source: string; readonly fixedVersion: string }[]
}

/** One row of CISA's Known Exploited Vulnerabilities catalog. */
export interface KevEntry {
  readonly cve: string
  /** ISO dates. */
  readonly dateAdded: string
  readonly dueDate: string
  readonly ransomware: boolean
  readonly name: string
}

/** FIRST's Exploit Prediction Scoring System: probability of exploitation in the next 30 days. */
export interface EpssScore {
  readonly cve: string
  /** 0 to 1. */
  readonly score: number
  /** 0 to 1. */
  readonly percentile: number
  /** Scores of different model versions cannot be compared. */
  readonly model: string
  /** ISO date of the scores. */
  readonly date: string
}

/** A feed's record that could not be read: reported and skipped, the rest of the feed is kept. */
export interface RejectedRecord {
  readonly where: string
  readonly reason: string
}

/** Everything one fetch of a feed gives. A kind that is present replaces all that the feed said before of that kind. */
export interface FeedContent {
  readonly fixes?: readonly Fix[]
  readonly advisories?: readonly Advisory[]
  readonly kev?: readonly KevEntry[]
  readonly epss?: readonly EpssScore[]
}

/** One package that a patch moves on one asset. */
export interface PackageChange {
  readonly name: string
  readonly architecture: string
  /** `null`: newly installed because the update needs it. */
  readonly from: string | null
  readonly to: string
}

/** The concrete change one source package (or KB) needs on one platform: what people vote on, one row on the card. */
export interface Patch {
  /** `<platform>/<source>/<target version>`. */
  readonly id: string
  readonly platform: Platform
  /** Source package; what people call the patch: `openssl`. */
  readonly source: string
  readonly type: PatchType
  /** Highest target version over its packages. */
  readonly version: string
  readonly packages: readonly { readonly name: string; readonly architecture: string; readonly to: string }[]
  /** CVEs that the target version mends and the installed version has, where a feed says so. Numeric order, newest first. */
  readonly cves: readonly string[]
  readonly advisories: readonly string[]
  readonly origins: readonly string[]
  readonly priority: Priority
  readonly evidence: readonly PriorityEvidence[]
  readonly assumptions: readonly Assumption[]
  /** ISO 8601; `null` where the priority sets no date. */
  readonly dueAt: string | null
}
