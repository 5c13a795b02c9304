/** Dates that people name without a time. They mean the day where their team is. */

import { DAY_SECONDS, toIso } from './instant.ts'
import { dateOf, instantOf, localOf, parseLocal, zoneNamed } from './local-time.ts'

const DATE = /^\d{4}-\d{2}-\d{2}$/

/** The first instant of the day in the zone, ISO 8601 UTC; a text that is no date is returned as it is. */
export function dayBegins(written: string, zone: string): string {
  return atDay(written, zone, 0)
}

/** The first instant of the day after it in the zone, ISO 8601 UTC; a text that is no date is returned as it is. */
export function dayIsOver(written: string, zone: string): string {
  return atDay(written, zone, 1)
}

/** The last second of the day in the zone, so that it is read as that day. A text that is no date stays as it is. */
export function dayEnds(written: string, zone: string): string {
  const over = dayIsOver(written, zone)
  return over === written ? written : toIso(Date.parse(over) - 1_000)
}

function atDay(written: string, zoneName: string, days: number): string {
  const local = DATE.test(written) ? parseLocal(written) : null
  const zone = zoneNamed(zoneName) ?? zoneNamed('UTC')
  if (local === null || zone === null) return written
  return toIso(instantOf(local + days * DAY_SECONDS, zone))
}

/** For people: `2026-12-24 23:59 (Europe/Berlin)`. */
export function minuteIn(at: string, zoneName: string): string {
  const zone = zoneNamed(zoneName)
  if (zone === null) return `${at.slice(0, 16).replace('T', ' ')} (UTC)`
  const local = localOf(Date.parse(at), zone)
  const { year, month, day } = dateOf(Math.floor(local / DAY_SECONDS))
  const minutes = Math.floor((((local % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS) / 60)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${year}-${two(month)}-${two(day)} ${two(Math.floor(minutes / 60))}:${two(minutes % 60)} (${zoneName})`
}
