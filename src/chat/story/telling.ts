import { isOwn, namesIn, throughWords } from '../../core/hands.ts'
import type { Member } from '../../core/policy.ts'
import type { ProposalEvent, RecordedEvent } from '../../core/proposal/event.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import type { ThreadEntry, Tone } from '../card.ts'
import { type RichText, rich } from '../rich-text.ts'

/** An event on its way to the thread of its proposal. */
export interface Telling {
  readonly recorded: RecordedEvent
  /** The proposal that it changed; `null`: it opened it. */
  readonly before: ProposalState | null
  /** The proposal after it. */
  readonly state: ProposalState
  readonly people: readonly Member[]
  /** Logs by their hash, as far as they are kept. */
  readonly logs: ReadonlyMap<string, string>
}

/** Events by their type. */
export type Events = { readonly [Event in ProposalEvent as Event['type']]: Event }

/** The event of a type; in this form the compiler sees for any type that it goes to the teller of that type. */
export type EventOf<Type extends keyof Events> = { [T in Type]: Events[T] & { readonly type: T } }[Type]

/** What each type of event says. */
export type Tellers = {
  readonly [Type in keyof Events]: (event: EventOf<Type>, telling: Telling) => readonly ThreadEntry[]
}

/** What nobody reads in the thread. */
export function untold(): readonly ThreadEntry[] {
  return []
}

/** Patchwarden says it. */
export function bot(tone: Tone, text: RichText, detail: readonly string[] = []): readonly ThreadEntry[] {
  return [{ author: null, tone, text, detail }]
}

/** The person who did it is the one who says it; where nobody did, Patchwarden says it. */
export function said({ recorded, people }: Telling, tone: Tone, text: RichText): readonly ThreadEntry[] {
  const { actor, event } = recorded
  if (actor.kind !== 'person') return bot(tone, text)
  const { id, name, via, through } = actor
  const author = { id, name, via }
  // How it came, where it was not by an account of the person's own.
  const came = through === undefined || isOwn(actor) ? null : `It came by ${throughWords(through, namesIn(people))}.`
  // What people write stays word for word.
  if (event.type === 'commented') return [{ author, tone, text, detail: came === null ? [] : [came] }]
  return [{ author, tone, text: came === null ? text : [...text, ...rich(` ${came}`)], detail: [] }]
}

/** People by name; `nobody`: what stands there where there is none. */
export function named({ people }: Pick<Telling, 'people'>, ids: readonly string[], nobody: string): string {
  if (ids.length === 0) return nobody
  return ids.map(namesIn(people)).join(', ')
}
