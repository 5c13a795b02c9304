import type { CountedAct } from '../hands.ts'
import type { RoleCount } from '../policy.ts'
import type { Refusal } from '../proposal/command.ts'
import type { Actor } from '../proposal/proposal.ts'
import type { Askable, Place } from './place.ts'
import type { RelationName } from './relations.ts'

export type Doer = Extract<Actor, { kind: 'person' }>

/** What a person is asked to do. */
export type Asked = 'acknowledge' | 'resume' | 'go' | 'review' | 'confirm' | 'vote'

/** When an act would bring the proposal on. Then people are asked and reminded, and are named as missing. */
export interface Wanted {
  readonly as: Asked
  /** A lower rank is more urgent. */
  readonly rank: number
  /** The relations whose people are asked; others may do the act, but are not asked. */
  readonly who: readonly RelationName[]
  readonly when: (glance: Askable) => boolean
  /** Ids of people who are not asked, whatever their roles are. */
  readonly except?: (glance: Askable) => readonly string[]
  /**
   * Places that approvals fill. Then only people are asked who would fill one more place. `null`: everybody in `who` is
   * asked.
   */
  readonly places?: (glance: Askable) => PlacesToFill | null
}

/** The places that approvals must fill, and the approvals that count for them already. */
export interface PlacesToFill {
  readonly needs: readonly RoleCount[]
  readonly approvals: readonly CountedAct[]
}

/** Who may do one act, and when. */
export interface Row {
  /** Safe: stops something, narrows it or looks at it. Forward: begins or widens work on machines. */
  readonly kind: 'safe' | 'forward'
  /** People with any one of these relations may do it. */
  readonly who: readonly RelationName[]
  /**
   * Does the act decide something? Then the command line may be used for it only if the policy says `cli: recorded`.
   */
  readonly decides: boolean | 'while it is open'
  /** When the proposal accepts the act, in words. */
  readonly during: string
  /** Why the proposal does not accept the act now from anybody; `null`: it does. */
  readonly when: (place: Place) => Refusal | null
  /** Why the proposal does not accept the act from this person, although they hold the role; `null`: it does. */
  readonly unless?: (place: Place, doer: Doer) => Refusal | null
  /** Absent people for whom their deputies may not do it, each with a clause that says why. Left out: for all of them. */
  readonly absentOut?: (glance: Askable) => readonly AbsentOut[]
  /** When people are asked for this act. Left out: nobody waits for it. */
  readonly wanted?: Wanted
  /** The act at the start of a sentence: `Approving`. */
  readonly doing: string
}

export interface AbsentOut {
  readonly person: string
  readonly because: string
}

/** Does the act decide something about this proposal now? */
export function decidesNow({ decides }: Row, { status }: Pick<Askable, 'status'>): boolean {
  return decides === 'while it is open' ? status === 'open' : decides
}

export function no(code: Refusal['code'], sentence: string): Refusal {
  return { code, sentence }
}
