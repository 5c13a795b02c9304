/**
 * When a plan would run if all went well: rings one after the other, in batches, in windows, around freezes. It
 * simulates the rollout by the same rules, with an estimate in place of each deployment. Nothing is decided by a
 * forecast.
 */

import { bypassesWindow } from '../proposal/approval.ts'
import type { PatchSubject, PlannedRing, ProposalState } from '../proposal/proposal.ts'
import { sinceOf } from '../proposal/since.ts'
import { engineOfRing, ringTitle } from '../rollout/lanes.ts'
import { isBefore, latest, plusSeconds, WEEK_SECONDS } from '../time/instant.ts'
import { handedOverAt, holdsFor, toWindow, type Window } from '../window.ts'
import { type ForecastQuestion, KEPT, type PlanForecast, type RingForecast } from './plan-forecast.ts'
import { batchesOf, forecastRing, type Simulation } from './ring.ts'
import { clusterRoom } from './room.ts'
import { openTimes } from './times.ts'

/** The forecast of a proposal. If it is not approved yet, the forecast is made as if it were approved now. */
export function forecastOf(
  state: ProposalState,
  subject: PatchSubject,
  context: Pick<ForecastQuestion, 'freezes' | 'now' | 'estimates'>,
): PlanForecast {
  const { now } = context
  // A ring whose system is told ahead begins a lead after that, so what counts is when it is told.
  const begin =
    state.schedule === null
      ? plusSeconds(state.approvedAt ?? now, subject.window.leadSeconds ?? 0)
      : handedOverAt(state.schedule)
  const atOnce = state.approvedBy !== null && bypassesWindow(state.approvedBy)
  return forecast({
    ...context,
    subject,
    team: state.team,
    freezes: atOnce ? [] : context.freezes,
    notBefore: isBefore(now, begin) ? begin : now,
    atOnce,
    rollout: state.rollout ?? state.test,
    leftOut: sinceOf(state).leftOut,
  })
}

export function forecast(question: ForecastQuestion): PlanForecast {
  const { now, subject, team, rollout = null } = question
  const simulation = simulationOf(question)
  const lanes = new Map<string, Lane>()
  const rings: RingForecast[] = []
  for (const [index, ring] of subject.rings.entries()) {
    const begun = rollout?.rings[index]
    const engine = engineOfRing(subject, index)
    const lane = lanes.get(engine) ?? laneOf(question, simulation, lanes, ring)
    lanes.set(engine, lane)
    const title = ringTitle(subject, index) ?? ring.name
    if (lane.problem !== null && (begun === undefined || begun.status === 'waiting')) {
      rings.push(neverReached(ring, title))
      continue
    }
    const found = forecastRing(lane.simulation, ring, begun, ring.beforeVote === true ? lane.test : lane.free)
    rings.push({ ...found.ring, name: title })
    lane.problem ??= found.problem
    if (found.free === null) continue
    lane.free = Math.max(lane.free, found.free)
    lane.test = Math.max(lane.test, found.free)
  }
  const problem = [...lanes.values()].find((lane) => lane.problem !== null)?.problem ?? null
  const last = problem === null ? latest(rings.map(({ soakUntil }) => soakUntil)) : null
  const week = plusSeconds(now, WEEK_SECONDS)
  const until = last ?? latest([week, ...rings.map(({ soakUntil, start }) => soakUntil ?? start)]) ?? week
  return {
    now,
    rings,
    end: last,
    problem,
    windows: windowsUntil(simulation, until),
    freezes: question.freezes
      .filter((freeze) => holdsFor(freeze, team) && isBefore(now, freeze.to))
      .slice(0, KEPT)
      .map(({ name, from, to }) => ({ name, from, to })),
  }
}

/** How far a lane has come. `free`: when its next ring may begin (milliseconds); `test`: the same before the vote. */
interface Lane {
  readonly simulation: Simulation
  free: number
  test: number
  problem: string | null
}

/** A lane before its first ring. It begins when a lane has ended that it waits for. */
function laneOf(
  { now, notBefore, team, freezes, rollout }: ForecastQuestion,
  simulation: Simulation,
  before: ReadonlyMap<string, Lane>,
  { after }: PlannedRing,
): Lane {
  const other = after === undefined ? undefined : before.get(after)
  return {
    // Each lane goes through the windows once, on its own; the first one goes through those that are there already.
    simulation:
      before.size === 0
        ? simulation
        : { ...simulation, times: openTimes(team, freezes, now, rollout?.extendedUntil ?? null) },
    free: Math.max(Date.parse(notBefore ?? now), other?.free ?? 0),
    test: Date.parse(now),
    problem: other?.problem ?? null,
  }
}

function simulationOf(question: ForecastQuestion): Simulation {
  const { subject, team, freezes, now, estimates = {}, rollout = null, leftOut = {}, atOnce = false } = question
  return {
    now,
    subject,
    estimates,
    rollout,
    leftOut,
    atOnce,
    times: openTimes(team, freezes, now, rollout?.extendedUntil ?? null),
    ownWindows: new Map(subject.assets.flatMap(({ asset, window }) => (window ? [[asset.id, window] as const] : []))),
    room: clusterRoom(subject.clusters ?? []),
    terms: new Map(subject.assets.flatMap(({ asset, terms }) => (terms ? [[asset.id, terms] as const] : []))),
  }
}

function neverReached(ring: PlannedRing, name: string): RingForecast {
  const { assets, gate } = ring
  const none = { done: 0, runs: [], start: null, end: null, soakUntil: null }
  return { name, assets: assets.length, batches: batchesOf(ring), waitsForGo: gate.go ?? [], ...none }
}

/** The first windows of the plan that begin no later than `until`. */
function windowsUntil({ times, subject }: Simulation, until: string): readonly Window[] {
  const begun = times.within(subject.window).spans.filter(({ start }) => start <= Date.parse(until))
  return begun.slice(0, KEPT).map(toWindow)
}
