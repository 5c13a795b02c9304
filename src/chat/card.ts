/** The card of a proposal as a value for every platform: its content, and its order. */

import type { Action, ActionName, Question } from './actions.ts'
import type { Picture } from './picture/picture.ts'
import { type RichText, rich } from './rich-text.ts'

export interface CardAction {
  readonly name: ActionName
  readonly label: string
  readonly style: Action['style']
  /** Questions that are asked before the action is done; empty: it is done at once. */
  readonly questions: readonly Question[]
  /**
   * The number that the button carries (core/permission/turn): the revision for a vote, the stop for Resume, the number
   * of the act for Confirm. An older number does nothing; the person gets the new card.
   */
  readonly revision: number
  /** True: the action is seldom right in this state. The button comes last, and may be hidden if there are many. */
  readonly rare: boolean
}

export type Tone = 'urgent' | 'warning' | 'good' | 'neutral'

export interface CardRing {
  readonly name: string
  readonly total: number
  readonly good: number
  /** Assets that failed, were held back, are still missing a change, or never answered. */
  readonly bad: number
  readonly running: number
  readonly status: 'waiting' | 'running' | 'soaking' | 'passed' | 'failed'
}

export interface CardQuorum {
  readonly role: string
  readonly have: number
  readonly need: number
  /** Names of the people who filled the role. */
  readonly by: readonly string[]
  /** Names of the people who can still fill the role. */
  readonly waitingFor: readonly string[]
}

/** A button under a message outside the card. It names its proposal. */
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
  /** Next to the badge: due date, state, revision, patch types. */
  readonly context: readonly RichText[]
  readonly title: string
  readonly simulated: boolean
  /** "Why now: ...". */
  readonly lead: RichText | null
  /** Label and value, in reading order: Change, Affects, Tested, Plan, If not, Progress, ... */
  readonly facts: readonly { readonly label: string; readonly value: RichText }[]
  /** Pictures under the facts: the plan, the measured load, the outcome. */
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
  /**
   * Said loudly: who is asked, and what to press. It stands after the text and mentions people. Where a thread's reply
   * can be shown in its channel as well, it is.
   */
  readonly loud?: RichText
  /** Log lines or a list. They are shown under the text in a fixed-width font. */
  readonly detail: readonly string[]
  /** Buttons under a direct message or a digest. */
  readonly actions?: readonly EntryAction[]
  /** Path of the console page with more about this. */
  readonly link?: string
  /** A picture under the text. Only entries in a proposal's thread have one. */
  readonly picture?: Picture
}

/** What an entry says, with whom it asks loudly. */
export function wholeText({ text, loud }: Pick<ThreadEntry, 'text' | 'loud'>): RichText {
  return loud === undefined ? text : [...text, ...rich(' '), ...loud]
}
