import type ICAL from 'ical.js'
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
      const local = parseLocal(text.replace(/z$/i, ''))
      if (local === null)
        throw new Error(`${name.toUpperCase()} is ${JSON.stringify(text.slice(0, 40))}, which is not a time`)
      return { local, tzid: typeof tzid === 'string' ? tzid : null, utc: /z$/i.test(text), whole: text.length === 10 }
    })
  })
}

export interface Places {
  /** The zone for floating times and for dates. */
  readonly own: Zone
  readonly named: (tzid: string) => Zone
}

const UTC: Zone = zoneNamed('UTC') ?? { offset: () => 0 }

export function zoneOfTime(time: CalendarTime, places: Places): Zone {
  if (time.utc) return UTC
  return time.tzid === null || time.whole ? places.own : places.named(time.tzid)
}

/** Returns milliseconds since 1970. */
export function instantOfTime(time: CalendarTime, places: Places): number {
  return instantOf(time.local, zoneOfTime(time, places))
}

/** The first second of the local day, in seconds on the local clock. */
export function dayOfLocal(local: number): number {
  return Math.floor(local / DAY_SECONDS) * DAY_SECONDS
}
