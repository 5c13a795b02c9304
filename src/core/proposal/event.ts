/** Everything that can happen to a proposal. Events are the truth, and everything else is derived from them. */

import type { Policy } from '../policy.ts'
import type { DeploymentOutcome, HealthResult, SystemCall } from '../ports.ts'
import type { Priority } from '../priority/priority.ts'
import type { Scheduled, Window } from '../window.ts'
import type {
  Actor,
  AgreedAct,
  ApprovedBy,
  Deferral,
  LateWord,
  LeftOut,
  Reached,
  Subject,
  ToldTimes,
  Verification,
  Via,
  Vote,
  WaitsFor,
  Was,
} from './proposal.ts'

export interface Content {
  readonly title: string
  readonly subject: Subject
  /** Hash of the decision: the content that people vote on. */
  readonly contentHash: string
  /**
   * Hash of the evidence that is shown with the decision. Left out: an event of an earlier version, which holds its
   * subject itself.
   */
  readonly evidence?: string
  readonly priority: Priority
  readonly whyNow: string
  readonly dueAt: string | null
}

export interface RecordedOutcome {
  readonly asset: string
  readonly outcome: DeploymentOutcome
  /**
   * Hash of the log, which is content of its own; then the log of the outcome is empty. Left out: there is no such
   * content.
   */
  readonly log?: string
}

export interface RecordedVerification {
  readonly asset: string
  readonly verification: Verification
}

export interface NamedAsset {
  readonly asset: string
  readonly name: string
}

/** How one asset has changed since the vote. It may be an asset that was not voted on. */
export type AssetSince = NamedAsset &
  (
    | { readonly is: 'left out'; readonly why: LeftOut }
    /** The asset still needs a part of the voted changes. `done`: the voted changes that it does not need any more. */
    | { readonly is: 'in part'; readonly done: readonly string[] }
    /** The asset again needs all voted changes. */
    | { readonly is: 'as voted' }
    /** The asset was not voted on, and misses the same patches. */
    | { readonly is: 'waiting' }
    | { readonly is: 'waiting no more' }
  )

/** The page that holds the results of an event. Events of earlier versions held the results themselves. */
export interface ResultsPage {
  /** Hash of the page. */
  readonly page: string
  /** Number of assets for each end state or outcome, or of calls that were answered and that were not. */
  readonly counts: Readonly<Record<string, number>>
}

export type LadderStep = 'reminder' | 'direct message' | 'escalation'

