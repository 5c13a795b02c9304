import type { Refusal } from '../proposal/command.ts'
import type { Actor } from '../proposal/proposal.ts'
import type { Place } from './place.ts'
import type { RelationName } from './relations.ts'

export type Doer = Extract<Actor, { kind: 'person' }>

/** What the button or the command said that is answered: the revision of the card; `null`: it named the proposal alone. */
export interface Turn {
  readonly revision: number | null
}

/** Who may do one thing, and when. */
export interface Row {
  /** Safe: it stops, narrows or looks. Forward: it begins or widens work on machines. */
  readonly kind: 'safe' | 'forward'
  /** Any of these may. */
  readonly who: readonly RelationName[]
  /** Does the policy take it from the command line only where it says `cli: recorded`? */
  readonly decides: boolean
  /** In words, when the proposal takes it. */
  readonly during: string
  /** Why the proposal does not take it now, whoever asks; `null`: it does. */
  readonly when: (place: Place, turn: Turn) => Refusal | null
  /** Why it does not take it from this person, who holds the role; `null`: it does. */
  readonly unless?: (place: Place, doer: Doer) => Refusal | null
  /** For sentences: `Approving`. */
  readonly doing: string
}

export function no(code: Refusal['code'], sentence: string): Refusal {
  return { code, sentence }
}
