/** When a start is looked at again, where its engine says that it is not worth it sooner. */

import { limits } from './limits.ts'

const LONGEST_MS = limits.lookAgainSeconds * 1_000

/**
 * The earliest instant that was said about the assets that still run, ISO 8601 UTC, at most as far ahead as the limit
 * says. `null`: at the usual pace of so many seconds, because for one of them nothing usable was said, or nothing
 * later.
 */
export function nextLook(said: readonly (string | undefined)[], now: Date, paceSeconds: number): string | null {
  if (said.length === 0) return null
  const latest = now.getTime() + LONGEST_MS
  const at = said.reduce((earliest, one) => Math.min(earliest, Date.parse(one ?? '')), latest)
  return at > now.getTime() + paceSeconds * 1_000 ? new Date(at).toISOString() : null
}

/** Is it still to come? What is further ahead than the limit is not: the clock was set back. */
export function isAhead(at: string, now: Date): boolean {
  const ms = Date.parse(at) - now.getTime()
  return ms > 0 && ms <= LONGEST_MS
}

/**
 * Until when nobody has to wait for these starts, ISO 8601 UTC: the earliest of their next looks, where all are a while ahead.
 * `null`: one of them is looked at sooner, or there is none.
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

/** May a proposal with assets at work be left alone until `dueAt`, from any moment up to `now`? */
export function mayRestUntil(dueAt: string, now: string): boolean {
  return Date.parse(dueAt) - Date.parse(now) <= LONGEST_MS
}
