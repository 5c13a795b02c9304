/** Line 1 of a card: the state of the proposal, with one time or number, and how loud it is. */

import type { Place } from '../core/permission/place.ts'
import { wantsAcknowledgement } from '../core/proposal/acknowledgement.ts'
import {
  decidableOnceBack,
  excludedVoters,
  lapsesBeforeStart,
  quorumNeeds,
  quorumProgress,
} from '../core/proposal/approval.ts'
import { type Glance, ringsAt } from '../core/proposal/glance.ts'
import { satisfiable } from '../core/quorum.ts'
import { goesOn, testRunning, testStop } from '../core/rollout/run.ts'
import { wantsGo } from '../core/rollout/turn.ts'
import { isBefore } from '../core/time/instant.ts'
import type { Tone } from './card.ts'
import { cardCounts, doneWords } from './card-counts.ts'
import { type RichText, rich, time } from './rich-text.ts'
import { dayWords } from './words.ts'

export interface CardState {
  readonly tone: Tone
  readonly words: RichText
}

export function cardState(place: Place): CardState {
  const { glance: state } = place
  switch (state.status) {
    case 'open':
      return open(place)
    case 'approved':
      return approved(state)
    case 'scheduled':
      return scheduled(place)
    case 'rolling out':
    case 'verifying':
      return underWay(state)
    case 'paused':
    case 'halted':
      return stopped(state)
    case 'completed':
      return completed(state)
    case 'rejected':
      return state.deferral === null
        ? { tone: 'neutral', words: rich('Rejected') }
        : { tone: 'neutral', words: rich('Rejected until ', time(state.deferral.until)) }
    case 'expired':
      return { tone: byPriority(state), words: rich(state.approvedAt === null ? 'Expired undecided' : 'Expired') }
    case 'withdrawn':
      return { tone: 'neutral', words: rich('Withdrawn') }
    case 'superseded':
      return { tone: 'neutral', words: rich(`Replaced by ${state.supersededBy ?? 'a newer proposal'}`) }
  }
}

function byPriority({ priority }: Glance): Tone {
  return priority === 'immediate' ? 'urgent' : priority === 'out-of-cycle' ? 'warning' : 'neutral'
}

export function priorityWords({ priority }: Glance): string {
  return priority.charAt(0).toUpperCase() + priority.slice(1).replaceAll('-', ' ')
}

function open(place: Place): CardState {
  const { glance: state, members, now } = place
  const tone = byPriority(state)
  const needs = quorumNeeds(state)
  if (needs !== null && !satisfiable(needs, members, excludedVoters(state)))
    return { tone: 'urgent', words: rich('Cannot be decided') }
  const later = decidableOnceBack(state, members)
  if (later !== null) return { tone: 'urgent', words: rich('Cannot be decided before ', time(later.from)) }
  if (state.test?.result?.passed === false) return { tone: 'urgent', words: rich('Test failed') }
  const stop = testStop(state)
  if (stop !== null) return { tone: 'warning', words: rich(`Test ${stop.how} by ${stop.by.name}`) }
  if (state.subject.kind === 'standing rule') return { tone: 'neutral', words: rich('Standing rule · needs votes') }
  const urgency = priorityWords(state)
  if (testRunning(state)) return { tone, words: rich(`${urgency} · being tested`) }
  if (state.noticeEndsAt !== null && state.standingRefused === null)
    return { tone, words: rich('Goes ahead ', time(state.noticeEndsAt)) }
  const isOverdue = state.dueAt !== null && isBefore(state.dueAt, now)
  if (missingVotes(place) === 1)
    return { tone, words: rich(`${urgency} · ${isOverdue ? 'overdue, ' : ''}1 vote missing`) }
  if (state.dueAt === null) return { tone, words: rich(`${urgency} · needs votes`) }
  const due = isOverdue ? 'overdue since' : 'due'
  return { tone, words: rich(`${urgency} · ${due} ${dayWords(state.dueAt)}`) }
}

/** How many places of the quorum are empty; `null`: no quorum is needed. */
function missingVotes({ glance, members }: Place): number | null {
  const progress = quorumProgress(glance, members)
  if (progress === null) return null
  return progress.roles.reduce((sum, { need, filledBy }) => sum + need - filledBy.length, 0)
}

function approved(state: Glance): CardState {
  if (state.subject.kind === 'standing rule') return { tone: 'good', words: rich('Rule in force') }
  if (state.notStarted !== null) return { tone: 'warning', words: rich('Approved, not started') }
  return { tone: 'decided', words: rich('Approved') }
}

function scheduled({ glance: state, members, now }: Place): CardState {
  const { schedule, notStarted } = state
  const start = schedule === null ? [] : [time(schedule.start)]
  if (wantsAcknowledgement(state) && state.asked !== null)
    return { tone: 'warning', words: rich('Acknowledge by ', ...start) }
  const tone = notStarted === null && lapsesBeforeStart(state, members) === null ? 'decided' : 'warning'
  return schedule === null || isBefore(schedule.start, now)
    ? { tone, words: rich('Its window is open') }
    : { tone, words: rich('Starts ', ...start) }
}

function underWay(state: Glance): CardState {
  const done = doneOf(state)
  if (state.breakGlass?.reviewedBy === null) return { tone: 'urgent', words: rich(`Break-glass${done}`) }
  if (goesOn(state) && ringsAt(state).some(wantsGo)) return { tone: 'warning', words: rich(`Waits for a go${done}`) }
  const doing = state.status === 'verifying' ? 'Verifying' : 'Rolling out'
  return { tone: 'decided', words: rich(`${doing}${done}`) }
}

function stopped(state: Glance): CardState {
  const words = state.status === 'paused' ? 'Paused ' : 'Halted '
  const { stopped } = state
  const by = stopped === null || stopped.by.person === null ? '' : ` by ${stopped.by.name}`
  return {
    tone: state.status === 'paused' ? 'warning' : 'urgent',
    words: stopped === null ? rich(words.trim()) : rich(words, time(stopped.at), by),
  }
}

function completed(state: Glance): CardState {
  const { rollBack, tally, breakGlass } = state
  if (rollBack !== undefined && isRolledBack(state))
    return { tone: 'warning', words: rich(`Rolled back by ${rollBack.proposal}`) }
  if (rollBack?.over === true && (tally.undone ?? 0) > 0)
    return { tone: 'warning', words: rich(`Partly rolled back by ${rollBack.proposal}`) }
  if (tally.drifted > 0) return { tone: 'warning', words: rich(`Changed since · ${tally.drifted}`) }
  if (breakGlass?.reviewedBy === null) return { tone: 'warning', words: rich('Review due ', time(breakGlass.reviewBy)) }
  const well = tally.ends.bad + tally.ends.unreachable + (tally.ends.owing ?? 0) === 0
  return { tone: well ? 'good' : 'warning', words: rich(`Completed${doneOf(state)}`) }
}

/** Everything that the rollout changed was changed back. */
export function isRolledBack({ rollBack, tally }: Pick<Glance, 'rollBack' | 'tally'>): boolean {
  return rollBack?.over === true && !tally.changed
}

function doneOf(state: Glance): string {
  return state.subject.kind === 'patches' ? ` · ${doneWords({ ...cardCounts(state, state.subject), owing: '' })}` : ''
}
