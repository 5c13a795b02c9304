/** When one ring would run: its past in the rollout, then its remaining batches one after the other. */

import { paceOf } from '../estimate.ts'
import { limits } from '../limits.ts'
import type { PlannedRing, RingState } from '../proposal/proposal.ts'
import type { Terms } from '../terms.ts'
import { MINUTE_MS, toIso } from '../time/instant.ts'
import { append, type Span } from '../time/span.ts'
import { toWindow, type WindowPlan } from '../window.ts'
import { type ForecastQuestion, KEPT, type RingForecast } from './plan-forecast.ts'
import { type ClusterRoom, take } from './room.ts'
import { firstFit, fits, type OpenTimes, type Times, windowEnd } from './times.ts'

/** What the simulation of every ring needs. */
export interface Simulation extends Required<Omit<ForecastQuestion, 'team' | 'freezes' | 'notBefore'>> {
  readonly times: OpenTimes
  /** Windows of single assets, by asset id. */
  readonly ownWindows: ReadonlyMap<string, WindowPlan>
  readonly room: ClusterRoom
  /** By asset id. */
  readonly terms: ReadonlyMap<string, Terms>
}

/** Instants and durations here are milliseconds. */
interface RingPlay {
  readonly ring: PlannedRing
  /** How long one asset takes. */
  readonly duration: number
  readonly timesOf: (asset: string) => Times
  readonly room: ClusterRoom
  /** How long before the work its system is told, and how long after the window servers report. 0: without terms. */
  readonly lead: number
  readonly reports: number
}

export function batchesOf(ring: PlannedRing): number {
  return Math.ceil(ring.assets.length / Math.max(1, ring.batchSize))
}

/**
 * `free`: when the next ring may begin, in milliseconds; `null`: never. `problem`: a sentence that says why the ring
 * never ends; `null`: it ends.
 */
export function forecastRing(
  simulation: Simulation,
  ring: PlannedRing,
  begun: RingState | undefined,
  earliest: number,
): { readonly ring: RingForecast; readonly problem: string | null; readonly free: number | null } {
  const play = playOf(simulation, ring)
  const past = pastOf(simulation, ring, play.duration)
  const spans: Span[] = past.span === null ? [] : [past.span]
  const problem = playBatches(play, past.left, Math.max(earliest, past.free), spans)
  const runs = kept(spans).map(toWindow)
  const start = runs[0]?.start ?? null
  const end = problem !== null ? null : (runs.at(-1)?.end ?? toIso(earliest))
  const soak = begun?.soakUntil ?? null
  const watched = end === null ? null : Date.parse(end) + ring.soakSeconds * 1_000
  // The soak of a ring that has passed is over, however long it was.
  const free =
    begun?.status === 'passed' ? Date.parse(end ?? simulation.now) : soak === null ? watched : Date.parse(soak)
  return {
    ring: {
      name: ring.name,
      assets: ring.assets.length,
      done: past.done,
      batches: batchesOf(ring),
      runs,
      start: start ?? end,
      end,
      soakUntil: free === null ? null : toIso(free),
      waitsForGo: begun === undefined || begun.status === 'waiting' ? (ring.gate.go ?? []) : [],
    },
    problem,
    free,
  }
}

function playOf(
  { estimates, times, ownWindows, subject, atOnce, room, terms }: Simulation,
  ring: PlannedRing,
): RingPlay {
  const promised = ring.assets.flatMap((asset) => terms.get(asset) ?? [])
  const lead = longest(promised.map(({ leadSeconds }) => leadSeconds))
  const anyTime = atOnce || (ring.beforeVote === true && lead === 0)
  const estimate = lead === 0 ? (estimates[paceOf(ring)] ?? limits.unknownDeploymentSeconds) : 0
  return {
    ring,
    lead,
    reports: longest(promised.map(({ reportsWithinSeconds }) => reportsWithinSeconds)),
    duration: Math.max(0, estimate * 1_000),
    timesOf: (asset) => (anyTime ? times.anyTime : times.within(ownWindows.get(asset) ?? subject.window)),
    room,
  }
}

