/** Numbers, days and durations in words. */

import { DateTime } from 'luxon'
import { DAY_SECONDS, isBefore, plusSeconds } from '../core/time/instant.ts'

/** `1 asset`, `3 assets` */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}

/** `90 s`, `5 min`, `3 h` */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3_600)} h`
}

/** The day of a due date, such as `2 Dec 2026`. Due dates are days, and end with them in UTC. */
export function dayWords(at: string): string {
  return DateTime.fromISO(at, { zone: 'utc', locale: 'en' }).toFormat('d LLL yyyy')
}

/** An end that is so far away is only the end of what was looked at: the window is always open. */
const FAR_SECONDS = 180 * DAY_SECONDS

export function hasEnd(end: string, now: string): boolean {
  return isBefore(end, plusSeconds(now, FAR_SECONDS))
}
