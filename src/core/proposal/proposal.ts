/** A proposal: one decision for one team. This file holds its shapes. */

import type { FrozenAsset } from '../asset.ts'
import type { Patch } from '../catalog.ts'
import type { Change } from '../change.ts'
import type { ChatPlatformName } from '../chat-platforms.ts'
import type { CountedAct, Through } from '../hands.ts'
import type { MeasuredWindow, UnusableLoad } from '../load.ts'
import type { Policy, StandingRule } from '../policy.ts'
import type { DeploymentOutcome, HealthCheck, HealthResult, Hook, TransactionStep } from '../ports.ts'
import type { Priority } from '../priority/priority.ts'
import type { Fill } from '../quorum.ts'
import type { Terms } from '../terms.ts'
import type { Scheduled, WindowPlan } from '../window.ts'

export interface PlannedAsset {
  readonly asset: FrozenAsset
  /** Ids of the patches that the asset misses. */
  readonly patches: readonly string[]
  readonly changes: readonly Change[]
  /** The previewed transaction; empty if there is none, see `previewProblem`. */
  readonly transaction: readonly TransactionStep[]
  readonly previewProblem: string | null
  /** The asset's own window. Left out: the window of the proposal. */
  readonly window?: WindowPlan
  /** What its engine promises. Left out: the engine works on the host itself. */
  readonly terms?: Terms
}

/** A check of the whole service. It is asked before a ring begins and after each of its batches. */
export type ServiceCheck =
  | { readonly kind: 'health'; readonly check: HealthCheck }
  /** A query to a metric source. The check fails if the value lies outside the bounds; `null`: no bound. */
  | {
      readonly kind: 'metric'
      readonly source: string
      readonly query: string
      readonly atMost: number | null
      readonly atLeast: number | null
    }

export interface Gate {
  /** Share of the ring's assets that must end well, 0 to 100. */
  readonly minSuccessPercent: number
  /** More failures than this in the ring stop the rollout before the next batch. */
  readonly maxFailures: number
  /** How assets that never answered count. */
  readonly unreachable: 'as failure' | 'ignored'
  /** Assets with an update that waits for a restart count as successes. Left out: as failures, as they are not fixed. */
  readonly waitingForReboot?: 'as success'
  /** A person with one of these roles must say go before the ring begins. Left out: nobody is asked. */
  readonly go?: readonly string[]
  readonly checks?: readonly ServiceCheck[]
}

/** Assets that provide a service together: some of them must stay up at any time. */
export interface Cluster {
  readonly name: string
  /** Asset ids. */
  readonly assets: readonly string[]
  /** At most this many assets are worked on at the same time. */
  readonly atOnce: number
  /** At least this many assets are not being worked on and not in a bad end state. */
  readonly minHealthy: number
}

export interface PlannedRing {
  readonly name: string
  /** Asset ids, in the order in which they are patched. */
  readonly assets: readonly string[]
  /** Assets in one batch. The gate is judged before each next batch. */
  readonly batchSize: number
  /** How many assets of a batch are worked on at the same time. Left out: the whole batch. */
  readonly concurrency?: number
  /** This is the test ring: it runs in a controlled environment while people vote. */
  readonly beforeVote?: true
  /** The engine of the ring's lane. Left out: the first lane, whose engine is that of the subject. */
  readonly engine?: string
  /** Only for the first ring of a lane: it waits until the lane of this engine is through. Left out: for nobody. */
  readonly after?: string
  readonly soakSeconds: number
  readonly gate: Gate
}

export interface PatchSubject {
  readonly kind: 'patches'
  readonly patches: readonly Patch[]
  readonly assets: readonly PlannedAsset[]
  /** Lane by lane: see `PlannedRing.engine`. */
  readonly rings: readonly PlannedRing[]
  readonly window: WindowPlan
  readonly health: readonly HealthCheck[]
  /** More failures than this in the whole rollout stop it. Left out: only the gates of the rings count. */
  readonly failureBudget?: number
  readonly clusters?: readonly Cluster[]
  readonly hooks?: readonly Hook[]
  /** Name of the integration that silences the monitoring for assets at work. Left out: nothing is silenced. */
  readonly silence?: string
  /** Name of the engine that will install; where there are several lanes, the engine of the first. */
  readonly engine: string
  /**
   * The measured load by which the window was chosen, or why it could not be used. Left out: no load was to be
   * measured.
   */
  readonly measured?: MeasuredWindow | UnusableLoad
  /** The oldest look at any of the assets (ISO 8601): a start is refused if it is too old. */
  readonly inventoryAt: string
  /** The earlier rollout that this proposal rolls back. Left out: none. */
  readonly rollsBack?: {
    readonly proposal: string
    /** The keys of the earlier starts, by asset id: snapshots were made under these keys. */
    readonly keys?: Readonly<Record<string, string>>
  }
}

