/** Who is on duty by a rota: people take turns, each from one handover to the next. */

import { DateTime } from 'luxon'

export interface Rota {
  /** Person ids in the order of their turns. Never empty. */
  readonly people: readonly string[]
  /** ISO date of the first handover: the first person's turn begins then. */
  readonly start: string
  /** Local wall time of every handover, `HH:MM`. */
  readonly handover: string
  /** Days from one handover to the next, counted on the calendar: a turn keeps its wall times over a clock change. */
  readonly everyDays: number
  /** IANA zone. */
  readonly timeZone: string
  /** Stand-ins; if two overlap, the later one in the list counts. */
  readonly overrides: readonly Override[]
}

export interface Override {
  /** ISO 8601 instants; `to` is exclusive. */
  readonly from: string
  readonly to: string
  readonly person: string
}

/** The person on duty at an instant; `null` before the rota begins. */
export function onDuty(rota: Rota, at: string): string | null {
  const stand = rota.overrides.findLast(
    ({ from, to }) => Date.parse(from) <= Date.parse(at) && Date.parse(at) < Date.parse(to),
  )
  if (stand) return stand.person
  const local = DateTime.fromISO(at, { zone: rota.timeZone })
  const [hour = 0, minute = 0] = rota.handover.split(':').map(Number)
  const handedOver = local.hour > hour || (local.hour === hour && local.minute >= minute)
  // Days as dates without a zone: the days between two dates are whole whatever the clocks do.
  const today = DateTime.utc(local.year, local.month, local.day).minus({ days: handedOver ? 0 : 1 })
  const days = today.diff(DateTime.fromISO(rota.start, { zone: 'utc' }), 'days').days
  if (days < 0) return null
  return rota.people[Math.floor(days / rota.everyDays) % rota.people.length] ?? null
}
