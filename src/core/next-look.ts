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