/** A vote about a rule: "development hosts, security patches, every second Wednesday, until March". */
export interface StandingRuleSubject {
  readonly kind: 'standing rule'
  readonly rule: StandingRule
  readonly window: WindowPlan
}

export type Subject = PatchSubject | StandingRuleSubject

export type Via = 'console' | 'cli' | ChatPlatformName

export type Actor =
  | {
      readonly kind: 'person'
      readonly id: string
      readonly name: string
      readonly via: Via
      /** The account on the platform, such as `T012AB3CD/U012AB3CD`. Left out: there was none, or it was erased. */
      readonly account?: string
      /** Left out: by an account of the person's own. */
      readonly through?: Through
      /**
       * When the person linked the account that acts, ISO 8601 UTC. Left out: the configuration names it, or there is
       * none.
       */
      readonly linkedAt?: string
    }
  /** A part of Patchwarden itself; `part` is shown as the author. */
  | {
      readonly kind: 'system'
      readonly part: 'assessment' | 'timer' | 'rollout' | 'verification' | 'operator' | 'inventory' | 'feeds'
    }
export type Person = Extract<Actor, { kind: 'person' }>

export const statuses = [
  'open',
  'approved',
  'scheduled',
  'rolling out',
  'paused',
  'halted',
  'verifying',
  'completed',
  'rejected',
  'expired',
  'withdrawn',
  'superseded',
] as const
export type Status = (typeof statuses)[number]

/** A proposal never leaves one of these states. */
export const finalStatuses: readonly Status[] = ['completed', 'rejected', 'expired', 'withdrawn', 'superseded']

export type Choice = 'approve' | 'reject' | 'abstain'

export interface Vote extends CountedAct {
  readonly name: string
  readonly choice: Choice
  readonly reason: string | null
  readonly revision: number
  readonly at: string
  readonly via: Via
  /** Number of the vote's event. Left out: the vote needs no confirmation. */
  readonly seq?: number
  /** Number of the entry beside which its words stand. Left out: the words stand in the event itself. */
  readonly said?: number
}

/** A person agreed to resume what is stopped. */
export interface ResumeVote extends CountedAct {
  readonly name: string
  /** ISO 8601 UTC. `at` and `seq` are left out if the agreement needs no confirmation. */
  readonly at?: string
  readonly seq?: number
  /** See `Vote`. */
  readonly said?: number
}

/** An act that takes as many people as resuming. `asset`: asset id. `until`: ISO 8601 UTC. */
export type AgreedAct =
  | { readonly act: 'leave-out'; readonly asset: string }
  | { readonly act: 'extend-window'; readonly until: string }

/** A person agreed to an act that needs more people. */
export interface Agreement extends CountedAct {
  readonly name: string
  readonly to: AgreedAct
  /** See `Vote`. */
  readonly said?: number
}

/** The name under which Patchwarden itself acts. */
export const PATCHWARDEN = 'Patchwarden'

/** Who did something. */
export interface By {
  /** Person id; `null`: Patchwarden itself. */
  readonly person: string | null
  readonly name: string
}

/**
 * A rejection with its reason, the person who looks at the proposal again (`owner`), and the time until which it holds.
 */
export interface Deferral {
  readonly by: string
  readonly reason: string
  readonly owner: string
  readonly until: string
}

export type ApprovedBy =
  | { readonly how: 'quorum'; readonly fills: readonly Fill[] }
  | { readonly how: 'lazy consensus'; readonly noticeEndedAt: string }
  | { readonly how: 'standing approval'; readonly rule: string; readonly proposal: string; readonly expiresAt: string }
  | { readonly how: 'break-glass'; readonly person: string; readonly reason: string }
  | { readonly how: 'roll back'; readonly person: string; readonly proposal: string; readonly reason: string }

