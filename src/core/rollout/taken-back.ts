/** How far a stop came over servers whose system was told ahead, for the card and the thread. */

import type { StopReport } from '../ports.ts'
import type { ProposalState, Reached, Rollout, TakenBack } from '../proposal/proposal.ts'
import { stillToStart } from '../proposal/since.ts'
import { isBefore } from '../time/instant.ts'
import { plannedOf } from './planned.ts'
import { liveRun } from './run.ts'

export function reachedBy(reports: readonly StopReport[]): Reached {
  const of = (state: StopReport['state']) => reports.filter((report) => report.state === state)
  const may = of('may still begin')
  const ends = may.map(({ until }) => until ?? null)
  return { stopped: of('stopped').length, may: may.length, until: lastOf(ends), atWork: of('at work').length }
}

/** The last of the instants; `null`: one of them is not known, or there is none. */
function lastOf(instants: readonly (string | null)[]): string | null {
  let last: string | null = null
  for (const at of instants) {
    if (at === null) return null
    if (last === null || isBefore(last, at)) last = at
  }
  return last
}

/** What stops have reached since the last start: starts of one turn are taken back one after the other. */
export function takenBackBy(run: Rollout, now: Reached & { readonly untold: number }): TakenBack {
  const before = takenBackNow(run)
  const { untold } = now
  if (before === null) return { ...reached(now), untold, starts: run.starts }
  const ends = [before, now].filter(({ may }) => may > 0).map(({ until }) => until)
  return {
    stopped: before.stopped + now.stopped,
    may: before.may + now.may,
    until: lastOf(ends),
    atWork: before.atWork + now.atWork,
    untold,
    starts: run.starts,
  }
}

function reached({ stopped, may, until, atWork }: Reached): Reached {
  return { stopped, may, until, atWork }
}

/** `null`: nothing was taken back, or something was told since. */
export function takenBackNow({ takenBack, starts }: Pick<Rollout, 'takenBack' | 'starts'>): TakenBack | null {
  return takenBack === undefined || takenBack.starts !== starts ? null : takenBack
}

/** How many servers belong to a system that is told ahead, are still to come, and were never told. */
export function untoldIn(state: ProposalState): number {
  const { subject } = state
  const run = liveRun(state)
  if (run === null || subject.kind !== 'patches') return 0
  return stillToStart(state).filter(
    (id) =>
      plannedOf(subject, id)?.terms !== undefined && run.notBegun[id] === undefined && run.skipped[id] === undefined,
  ).length
}
