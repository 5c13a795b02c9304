import type { CountedAct } from '../hands.ts'
import type { RoleCount } from '../policy.ts'
import type { Refusal } from '../proposal/command.ts'
import type { Actor } from '../proposal/proposal.ts'
import type { Askable, Place } from './place.ts'
import type { RelationName } from './relations.ts'

export type Doer = Extract<Actor, { kind: 'person' }>

/** What somebody is asked for. */
export type Asked = 'acknowledge' | 'resume' | 'go' | 'review' | 'confirm' | 'vote'

/** When an act would bring the proposal on, so that people are counted, reminded and named as missing. */
export interface Wanted {
  readonly as: Asked
  /** The lower, the more pressing. */
  readonly rank: number
  /** Which of those who may do it are asked. */
  readonly who: readonly RelationName[]
  readonly when: (glance: Askable) => boolean
  /** Ids of people who are not asked, whatever their roles. */
  readonly except?: (glance: Askable) => readonly string[]
  /** PlacesToFill that people fill: only those are asked who would fill one more. */
  readonly places?: (glance: Askable) => PlacesToFill | null
}

/** PlacesToFill to be filled, and what counts for them already. */
export interface PlacesToFill {
  readonly needs: readonly RoleCount[]
  readonly approvals: readonly CountedAct[]
}

/** Who may do one thing, and when. */
export interface Row {
  /** Safe: it stops, narrows or looks. Forward: it begins or widens work on machines. */
  readonly kind: 'safe' | 'forward'
  /** Any of these may. */
  readonly who: readonly RelationName[]
  /** Does it decide something? Then the policy takes it from the command line only where it says `cli: recorded`. */
  readonly decides: boolean | 'while it is open'
  /** When the proposal takes it, in words. */
  readonly during: string
  /** Why the proposal does not take it now, whoever asks; `null`: it does. */
  readonly when: (place: Place) => Refusal | null
  /** Why it does not take it from this person, who holds the role; `null`: it does. */
  readonly unless?: (place: Place, doer: Doer) => Refusal | null
  /** Left out: it may be done, and nobody waits for it. */
  readonly wanted?: Wanted
  /** For sentences: `Approving`. */
  readonly doing: string
}

/** Does it decide something about this proposal now? */
export function decidesNow({ decides }: Row, { status }: Pick<Askable, 'status'>): boolean {
  return decides === 'while it is open' ? status === 'open' : decides
}

export function no(code: Refusal['code'], sentence: string): Refusal {
  return { code, sentence }
}
