import type ICAL from 'ical.js'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import { instantOf, localOf, parseLocal, type Zone, zoneNamed } from '../../core/time/local-time.ts'

/** A time as written in a property. */
export interface CalendarTime {
  /** Seconds since 1970 on the local clock. */
  readonly local: number
  /** Name of the time zone; `null`: none is given. */
  readonly tzid: string | null
  readonly utc: boolean
  /** True for a date without a time. */
  readonly whole: boolean
}

/** Returns every time in all properties with this name; for a period, its start. Throws a clause. */
export function timesOf(component: ICAL.Component, name: string): readonly CalendarTime[] {
  return component.getAllProperties(name).flatMap((property) => {
    const tzid = property.getParameter('tzid')
    const [, , , ...values]: readonly unknown[] = property.toJSON()
    return values.map((value) => {
      const text = String(Array.isArray(value) ? value[0] : value)
      return timeOf(text, name, typeof tzid === 'string' ? tzid : null)
    })
  })
}

function timeOf(text: string, name: string, tzid: string | null): CalendarTime {
  const local = parseLocal(text.replace(/z$/i, ''))
  if (local === null)
    throw new Error(`${name.toUpperCase()} is ${JSON.stringify(text.slice(0, 40))}, which is not a time`)
  return { local, tzid, utc: /z$/i.test(text), whole: text.length === 10 }
}

/** Days are of the local clock, so that one may have 23 or 25 hours (RFC 5545, section 3.3.6); the rest is elapsed time. */
export interface Length {
  readonly days: number
  readonly milliseconds: number
}

/** What DURATION says; `null`: there is none. Throws a clause. */
export function durationOf(component: ICAL.Component): Length | null {
  const [, , , text] = component.getFirstProperty('duration')?.toJSON() ?? []
  return text === undefined ? null : lengthOf(String(text), 'DURATION')
}

function lengthOf(text: string, name: string): Length {
  const found = /^([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i.exec(text)
  const shown = JSON.stringify(text.slice(0, 40))
  if (found === null || !/\d/.test(text)) throw new Error(`${name} is ${shown}, which is not a length`)
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(2).map((part) => Number(part ?? 0))
  if (found[1] === '-') throw new Error(`${name} is ${shown}, so that it would end before it begins`)
  return { days: weeks * 7 + days, milliseconds: ((hours * 60 + minutes) * 60 + seconds) * 1_000 }
}

/** When something ends that begins at `start` and lasts so long. */
export function endAfter(start: number, { days, milliseconds }: Length, zone: Zone): number {
  const day = days === 0 ? start : instantOf(localOf(start, zone) + days * DAY_SECONDS, zone)
  return day + milliseconds
}

/** The lengths of added occurrences that are written as periods, by their start. Throws a clause. */
export function periodLengths(component: ICAL.Component, places: Places): ReadonlyMap<number, Length> {
  const lengths = new Map<number, Length>()
  for (const property of component.getAllProperties('rdate')) {
    const tzid = property.getParameter('tzid')
    const [, , , ...values]: readonly unknown[] = property.toJSON()
    for (const value of values) {
      if (!Array.isArray(value)) continue
      const [from, to] = value.map(String)
      if (from === undefined || to === undefined) continue
      const zone = typeof tzid === 'string' ? tzid : null
      const start = instantOfTime(timeOf(from, 'rdate', zone), places)
      if (/^[+-]?P/i.test(to)) {
        lengths.set(start, lengthOf(to, 'the length in RDATE'))
        continue
      }
      const end = instantOfTime(timeOf(to, 'rdate', zone), places)
      if (end < start) throw new Error(`RDATE has a period that ends at ${to}, before it begins at ${from}`)
      lengths.set(start, { days: 0, milliseconds: end - start })
    }
  }
  return lengths
}

/** A time as its writer wrote it, for messages. */
export function shownTime({ local, whole, utc, tzid }: CalendarTime): string {
  const text = new Date(local * 1_000).toISOString()
  if (whole) return text.slice(0, 10)
  return [text.slice(0, 16).replace('T', ' '), ...(utc ? ['UTC'] : tzid === null ? [] : [tzid])].join(' ')
}

export interface Places {
  /** The zone for times without one. */
  readonly own: Zone
  /** The zone in which dates begin and end. */
  readonly dates: Zone
  readonly named: (tzid: string) => Zone
}

const UTC: Zone = zoneNamed('UTC') ?? { offset: () => 0 }

export function zoneOfTime(time: CalendarTime, places: Places): Zone {
  if (time.utc) return UTC
  if (time.whole) return places.dates
  return time.tzid === null ? places.own : places.named(time.tzid)
}

/** Returns milliseconds since 1970. */
export function instantOfTime(time: CalendarTime, places: Places): number {
  return instantOf(time.local, zoneOfTime(time, places))
}

/** The first second of the local day, in seconds on the local clock. */
export function dayOfLocal(local: number): number {
  return Math.floor(local / DAY_SECONDS) * DAY_SECONDS
}
