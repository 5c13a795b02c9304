/** Where what people ask arrives, whatever platform it comes from: what a platform needs of the rest of Patchwarden. */

import type { Actor } from '../core/proposal/proposal.ts'
import type { ActionInput, ActionName } from './actions.ts'
import type { Card } from './card.ts'
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
}

export type DetailName = 'assets' | 'explain' | 'plan' | 'report'

export const detailNames: readonly DetailName[] = ['assets', 'explain', 'plan', 'report']

export interface ActRequest extends ActionInput {
  readonly proposal: string
  readonly action: ActionName
}

/** Shown only to the person who acted; no click is ever swallowed. */
export type Answer = { readonly ok: boolean; readonly message: RichText; readonly detail?: Detail }

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
  detail(proposal: string, name: DetailName): Promise<Detail | null>
  /** The card as this person sees it; for nobody in particular with `null`. */
  card(proposal: string, person: Person | null): Promise<Card | null>
}
