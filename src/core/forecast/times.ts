/** When assets may be touched in a forecast. Instants and durations are milliseconds. */

import type { Span } from '../time/span.ts'
import { type Freeze, HORIZON_MS, nextWindows, toSpan, unfrozen, type WindowPlan } from '../window.ts'

/**
 * When assets with the same windows may be touched. `next` only grows, because the simulation never goes back in time.
 */
export interface Times {
  readonly name: string
  readonly spans: readonly Span[]
  next: number
}

export interface OpenTimes {
  /** For rings that run before the vote, or at once: any time without a freeze. */
  readonly anyTime: Times
  /** The windows of a plan, and the time by which somebody extended the window. */
  readonly within: (plan: WindowPlan) => Times
}

/** So many windows are looked at: with a daily window this reaches about a year ahead. */
const WINDOWS_TRIED = 400

export function openTimes(
  team: string,
  freezes: readonly Freeze[],
  now: string,
  extendedUntil: string | null,
): OpenTimes {
  const begin = Date.parse(now)
  const open = unfrozen(freezes, team, { start: begin, end: begin + HORIZON_MS })
  const extension = extendedUntil === null ? 0 : Date.parse(extendedUntil)
  const extended = open.flatMap(({ start, end }) =>
    start < extension ? [{ start, end: Math.min(end, extension) }] : [],
  )
  const known = new Map<string, Times>()
  const byPlan = new Map<WindowPlan, Times>()
  function within(plan: WindowPlan): Times {
    const found = byPlan.get(plan)
    if (found) return found
    // Plans that were read from the database are equal, but not the same object.
    const key = JSON.stringify(plan)
    const times = known.get(key) ?? {
      name: plan.name,
      spans: [...extended, ...nextWindows(plan, freezes, team, now, WINDOWS_TRIED).map(toSpan)],
      next: 0,
    }
    known.set(key, times)
    byPlan.set(plan, times)
    return times
  }
  return { anyTime: { name: 'any time', spans: open, next: 0 }, within }
}

/** The first instant from `at` on at which one of the assets may begin and has enough time to finish; `null`: never. */
export function firstFit(
  assets: readonly string[],
  at: number,
  duration: number,
  timesOf: (asset: string) => Times,
): number | null {
  let best: number | null = null
  const seen = new Set<Times>()
  for (const asset of assets) {
    const times = timesOf(asset)
    if (seen.has(times)) continue
    seen.add(times)
    const start = nextFit(times, at, duration)
    if (start === at) return at
    if (start !== null && (best === null || start < best)) best = start
  }
  return best
}

function nextFit(times: Times, at: number, duration: number): number | null {
  while ((times.spans[times.next]?.end ?? Number.POSITIVE_INFINITY) <= at) times.next++
  for (let index = times.next; index < times.spans.length; index++) {
    const span = times.spans[index]
    if (span === undefined) return null
    const start = Math.max(at, span.start)
    if (start + duration <= span.end) return start
  }
  return null
}

/** The end of the time that is open at `at`. */
export function windowEnd(times: Times, at: number): number {
  return times.spans.find(({ start, end }) => start <= at && at < end)?.end ?? at
}

export function fits(times: Times, at: number, duration: number): boolean {
  return nextFit(times, at, duration) === at
}