/**
 * The end states of one asset. `silent`: it had time to report and did not. `not known`: it answers, but does not say whether all changes are there. `not touched`:
 * the rollout ended before its turn. For a start, `not touched` means that nothing began: the asset then counts as not
 * started.
 */
export const endStates = [
  'installed',
  'waiting for reboot',
  'rebooted and re-scanned',
  'still missing',
  'held back',
  'failed',
  'rolled back',
  'unreachable',
  'silent',
  'not known',
  'not touched',
] as const
export type EndState = (typeof endStates)[number]

export function isEndState(word: string): word is EndState {
  return endStates.some((end) => end === word)
}

export interface Verification {
  readonly end: EndState
  /** One sentence: why this end state. */
  readonly reason: string
  /** What the asset itself reports for each promised change, in the order of the changes. */
  readonly packages: readonly {
    readonly name: string
    /** The promised version, or the build of an update. */
    readonly promised: string
    /** `null`: not installed, or the asset does not say. */
    readonly version: string | null
    /** Left out: as promised. Verifications of earlier versions always leave it out. */
    readonly result?: 'missing' | 'not known'
  }[]
  readonly health: readonly HealthResult[]
  /** The health before the asset was touched. Left out: nobody looked. */
  readonly healthBefore?: readonly HealthResult[]
  /**
   * Other sources that looked after the asset could act, and whether they saw the same. Left out: none did, so one source
   * verified alone.
   */
  readonly witnesses?: readonly { readonly source: string; readonly saidAt: string; readonly agrees: boolean }[]
  /** Services that still run the replaced version. */
  readonly staleServices?: readonly string[]
  /** Security updates that are missing now and were not part of this change. */
  readonly newUpdates?: readonly string[]
  readonly at: string
}

/**
 * The times of a start whose engine has terms: its system is told before the window opens. Left out: work begins at
 * once.
 */
export interface ToldTimes {
  /** Work may begin from this instant on, ISO 8601 UTC. */
  readonly notBefore?: string
  /** Nothing may begin from this instant on, ISO 8601 UTC. */
  readonly notAfter?: string
}

/** What an asset said after the rollout was over. It reopens nothing. */
export interface LateWord {
  /** True: all promised changes are there. */
  readonly applied: boolean
  /** A clause, e.g. `KB5035857 is not installed`. */
  readonly what: string
  /** When the asset said it, ISO 8601 UTC. */
  readonly saidAt: string
}

export interface Deployment extends ToldTimes {
  readonly asset: string
  readonly ring: number
  readonly batch: number
  /** The key of the start. Together with the asset it stands for exactly one package transaction. */
  readonly key: string
  readonly startedAt: string
  readonly outcome: DeploymentOutcome | null
  /** Hash of the outcome's log, if the log is content of its own; then the log of the outcome is empty. */
  readonly log?: string
  readonly verification: Verification | null
  /** What it said later, if nobody knew how it ended. Left out: nothing. */
  readonly later?: LateWord
  /** The proposal that changed the asset back. Left out: it was not changed back. */
  readonly undoneBy?: string
  /** The more urgent proposal for which its work is taken back. Left out: none. */
  readonly yieldsTo?: string
  /**
   * When the asset was verified for the first time. The last look at all assets comes later and does not change this.
   */
  readonly doneAt: string | null
}

/** A start of an asset that may have changed it, before somebody asked to try the asset again. */
export interface EarlierStart {
  readonly key: string
  readonly startedAt: string
  /** What it changed; `null`: that is not known. */
  readonly changed: readonly Change[] | null
}

export type RingStatus = 'waiting' | 'running' | 'soaking' | 'passed' | 'failed'

export interface RingState {
  readonly status: RingStatus
  readonly batchesStarted: number
  /** Assets of the batch under way that are still to start. */
  readonly waiting: readonly string[]
  /** Id of the person who said go; `null`: nobody has. */
  readonly go: string | null
  /** The last answer of the gate's checks; `null`: they must be asked before anything more begins. */
  readonly checked: { readonly at: string; readonly healthy: boolean } | null
  /** ISO 8601 while the ring is soaking, else `null`. */
  readonly soakUntil: string | null
  /** Assets whose failure somebody accepted by resuming: they do not count at the gate any more. */
  readonly forgiven: readonly string[]
  /** Ids of the people who last resumed the rollout while it stood at this ring. Left out: nobody has. */
  readonly resumedBy?: readonly string[]
}

