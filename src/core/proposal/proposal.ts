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
import type { Window, WindowPlan } from '../window.ts'

export interface PlannedAsset {
  readonly asset: FrozenAsset
  /** Ids of the patches it misses. */
  readonly patches: readonly string[]
  readonly changes: readonly Change[]
  /** The previewed transaction; empty where `previewProblem` says why there is none. */
  readonly transaction: readonly TransactionStep[]
  readonly previewProblem: string | null
  /** When this asset may be touched, where that differs from the window of the proposal. */
  readonly window?: WindowPlan
}

/** A question about the service as a whole, asked before a ring begins and after each of its batches. */
export type ServiceCheck =
  | { readonly kind: 'health'; readonly check: HealthCheck }
  /** A query to a metric source; what lies outside the bounds fails. */
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
  /** How assets that never answered are counted. */
  readonly unreachable: 'as failure' | 'ignored'
  /** Somebody with one of these roles must say go before the ring begins. Left out: nobody is asked. */
  readonly go?: readonly string[]
  readonly checks?: readonly ServiceCheck[]
}

/** Assets that serve together: a number of them must stay up at any time. */
export interface Cluster {
  readonly name: string
  /** Asset ids. */
  readonly assets: readonly string[]
  /** At most this many are worked on at the same time. */
  readonly atOnce: number
  /** At least this many are neither worked on nor in a bad end state. */
  readonly minHealthy: number
}

export interface PlannedRing {
  readonly name: string
  /** Asset ids, in the order they are patched. */
  readonly assets: readonly string[]
  /** The gate is judged before each next batch. */
  readonly batchSize: number
  /** How many of a batch are worked on at the same time. Left out: the whole batch. */
  readonly concurrency?: number
  /** Runs in its controlled environment while people vote. */
  readonly beforeVote?: true
  readonly soakSeconds: number
  readonly gate: Gate
}