export type ProposalEvent =
  | ({
      readonly type: 'opened'
      readonly id: string
      readonly number: number
      readonly team: string
      readonly policy: Policy
      readonly expiresAt: string
      readonly noticeEndsAt: string | null
    } & Content)
  | ({
      readonly type: 'revised'
      readonly revision: number
      readonly reason: string
      /** True if the content that people vote on stays the same, so that their votes hold. */
      readonly votesKept: boolean
      readonly expiresAt: string
      readonly noticeEndsAt: string | null
      /** True if the proposal has become more urgent. People are told of it once, loudly. */
      readonly raised?: boolean
    } & Content)
  /**
   * The subject is now content; an earlier version wrote it into the event. `was`: the hash that people voted on. The
   * subject says the same, and everything that was decided holds.
   */
  | {
      readonly type: 'content-kept'
      readonly was: string
      readonly contentHash: string
      readonly evidence: string
      readonly subject: Subject
    }
  | { readonly type: 'vote-cast'; readonly vote: Vote }
  | { readonly type: 'vote-withdrawn'; readonly person: string; readonly name: string }
  /**
   * A person confirmed, by an account of their own, an act that was done in their name. `of`: the number of that event.
   */
  | {
      readonly type: 'act-confirmed'
      readonly person: string
      readonly name: string
      readonly act: 'vote' | 'agreement to resume'
      readonly of: number
    }
  | { readonly type: 'commented'; readonly text: string; readonly via: Via }
  /** A person asked others to look at it. `people`: ids of those who were asked. */
  | {
      readonly type: 'people-asked'
      readonly people: readonly string[]
      readonly person: string
      readonly name: string
      readonly question: string | null
    }
  | {
      readonly type: 'reminded'
      readonly step: LadderStep
      readonly waitingFor: readonly string[]
      /** Rungs of the ladder that were due together, so that nobody is told twice at once. Left out: one. */
      readonly rungs?: number
    }
  | { readonly type: 'standing-refused'; readonly reason: string }
  | { readonly type: 'approved'; readonly by: ApprovedBy }
  | { readonly type: 'approval-lapsed'; readonly reason: string }
  | { readonly type: 'rejected'; readonly deferral: Deferral }
  | { readonly type: 'expired' }
  | { readonly type: 'withdrawn'; readonly reason: string }
  | { readonly type: 'superseded'; readonly by: string }
  /** Another proposal rolls this one back. */
  | { readonly type: 'roll-back-opened'; readonly proposal: string }
  /**
   * The proposal that rolls this one back is over. `assets`: those that have their earlier versions again. `more`: the
   * next event names others.
   */
  | {
      readonly type: 'roll-back-ended'
      readonly proposal: string
      readonly assets: readonly string[]
      readonly more?: true
    }
  /** A later edition of an advisory in this proposal repairs what the earlier edition broke. */
  | { readonly type: 'followed-up'; readonly advisory: string; readonly mends: string; readonly proposal: string }
  | { readonly type: 'scheduled'; readonly window: Scheduled; readonly reason: string | null }
  | {
      readonly type: 'postponed'
      readonly person: string
      readonly name: string
      readonly reason: string | null
      readonly window: Window
    }
  /** A freeze of the whole team, recorded in each of its proposals that is not over. */
  | {
      readonly type: 'frozen'
      readonly person: string
      readonly name: string
      readonly until: string
      readonly reason: string
    }
  | { readonly type: 'unfrozen'; readonly person: string; readonly name: string }
  | {
      readonly type: 'acknowledgement-asked'
      readonly people: readonly string[]
      /** True if the people above those on call were asked, too. */
      readonly escalated: boolean
    }
  | { readonly type: 'start-refused'; readonly reason: string }
  /** Nothing more can begin until another proposal has finished with this asset. */
  | ({ readonly type: 'asset-awaited' } & WaitsFor)
  /** A more urgent proposal takes these assets over: what their systems were told is taken back. */
  | { readonly type: 'yielded'; readonly to: string; readonly assets: readonly string[] }
  /** This proposal takes these assets over from a less urgent one, once they are taken back there. */
  | { readonly type: 'took-over'; readonly from: string; readonly assets: readonly string[] }
  | { readonly type: 'acknowledged'; readonly person: string; readonly name: string }
  | { readonly type: 'rollout-started' }
  | ({
      readonly type: 'batch-started'
      readonly ring: number
      readonly batch: number
      readonly key: string
      readonly assets: readonly string[]
      /** Assets of the same batch that begin when others of the batch have ended. */
      readonly waiting?: readonly string[]
      /** So many assets of the same batch are named by the `batch-queued` events that follow. */
      readonly queued?: number
    } & ToldTimes)
  /** Assets of the batch that was started just before; they begin later. */
  | { readonly type: 'batch-queued'; readonly ring: number; readonly assets: readonly string[] }
  /** More assets of the batch under way. */
  | ({
      readonly type: 'assets-started'
      readonly ring: number
      readonly batch: number
      readonly key: string
      readonly assets: readonly string[]
    } & ToldTimes)
  | ({ readonly type: 'outcome-recorded' } & RecordedOutcome)
  | ({ readonly type: 'outcomes-recorded'; readonly outcomes: readonly RecordedOutcome[] } & Partial<ResultsPage>)
  | ({ readonly type: 'verification-recorded' } & RecordedVerification)
  | ({
      readonly type: 'verifications-recorded'
      readonly verifications: readonly RecordedVerification[]
    } & Partial<ResultsPage>)
  /** What a system was asked for a start, and what was read back. */
  | ({ readonly type: 'calls-recorded'; readonly key: string; readonly calls: readonly SystemCall[] } & ResultsPage)
  | { readonly type: 'asset-skipped'; readonly asset: string; readonly name: string; readonly reason: string }
  | { readonly type: 'retry-asked'; readonly assets: readonly string[]; readonly name: string }
  | {
      readonly type: 'window-extended'
      readonly until: string
      readonly person: string
      readonly name: string
      readonly reason: string
    }
  /** A person agreed to an act that needs more people. The act happens when enough have agreed. */
  | {
      readonly type: 'agreed'
      readonly to: AgreedAct
      readonly reason: string
      readonly person: string
      readonly name: string
    }
  | { readonly type: 'go-given'; readonly ring: number; readonly person: string; readonly name: string }
  | {
      readonly type: 'gate-checked'
      readonly ring: number
      readonly results: readonly HealthResult[]
      readonly healthy: boolean
    }
  | { readonly type: 'window-announced'; readonly window: Window }
  /** The test ring begins while people vote. */
  | { readonly type: 'test-started' }
  /** Nothing more of the test ring begins until it is resumed. */
  | { readonly type: 'test-paused'; readonly by: string; readonly reason: string }
  /** Nothing more of the test ring begins. The test ends when the work that has begun has ended. */
  | {
      readonly type: 'test-halted'
      readonly by: string
      readonly reason: string
      /**
       * True if the test is halted because the proposal closes; the next event says so. Left out: a person or a gate
       * halted it.
       */
      readonly closing?: true
    }
  | { readonly type: 'test-resumed'; readonly by: readonly string[] }
  | { readonly type: 'test-ended'; readonly passed: boolean; readonly reason: string | null }
  /**
   * Assets now differ from what was voted on. The decision and its votes stay. `more`: another event of the same
   * comparison follows.
   */
  | { readonly type: 'assets-compared'; readonly assets: readonly AssetSince[]; readonly more?: true }
  /** Information for people that changes nothing. */
  | { readonly type: 'noted'; readonly text: string }
  /**
   * What was told ahead was taken back. `why`: a clause. `untold`: servers whose system was never told of it. `was`: as
   * what an earlier stop had counted these servers; left out: it had not.
   */
  | ({ readonly type: 'taken-back'; readonly why: string; readonly untold: number; readonly was?: Was } & Reached)
  /** A verified asset reports an older version than was promised. */
  | { readonly type: 'drifted'; readonly asset: string; readonly what: string }
  /** An asset of which nobody knew how it ended was heard again, after the rollout was over. */
  | { readonly type: 'heard-late'; readonly asset: string; readonly word: LateWord }
  | { readonly type: 'ring-soaking'; readonly ring: number; readonly until: string }
  | { readonly type: 'ring-passed'; readonly ring: number }
  | { readonly type: 'gate-failed'; readonly ring: number; readonly reason: string }
  | { readonly type: 'paused'; readonly by: string; readonly reason: string }
  | { readonly type: 'halted'; readonly by: string; readonly reason: string }
  /** Assets that have not reported count as silent now. */
  | { readonly type: 'waiting-ended'; readonly by: string; readonly reason: string }
  | { readonly type: 'resume-agreed'; readonly person: string; readonly name: string }
  | { readonly type: 'resumed'; readonly by: readonly string[] }
  | { readonly type: 'verifying-started' }
  | { readonly type: 'completed' }
  | {
      readonly type: 'break-glass-used'
      readonly person: string
      readonly name: string
      readonly reason: string
      readonly reviewBy: string
    }
  | { readonly type: 'break-glass-reviewed'; readonly person: string; readonly name: string }

