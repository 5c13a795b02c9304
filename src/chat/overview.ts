import { isOwn } from '../core/hands.ts'
import { type Member, votingRoles } from '../core/policy.ts'
import { ON_CALL, wantsAcknowledgement } from '../core/proposal/acknowledgement.ts'
import { excludedVoters } from '../core/proposal/approval.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { currentRing, goesOn, isHalted, ringNow, testRunning, waitingForResume } from '../core/proposal/run.ts'
import { statusWords } from '../core/proposal/stop-test.ts'
import { wantsGo } from '../core/proposal/turn.ts'
import type { ActionName } from './actions.ts'
import type { Detail, Overview, OverviewLine } from './desk.ts'
import { plain, rich, strong, time } from './rich-text.ts'
import { endCounts } from './story.ts'

const SHOWN = 10

/** A person's overview of proposals, given newest last. `memberOf`: the person as a team sees them. */
export function overviewOf(
  states: readonly ProposalState[],
  person: string,
  memberOf: (team: string) => Member | null,
): Overview {
  const newest = [...states].reverse()
  const lines = (wanted: (state: ProposalState) => OverviewLine | null) =>
    newest.flatMap((state) => wanted(state) ?? []).slice(0, SHOWN)
  return {
    waiting: lines((state) => waiting(state, memberOf(state.team))),
    running: lines((state) => running(state, memberOf(state.team))),
    decided: lines((state) => decided(state, person)),
  }
}

function waiting(state: ProposalState, me: Member | null): OverviewLine | null {
  if (me === null) return null
  const has = (roles: readonly string[]) => me.roles.some((role) => roles.includes(role))
  if (wantsAcknowledgement(state) && has([ON_CALL]) && state.schedule !== null) {
    return line(state, ['acknowledge', 'postpone'], ['starts ', time(state.schedule.start)])
  }
  const stopped = waitingForResume(state)
  if (stopped !== null && has(state.policy.resume.map(({ role }) => role))) {
    return line(state, ['resume'], [`is ${statusWords(state)}: ${stopped.reason}`])
  }
  const current = ringNow(state)
  if (goesOn(state) && current !== null && wantsGo(current) && has(current.planned.gate.go ?? []))
    return line(state, ['go'], [`ring ${current.planned.name} waits for your go`])
  if (state.breakGlass !== null && state.breakGlass.reviewedBy === null && state.breakGlass.person !== me.id) {
    if (has([...votingRoles(state.policy.approval), ...state.policy.stop])) {
      return line(state, ['review-break-glass'], ['break-glass, review by ', time(state.breakGlass.reviewBy)])
    }
  }
  const unsure = [...state.votes, ...state.resumeVotes].find((vote) => vote.person === me.id && !isOwn(vote))
  if (unsure?.seq !== undefined && state.closedAt === null)
    return { ...line(state, ['confirm'], ['waits for you to confirm that it was you']), revision: unsure.seq }
  const voted = state.votes.some((vote) => vote.person === me.id)
  const mayVote = has(votingRoles(state.policy.approval)) && !excludedVoters(state).has(me.id)
  if (state.status !== 'open' || voted || !mayVote) return null
  return line(state, ['approve', 'reject'], ['expires ', time(state.expiresAt, 'relative')])
}

function running(state: ProposalState, me: Member | null): OverviewLine | null {
  const stops = me?.roles.some((role) => state.policy.stop.includes(role)) === true
  if (testRunning(state)) {
    const buttons = goesOn(state) ? (['pause', 'halt'] as const) : isHalted(state) ? [] : (['halt'] as const)
    return line(state, stops ? buttons : [], [statusWords(state)])
  }
  switch (state.status) {
    case 'rolling out':
    case 'verifying':
      return line(state, stops && state.status === 'rolling out' ? ['pause', 'halt'] : [], [progress(state)])
    case 'paused':
    case 'halted':
      return line(state, [], [`${progress(state)}; ${state.stopped?.reason ?? 'no reason given'}`])
    case 'scheduled':
      return line(state, [], state.schedule === null ? ['scheduled'] : ['starts ', time(state.schedule.start)])
    default:
      return null
  }
}

function progress(state: ProposalState): string {
  const counts = endCounts(state)
  const total = counts.good + counts.bad + counts.unreachable + counts.untouched
  const ring = currentRing(state)
  const where = ring === null ? '' : `, ring ${ring + 1} of ${state.rollout?.rings.length ?? 0}`
  const bad = counts.bad + counts.unreachable
  return `${state.status}${where}, ${counts.good} of ${total} done${bad === 0 ? '' : `, ${bad} ended badly`}`
}

function decided(state: ProposalState, person: string): OverviewLine | null {
  const mine = state.votes.find((vote) => vote.person === person)
  return mine ? line(state, [], [`${mine.choice} `, time(mine.at, 'relative'), `; now ${state.status}`]) : null
}

function line(
  state: ProposalState,
  actions: readonly ActionName[],
  what: readonly (string | ReturnType<typeof time>)[],
): OverviewLine {
  const text = rich(strong(state.id), ` ${state.title} (${state.team}): `, ...what)
  return { proposal: state.id, revision: state.revision, text, actions }
}

/** Parts of an overview as plain lines under a title. */
export function overviewDetail(title: string, parts: readonly (readonly [string, readonly OverviewLine[]])[]): Detail {
  const lines = parts.flatMap(([heading, list]) => [
    heading,
    ...(list.length === 0 ? ['  nothing'] : list.map(({ text }) => `  ${plain(text)}`)),
  ])
  return { title, lead: rich(''), tables: [], lines }
}
