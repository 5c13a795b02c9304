import type { ThreadEntry } from '../chat/card.ts'
import { planPictureOf } from '../chat/details.ts'
import type { Picture } from '../chat/picture/picture.ts'
import { rich, sentence } from '../chat/rich-text.ts'
import { outcomeOf } from '../core/outcome.ts'
import { bypassesWindow } from '../core/proposal/approval.ts'
import type { Context } from '../core/proposal/command.ts'
import type { ProposalEvent } from '../core/proposal/event.ts'
import type { PatchSubject, ProposalState } from '../core/proposal/proposal.ts'
import { unfinished } from '../core/rollout/run.ts'
import { HOUR_MS } from '../core/time/instant.ts'
import type { Window } from '../core/window.ts'

const FRESH_MS = HOUR_MS

/** Adds the pictures to an event's entries: the plan if it is new, the outcome if the rollout halts. */
export function withPictures(
  entries: readonly ThreadEntry[],
  event: ProposalEvent,
  state: ProposalState,
  context: Pick<Context, 'freezes' | 'now' | 'estimates'>,
): readonly ThreadEntry[] {
  const { subject } = state
  const [first, ...rest] = entries
  if (first === undefined || subject.kind !== 'patches' || subject.rollsBack !== undefined) return entries
  const picture = pictureOf(event, state, subject, context)
  const told = picture === null ? entries : [{ ...first, picture }, ...rest]
  return event.type === 'opened' ? [...told, ...measuredEntries(subject)] : told
}

function pictureOf(
  event: ProposalEvent,
  state: ProposalState,
  subject: PatchSubject,
  { freezes, now, estimates = {} }: Pick<Context, 'freezes' | 'now' | 'estimates'>,
): Picture | null {
  switch (event.type) {
    case 'opened':
      return planPictureOf(state, subject, { freezes, now, estimates })
    case 'revised':
      return event.votesKept ? null : planPictureOf(state, subject, { freezes, now, estimates })
    case 'scheduled':
    case 'postponed':
      if (state.rollout !== null || (beginsAtOnce(event.window, now) && isFresh(state, now) && !isAtOnce(state)))
        return null
      return planPictureOf(state, subject, { freezes, now, estimates })
    case 'halted':
    case 'verification-recorded':
    case 'verifications-recorded':
      // What is at work is brought to its end first. Then the picture stays true.
      if (state.rollout === null || state.status !== 'halted' || unfinished(state).length > 0) return null
      return { kind: 'outcome', outcome: outcomeOf(state) }
    default:
      return null
  }
}

/** The plan from the opening waits for a window, and this one does not. */
function isAtOnce({ approvedBy }: ProposalState): boolean {
  return approvedBy !== null && bypassesWindow(approvedBy)
}

function beginsAtOnce(window: Window, now: string): boolean {
  return Date.parse(window.start) <= Date.parse(now)
}

/** True if the proposal was opened a short time ago. Then the plan from the opening is still valid. */
function isFresh({ openedAt }: ProposalState, now: string): boolean {
  return Date.parse(now) - Date.parse(openedAt) < FRESH_MS
}

/** For a new proposal: when the service is least busy, and from which data; or why this is not known. */
export function measuredEntries({ measured, window }: PatchSubject): readonly ThreadEntry[] {
  if (measured === undefined) return []
  const entry = { author: null, tone: 'neutral', detail: [] } as const
  if (measured.kind === 'unusable') {
    const text = rich(
      `The load does not say when it is quiet: ${sentence(measured.reason)} The rules of "${window.name}" hold.`,
    )
    return [{ ...entry, tone: 'warning', text }]
  }
  const { rule, profile, evidence } = measured
  const [hours = 0, minutes = 0] = rule.start.split(':').map(Number)
  const load = {
    profile,
    window: {
      weekday: rule.days[0] ?? 1,
      startMinute: hours * 60 + minutes,
      durationMinutes: Math.round(rule.durationSeconds / 60),
    },
    caption: `${evidence.sentence} (${rule.timeZone})`,
  }
  return [{ ...entry, text: rich(`By its load: ${sentence(evidence.sentence)}`), picture: { kind: 'load', load } }]
}