type ResultsType = 'outcomes-recorded' | 'verifications-recorded'
type ContentType = 'opened' | 'revised' | 'content-kept'

type OfType<Type> = Extract<ProposalEvent, { type: Type }>
type Without<Event, Key extends string> = Event extends unknown ? Omit<Event, Key> : never

/** An event as it is recorded: without the content that it names by a hash. */
export type WrittenEvent =
  | Exclude<ProposalEvent, { type: ResultsType | ContentType | 'calls-recorded' }>
  | Omit<OfType<'calls-recorded'>, 'calls'>
  | ({ readonly type: 'outcomes-recorded' } & ResultsPage)
  | ({ readonly type: 'verifications-recorded' } & ResultsPage)
  | (Omit<OfType<'outcomes-recorded'>, 'page' | 'counts'> & { readonly page?: never })
  | (Omit<OfType<'verifications-recorded'>, 'page' | 'counts'> & { readonly page?: never })
  | (Without<OfType<ContentType>, 'subject' | 'evidence'> & { readonly evidence: string; readonly subject?: never })
  | (OfType<'opened' | 'revised'> & { readonly evidence?: never })

export type EventType = ProposalEvent['type']

/** An event with its number in the stream, its author and its time. */
export interface RecordedEvent {
  /** Proposal id. */
  readonly stream: string
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number
  /** ISO 8601 UTC. */
  readonly at: string
  readonly actor: Actor
  readonly event: ProposalEvent
  /** An event of an earlier version: the words of people stand in the event itself, and nothing stands beside it. */
  readonly inItself?: true
}

/** The outcomes that an event records; empty for events of other types. */
export function outcomesOf(event: ProposalEvent): readonly RecordedOutcome[] {
  if (event.type === 'outcomes-recorded') return event.outcomes
  return event.type === 'outcome-recorded' ? [event] : []
}

export function verificationsOf(event: ProposalEvent): readonly RecordedVerification[] {
  if (event.type === 'verifications-recorded') return event.verifications
  return event.type === 'verification-recorded' ? [event] : []
}
