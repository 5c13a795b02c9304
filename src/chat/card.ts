/** The card of a proposal as a platform-neutral value: what it says, and in which order. */

import type { Action, ActionName, Question } from './actions.ts'
import type { Picture } from './picture/picture.ts'
import type { RichText } from './rich-text.ts'

export interface CardAction {
  readonly name: ActionName
  readonly label: string
  readonly style: Action['style']
  /** What is asked before it is done; nothing: it is done at once. */
  readonly questions: readonly Question[]
  /**
   * The number that the button carries (core/permission/turn): for a vote the revision, for Resume the stop. A click that
   * answers something earlier gets the new card, and counts for nothing. With Confirm: the number of the act.
   */
  readonly revision: number
  /** Seldom the right one in this state: comes after the others, and may be put away where there are many. */
  readonly rare: boolean
}

export type Tone = 'urgent' | 'warning' | 'good' | 'neutral'

export interface CardRing {
  readonly name: string
  readonly total: number
  readonly good: number
  /** Failed, held back, still missing, or never answered. */
  readonly bad: number
  readonly running: number
  readonly status: 'waiting' | 'running' | 'soaking' | 'passed' | 'failed'
}

export interface CardQuorum {
  readonly role: string
  readonly have: number
  readonly need: number
  /** Names of those who filled it. */
  readonly by: readonly string[]
  /** Names of those who still can. */
  readonly waitingFor: readonly string[]
}

/** A button under a message that stands alone: it names its proposal. */
export interface EntryAction extends CardAction {
  readonly proposal: string
}

export interface Card {
  readonly proposal: string
  readonly revision: number
  readonly team: string
  readonly tone: Tone
  /** `Immediate`, `Verified`, `Halted`, ... */
  readonly badge: string
  /** Beside the badge: due date, state, revision, patch types. */
  readonly context: readonly RichText[]
  readonly title: string
  readonly simulated: boolean
  /** "Why now: ...". */
  readonly lead: RichText | null
  /** Label and value, in the order to read them: Change, Affects, Tested, Plan, If not, Progress, ... */
  readonly facts: readonly { readonly label: string; readonly value: RichText }[]
  /** Under the facts: the plan, measured load, how it ended. */
  readonly pictures: readonly Picture[]
  readonly rings: readonly CardRing[]
  readonly quorum: readonly CardQuorum[]
  /** Sentences under the quorum: expiry, notice, warnings such as "nobody can fill role X". */
  readonly notes: readonly { readonly tone: Tone; readonly text: RichText }[]
  readonly actions: readonly CardAction[]
}

/** One entry of a proposal's thread. */
export interface ThreadEntry {
  /** `null`: Patchwarden itself. */
  readonly author: { readonly id: string; readonly name: string; readonly via: string } | null
  readonly tone: Tone
  readonly text: RichText
  /** Log lines or a list, shown in fixed width under the text. */
  readonly detail: readonly string[]
  /** Buttons under a message to one person, or of a digest. */
  readonly actions?: readonly EntryAction[]
  /** Path in the console that says more. */
  readonly link?: string
  /** Shown under the text, in the thread of a proposal. */
  readonly picture?: Picture
}
