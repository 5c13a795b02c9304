import { limits } from '../limits.ts'
import { DAY_SECONDS, isBefore, plusSeconds } from '../time/instant.ts'
import { laterWindow, openWindow, type Window } from '../window.ts'
import { bypassesWindow } from './approval.ts'
import type { Context, PersonsContext, ProposalCommand } from './command.ts'
import { scheduleEvents } from './decide-vote.ts'
import { accept, type Decision, refuse } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import type { PatchSubject, ProposalState } from './proposal.ts'

type Of<Type extends ProposalCommand['type']> = Extract<ProposalCommand, { type: Type }>

/**
 * Moves an approved rollout that has not begun to a later window: the next one, or the first one from a given date on.
 */
export function postpone(state: ProposalState, command: Of<'postpone'>, context: PersonsContext): Decision {
  const { subject, schedule } = state
  const { actor, now } = context
  if (subject.kind !== 'patches' || schedule === null) return refuse('not now', `${state.id} has no window.`)
  const from = command.until ?? schedule.start
  if (Number.isNaN(Date.parse(from)) || (command.until !== null && !isBefore(now, from))) {
    return refuse('incomplete', 'Say from when it may run, as a date that is still to come (2026-12-31).')
  }
  if (isBefore(plusSeconds(now, limits.deferralDays * DAY_SECONDS), from)) {
    return refuse('incomplete', `It can be postponed for ${limits.deferralDays} days at most; choose an earlier date.`)
  }
  const after = new Date(Math.max(Date.parse(schedule.start), Date.parse(from) - 1)).toISOString()
  const window =
    laterWindow(subject.window, context.freezes, state.team, after) ??
    (command.until === null ? null : openFrom(state, subject, from, context))
  if (window === null)
    return refuse(
      'incomplete',
      command.until === null
        ? `The window "${subject.window.name}" has no next time in the coming year: say from when it may run, as a date (2026-12-31).`
        : `The window "${subject.window.name}" has no later time in the coming year.`,
    )
  const reason = command.reason?.trim().slice(0, limits.reasonCharacters) || null
  return accept({ type: 'postponed', person: actor.id, name: actor.name, reason, window })
}

/**
 * The window that is open at `from`, beginning there; `null`: none is open. Needed for a plan that is always open,
 * because it has no later window.
 */
function openFrom(
  { team }: ProposalState,
  { window }: PatchSubject,
  from: string,
  { freezes }: Context,
): Window | null {
  const start = new Date(from).toISOString()
  const open = openWindow(window, freezes, team, start)
  return open === null ? null : { start, end: open.end }
}

export function freeze(state: ProposalState, command: Of<'freeze'>, context: PersonsContext): Decision {
  const { actor } = context
  const { until, reason } = command
  const frozen: ProposalEvent = { type: 'frozen', person: actor.id, name: actor.name, until, reason }
  return accept(frozen, ...moved(state, context, 'frozen'))
}

export function unfreeze(state: ProposalState, context: PersonsContext): Decision {
  const { actor } = context
  return accept(
    { type: 'unfrozen', person: actor.id, name: actor.name },
    ...moved(state, context, 'the freeze was lifted'),
  )
}

/** The events that schedule the proposal by the present freezes. Empty: its window stays the same. */
function moved(state: ProposalState, context: Context, why: string): readonly ProposalEvent[] {
  const { subject, schedule } = state
  if (subject.kind !== 'patches' || schedule === null || state.rollout !== null) return []
  if (state.approvedBy && bypassesWindow(state.approvedBy)) return []
  const same = openWindow(subject.window, context.freezes, state.team, schedule.start)
  const events = scheduleEvents(state, context, why)
  const [next] = events
  if (next?.type === 'scheduled' && next.window.start === schedule.start && same !== null) return []
  return events
}
