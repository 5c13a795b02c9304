/** How far a stop came over servers whose system was told ahead, for the card and the thread. */

import type { StopReport } from '../ports.ts'
import type { ProposalState, Reached, Rollout, TakenBack, Was } from '../proposal/proposal.ts'
import { stillToStart } from '../proposal/since.ts'
import { isBefore } from '../time/instant.ts'
import { plannedOf } from './planned.ts'
import { liveRun } from './run.ts'

/** What one stop reached, and as what an earlier stop of the same start had counted these servers. */
export interface NewlyReached extends Reached {
  readonly was?: Was
}

/** What a stop changed. A stop is repeated until its servers have ended, and reaches the same again. */
export function newlyReached(
  reports: readonly StopReport[],
  before: readonly StopReport[],
): NewlyReached & { readonly changed: readonly StopReport[] } {
  const known = new Map(before.map((report) => [report.asset, report]))
  const changed = reports.filter(({ asset, state, until }) => {
    const one = known.get(asset)
    return one === undefined || one.state !== state || !isSame(one.until ?? null, until ?? null)
  })
  const { stopped, may, atWork } = reachedBy(changed.flatMap(({ asset }) => known.get(asset) ?? []))
  const was = stopped + may + atWork === 0 ? {} : { was: { stopped, may, atWork } }
  return { changed, ...reachedBy(changed), ...was }
}

export function reachedBy(reports: readonly StopReport[]): Reached {
  const of = (state: StopReport['state']) => reports.filter((report) => report.state === state)
  const may = of('may still begin')
  const ends = may.map(({ until }) => until ?? null)
  return { stopped: of('stopped').length, may: may.length, until: lastOf(ends), atWork: of('at work').length }
}

function isSame(a: string | null, b: string | null): boolean {
  return a === null || b === null ? a === b : !isBefore(a, b) && !isBefore(b, a)
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
export function takenBackBy(run: Rollout, now: NewlyReached & { readonly untold: number }): TakenBack {
  const before = takenBackNow(run)
  const { untold, was = { stopped: 0, may: 0, atWork: 0 } } = now
  if (before === null) return { ...reached(now), untold, starts: run.starts }
  const still = { ...before, may: Math.max(0, before.may - was.may) }
  const ends = [still, now].filter(({ may }) => may > 0).map(({ until }) => until)
  return {
    stopped: Math.max(0, before.stopped - was.stopped) + now.stopped,
    may: still.may + now.may,
    until: lastOf(ends),
    atWork: Math.max(0, before.atWork - was.atWork) + now.atWork,
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
