/**
 * Local time as plain numbers. Local seconds count from 1970-01-01T00:00 on the local clock, whatever the zone. Day
 * numbers count the whole days of them. Only `instantOf` and `localOf` use zones.
 */

import { IANAZone } from 'luxon'
import { DAY_MS, DAY_SECONDS, HOUR_MS, HOUR_SECONDS, MINUTE_MS } from './instant.ts'

/** Weekday numbers as in ISO 8601: Monday is 1, Sunday is 7. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7

/** `offset`: minutes by which the local clock is ahead of UTC at an instant in milliseconds. */
export interface Zone {
  offset(instant: number): number
}

export interface CalendarDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** A zone keeps the offsets of at most this many days; then it forgets them all. */
const MOST_REMEMBERED = 10_000

const zones = new Map<string, Zone>()

/** The IANA zone with this name; `null`: there is none. */
export function zoneNamed(name: string): Zone | null {
  const known = zones.get(name)
  if (known) return known
  if (!IANAZone.isValidZone(name)) return null
  const zone = remembering(IANAZone.create(name))
  zones.set(name, zone)
  return zone
}

/** Keeps the offset of each day (in UTC) without a clock change, because asking a zone is slow. */
function remembering(zone: Zone): Zone {
  /** `null`: the clocks change on that day. */
  const days = new Map<number, number | null>()
  return {
    offset(instant) {
      const day = Math.floor(instant / DAY_MS)
      let offset = days.get(day)
      if (offset === undefined) {
        if (days.size >= MOST_REMEMBERED) days.clear()
        const morning = zone.offset(day * DAY_MS)
        offset = morning === zone.offset((day + 1) * DAY_MS) ? morning : null
        days.set(day, offset)
      }
      return offset ?? zone.offset(instant)
    },
  }
}

/** Days from 0000-03-01 to 1970-01-01. If years begin in March, the leap day is their last day. */
const MARCH_0000 = 719_468
const DAYS_OF_400_YEARS = 146_097

/** Day number of a date. Months beyond 12 belong to the following years: 13 is January of the next year. */
export function dayNumber(year: number, month: number, day: number): number {
  const months = year * 12 + month - 3
  const marchYear = Math.floor(months / 12)
  const marchMonth = months - marchYear * 12
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + Math.floor((153 * marchMonth + 2) / 5) + day - 1 - MARCH_0000
}

export function dateOf(dayNumber: number): CalendarDate {
  const days = dayNumber + MARCH_0000
  const era = Math.floor(days / DAYS_OF_400_YEARS)
  const ofEra = days - era * DAYS_OF_400_YEARS
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/** ISO weekday of a day number. */
export function weekdayOf(dayNumber: number): Weekday {
  return (((((dayNumber + 3) % 7) + 7) % 7) + 1) as Weekday
}

/** Day number of the first day of the week that contains a day. */
export function weekStartOf(dayNumber: number, firstDay: Weekday): number {
  return dayNumber - ((weekdayOf(dayNumber) - firstDay + 7) % 7)
}

const written = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):?(\d{2})(?::?(\d{2}))?)?$/i

/** Local seconds of `2026-03-29T02:30`, `2026-03-29` or `20260329T023000`; `null`: there is no such date or time. */
export function parseLocal(text: string): number | null {
  const [, year, month, day, hour, minute, second] = (written.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return null
  const number = dayNumber(year, month, day)
  const date = dateOf(number)
  if (date.year !== year || date.month !== month || date.day !== day) return null
  const [hours, minutes, seconds] = [hour || 0, minute || 0, second || 0]
  if (hours > 23 || minutes > 59 || seconds > 59) return null
  return number * DAY_SECONDS + hours * HOUR_SECONDS + minutes * 60 + seconds
}

/** Local seconds at an instant in milliseconds. */
export function localOf(instant: number, zone: Zone): number {
  return Math.floor(instant / 1_000) + Math.round(zone.offset(instant) * 60)
}

/** No clock has ever been set further from UTC than this. */
const FURTHEST_MS = 16 * HOUR_MS

/**
 * The instant, in milliseconds, of a local time. When clocks go back, a time occurs twice, and the first one counts.
 * When clocks go forward, a skipped time is read with the offset before the change. See RFC 5545, section 3.3.5.
 */
export function instantOf(local: number, zone: Zone): number {
  const wall = local * 1_000
  const offsetBefore = zone.offset(wall - FURTHEST_MS)
  const before = wall - offsetBefore * MINUTE_MS
  if (zone.offset(before) === offsetBefore) return before
  const offsetAfter = zone.offset(wall + FURTHEST_MS)
  const after = wall - offsetAfter * MINUTE_MS
  return zone.offset(after) === offsetAfter ? after : before
}
