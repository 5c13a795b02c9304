import { limits } from '../limits.ts'
import { DAY_SECONDS } from '../time/instant.ts'
import type { Context, Refusal } from './command.ts'
import type { ProposalEvent } from './event.ts'
import { evolve } from './evolve.ts'
import { type Actor, PATCHWARDEN, type ProposalState } from './proposal.ts'

export type Decision =
  | { readonly ok: true; readonly events: readonly ProposalEvent[] }
  | { readonly ok: false; readonly refusal: Refusal }

/** Seconds that a break-glass or a roll back has for its first ring. It may begin at once. */
export const AT_ONCE_SECONDS = DAY_SECONDS

export function accept(...events: readonly ProposalEvent[]): Decision {
  return { ok: true, events }
}

export function refuse(code: Refusal['code'], sentence: string): Decision {
  return { ok: false, refusal: { code, sentence } }
}

/** The state after events that are decided but not recorded yet. Rules use it to look at their own consequences. */
export function after(state: ProposalState, events: readonly ProposalEvent[], context: Context): ProposalState {
  let next = state
  for (const event of events) {
    next = evolve(next, { stream: state.id, seq: next.seq + 1, at: context.now, actor: context.actor, event })
  }
  return next
}

export function actorName(actor: Actor): string {
  return actor.kind === 'person' ? actor.name : PATCHWARDEN
}

/** The reason for a stop as it is recorded. */
export function stopWords(reason: string | null): string {
  return reason?.trim().slice(0, limits.reasonCharacters) || 'no reason given'
}

/** `owner or security` */
export function anyOf(words: readonly string[]): string {
  const unique = [...new Set(words)]
  if (unique.length <= 1) return unique[0] ?? 'nobody'
  return `${unique.slice(0, -1).join(', ')} or ${unique.at(-1)}`
}
