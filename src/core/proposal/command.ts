/** Everything that people, timers and the rollout can ask of a proposal. */

import type { Estimates } from '../estimate.ts'
import type { Member, Policy } from '../policy.ts'
import type { HealthResult, SystemCall } from '../ports.ts'
import type { Priority } from '../priority/priority.ts'
import type { Freeze } from '../window.ts'
import type { Departure } from '../within.ts'
import type { Content, NamedAsset, RecordedOutcome, RecordedVerification } from './event.ts'
import type { Actor, Choice, LateWord, Person, Reached, Was } from './proposal.ts'

/** An asset that was changed back. */
export interface Undone {
  readonly asset: string
  /** The key of the start that was undone; `null`: an earlier version did not record it. */
  readonly key: string | null
}

/**
 * The turn that the button carried, see core/permission/turn. Left out or `null`: a command that names only the
 * proposal.
 */
interface Turned {
  readonly turn?: number | null
}

export type ProposalCommand =
  | {
      readonly type: 'open'
      readonly id: string
      readonly number: number
      readonly team: string
      readonly content: Content
      readonly policy: Policy
      /** Why an earlier rollout is rolled back. */
      readonly reason?: string
    }
  | { readonly type: 'revise'; readonly content: Content; readonly reason: string }
  /**
   * How the latest assessment differs from what was voted on: `departures` are assets of the decision that need
   * something else, `newcomers` are assets that miss the same patches and were not voted on.
   */
  | {
      readonly type: 'compare-assets'
      readonly departures: readonly Departure[]
      readonly newcomers: readonly NamedAsset[]
    }
  | {
      readonly type: 'vote'
      readonly choice: Choice
      /** The revision that the person saw; `null`: a command that names only the proposal. */
      readonly revision: number | null
      readonly reason: string | null
      /**
       * For a rejection: the person who looks at the proposal again (id), and the date until which the rejection holds
       * (ISO 8601).
       */
      readonly owner: string | null
      readonly until: string | null
    }
  | { readonly type: 'withdraw-vote' }
  /** `act`: the number of the event to confirm; `null`: whichever act of the person waits for a confirmation. */
  | { readonly type: 'confirm'; readonly act: number | null }
  | { readonly type: 'comment'; readonly text: string }
  /** Asks a member to look at it. `person`: id or name; `reason`: the question, `null`: none was written. */
  | { readonly type: 'ask'; readonly person: string | null; readonly reason: string | null }
  | { readonly type: 'remind' }
  | { readonly type: 'expire' }
  /** The notice of lazy consensus or standing approval has passed. */
  | { readonly type: 'end-notice' }
  | { readonly type: 'reschedule' }
  | { readonly type: 'postpone'; readonly until: string | null; readonly reason: string | null }
  /** `until`: ISO 8601. The freeze itself is kept with the team, and `context.freezes` has it already. */
  | { readonly type: 'freeze'; readonly until: string; readonly reason: string }
  | { readonly type: 'unfreeze' }
  | { readonly type: 'ask-acknowledgement' }
  | ({ readonly type: 'acknowledge' } & Turned)
  | { readonly type: 'start' }
  | { readonly type: 'start-batch' }
  /** Gives assets that have not begun to a more urgent proposal, whose id is `to`. */
  | {
      readonly type: 'yield'
      readonly to: string
      readonly priority: Priority
      /** Assets that it needs next. */
      readonly assets: readonly string[]
    }
  /** A less urgent proposal yields these assets. */
  | { readonly type: 'take-over'; readonly from: string; readonly assets: readonly string[] }
  | { readonly type: 'record-outcomes'; readonly outcomes: readonly RecordedOutcome[] }
  | { readonly type: 'record-verifications'; readonly verifications: readonly RecordedVerification[] }
  /** The answers of the checks of a current ring's gate. `ring`: its number. Left out: the only one. */
  | { readonly type: 'record-gate'; readonly results: readonly HealthResult[]; readonly ring?: number }
  | { readonly type: 'start-test' }
  | { readonly type: 'announce-window' }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'record-calls'; readonly key: string; readonly calls: readonly SystemCall[] }
  /** A stop of a start that was told ahead. `why`: a clause. `goesOn`: others are told when their turn comes. */
  | ({
      readonly type: 'note-taken-back'
      readonly why: string
      readonly goesOn: boolean
      readonly was?: Was
    } & Reached)
  | { readonly type: 'note-late-word'; readonly asset: string; readonly word: LateWord }
  | { readonly type: 'note-drift'; readonly asset: string; readonly what: string }
  /** Lets the current ring begin. */
  | ({ readonly type: 'go' } & Turned)
  /** `asset`: id or name. */
  | { readonly type: 'skip'; readonly asset: string | null; readonly reason: string | null }
  /** `asset`: id or name; `null`: all assets that failed. */
  | ({ readonly type: 'retry'; readonly asset: string | null } & Turned)
  /** `until`: ISO 8601; `null`: one hour more. */
  | { readonly type: 'extend-window'; readonly until: string | null; readonly reason: string | null }
  | { readonly type: 'end-soak' }
  | { readonly type: 'complete' }
  | { readonly type: 'pause'; readonly reason: string | null }
  | { readonly type: 'halt'; readonly reason: string | null }
  /** Servers that have not reported count as silent, and the rollout is halted. */
  | { readonly type: 'end-waiting'; readonly reason: string | null }
  | ({ readonly type: 'resume' } & Turned)
  | { readonly type: 'withdraw'; readonly reason: string | null }
  | { readonly type: 'supersede'; readonly by: string }
  | { readonly type: 'follow-up'; readonly advisory: string; readonly mends: string; readonly proposal: string }
  | { readonly type: 'break-glass'; readonly reason: string | null }
  /**
   * Another proposal rolls this one back. `by`: the id of the other proposal, which is opened in the same transaction.
   */
  | { readonly type: 'open-roll-back'; readonly by: string }
  /** The proposal that rolls this one back is over. `undone`: the assets that report their earlier versions again. */
  | { readonly type: 'end-roll-back'; readonly by: string; readonly undone: readonly Undone[] }
  | { readonly type: 'review-break-glass' }

