import { isOwn, namesIn, throughWords } from '../../core/hands.ts'
import type { Member } from '../../core/policy.ts'
import type { ProposalEvent, RecordedEvent } from '../../core/proposal/event.ts'
import type { ProposalState } from '../../core/proposal/proposal.ts'
import type { ThreadEntry, Tone } from '../card.ts'
import { type RichText, rich } from '../rich-text.ts'

/** An event, with what is needed to tell it in the thread. */
export interface Telling {
  readonly recorded: RecordedEvent
  /** The proposal before the event; `null`: the event opened it. */
  readonly before: ProposalState | null
  /** The proposal after the event. */
  readonly state: ProposalState
  readonly people: readonly Member[]
  /** Logs by hash; some may be missing. */
  readonly logs: ReadonlyMap<string, string>
}

/** Events by their type. */
export type Events = { readonly [Event in ProposalEvent as Event['type']]: Event }

/** The event of one type, written so that the compiler checks it against the teller of that type. */
export type EventOf<Type extends keyof Events> = { [T in Type]: Events[T] & { readonly type: T } }[Type]

/** For each type of event, a function that makes its thread entries. */
export type Tellers = {
  readonly [Type in keyof Events]: (event: EventOf<Type>, telling: Telling) => readonly ThreadEntry[]
}

/** For events that do not appear in the thread. */
export function untold(): readonly ThreadEntry[] {
  return []
}

/** An entry by Patchwarden itself. */
export function bot(tone: Tone, text: RichText, detail: readonly string[] = []): readonly ThreadEntry[] {
  return [{ author: null, tone, text, detail }]
}

/** An entry by the person who did it; if no person did, by Patchwarden. */
export function said({ recorded, people }: Telling, tone: Tone, text: RichText): readonly ThreadEntry[] {
  const { actor, event } = recorded
  if (actor.kind !== 'person') return bot(tone, text)
  const { id, name, via, through } = actor
  const author = { id, name, via }
  // How the act came in, if not by an account of the person's own.
  const came = through === undefined || isOwn(actor) ? null : `It came by ${throughWords(through, namesIn(people))}.`
  // A comment stays word for word, so this goes into the detail.
  if (event.type === 'commented') return [{ author, tone, text, detail: came === null ? [] : [came] }]
  return [{ author, tone, text: came === null ? text : [...text, ...rich(` ${came}`)], detail: [] }]
}

/** Names of people as a list; `nobody`: the text for an empty list. */
export function named({ people }: Pick<Telling, 'people'>, ids: readonly string[], nobody: string): string {
  if (ids.length === 0) return nobody
  return ids.map(namesIn(people)).join(', ')
}
