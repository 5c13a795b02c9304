/** When machines install what they were told, if their own policy decides the hour. */

import { DAY_SECONDS, HOUR_SECONDS, plusSeconds, toIso } from '../../core/time/instant.ts'
import { instantOf, localOf, zoneNamed } from '../../core/time/local-time.ts'
import type { Installs } from './context.ts'

/** The first instant after `after` (ms) at which it is `time` in the zone. */
export function nextAt(time: string, timeZone: string, after: number): number {
  const zone = zoneNamed(timeZone)
  if (zone === null) throw new Error(`"${timeZone}" is not a time zone that is known here`)
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  const midnight = Math.floor(localOf(after, zone) / DAY_SECONDS) * DAY_SECONDS
  for (let day = 0; ; day++) {
    const at = instantOf(midnight + day * DAY_SECONDS + hour * HOUR_SECONDS + minute * 60, zone)
    if (at > after) return at
  }
}

export interface Asked {
  readonly timeZone: string
  readonly notBefore: string
  readonly notAfter: string | null
}

/**
 * Why a machine whose policy installs at an hour of the day cannot do so in its window, as a sentence; `null`: it can.
 * It installs at the first such hour after it has learned of the approval, and it may learn at any time.
 */
export function timesProblem(installs: Installs, { timeZone, notBefore, notAfter }: Asked, now: Date): string | null {
  if (installs === 'by deadline') return null
  const first = nextAt(installs.at, timeZone, now.getTime())
  if (first < Date.parse(notBefore)) {
    const earlier = toIso(first).slice(0, 16).replace('T', ' ')
    return `Told now, it could install at ${installs.at} its time already (${earlier} UTC), before its window: write a shorter "lead" for the engine, so that it is told after that hour`
  }
  if (notAfter !== null && first >= Date.parse(notAfter))
    return `Its policy installs at ${installs.at} its time, which is not in its window`
  return null
}

/** The deadline for WSUS, which knows whole seconds: never before work may begin. */
export function deadlineOf(installs: Installs, notBefore: string): string | null {
  return installs === 'by deadline' ? toIso(Math.ceil(Date.parse(notBefore) / 1_000) * 1_000) : null
}

/** `notBefore` of a request, or now for one that may begin at once. */
export function beginOf({ notBefore }: { readonly notBefore?: string }, now: Date): string {
  return notBefore === undefined ? now.toISOString() : plusSeconds(notBefore, 0)
}
