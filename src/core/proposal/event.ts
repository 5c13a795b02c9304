/** Everything that can happen to a proposal. Events are the truth; everything else is derived from them. */

import type { Policy } from '../policy.ts'
import type { DeploymentOutcome, HealthResult } from '../ports.ts'
import type { Priority } from '../priority/priority.ts'
import type { Window } from '../window.ts'
import type {
  Actor,
  AgreedAct,
  ApprovedBy,
  Deferral,
  LeftOut,
  Subject,
  Verification,
  Via,
  Vote,
  WaitsFor,
} from './proposal.ts'

export interface Content {
  readonly title: string
  readonly subject: Subject
  /** Hash of what is voted on. */
  readonly contentHash: string
  /** Hash of what is shown beside it. Left out: an event of an earlier version, which holds its subject itself. */
  readonly evidence?: string
  readonly priority: Priority
  readonly whyNow: string
  readonly dueAt: string | null
}

export interface RecordedOutcome {
  readonly asset: string
  readonly outcome: DeploymentOutcome
  /** Hash of its log, which is content of its own; the outcome's is empty then. Left out: there is none. */
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

/** What became of one asset since the vote, or of an asset that was not voted on. */
export type AssetSince = NamedAsset &
  (
    | { readonly is: 'left out'; readonly why: LeftOut }
    /** It still needs a part of what was voted; `done` is the part that it does not need any more. */
    | { readonly is: 'in part'; readonly done: readonly string[] }
    /** It needs all that was voted on, again. */
    | { readonly is: 'as voted' }
    /** It was not voted on and misses the same. */
    | { readonly is: 'waiting' }
    | { readonly is: 'waiting no more' }
  )

/** Where an event records what it says about assets. Events of earlier versions held it themselves. */
export interface ResultsPage {
  /** Hash of its content. */
  readonly page: string
  /** How many assets ended how. */
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
      /** True where the content people vote on is the same: their votes hold. */
      readonly votesKept: boolean
      readonly expiresAt: string
      readonly noticeEndsAt: string | null
      /** True where it has become more urgent: told loudly, once. */
      readonly raised?: boolean
    } & Content)
  /**
   * What is asked for is now kept as content; an earlier version had it in the event. It says the same: `was` is its
   * hash as people voted on it, and all that was decided holds.
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
  /** A person confirmed, by an account of their own, what was done in their name. `of`: number of that event. */
  | {
      readonly type: 'act-confirmed'
      readonly person: string
      readonly name: string
      readonly act: 'vote' | 'agreement to resume'
      readonly of: number
    }
  | { readonly type: 'commented'; readonly text: string; readonly via: Via }
  | { readonly type: 'reminded'; readonly step: LadderStep; readonly waitingFor: readonly string[] }
  | { readonly type: 'standing-refused'; readonly reason: string }
  | { readonly type: 'approved'; readonly by: ApprovedBy }
  | { readonly type: 'approval-lapsed'; readonly reason: string }
  | { readonly type: 'rejected'; readonly deferral: Deferral }
  | { readonly type: 'expired' }
  | { readonly type: 'withdrawn'; readonly reason: string }
  | { readonly type: 'superseded'; readonly by: string }
  /** Another proposal undoes what it changed. */
  | { readonly type: 'roll-back-opened'; readonly proposal: string }
  /** That one is over. `assets` have the versions from before; `more`: the next event names others. */
  | {
      readonly type: 'roll-back-ended'
      readonly proposal: string
      readonly assets: readonly string[]
      readonly more?: true
    }
  /** A later edition of an advisory that it carried mends what the first one broke. */
  | { readonly type: 'followed-up'; readonly advisory: string; readonly mends: string; readonly proposal: string }
  | { readonly type: 'scheduled'; readonly window: Window; readonly reason: string | null }
  | {
      readonly type: 'postponed'
      readonly person: string
      readonly name: string
      readonly reason: string | null
      readonly window: Window
    }
  /** A freeze of the whole team, noted with each proposal that was alive then. */
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
      /** The people above those on call were asked, too. */
      readonly escalated: boolean
    }
  | { readonly type: 'start-refused'; readonly reason: string }
  /** Nothing more can begin until another proposal is done with an asset. */
  | ({ readonly type: 'asset-awaited' } & WaitsFor)
  | { readonly type: 'acknowledged'; readonly person: string; readonly name: string }
  | { readonly type: 'rollout-started' }
  | {
      readonly type: 'batch-started'
      readonly ring: number
      readonly batch: number
      readonly key: string
      readonly assets: readonly string[]
      /** Assets of the same batch, which begin when others of it are done. */
      readonly waiting?: readonly string[]
      /** This many assets of the same batch are named by events of their own, which follow. */
      readonly queued?: number
    }
  /** Assets of the batch that was started just before, whose turn comes later. */
  | { readonly type: 'batch-queued'; readonly ring: number; readonly assets: readonly string[] }
  /** More of the batch under way. */
  | {
      readonly type: 'assets-started'
      readonly ring: number
      readonly batch: number
      readonly key: string
      readonly assets: readonly string[]
    }
  | ({ readonly type: 'outcome-recorded' } & RecordedOutcome)
  | ({ readonly type: 'outcomes-recorded'; readonly outcomes: readonly RecordedOutcome[] } & Partial<ResultsPage>)
  | ({ readonly type: 'verification-recorded' } & RecordedVerification)
  | ({
      readonly type: 'verifications-recorded'
      readonly verifications: readonly RecordedVerification[]
    } & Partial<ResultsPage>)
  | { readonly type: 'asset-skipped'; readonly asset: string; readonly name: string; readonly reason: string }
  | { readonly type: 'retry-asked'; readonly assets: readonly string[]; readonly name: string }
  | {
      readonly type: 'window-extended'
      readonly until: string
      readonly person: string
      readonly name: string
      readonly reason: string
    }
  /** Somebody asked for something that takes more people: it happens when enough have asked. */
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
  /** The test ring begins nothing more until it is resumed. */
  | { readonly type: 'test-paused'; readonly by: string; readonly reason: string }
  /** The test ring begins nothing more, and ends when what has begun is at its end. */
  | {
      readonly type: 'test-halted'
      readonly by: string
      readonly reason: string
      /** Left out where somebody asked for it; true where the proposal is closed, which the event after it tells. */
      readonly closing?: true
    }
  | { readonly type: 'test-resumed'; readonly by: readonly string[] }
  | { readonly type: 'test-ended'; readonly passed: boolean; readonly reason: string | null }
  /**
   * Assets differ from what was voted on: that stays, and so do the votes. `more`: another event of the same look
   * follows.
   */
  | { readonly type: 'assets-compared'; readonly assets: readonly AssetSince[]; readonly more?: true }
  /** Something that people should know, but that changes nothing. */
  | { readonly type: 'noted'; readonly text: string }
  /** An asset that was verified reports something older than was promised. */
  | { readonly type: 'drifted'; readonly asset: string; readonly what: string }
  | { readonly type: 'ring-soaking'; readonly ring: number; readonly until: string }
  | { readonly type: 'ring-passed'; readonly ring: number }
  | { readonly type: 'gate-failed'; readonly ring: number; readonly reason: string }
  | { readonly type: 'paused'; readonly by: string; readonly reason: string }
  | { readonly type: 'halted'; readonly by: string; readonly reason: string }
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