/** A person (`by`) asked another one to look at the proposal. Both are person ids. */
export interface AskedPerson {
  readonly person: string
  readonly by: string
  /** ISO 8601 UTC. */
  readonly at: string
}

export interface Skipped {
  readonly by: By
  readonly reason: string
  /** See `Vote`. */
  readonly said?: number
}

/** How many servers a stop reached, of those whose system was told ahead. */
export interface Reached {
  /** Nothing begins on them. */
  readonly stopped: number
  /** They have learned of it, and may still install. */
  readonly may: number
  /** The instant after which none of these begins any more, ISO 8601 UTC; `null`: not known. */
  readonly until: string | null
  readonly atWork: number
}

/** As what servers had been counted by an earlier stop of the same start. */
export type Was = Pick<Reached, 'stopped' | 'may' | 'atWork'>

/** What stops have reached since the last start, and how many servers were never told. */
export interface TakenBack extends Reached {
  /** How many starts there were then. */
  readonly starts: number
  readonly untold: number
}

export interface Rollout {
  readonly startedAt: string
  /** When the last look at all assets began; `null`: it has not begun. */
  readonly verifyingSince: string | null
  readonly rings: readonly RingState[]
  /** By asset id. */
  readonly deployments: Readonly<Record<string, Deployment>>
  /** How many starts there were. Each start has a key of its own. */
  readonly starts: number
  /** How often somebody asked to try an asset again, by asset id. */
  readonly retried: Readonly<Record<string, number>>
  /**
   * Earlier starts that may have changed an asset, by asset id, oldest first. Whatever later attempts say, what these
   * did is ours. Left out: there is none.
   */
  readonly earlier?: Readonly<Record<string, readonly EarlierStart[]>>
  /** Assets that somebody left out, by asset id. */
  readonly skipped: Readonly<Record<string, Skipped>>
  /**
   * Assets that were started but on which nothing began, by asset id, until they are started again. `notBefore`: the
   * earliest instant for that; `null`: any time.
   */
  readonly notBegun: Readonly<Record<string, { readonly reason: string; readonly notBefore: string | null }>>
  /** The end of the time by which somebody extended the window; `null`: nobody has. */
  readonly extendedUntil: string | null
  /** When somebody ended the waiting for reports, ISO 8601 UTC; `null`: it was resumed since. Left out: nobody has. */
  readonly waitingEndedAt?: string | null
  /** Left out: nothing was taken back. */
  readonly takenBack?: TakenBack
}

/**
 * A stop of the test ring. A paused test waits until it is resumed. A halted test ends when the work that has begun has
 * ended.
 */
export interface TestStop {
  readonly how: 'paused' | 'halted'
  readonly by: By
  readonly reason: string
  /** ISO 8601 UTC. */
  readonly at: string
}

/** The run of the test ring, while people vote. */
export interface TestRun extends Rollout {
  readonly stopped: TestStop | null
  /** `null` while the test runs. */
  readonly result: { readonly passed: boolean; readonly reason: string | null; readonly at: string } | null
}

/** An asset is in only one rollout at a time, so a proposal waits for an asset that another proposal is working on. */
export interface WaitsFor {
  readonly asset: string
  readonly proposal: string
  /** When the window of the other proposal is over, ISO 8601 UTC; `null`: not known. */
  readonly until: string | null
  /**
   * What has no room, such as `ring canary`: `asset` is one of those that take its places. Left out: the proposal needs
   * that asset itself.
   */
  readonly full?: string
}

/** `yields`: the other proposal is less urgent, and what it has told is being taken back. */
export type Waiting = WaitsFor & { readonly yields?: true }

export const leftOutReasons = [
  'up to date',
  'gone',
  'another engine',
  'another system',
  'another version',
  'more',
  'on hold',
  'not offered',
  'not previewed',
  'not proposed',
  'not looked at',
] as const

/** Why an asset is left out since the vote. `what`: the package, engine or platform that the reason is about. */
export interface LeftOut {
  readonly reason: (typeof leftOutReasons)[number]
  readonly what?: string
}

