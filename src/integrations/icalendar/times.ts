import ICAL from 'ical.js'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import { instantOf, parseLocal, type Zone, zoneNamed } from '../../core/time/local-time.ts'

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

/** The lengths of added occurrences that are written as periods, in milliseconds, by their start. Throws a clause. */
export function periodLengths(component: ICAL.Component, places: Places): ReadonlyMap<number, number> {
  const lengths = new Map<number, number>()
  for (const property of component.getAllProperties('rdate')) {
    const tzid = property.getParameter('tzid')
    const [, , , ...values]: readonly unknown[] = property.toJSON()
    for (const value of values) {
      if (!Array.isArray(value)) continue
      const [from, to] = value.map(String)
      if (from === undefined || to === undefined) continue
      const zone = typeof tzid === 'string' ? tzid : null
      const start = instantOfTime(timeOf(from, 'rdate', zone), places)
      const end = /^[+-]?P/i.test(to)
        ? start + ICAL.Duration.fromString(to.toUpperCase()).toSeconds() * 1_000
        : instantOfTime(timeOf(to, 'rdate', zone), places)
      if (end < start) throw new Error(`RDATE has a period that ends at ${to}, before it begins at ${from}`)
      lengths.set(start, end - start)
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
