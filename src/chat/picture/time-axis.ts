import { DateTime } from 'luxon'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../core/time/instant.ts'

export interface Tick {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly label: string
  /** True for midnight: the label is a date. */
  readonly day: boolean
}

const steps = [
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
]
const dayCounts = [1, 2, 3, 7, 14, 28, 56]

/** At most `most` round times on the clock of the zone. They stay on round hours when the clocks change. */
export function ticks(from: number, to: number, most: number, timeZone: string): readonly Tick[] {
  const span = to - from
  const step = steps.find((ms) => span / ms <= most)
  const first = DateTime.fromMillis(from, { zone: timeZone }).startOf('day')
  const list: Tick[] = []
  if (step === undefined) {
    const days = dayCounts.find((count) => span / (count * DAY_MS) <= most) ?? Math.ceil(span / DAY_MS / most)
    for (let day = first; day.toMillis() <= to; day = day.plus({ days })) add(day)
    return list
  }
  for (let day = first; day.toMillis() <= to; day = day.plus({ days: 1 })) {
    for (let minute = 0; minute < 24 * 60; minute += step / MINUTE_MS) {
      // Uses local clock time, so that a day of 23 or 25 hours has its marks at the same hours.
      add(day.set({ hour: Math.floor(minute / 60), minute: minute % 60 }))
    }
  }
  return list

  function add(at: DateTime): void {
    const ms = at.toMillis()
    if (ms < from || ms > to || ms <= (list.at(-1)?.at ?? Number.NEGATIVE_INFINITY)) return
    const day = at.hour === 0 && at.minute === 0
    list.push({ at: ms, label: at.toFormat(day ? 'ccc d LLL' : 'HH:mm'), day })
  }
}

/** `Sat 22 Nov 02:00`. */
export function dayAndTime(at: string, timeZone: string): string {
  return DateTime.fromISO(at, { zone: timeZone }).toFormat('ccc d LLL HH:mm')
}

/** Start and end as text. The day is written once if it is the same. */
export function fromTo(start: string, end: string, timeZone: string): string {
  const to = DateTime.fromISO(end, { zone: timeZone })
  const same = DateTime.fromISO(start, { zone: timeZone }).hasSame(to, 'day')
  return `${dayAndTime(start, timeZone)} – ${to.toFormat(same ? 'HH:mm' : 'ccc d LLL HH:mm')}`
}

/** The zone as text for people: underscores become spaces. */
export function zoneName(timeZone: string): string {
  return timeZone.replaceAll('_', ' ')
}