/** A standing approval that was voted and is in force. */
export interface StandingGrant {
  readonly rule: string
  /** The proposal in which people voted for it. */
  readonly proposal: string
  readonly expiresAt: string
  readonly tags: readonly string[]
  readonly types: readonly string[]
}

/** An asset that another proposal is working on now. */
export interface OtherWork {
  readonly asset: string
  readonly proposal: string
  /** Name of the asset's ring in that proposal. */
  readonly ring: string
  /** When the window of that proposal ends, ISO 8601 UTC; `null`: it has no window. */
  readonly until: string | null
  /** The asset reports so late that nobody waits for it: it takes no place in a ring, and still counts in a cluster. */
  readonly rests?: boolean
}

/** Everything that a decision depends on, apart from the proposal itself. */
export interface Context {
  /** ISO 8601 UTC. */
  readonly now: string
  readonly actor: Actor
  /** The members of the team, with their roles as they are now. */
  readonly members: readonly Member[]
  /** The policy under which the team opens proposals now; freezes go by it. Left out: the policy of the proposal. */
  readonly teamPolicy?: Policy
  readonly freezes: readonly Freeze[]
  readonly standing: StandingGrant | null
  /** From earlier rollouts. */
  readonly estimates?: Estimates
  /**
   * Assets still to start whose last look is too old to act on. Left out: the age of the proposal's inventory decides.
   */
  readonly outdated?: readonly Outdated[]
  /** Assets that other proposals are working on. Only given for `start-batch`. */
  readonly others?: readonly OtherWork[]
  /** Assets that ended badly in other rollouts of the team that are not over. Only given for `start-batch`. */
  readonly downElsewhere?: ReadonlySet<string>
}

/** An asset whose last look is too old to act on. */
export interface Outdated {
  readonly asset: string
  /** ISO 8601 UTC; `null`: the asset was never looked at, or no source lists it. */
  readonly lookedAt: string | null
}

/** The context of a command that only people give. */
export interface PersonsContext extends Context {
  readonly actor: Person
}

/** Why a command changed nothing: one sentence for the person who asked, and a `code` for programs and tests. */
export interface Refusal {
  readonly code:
    | 'not allowed'
    | 'not now'
    | 'already'
    | 'old revision'
    | 'incomplete'
    /** The event would be larger than allowed. */
    | 'too large'
    | 'unknown'
    /** The act needs an account of the person's own. */
    | 'not own'
    | 'outside window'
    | 'not satisfied'
    /** The act must be confirmed in the console. */
    | 'step-up'
  readonly sentence: string
}