export interface PatchSubject {
  readonly kind: 'patches'
  readonly patches: readonly Patch[]
  readonly assets: readonly PlannedAsset[]
  readonly rings: readonly PlannedRing[]
  readonly window: WindowPlan
  readonly health: readonly HealthCheck[]
  /** More failures than this in the whole rollout stop it. Left out: only the rings' own gates count. */
  readonly failureBudget?: number
  readonly clusters?: readonly Cluster[]
  readonly hooks?: readonly Hook[]
  /** Name of the integration that silences the monitoring for the assets being worked on. */
  readonly silence?: string
  /** Name of the engine that will do it. */
  readonly engine: string
  /** Where the window was measured, or was to be: what was found. */
  readonly measured?: MeasuredWindow | UnusableLoad
  /** Oldest look at any of the assets: the start is refused when it has grown too old. */
  readonly inventoryAt: string
  /** Only where it undoes an earlier rollout: which one. */
  readonly rollsBack?: {
    readonly proposal: string
    /** The key under which each asset was started there, by asset id: snapshots were made under it. */
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
      /** When the person linked the account that acts, in ISO 8601 UTC. Left out: the configuration names it, or there is none. */
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

/** States that nothing leads out of. */
export const finalStatuses: readonly Status[] = ['completed', 'rejected', 'expired', 'withdrawn', 'superseded']

export type Choice = 'approve' | 'reject' | 'abstain'

export interface Vote extends CountedAct {
  readonly name: string
  readonly choice: Choice
  readonly reason: string | null
  readonly revision: number
  readonly at: string
  readonly via: Via
  /** Number of its event; left out where it needs no confirmation. */
  readonly seq?: number
  /** Number of the entry that its words stand beside; left out where they stand in the event itself. */
  readonly said?: number
}

/** Somebody agreed that what is stopped goes on. */
export interface ResumeVote extends CountedAct {
  readonly name: string
  /** ISO 8601 UTC. As `seq`, left out where it needs no confirmation. */
  readonly at?: string
  readonly seq?: number
  /** As for a vote. */
  readonly said?: number
}

/** What takes as many people as resuming does. `asset`: its id; `until`: ISO 8601 UTC. */
export type AgreedAct =
  | { readonly act: 'leave-out'; readonly asset: string }
  | { readonly act: 'extend-window'; readonly until: string }

/** Somebody agreed to it, and more are needed. */
export interface Agreement extends CountedAct {
  readonly name: string
  readonly to: AgreedAct
  /** As for a vote. */
  readonly said?: number
}

/** What Patchwarden does itself is done by this name. */
export const PATCHWARDEN = 'Patchwarden'

/** Who did something; `person` null: Patchwarden itself. */
export interface By {
  /** Person id. */
  readonly person: string | null
  readonly name: string
}

/** A rejection stays accountable: why, who looks at it again, and until when it holds. */
export interface Deferral {
  readonly by: string
  readonly reason: string
  readonly owner: string
  readonly until: string
}

export type ApprovedBy =
  | { readonly how: 'quorum'; readonly fills: readonly { readonly role: string; readonly person: string }[] }
  | { readonly how: 'lazy consensus'; readonly noticeEndedAt: string }
  | { readonly how: 'standing approval'; readonly rule: string; readonly proposal: string; readonly expiresAt: string }
  | { readonly how: 'break-glass'; readonly person: string; readonly reason: string }
  | { readonly how: 'roll back'; readonly person: string; readonly proposal: string; readonly reason: string }

/**
 * The honest end states of one asset. `not known`: it answers, and does not tell whether all is there. `not touched`: the rollout ended before its turn. In the verification of a start it
 * means that nothing was begun; the asset is then as if its turn had not come.
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
  /** What the asset itself reports for each promised change, in their order. */
  readonly packages: readonly {
    readonly name: string
    /** The version, or the build of an update. */
    readonly promised: string
    /** `null`: not installed, or the asset does not say. */
    readonly version: string | null
    /** Left out: as promised. Verifications of earlier versions leave it out always. */
    readonly result?: 'missing' | 'not known'
  }[]
  readonly health: readonly HealthResult[]
  /** How it was before it was touched; left out where nobody looked. */
  readonly healthBefore?: readonly HealthResult[]
  /** Services that still run what was replaced. */
  readonly staleServices?: readonly string[]
  /** Security updates that wait now and were not part of this. */
  readonly newUpdates?: readonly string[]
  readonly at: string
}

export interface Deployment {
  readonly asset: string
  readonly ring: number
  readonly batch: number
  /** The key it was started under; with the asset, it stands for one package transaction ever. */
  readonly key: string
  readonly startedAt: string
  readonly outcome: DeploymentOutcome | null
  /** Hash of the outcome's log, where that is content of its own: the outcome's is empty then. */
  readonly log?: string
  readonly verification: Verification | null
  /** The proposal by which it was changed back. Left out: it was not. */
  readonly undoneBy?: string
  /** When it was verified for the first time; the last look at the whole fleet comes later. */
  readonly doneAt: string | null
}

export type RingStatus = 'waiting' | 'running' | 'soaking' | 'passed' | 'failed'

export interface RingState {
  readonly status: RingStatus
  /** Batches started so far. */
  readonly batchesStarted: number
  /** Assets of the batch under way whose turn has not come. */
  readonly waiting: readonly string[]
  /** Id of the person who said that the ring may begin. */
  readonly go: string | null
  /** How the gate's checks were answered last; `null`: they are to be asked before anything more begins. */
  readonly checked: { readonly at: string; readonly healthy: boolean } | null
  /** ISO 8601 while soaking. */
  readonly soakUntil: string | null
  /** Assets whose failure somebody accepted by resuming: they do not count at the gate any more. */
  readonly forgiven: readonly string[]
}

export interface Skipped {
  readonly by: By
  readonly reason: string
  /** As for a vote. */
  readonly said?: number
}

export interface Rollout {
  readonly startedAt: string
  /** When the last look at the whole fleet began; `null`: it has not begun. */
  readonly verifyingSince: string | null
  readonly rings: readonly RingState[]
  /** By asset id. */
  readonly deployments: Readonly<Record<string, Deployment>>
  /** How often assets were started: each start has a key of its own. */
  readonly starts: number
  /** How often somebody asked to try an asset again, by id. */
  readonly retried: Readonly<Record<string, number>>
  /** Assets that somebody left out, by id. */
  readonly skipped: Readonly<Record<string, Skipped>>
  /**
   * Assets that were started, but on which nothing began, until they are started again. `notBefore`: not before this
   * instant.
   */
  readonly notBegun: Readonly<Record<string, { readonly reason: string; readonly notBefore: string | null }>>
  /** Until when somebody lets it run on although the window is over. */
  readonly extendedUntil: string | null
}

/** Somebody stopped the test ring. Paused, it waits until it is resumed; halted, it ends with what has begun. */
export interface TestStop {
  readonly how: 'paused' | 'halted'
  readonly by: By
  readonly reason: string
  /** ISO 8601 UTC. */
  readonly at: string
}

/** The ring that runs while people vote. */
export interface TestRun extends Rollout {
  readonly stopped: TestStop | null
  /** `null` while it runs. */
  readonly result: { readonly passed: boolean; readonly reason: string | null; readonly at: string } | null
}

/** An asset is in one rollout at a time: a proposal that needs an asset which is at work for another proposal waits. */
export interface WaitsFor {
  readonly asset: string
  readonly proposal: string
  /** ISO 8601 UTC: by then the window of the other one is over; `null`: that is not known. */
  readonly until: string | null
}

export const leftOutReasons = [
  'up to date',
  'gone',
  'another engine',
  'another system',
  'another version',
  'more',
  'on hold',
  'not previewed',
  'not proposed',
  'not looked at',
] as const

/** Why an asset does not get what was voted. `what`: the package, engine or platform that the reason is about. */
export interface LeftOut {
  readonly reason: (typeof leftOutReasons)[number]
  readonly what?: string
}

/** What became of the assets since the proposal was voted on; what was voted on stays as it is. */
export interface Since {
  /** Not started as long as they stand here, by asset id. */
  readonly leftOut: Readonly<Record<string, LeftOut>>
  /** Assets that need a part only, by id: the voted changes that they do not need any more (`name:architecture`). */
  readonly done: Readonly<Record<string, readonly string[]>>
  /** Assets that were not voted on and miss the same, by id: their names. They wait for the next proposal. */
  readonly waiting: Readonly<Record<string, string>>
  /** When the thread was last told (ISO 8601 UTC). */
  readonly toldAt: string | null
}

/** Where a state has words that stand beside an entry, apart from those of votes and of assets that were left out. */
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

/** `PW-12`: what streams of proposals are called. */
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
  /** Hash over patches, assets, transactions and plan: votes hold for this content. */
  readonly contentHash: string
  readonly priority: Priority
  /** One sentence: why now. */
  readonly whyNow: string
  readonly dueAt: string | null
  readonly policy: Policy
  readonly proposer: Actor
  readonly openedAt: string
  readonly expiresAt: string
  /** When the notice of lazy consensus or standing approval ends; `null` for quorum. */
  readonly noticeEndsAt: string | null
  /** Standing approval only: why the rule does not apply, so that the fallback quorum is asked. */
  readonly standingRefused: string | null
  /** How many rungs of the policy's ladder this revision has seen. */
  readonly remindersSent: number
  /** The current vote of each person. */
  readonly votes: readonly Vote[]
  readonly approvedBy: ApprovedBy | null
  readonly approvedAt: string | null
  readonly schedule: Window | null
  /** Why the last attempt to start was refused, until one succeeds. */
  readonly notStarted: string | null
  /** The asset that it needs next and that another proposal works on; left out or `null`: it waits for none. */
  readonly waitsFor?: WaitsFor | null
  readonly acknowledgedBy: string | null
  /** When the people on call were asked to acknowledge the coming start; `null`: not yet. */
  readonly asked: { readonly firstAt: string; readonly lastAt: string; readonly escalated: boolean } | null
  /** What the test ring showed before people voted; `null`: it did not run. */
  readonly test: TestRun | null
  readonly rollout: Rollout | null
  /** Start of the last window of which notice was given. */
  readonly announced: string | null
  /** Assets that lost again what had been verified, by id, as they were told last. */
  readonly drifted: Readonly<Record<string, string>>
  readonly stopped: { readonly by: By; readonly reason: string; readonly at: string } | null
  /** People who have agreed to resume so far. */
  readonly resumeVotes: readonly ResumeVote[]
  /** What people have agreed to besides, and has not happened yet. Left out: nothing ever was. */
  readonly agreements?: readonly Agreement[]
  readonly breakGlass: {
    readonly person: string
    readonly through?: Through
    readonly reason: string
    readonly reviewBy: string
    readonly reviewedBy: string | null
  } | null
  /** Left out or `null`: nothing has changed. */
  readonly since?: Since | null
  /** The last proposal that was opened to undo it. Left out: there was none. */
  readonly rollBack?: { readonly proposal: string; readonly over: boolean }
  readonly deferral: Deferral | null
  readonly supersededBy: string | null
  readonly closedAt: string | null
  /** Numbers of the entries that words stand beside, by where these stand here; nothing where they stood in the event itself. */
  readonly said?: Said
  /** Sequence number of the last event applied. */
  readonly seq: number
}