/** How the assets have changed since the vote. The content that was voted on stays the same. */
export interface Since {
  /** Assets that are not started as long as they are listed here, by asset id. */
  readonly leftOut: Readonly<Record<string, LeftOut>>
  /**
   * Assets that need only a part, by asset id: the voted changes that they do not need any more (`name:architecture`).
   */
  readonly done: Readonly<Record<string, readonly string[]>>
  /** Names of assets that miss the same patches and were not voted on, by asset id. They wait for the next proposal. */
  readonly waiting: Readonly<Record<string, string>>
  /** When the thread was last told (ISO 8601 UTC); `null`: never. */
  readonly toldAt: string | null
}

/**
 * Places of a state whose words stand beside an entry. Votes, agreements and skipped assets name their entry
 * themselves.
 */
export const wordPlaces = [
  'why now',
  'proposer',
  'standing refused',
  'approved',
  'not started',
  'test stopped',
  'test result',
  'stopped',
  'break-glass',
  'deferral',
] as const
export type Said = Readonly<Partial<Record<(typeof wordPlaces)[number], number>>>

/** Proposal ids, such as `PW-12`, are also the names of their streams. */
export function isProposalId(text: string): boolean {
  return /^PW-\d+$/.test(text)
}

export interface ProposalState {
  /** `PW-12` */
  readonly id: string
  readonly number: number
  readonly team: string
  readonly title: string
  readonly status: Status
  readonly revision: number
  readonly subject: Subject
  /** Hash of the decision, which covers patches, assets, transactions and plan. Votes hold for this hash. */
  readonly contentHash: string
  readonly priority: Priority
  /** One sentence: why now. */
  readonly whyNow: string
  readonly dueAt: string | null
  readonly policy: Policy
  readonly proposer: Actor
  readonly openedAt: string
  readonly expiresAt: string
  /** When the notice of lazy consensus or standing approval ends; `null` for a quorum. */
  readonly noticeEndsAt: string | null
  /** Only for a standing approval: why its rule does not apply, so that the fallback quorum is asked. */
  readonly standingRefused: string | null
  /** How many rungs of the policy's ladder were done for this revision. */
  readonly remindersSent: number
  /** The current vote of each person. */
  readonly votes: readonly Vote[]
  readonly approvedBy: ApprovedBy | null
  readonly approvedAt: string | null
  readonly schedule: Scheduled | null
  /** Why the last attempt to start or to find a window failed; `null`: it did not fail. */
  readonly notStarted: string | null
  /**
   * The asset that is needed next and that another proposal is working on. Left out or `null`: the proposal waits for
   * none.
   */
  readonly waitsFor?: Waiting | null
  readonly acknowledgedBy: string | null
  /** When the people on call were asked to acknowledge the coming start; `null`: not yet. */
  readonly asked: { readonly firstAt: string; readonly lastAt: string; readonly escalated: boolean } | null
  /** The run of the test ring before the approval; `null`: it did not run. */
  readonly test: TestRun | null
  readonly rollout: Rollout | null
  /** Start of the last window that was announced; `null`: none was. */
  readonly announced: string | null
  /** What was last told about assets that lost again what was verified, by asset id. */
  readonly drifted: Readonly<Record<string, string>>
  readonly stopped: { readonly by: By; readonly reason: string; readonly at: string } | null
  /**
   * How people were reminded of the last halt, and whether somebody has done or said something since. Left out: its
   * policy reminds nobody of it.
   */
  readonly afterHalt?: { readonly reminded: number; readonly answered: boolean }
  /** People who have agreed to resume so far. */
  readonly resumeVotes: readonly ResumeVote[]
  /** Agreements to other acts that have not happened yet. Left out: there never was one. */
  readonly agreements?: readonly Agreement[]
  /** Who was asked lately, so that nobody is asked again and again. Left out: nobody ever was. */
  readonly questions?: readonly AskedPerson[]
  readonly breakGlass: {
    readonly person: string
    readonly through?: Through
    readonly reason: string
    readonly reviewBy: string
    readonly reviewedBy: string | null
  } | null
  /** Left out or `null`: nothing has changed since the vote. */
  readonly since?: Since | null
  /** The last proposal that was opened to roll this one back. Left out: there was none. */
  readonly rollBack?: { readonly proposal: string; readonly over: boolean }
  readonly deferral: Deferral | null
  readonly supersededBy: string | null
  readonly closedAt: string | null
  /**
   * Number of the entry beside which the words of each place stand. Left out for a place: the words stand in the event
   * itself.
   */
  readonly said?: Said
  /** Number of the last event that was applied. */
  readonly seq: number
}
