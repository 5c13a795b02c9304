import { isOwn } from '../core/hands.ts'
import { offersTo } from '../core/permission/answer.ts'
import { type Ask, asksOf, isAsked } from '../core/permission/asks.ts'
import type { Place } from '../core/permission/place.ts'
import type { Doer } from '../core/permission/row.ts'
import type { Member } from '../core/policy.ts'
import { type Glance, ringAt, ringWords } from '../core/proposal/glance.ts'
import { statusWords } from '../core/proposal/stop-test.ts'
import { testRunning, waitingForResume } from '../core/rollout/run.ts'
import type { ActionName } from './actions.ts'
import { numberOfAction, offeredOf } from './card-actions.ts'
import type { Detail, Overview, OverviewLine, Person } from './desk.ts'
import { plain, rich, strong, time } from './rich-text.ts'

/** How many lines each part of the overview has at most. */
export const OVERVIEW_LINES = 10

/** A person's overview, made from proposals that may belong into it. Lines keep the order of the proposals. */
export function overviewOf(given: Readonly<Record<keyof Overview, readonly Place[]>>, person: Person): Overview {
  const offersOf = (place: Place, doer: Doer): Offered => {
    const offered = offersTo(doer, place)
    return (actions) => offeredOf(actions, offered)
  }
  // Proposals wait for a person on every platform alike. So the person is checked as with an account of their own.
  const byOwnAccount: Doer = { kind: 'person', id: person.id, name: person.name, via: 'console' }
  const lines = (places: readonly Place[], wanted: (place: Place) => OverviewLine | null) =>
    places.flatMap((place) => wanted(place) ?? []).slice(0, OVERVIEW_LINES)
  return {
    waiting: lines(given.waiting, (place) => {
      const me = place.members.find(({ id }) => id === person.id)
      if (me === undefined) return null
      return waiting(place, me, offersOf(place, byOwnAccount), offersOf(place, person))
    }),
    running: lines(given.running, (place) => running(place.glance, offersOf(place, person))),
    decided: lines(given.decided, ({ glance }) => decided(glance, person.id)),
  }
}

/** Keeps the actions that would be accepted from the reader. */
type Offered = (actions: readonly ActionName[]) => readonly ActionName[]

/** The most urgent request to a person that the person may still answer; `null`: none. */
function waiting({ glance, members }: Place, me: Member, accepted: Offered, offered: Offered): OverviewLine | null {
  for (const ask of asksOf(glance)) {
    if (!isAsked(ask, me, members)) continue
    const line = asked(glance, ask.what, me)
    const [answer] = line.actions
    if (answer !== undefined && accepted([answer]).length > 0) return { ...line, actions: offered(line.actions) }
  }
  return null
}

function asked(state: Glance, what: Ask['what'], me: Member): OverviewLine {
  switch (what) {
    case 'acknowledge':
      return line(state, ['acknowledge', 'postpone'], ['starts ', time(state.schedule?.start ?? '')])
    case 'resume':
      return line(state, ['resume'], [`is ${statusWords(state)}: ${waitingForResume(state)?.reason ?? ''}`])
    case 'go':
      return line(state, ['go'], [`ring ${ringAt(state)?.title ?? ''} waits for your go`])
    case 'review':
      return line(state, ['review-break-glass'], ['break-glass, review by ', time(state.breakGlass?.reviewBy ?? '')])
    case 'confirm': {
      const unsure = [...state.votes, ...state.resumeVotes].find((vote) => vote.person === me.id && !isOwn(vote))
      const revision = unsure?.seq ?? state.revision
      return { ...line(state, ['confirm'], ['waits for you to confirm that it was you']), revision }
    }
    case 'vote':
      return line(state, ['approve', 'reject'], ['expires ', time(state.expiresAt, 'relative')])
  }
}

function running(state: Glance, offered: Offered): OverviewLine | null {
  const stops = offered(['pause', 'halt'])
  if (testRunning(state)) return line(state, stops, [statusWords(state)])
  switch (state.status) {
    case 'rolling out':
    case 'verifying':
      return line(state, stops, [progress(state)])
    case 'paused':
    case 'halted':
      return line(state, [], [`${progress(state)}; ${state.stopped?.reason ?? 'no reason given'}`])
    case 'scheduled':
      return line(state, [], state.schedule === null ? ['scheduled'] : ['starts ', time(state.schedule.start)])
    default:
      return null
  }
}

function progress(state: Glance): string {
  const counts = state.tally.ends
  const total = counts.good + counts.bad + counts.unreachable + counts.untouched
  const ring = ringWords(state)
  const where = ring === null ? '' : `, ${ring}`
  const bad = counts.bad + counts.unreachable
  return `${state.status}${where}, ${counts.good} of ${total} done${bad === 0 ? '' : `, ${bad} ended badly`}`
}

function decided(state: Glance, person: string): OverviewLine | null {
  const mine = state.votes.find((vote) => vote.person === person)
  return mine ? line(state, [], [`${mine.choice} `, time(mine.at, 'relative'), `; now ${state.status}`]) : null
}

function line(
  state: Glance,
  actions: readonly ActionName[],
  what: readonly (string | ReturnType<typeof time>)[],
): OverviewLine {
  const text = rich(strong(state.id), ` ${state.title} (${state.team}): `, ...what)
  const [first] = actions
  const revision = first === undefined ? state.revision : numberOfAction(first, state)
  return { proposal: state.id, revision, text, actions }
}

/** Parts of an overview as plain lines under a title. */
export function overviewDetail(title: string, parts: readonly (readonly [string, readonly OverviewLine[]])[]): Detail {
  const lines = parts.flatMap(([heading, list]) => [
    heading,
    ...(list.length === 0 ? ['  nothing'] : list.map(({ text }) => `  ${plain(text)}`)),
  ])
  return { title, lead: rich(''), tables: [], lines }
}
