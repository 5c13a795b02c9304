/** When to look at a start again if its engine says that nothing changes earlier. */

import { limits } from './limits.ts'

const LONGEST_MS = limits.lookAgainSeconds * 1_000

/**
 * When to poll a start again: the earliest instant in `said`, at most `limits.lookAgainSeconds` after now. ISO 8601,
 * UTC. `said` has one instant per running asset. `null`: poll again after `paceSeconds` as usual, because an asset has
 * no usable instant or the earliest instant is not later than that.
 */
export function nextLook(said: readonly (string | undefined)[], now: Date, paceSeconds: number): string | null {
  if (said.length === 0) return null
  const latest = now.getTime() + LONGEST_MS
  const at = said.reduce((earliest, one) => Math.min(earliest, Date.parse(one ?? '')), latest)
  return at > now.getTime() + paceSeconds * 1_000 ? new Date(at).toISOString() : null
}

/** The end of the span of so many seconds in which the instant lies. Looks of one span are made together. */
export function endOfSpan(at: string, seconds: number): string {
  const span = seconds * 1_000
  return new Date(Math.ceil(Date.parse(at) / span) * span).toISOString()
}

/** Whether `at` is still to come. An instant beyond the limit is not: the clock was set back after it was written. */
export function isAhead(at: string, now: Date): boolean {
  const ms = Date.parse(at) - now.getTime()
  return ms > 0 && ms <= LONGEST_MS
}

/**
 * Until when no process has to wait for these starts: the earliest of their next looks, if it is at least
 * `limits.restSeconds` away. ISO 8601, UTC. `null`: an earlier look is needed, or there are no starts.
 */
export function restsUntil(looks: readonly (string | null)[], now: Date): string | null {
  let earliest: string | null = null
  for (const look of looks) {
    if (look === null || !isAhead(look, now)) return null
    if (earliest === null || Date.parse(look) < Date.parse(earliest)) earliest = look
  }
  if (earliest === null) return null
  return Date.parse(earliest) - now.getTime() >= limits.restSeconds * 1_000 ? earliest : null
}

/** Whether a proposal with assets at work may be left alone until `dueAt`. */
export function mayRestUntil(dueAt: string, now: string): boolean {
  return Date.parse(dueAt) - Date.parse(now) <= LONGEST_MS
}
