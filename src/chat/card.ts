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
  /** What is said before it is done, for one more press; `null`: nothing. Only where there are no questions. */
  readonly confirm: string | null
  /**
   * The number that the button carries (core/permission/turn): the revision for a vote, the stop for Resume, the number
   * of the act for Confirm. An older number does nothing; the person gets the new card.
   */
  readonly revision: number
  /** True: the action is seldom right in this state. The button stands at the end of the card. */
  readonly rare: boolean
}

/**
 * `urgent`: somebody must act now. `warning`: somebody should act. `decided`: it is decided or runs, and nobody has to do
 * anything. `good`: done and well. `neutral`: routine, or closed.
 */
export type Tone = 'urgent' | 'warning' | 'decided' | 'good' | 'neutral'

export interface CardRing {
  readonly name: string
  readonly total: number
  readonly good: number
  /** Assets that failed, were held back, are still missing a change, or never answered. */
  readonly bad: number
  readonly running: number
  readonly status: 'waiting' | 'running' | 'soaking' | 'passed' | 'failed'
}

/** A button under a message outside the card. It names its proposal. */
export interface EntryAction extends CardAction {
  readonly proposal: string
}

/** Its order is the order of reading: the state, what is to be said, the buttons, then facts, pictures and dates. */
export interface Card {
  readonly proposal: string
  readonly revision: number
  readonly team: string
  readonly tone: Tone
  /** Line 1: the state, with one time or number. */
  readonly state: RichText
  readonly title: string
  readonly simulated: boolean
  /** Line 2, after the title: why, who can act, and at its end what to press. */
  readonly say: RichText
  /** Label and value, in reading order. A label says how many, where there is a list. */
  readonly facts: readonly { readonly label: string; readonly value: RichText }[]
  /** Pictures under the facts: the plan, the measured load, the outcome. */
  readonly pictures: readonly Picture[]
  readonly rings: readonly CardRing[]
  /** What people should know besides, such as "nobody can judge 3 more servers". */
  readonly notes: readonly { readonly tone: Tone; readonly text: RichText }[]
  /** The last line: dates. */
  readonly small: RichText
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
