/** What vendors and public feeds say: fixes, advisories, exploitation evidence; and the patches made of them. */

import type { Platform } from './asset.ts'
import type { Turn } from './priority/decision-table.ts'
import type { Assumption, Priority, PriorityEvidence } from './priority/priority.ts'

export const patchTypes = ['security', 'bugfix', 'feature'] as const
export type PatchType = (typeof patchTypes)[number]

/** One vendor's word on one package: from `fixedVersion` on, `cves` are mended there. */
export interface Fix {
  readonly platform: Platform
  readonly package: string
  /** What `package` names, and so which version it is compared with: Debian and Alpine speak of sources, RPM of binaries. */
  readonly by: 'source' | 'binary'
  /** None: an update that mends no known CVE. */
  readonly cves: readonly string[]
  /** `null`: the platform has no fix yet; `'0'`: never affected. */
  readonly fixedVersion: string | null
  /** The first version that is affected; left out: all before the fix. */
  readonly introduced?: string | null
  /** Versions below `fixedVersion` that contain the fix all the same, such as a backport. */
  readonly alsoFixed?: readonly string[]
  /** The advisory that brought it. */
  readonly advisory?: string | null
  /** Left out: security. */
  readonly type?: PatchType
  /** Stream of a modular package, `nodejs:18`; `''`: modular, the stream is not said. */
  readonly module?: string | null
  /** Who may install it: `Ubuntu Pro`. Left out: everybody. */
  readonly subscription?: string | null
  /** Id of the feed's record that said it, where it is not the advisory. */
  readonly record?: string
}

/** A vendor's notice: DSA, DLA, USN, RHSA, KB. */
export interface Advisory {
  readonly id: string
  readonly title: string
  /** ISO date, `null` where the feed gives none. */
  readonly published: string | null
  readonly cves: readonly string[]
  /** Fixed version per platform and package (source package, or binary where the platform's fixes go by binaries). */
  readonly fixes: readonly { readonly platform: Platform; readonly source: string; readonly fixedVersion: string }[]
  /** Left out: security. */
  readonly type?: PatchType
  /** The vendor's own word: `Important`. */
  readonly severity?: string | null
}

/** An update of Windows (KB) for one product: what it replaces and up to which build it brings the machine. */
export interface WindowsUpdate {
  readonly platform: Platform
  /** `KB5035857` */
  readonly kb: string
  readonly title: string
  readonly cves: readonly string[]
  /** KBs that this one replaces on this product, as far as the feed says. */
  readonly supersedes: readonly string[]
  /** `10.0.20348.2340`; `null`: not cumulative, or not said. */
  readonly fixedBuild: string | null
  readonly type: PatchType
  readonly severity: string | null
  readonly restart: boolean | null
  /** ISO date. */
  readonly published: string | null
  /** The feed's record that said it: a month. */
  readonly record?: string
}

/** One score of one CVE: `source` is who gave it (`CNA`, `NVD`, `Red Hat`). Scores of CVSS 3 and 4 are not comparable. */
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

/** What is known of one CVE itself, wherever it is installed. */
export interface CveFacts {
  readonly cve: string
  /** ISO date. */
  readonly published: string | null
  readonly rejected: boolean
  readonly ssvc: SsvcPoints | null
  readonly scores: readonly CvssScore[]
  /** The vendor itself says that it is exploited (Microsoft) since this ISO date; `null`: it does not. */
  readonly exploited: string | null
}

/** How long a platform is supported. */
export interface Lifecycle {
  readonly platform: Platform
  /** `Debian 12 (bookworm)` */
  readonly name: string
  /** ISO date on which free security support ended or will end; `null`: not known to end. */
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

/** A feed's record that could not be read: reported and skipped, the rest of the feed is kept. */
export interface RejectedRecord {
  readonly where: string
  readonly reason: string
}

/** What a feed says, by kind. */
export interface FeedContent {
  readonly fixes?: readonly Fix[]
  readonly advisories?: readonly Advisory[]
  readonly updates?: readonly WindowsUpdate[]
  readonly kev?: readonly KevEntry[]
  readonly epss?: readonly EpssScore[]
  readonly cves?: readonly CveFacts[]
  readonly lifecycles?: readonly Lifecycle[]
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
  /** Under which rule it is due then. */
  readonly dueRule?: string
  /** What the deciding table asks for besides patching: a forensic investigation. */
  readonly also?: string
  /** Single facts that would change the priority. */
  readonly turns?: readonly Turn[]
  /** Orders patches of one priority, higher first: see core/priority/order.ts. */
  readonly urgency?: number
}