/** An event as it stands in the record: without what it names by a hash. */
export type WrittenEvent =
  | Exclude<ProposalEvent, { type: ResultsType | ContentType }>
  | ({ readonly type: 'outcomes-recorded' } & ResultsPage)
  | ({ readonly type: 'verifications-recorded' } & ResultsPage)
  | (Omit<OfType<'outcomes-recorded'>, 'page' | 'counts'> & { readonly page?: never })
  | (Omit<OfType<'verifications-recorded'>, 'page' | 'counts'> & { readonly page?: never })
  | (Without<OfType<ContentType>, 'subject' | 'evidence'> & { readonly evidence: string; readonly subject?: never })
  | (OfType<'opened' | 'revised'> & { readonly evidence?: never })

export type EventType = ProposalEvent['type']

/** An event as it is recorded: numbered in its stream, with author and time. */
export interface RecordedEvent {
  /** Proposal id. */
  readonly stream: string
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number
  /** ISO 8601 UTC. */
  readonly at: string
  readonly actor: Actor
  readonly event: ProposalEvent
  /** An event of an earlier version: what people wrote stands in the event itself, and nothing stands beside it. */
  readonly inItself?: true
}

/** The outcomes that an event records: one, several, or none. */
export function outcomesOf(event: ProposalEvent): readonly RecordedOutcome[] {
  if (event.type === 'outcomes-recorded') return event.outcomes
  return event.type === 'outcome-recorded' ? [event] : []
}

export function verificationsOf(event: ProposalEvent): readonly RecordedVerification[] {
  if (event.type === 'verifications-recorded') return event.verifications
  return event.type === 'verification-recorded' ? [event] : []
}