/** In milliseconds: how long after the window the asset has reported. */
function within(terms: Terms | undefined): number {
  return (terms?.reportsWithinSeconds ?? 0) * 1_000
}

/** Milliseconds. */
function longest(seconds: readonly number[]): number {
  return seconds.reduce((most, one) => Math.max(most, one), 0) * 1_000
}

/** The past of a ring in the rollout, and the assets that are left. */
function pastOf({ rollout, leftOut, now, terms }: Simulation, ring: PlannedRing, duration: number) {
  const left: string[] = []
  let done = 0
  let first = Number.POSITIVE_INFINITY
  let last = 0
  let free = 0
  for (const id of ring.assets) {
    const deployment = rollout?.deployments[id]
    if (deployment === undefined) {
      if (rollout?.skipped[id] === undefined && leftOut[id] === undefined) left.push(id)
      continue
    }
    const started = Date.parse(deployment.startedAt)
    first = Math.min(first, started)
    if (deployment.verification === null) {
      const { notAfter } = deployment
      const reports = notAfter === undefined ? 0 : Date.parse(notAfter) + within(terms.get(id))
      free = Math.max(free, Date.parse(now), started + duration, reports)
      last = Math.max(last, free)
    } else {
      done++
      last = Math.max(last, Date.parse(deployment.doneAt ?? deployment.verification.at))
    }
  }
  return { left, done, free, span: last === 0 ? null : { start: first, end: Math.max(first, last) } }
}

/**
 * Simulates the batches of a ring and adds to `spans` when they are worked on. Gives a sentence if the ring never ends,
 * else `null`.
 */
function playBatches(play: RingPlay, left: readonly string[], from: number, spans: Span[]): string | null {
  const { ring, duration, timesOf, room, lead, reports } = play
  const size = Math.max(1, ring.batchSize)
  const most = Math.max(1, ring.concurrency ?? size)
  let at = from
  let rest = left
  while (rest.length > 0) {
    const start = firstFit(rest, at + lead, duration, timesOf)
    if (start === null) return whyNever(play, rest)
    at = start
    const batch = take(rest, size, (asset) => fits(timesOf(asset), start, duration))
    rest = batch.rest
    let waiting: readonly string[] = batch.chosen
    while (waiting.length > 0) {
      const turn = firstFit(waiting, Math.max(at, start), duration, timesOf)
      if (turn === null) return whyNever(play, waiting)
      const hasRoom = room()
      const wave = take(waiting, most, (asset) => fits(timesOf(asset), turn, duration) && hasRoom(asset))
      if (wave.chosen.length === 0) {
        return `Ring ${ring.name} never ends: every member of a cluster has to stay up.`
      }
      // Whether servers that report late did well is known only after the window.
      const known = lead + reports === 0 ? turn + duration : windowEnd(timesOf(wave.chosen[0] ?? ''), turn) + reports
      append(spans, { start: turn, end: known })
      at = known
      waiting = wave.rest
    }
  }
  return null
}

function whyNever({ ring, duration, timesOf }: RingPlay, assets: readonly string[]): string {
  const times = timesOf(assets[0] ?? '')
  const name = `the window "${times.name}"`
  if (times.spans.length === 0) return `Ring ${ring.name} never begins: ${name} has no time in the coming year.`
  const longest = Math.max(...times.spans.map(({ start, end }) => end - start))
  if (longest < duration)
    return `Ring ${ring.name} never ends: a server takes about ${minutes(duration)}, and ${name} is never open for longer than ${minutes(longest)}.`
  return `Ring ${ring.name} does not end within a year: ${name} is too short for its ${ring.assets.length} servers.`
}

/** At most `KEPT` spans: the last of them covers all the rest. */
function kept(spans: readonly Span[]): readonly Span[] {
  const first = spans[KEPT - 1]
  const last = spans.at(-1)
  if (spans.length <= KEPT || first === undefined || last === undefined) return spans
  return [...spans.slice(0, KEPT - 1), { start: first.start, end: last.end }]
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / MINUTE_MS)} min`
}
