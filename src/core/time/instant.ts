/** Lengths of time, and instants as text in ISO 8601, UTC. */

export const HOUR_SECONDS = 3_600
export const DAY_SECONDS = 24 * HOUR_SECONDS
export const WEEK_SECONDS = 7 * DAY_SECONDS

export const MINUTE_MS = 60_000
export const HOUR_MS = HOUR_SECONDS * 1_000
export const DAY_MS = DAY_SECONDS * 1_000
export const WEEK_MS = WEEK_SECONDS * 1_000

export function isBefore(a: string, b: string): boolean {
  return Date.parse(a) < Date.parse(b)
}

export function plusSeconds(at: string, seconds: number): string {
  return toIso(Date.parse(at) + seconds * 1_000)
}

/** `at`: milliseconds. */
export function toIso(at: number): string {
  return new Date(at).toISOString()
}

/** For people, e.g. `2026-11-20 03:15`. The time stays in UTC. */
export function minuteOf(at: string): string {
  return at.slice(0, 16).replace('T', ' ')
}

/** The latest of the instants; `null`: there is none. */
export function latest(instants: readonly (string | null)[]): string | null {
  let found: string | null = null
  for (const at of instants) if (at !== null && (found === null || isBefore(found, at))) found = at
  return found
}

/** The earliest of the instants; `null`: there is none. */
export function earliest(instants: readonly (string | null)[]): string | null {
  let found: string | null = null
  for (const at of instants) if (at !== null && (found === null || isBefore(at, found))) found = at
  return found
}
