/** The desk: requests of people arrive here from every platform. A platform needs nothing else from Patchwarden. */

import type { Refusal } from '../core/proposal/command.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import type { Account, KnownPerson } from './accounts.ts'
import type { ActionInput, ActionName } from './actions.ts'
import type { Card } from './card.ts'
import type { Picture } from './picture/picture.ts'
import type { RichText } from './rich-text.ts'

/** A table or text that a button of the card opens: assets, explain, plan, report. */
export interface Detail {
  readonly title: string
  readonly lead: RichText
  readonly tables: readonly {
    readonly caption: string
    readonly columns: readonly string[]
    readonly rows: readonly (readonly RichText[])[]
  }[]
  /** Lines that keep their format: commands, a transaction preview. */
  readonly lines: readonly string[]
  readonly picture?: Picture
}

export type DetailName = 'assets' | 'explain' | 'plan' | 'report'

export const detailNames: readonly DetailName[] = ['assets', 'explain', 'plan', 'report']

/** Selects a part of a long detail. */
export interface DetailPart {
  /** The `next` of the earlier part; `null`: the first part. */
  readonly after: string | null
  /** Only the assets that did not end well. */
  readonly only?: 'not well' | null
}

/** A whole detail, or one part of a long one. */
export interface PartOfDetail extends Detail {
  /** The start of the next part; left out: this is the last part. */
  readonly next?: string
}

export interface ActRequest extends ActionInput {
  readonly proposal: string
  readonly action: ActionName
}

/** A freeze is about a team: it may be declared or lifted without any proposal. */
export interface FreezeRequest {
  readonly team: string
  readonly action: 'freeze' | 'unfreeze'
  /** ISO 8601 date; for a freeze. */
  readonly until: string | null
  readonly reason: string | null
}

/** A click on a button, before any question is asked. */
export type Click = Pick<ActRequest, 'proposal' | 'action' | 'revision'>

/** What a dialog shows of its proposal. */
export interface Asking {
  readonly title: string
  /** People whom the action may name: to look at the proposal again, or to be asked. */
  readonly owners: readonly KnownPerson[]
  /** See `CardAction`. Left out: nothing is said. */
  readonly confirm?: string | null
}

export interface Suggestion {
  readonly name: string
  readonly value: string
}

/** The answer to an action. Only the person who acted sees it. Every click gets one. */
export interface Answer {
  readonly ok: boolean
  /** Why nothing was done, for programs. Left out: it was done, or the sentence is all that is known. */
  readonly refused?: Refusal['code']
  readonly message: RichText
  readonly detail?: Detail
  /** Path of the console page with more about this, or with the next step. */
  readonly link?: string
}

/** One line of a person's overview. */
export interface OverviewLine {
  readonly proposal: string
  /** The number that the line's buttons carry, see `CardAction`. */
  readonly revision: number
  readonly text: RichText
  readonly actions: readonly ActionName[]
}

/** Proposals that wait for a person, that run, and that the person decided: the newest of each. */
export interface Overview {
  readonly waiting: readonly OverviewLine[]
  readonly running: readonly OverviewLine[]
  readonly decided: readonly OverviewLine[]
}

/** A person of the configuration who acts on some platform. */
export type Person = Extract<Actor, { kind: 'person' }>

export interface Desk {
  act(request: ActRequest, person: Person): Promise<Answer>
  freezeTeam(request: FreezeRequest, person: Person): Promise<Answer>
  /** Runs the text after `/patch`. `proposal`: the one whose thread the person typed in; `null`: none. */
  slash(
    text: string,
    where: { readonly channel: string | null; readonly proposal: string | null },
    person: Person,
  ): Promise<Answer>
  comment(proposal: string, text: string, person: Person): Promise<Answer>
  /** Makes a code for an account that belongs to nobody yet. */
  askLink(account: Account): Promise<Answer>
  overview(person: Person): Promise<Overview>
  /** The content of a dialog; or an answer, if any input of this person would be refused. */
  asking(click: Click, person: Person): Promise<Asking | Answer>
  /**
   * Proposals that match the text typed so far: open ones first, then the newest. Only proposals for which this action
   * would be accepted from the person.
   */
  suggest(typed: string, action: ActionName, person: Person): Promise<readonly Suggestion[]>
  /** Somebody clicked a test button. Tells this to the command that waits for the click. */
  tested(nonce: string): Promise<void>
  /** Without `part`: the first part. */
  detail(proposal: string, name: DetailName, part?: DetailPart): Promise<PartOfDetail | null>
  /** The card as this person sees it; with `null`, the card for everybody. */
  card(proposal: string, person: Person | null): Promise<Card | null>
}
