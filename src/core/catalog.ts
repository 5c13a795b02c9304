/**
 * What vendors and public feeds publish (fixes, advisories, evidence of exploitation), and the patches made from it.
 */

import type { Platform } from './asset.ts'
import type { Turn } from './priority/decision-table.ts'
import type { Assumption, Priority, PriorityEvidence } from './priority/priority.ts'

export const patchTypes = ['security', 'bugfix', 'feature'] as const
export type PatchType = (typeof patchTypes)[number]

/** What one vendor says about one package: `fixedVersion` and later versions do not have the flaws in `cves`. */
export interface Fix {
  readonly platform: Platform
  readonly package: string
  /** What `package` names, and whose version is compared. Debian and Alpine name sources, RPM names binaries. */
  readonly by: 'source' | 'binary'
  /** Empty: the update fixes no known CVE. */
  readonly cves: readonly string[]
  /** `null`: the platform has no fix yet; `'0'`: never affected. */
  readonly fixedVersion: string | null
  /** The first version that is affected. Left out: every version before the fix is. */
  readonly introduced?: string | null
  /** Without `fixedVersion`: the last version that is affected. Left out: no version is known to be free of it. */
  readonly lastAffected?: string | null
  /** Versions below `fixedVersion` that contain the fix too, for example as a backport. */
  readonly alsoFixed?: readonly string[]
  /** The advisory that announced the fix. */
  readonly advisory?: string | null
  /** Left out: security. */
  readonly type?: PatchType
  /** Stream of a modular package, e.g. `nodejs:18`; `''`: the package is modular, but its stream is not named. */
  readonly module?: string | null
  /** The subscription that is needed to install it, e.g. `Ubuntu Pro`. Left out: none. */
  readonly subscription?: string | null
  /** Id of the record in the feed, if it is not the advisory. */
  readonly record?: string
}

/** A vendor's notice: DSA, DLA, USN, RHSA, KB. */
export interface Advisory {
  readonly id: string
  readonly title: string
  /** ISO date; `null`: the feed gives none. */
  readonly published: string | null
  readonly cves: readonly string[]
  /** Fixed version per platform and package. `source` is a binary package where the platform's fixes name binaries. */
  readonly fixes: readonly { readonly platform: Platform; readonly source: string; readonly fixedVersion: string }[]
  /** Left out: security. */
  readonly type?: PatchType
  /** The severity in the vendor's own word, e.g. `Important`. */
  readonly severity?: string | null
}

/** An update of Windows (KB) for one product: the updates that it replaces, and the build of the machine after it. */
export interface WindowsUpdate {
  readonly platform: Platform
  /** `KB5035857` */
  readonly kb: string
  readonly title: string
  readonly cves: readonly string[]
  /** KBs that this one replaces on this product, as far as the feed says. */
  readonly supersedes: readonly string[]
  /** E.g. `10.0.20348.2340`; `null`: the update is not cumulative, or the feed does not say. */
  readonly fixedBuild: string | null
  readonly type: PatchType
  readonly severity: string | null
  readonly restart: boolean | null
  /** ISO date. */
  readonly published: string | null
  /** The record in the feed that contains it: a month. */
  readonly record?: string
}

/** One score of a CVE. `source`: who gave it (`CNA`, `NVD`, `Red Hat`). Scores of CVSS 3 and 4 are not comparable. */
export interface CvssScore {
  readonly source: string
  /** `3.1`, `4.0` */
  readonly version: string
  /** 0 to 10. */
  readonly score: number
  readonly vector: string
}

/** The decision points that CISA's Vulnrichment adds to CVE records: CERT/CC's SSVC. */
export interface SsvcPoints {
  readonly exploitation: 'none' | 'poc' | 'active'
  readonly automatable: 'no' | 'yes'
  readonly technicalImpact: 'partial' | 'total'
  /** ISO date. */
  readonly date: string | null
}

/** Facts about one CVE that do not depend on an asset. */
export interface CveFacts {
  readonly cve: string
  /** ISO date. */
  readonly published: string | null
  readonly rejected: boolean
  readonly ssvc: SsvcPoints | null
  readonly scores: readonly CvssScore[]
  /** ISO date since which the vendor (Microsoft) says that the CVE is exploited; `null`: the vendor does not say so. */
  readonly exploited: string | null
}

/** How long a platform is supported. */
export interface Lifecycle {
  readonly platform: Platform
  /** `Debian 12 (bookworm)` */
  readonly name: string
  /** ISO date on which free security support ended or will end; `null`: no end is known. */
  readonly endOfSupport: string | null
  /** ISO date on which paid or long-term support ends; `null`: there is none. */
  readonly endOfExtendedSupport: string | null
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

/** A record of a feed that could not be read. It is reported and skipped; the rest of the feed is kept. */
export interface RejectedRecord {
  readonly where: string
  readonly reason: string
}

/** The content of a feed, by kind. */
export interface FeedContent {
  readonly fixes?: readonly Fix[]
  readonly advisories?: readonly Advisory[]
  readonly updates?: readonly WindowsUpdate[]
  readonly kev?: readonly KevEntry[]
  readonly epss?: readonly EpssScore[]
  readonly cves?: readonly CveFacts[]
  readonly lifecycles?: readonly Lifecycle[]
}

/** The change that one source package (or KB) needs on one platform. People vote on it; it is one row on the card. */
export interface Patch {
  /** `<platform>/<source>/<target version>`. */
  readonly id: string
  readonly platform: Platform
  /** Source package. People name the patch by it: `openssl`. */
  readonly source: string
  readonly type: PatchType
  /** The highest target version of its packages. */
  readonly version: string
  readonly packages: readonly { readonly name: string; readonly architecture: string; readonly to: string }[]
  /** CVEs of the installed version that the target version fixes, if a feed says so. In numeric order, newest first. */
  readonly cves: readonly string[]
  readonly advisories: readonly string[]
  readonly origins: readonly string[]
  readonly priority: Priority
  readonly evidence: readonly PriorityEvidence[]
  readonly assumptions: readonly Assumption[]
  /** ISO 8601; `null` where the priority sets no date. */
  readonly dueAt: string | null
  /** The rule that sets `dueAt`. */
  readonly dueRule?: string
  /** What the decision table asks for in addition to patching, e.g. a forensic investigation. */
  readonly also?: string
  /** Single facts that would change the priority if they changed. */
  readonly turns?: readonly Turn[]
  /** Orders patches of the same priority, higher first: see core/priority/order.ts. */
  readonly urgency?: number
}
