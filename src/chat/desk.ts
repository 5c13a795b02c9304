/**
 * Where people's requests arrive, whatever platform they come from: what a platform needs from the rest of Patchwarden.
 */

import type { Actor } from '../core/proposal/proposal.ts'
import type { Account, KnownPerson } from './accounts.ts'
import type { ActionInput, ActionName } from './actions.ts'
import type { Card } from './card.ts'
import type { Picture } from './picture/picture.ts'
import type { RichText } from './rich-text.ts'

/** A table or text behind a card's button: assets, explain, plan, report. */
export interface Detail {
  readonly title: string
  readonly lead: RichText
  readonly tables: readonly {
    readonly caption: string
    readonly columns: readonly string[]
    readonly rows: readonly (readonly RichText[])[]
  }[]
  /** Preformatted lines: commands, a transaction preview. */
  readonly lines: readonly string[]
  readonly picture?: Picture
}

export type DetailName = 'assets' | 'explain' | 'plan' | 'report'

export const detailNames: readonly DetailName[] = ['assets', 'explain', 'plan', 'report']

/** Which part of a detail that is long. */
export interface DetailPart {
  /** The `next` of the part before; `null`: the first part. */
  readonly after: string | null
  /** Only the assets that did not end well. */
  readonly only?: 'not well' | null
}

/** A detail, or a part of a long one. */
export interface PartOfDetail extends Detail {
  /** Where the next part begins; left out: it is the last. */
  readonly next?: string
}

export interface ActRequest extends ActionInput {
  readonly proposal: string
  readonly action: ActionName
}

/** A button that was clicked, before anything is asked. */
export type Click = Pick<ActRequest, 'proposal' | 'action' | 'revision'>

/** What a dialog shows of the proposal that it asks about. */
export interface Asking {
  readonly title: string
  /** People who may be named to look at it again, whoever is asking. */
  readonly owners: readonly KnownPerson[]
}

export interface Suggestion {
  readonly name: string
  readonly value: string
}

/** Shown only to the person who acted; no click is ever swallowed. */
export interface Answer {
  readonly ok: boolean
  readonly message: RichText
  readonly detail?: Detail
  /** Path in the console that says more, or where it goes on. */
  readonly link?: string
}

/** One line of a person's overview. */
export interface OverviewLine {
  readonly proposal: string
  /** The number that its buttons carry, as of `CardAction`. */
  readonly revision: number
  readonly text: RichText
  readonly actions: readonly ActionName[]
}

/** What waits for a person, what they decided last, what is running: the newest of each. */
export interface Overview {
  readonly waiting: readonly OverviewLine[]
  readonly running: readonly OverviewLine[]
  readonly decided: readonly OverviewLine[]
}

/** A person of the configuration, on some platform. */
export type Person = Extract<Actor, { kind: 'person' }>

export interface Desk {
  act(request: ActRequest, person: Person): Promise<Answer>
  /** What follows `/patch`. `proposal`: the one whose thread it was typed in, if any. */
  slash(
    text: string,
    where: { readonly channel: string | null; readonly proposal: string | null },
    person: Person,
  ): Promise<Answer>
  comment(proposal: string, text: string, person: Person): Promise<Answer>
  /** A code for an account that nobody knows yet. */
  askLink(account: Account): Promise<Answer>
  overview(person: Person): Promise<Overview>
  /** For a dialog; or an answer, where this person's click would be refused whatever they entered. */
  asking(click: Click, person: Person): Promise<Asking | Answer>
  /**
   * Proposals that could be meant by what has been typed so far, those that are open first, then the newest. `action`: only
   * those of which it would be accepted from the person.
   */
  suggest(typed: string, action: ActionName, person: Person): Promise<readonly Suggestion[]>
  /** A test button was clicked: tells whoever waits for it. */
  tested(nonce: string): Promise<void>
  /** Without a part: the first one. */
  detail(proposal: string, name: DetailName, part?: DetailPart): Promise<PartOfDetail | null>
  /** The card as this person sees it; for nobody in particular with `null`. */
  card(proposal: string, person: Person | null): Promise<Card | null>
}
