/** Who is on duty in a rota. People take turns; each turn lasts from one handover to the next. */

import { DateTime } from 'luxon'

export interface Rota {
  /** Person ids in the order of their turns. Never empty. */
  readonly people: readonly string[]
  /** ISO date of the first handover, when the first person's turn begins. */
  readonly start: string
  /** Local wall time of every handover, `HH:MM`. */
  readonly handover: string
  /** Calendar days from one handover to the next, so handovers keep their local time when the clocks change. */
  readonly everyDays: number
  /** IANA zone. */
  readonly timeZone: string
  /** People who stand in for others. If two overlap, the later one in the list counts. */
  readonly overrides: readonly Override[]
}

export interface Override {
  /** ISO 8601 instants; `to` is exclusive. */
  readonly from: string
  readonly to: string
  readonly person: string
}

/** The person on duty at an instant; `null`: the rota has not begun. */
export function onDuty(rota: Rota, at: string): string | null {
  const stand = rota.overrides.findLast(
    ({ from, to }) => Date.parse(from) <= Date.parse(at) && Date.parse(at) < Date.parse(to),
  )
  if (stand) return stand.person
  const local = DateTime.fromISO(at, { zone: rota.timeZone })
  const [hour = 0, minute = 0] = rota.handover.split(':').map(Number)
  const handedOver = local.hour > hour || (local.hour === hour && local.minute >= minute)
  // Dates in UTC: there the distance between two dates is always whole days, even when local clocks change.
  const today = DateTime.utc(local.year, local.month, local.day).minus({ days: handedOver ? 0 : 1 })
  const days = today.diff(DateTime.fromISO(rota.start, { zone: 'utc' }), 'days').days
  if (days < 0) return null
  return rota.people[Math.floor(days / rota.everyDays) % rota.people.length] ?? null
}
