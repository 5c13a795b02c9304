/** Everything that can be asked of a proposal, by people, timers and the rollout. */

import type { Member, Policy } from '../policy.ts'
import type { HealthResult } from '../ports.ts'
import type { Freeze } from '../window.ts'
import type { Departure } from '../within.ts'
import type { Content, NamedAsset, RecordedOutcome, RecordedVerification } from './event.ts'
import type { Actor, Choice, Person } from './proposal.ts'

/** An asset that was changed back. */
export interface Undone {
  readonly asset: string
  /** The key of the start that was undone; `null`: an earlier version did not say. */
  readonly key: string | null
}

/** The number that the button carried (see core/permission/turn). Left out or `null`: it named the proposal alone. */
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
      /** Why an earlier rollout is undone. */
      readonly reason?: string
    }
  | { readonly type: 'revise'; readonly content: Content; readonly reason: string }
  /**
   * What the latest look says about the assets of a decision: every asset that differs from what was voted on, and
   * every asset that misses the same and was not voted on.
   */
  | {
      readonly type: 'compare-assets'
      readonly departures: readonly Departure[]
      readonly newcomers: readonly NamedAsset[]
    }
  | {
      readonly type: 'vote'
      readonly choice: Choice
      /** The revision the person saw; `null` from a command that names the proposal only. */
      readonly revision: number | null
      readonly reason: string | null
      /** Rejections: who looks at it again (person id), and the date (ISO 8601) until which it holds. */
      readonly owner: string | null
      readonly until: string | null
    }
  | { readonly type: 'withdraw-vote' }
  /** `act`: number of the event that is confirmed; `null`: whatever of the person's waits for it. */
  | { readonly type: 'confirm'; readonly act: number | null }
  | { readonly type: 'comment'; readonly text: string }
  | { readonly type: 'remind' }
  | { readonly type: 'expire' }
  /** The notice of lazy consensus or standing approval has passed. */
  | { readonly type: 'end-notice' }
  | { readonly type: 'reschedule' }
  | { readonly type: 'postpone'; readonly until: string | null; readonly reason: string | null }
  /** `until`: ISO 8601 instant. The freeze itself is kept with the team; `context.freezes` holds it already. */
  | { readonly type: 'freeze'; readonly until: string; readonly reason: string }
  | { readonly type: 'unfreeze' }
  | { readonly type: 'ask-acknowledgement' }
  | ({ readonly type: 'acknowledge' } & Turned)
  | { readonly type: 'start' }
  | { readonly type: 'start-batch' }
  | { readonly type: 'record-outcomes'; readonly outcomes: readonly RecordedOutcome[] }
  | { readonly type: 'record-verifications'; readonly verifications: readonly RecordedVerification[] }
  /** What the checks of the current ring's gate answered. */
  | { readonly type: 'record-gate'; readonly results: readonly HealthResult[] }
  | { readonly type: 'start-test' }
  | { readonly type: 'announce-window' }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'note-drift'; readonly asset: string; readonly what: string }
  /** Lets the current ring begin. */
  | ({ readonly type: 'go' } & Turned)
  /** `asset`: id or name. */
  | { readonly type: 'skip'; readonly asset: string | null; readonly reason: string | null }
  /** `asset` null: all that failed. */
  | ({ readonly type: 'retry'; readonly asset: string | null } & Turned)
  /** `until` null: an hour more. */
  | { readonly type: 'extend-window'; readonly until: string | null; readonly reason: string | null }
  | { readonly type: 'end-soak' }
  | { readonly type: 'complete' }
  | { readonly type: 'pause'; readonly reason: string | null }
  | { readonly type: 'halt'; readonly reason: string | null }
  | ({ readonly type: 'resume' } & Turned)
  | { readonly type: 'withdraw'; readonly reason: string | null }
  | { readonly type: 'supersede'; readonly by: string }
  | { readonly type: 'follow-up'; readonly advisory: string; readonly mends: string; readonly proposal: string }
  | { readonly type: 'break-glass'; readonly reason: string | null }
  /** Another proposal undoes it. `by`: its id. It is opened in the same transaction. */
  | { readonly type: 'open-roll-back'; readonly by: string }
  /** That proposal is over. `undone`: the assets that report the versions from before. */
  | { readonly type: 'end-roll-back'; readonly by: string; readonly undone: readonly Undone[] }
  | { readonly type: 'review-break-glass' }

/** A standing approval that was voted and is in force. */
export interface StandingGrant {
  readonly rule: string
  /** The proposal in which it was voted. */
  readonly proposal: string
  readonly expiresAt: string
  readonly tags: readonly string[]
  readonly types: readonly string[]
}

/** An asset that another proposal works on now. */
export interface OtherWork {
  readonly asset: string
  readonly proposal: string
  /** Name of its ring there. */
  readonly ring: string
  /** ISO 8601 UTC: the end of the window there; `null`: it has none. */
  readonly until: string | null
}

/** All that a decision depends on besides the proposal itself. */
export interface Context {
  /** ISO 8601 UTC. */
  readonly now: string
  readonly actor: Actor
  /** The team's people and their roles as they are now. */
  readonly members: readonly Member[]
  /** The policy that the team's proposals are opened under now; freezes follow it. Left out: the proposal's. */
  readonly teamPolicy?: Policy
  readonly freezes: readonly Freeze[]
  readonly standing: StandingGrant | null
  /** Seconds that one asset of a ring takes, from what earlier rollouts took, by the name of the ring. */
  readonly estimates?: Readonly<Record<string, number>>
  /** Of the assets that are to be started those whose last look is too old to act on. Left out: the facts that were proposed count. */
  readonly outdated?: readonly Outdated[]
  /** What other proposals work on; given only for `start-batch`. */
  readonly others?: readonly OtherWork[]
  /** Assets that ended badly in other rollouts of the team that are not over. */
  readonly downElsewhere?: ReadonlySet<string>
}

/** An asset whose last look is too old to act on. */
export interface Outdated {
  readonly asset: string
  /** ISO 8601 UTC; `null`: it was never looked at, or no source lists it. */
  readonly lookedAt: string | null
}

/** Of what only people ask for. */
export interface PersonsContext extends Context {
  readonly actor: Person
}

/** Why a command changed nothing: one sentence for whoever asked. `code` is for programs and tests. */
export interface Refusal {
  readonly code:
    | 'not allowed'
    | 'not now'
    | 'already'
    | 'old revision'
    | 'incomplete'
    /** It would make an event larger than any may be. */
    | 'too large'
    | 'unknown'
    /** It needs an account of the person's own. */
    | 'not own'
    | 'outside window'
    | 'not satisfied'
    /** It must be confirmed in the console. */
    | 'step-up'
  readonly sentence: string
}
