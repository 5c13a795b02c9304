/**
 * When maintenance windows open. A schedule is written as 16 hexadecimal digits; its parts lie in them as public decoders agree:
 * minute, hour, day, month and year since 1970 of the first one (6, 5, 5, 4, 6 bits), then after a duration of 16 bits the kind of recurrence (3) and
 * its numbers. https://learn.microsoft.com/mem/configmgr/develop/reference/core/servers/configure/schedule-token
 */

import { DAY_SECONDS, HOUR_SECONDS } from '../../core/time/instant.ts'
import { dateOf, dayNumber, instantOf, localOf, type Zone, zoneNamed } from '../../core/time/local-time.ts'
import type { Span } from '../../core/time/span.ts'

const UTC: Zone = { offset: () => 0 }

type Recurrence =
  | { readonly kind: 'once' }
  | { readonly kind: 'every'; readonly seconds: number }
  /** `day`: 0 is Sunday. */
  | { readonly kind: 'weekly'; readonly day: number; readonly weeks: number }
  /** `order`: 0 is the last one of the month. */
  | { readonly kind: 'by weekday'; readonly day: number; readonly order: number; readonly months: number }
  /** `day`: 0 is the last one of the month. */
  | { readonly kind: 'by date'; readonly day: number; readonly months: number }

export interface Schedule {
  /** Local seconds. */
  readonly first: number
  readonly recurrence: Recurrence
}

/** `null`: it cannot be read. */
export function scheduleOf(token: string): Schedule | null {
  if (!/^[0-9a-f]{16}$/i.test(token)) return null
  const bits = BigInt(`0x${token}`).toString(2).padStart(64, '0')
  const number = (from: number, length: number) => Number.parseInt(bits.slice(from, from + length), 2)
  const [minute, hour, day, month] = [number(0, 6), number(6, 5), number(11, 5), number(16, 4)]
  const recurrence = recurrenceOf(number)
  if (minute > 59 || hour > 23 || day < 1 || month < 1 || month > 12 || recurrence === null) return null
  const date = dayNumber(1970 + number(20, 6), month, day)
  return { first: date * DAY_SECONDS + hour * HOUR_SECONDS + minute * 60, recurrence }
}

function recurrenceOf(number: (from: number, length: number) => number): Recurrence | null {
  const weekday = number(45, 3) - 1
  switch (number(42, 3)) {
    case 1:
      return { kind: 'once' }
    case 2: {
      const seconds = number(45, 6) * 60 + number(51, 5) * HOUR_SECONDS + number(56, 5) * DAY_SECONDS
      return seconds === 0 ? null : { kind: 'every', seconds }
    }
    case 3:
      return weekday < 0 ? null : { kind: 'weekly', day: weekday, weeks: Math.max(number(48, 3), 1) }
    case 4: {
      const order = number(52, 3)
      if (weekday < 0 || order > 5) return null
      return { kind: 'by weekday', day: weekday, order, months: Math.max(number(48, 4), 1) }
    }
    case 5:
      return { kind: 'by date', day: number(45, 5), months: Math.max(number(50, 4), 1) }
    default:
      return null
  }
}

/** The openings that end after `from` and begin before `to` (ms), so many minutes long. `timeZone`: `null` for UTC. */
export function openings(
  { first, recurrence }: Schedule,
  minutes: number,
  timeZone: string | null,
  { start: from, end: to }: Span,
): readonly Span[] {
  const zone = timeZone === null ? UTC : zoneNamed(timeZone)
  if (zone === null) throw new Error(`"${timeZone}" is not a time zone that is known here`)
  const length = minutes * 60_000
  const begin = Math.max(localOf(from - length, zone), first)
  const end = localOf(to, zone)
  return startsOf(first, recurrence, begin, end)
    .map((local) => ({ start: instantOf(local, zone), end: instantOf(local, zone) + length }))
    .filter((span) => span.end > from && span.start < to)
}

/** Local seconds. */
function startsOf(first: number, recurrence: Recurrence, begin: number, end: number): readonly number[] {
  switch (recurrence.kind) {
    case 'once':
      return first < end ? [first] : []
    case 'every':
      return steps(first, recurrence.seconds, begin, end)
    case 'weekly': {
      const day = Math.floor(first / DAY_SECONDS)
      const ahead = (recurrence.day - weekday(day) + 7) % 7
      return steps(first + ahead * DAY_SECONDS, recurrence.weeks * 7 * DAY_SECONDS, begin, end)
    }
    default:
      return monthly(first, recurrence, begin, end)
  }
}

/** 0 is Sunday. 1 January 1970 was a Thursday. */
function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7
}

function steps(first: number, step: number, begin: number, end: number): readonly number[] {
  const found: number[] = []
  const skipped = Math.max(0, Math.floor((begin - first) / step) - 1)
  for (let at = first + skipped * step; at < end; at += step) found.push(at)
  return found
}

function monthly(
  first: number,
  recurrence: Extract<Recurrence, { kind: 'by weekday' | 'by date' }>,
  begin: number,
  end: number,
): readonly number[] {
  const time = ((first % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS
  const start = dateOf(Math.floor(first / DAY_SECONDS))
  const now = dateOf(Math.floor(begin / DAY_SECONDS))
  const passed = (now.year - start.year) * 12 + now.month - start.month
  const found: number[] = []
  for (
    let months = Math.max(0, Math.floor(passed / recurrence.months) - 1) * recurrence.months;
    ;
    months += recurrence.months
  ) {
    const month = dayNumber(start.year, start.month + months, 1)
    if (month * DAY_SECONDS >= end) return found
    const day = dayIn(recurrence, month, dayNumber(start.year, start.month + months + 1, 1))
    if (day !== null && day * DAY_SECONDS + time >= first) found.push(day * DAY_SECONDS + time)
  }
}

/** `null`: the month has no such day. `month`, `next`: the first days of it and of the one after. */
function dayIn(
  recurrence: Extract<Recurrence, { kind: 'by weekday' | 'by date' }>,
  month: number,
  next: number,
): number | null {
  if (recurrence.kind === 'by date') {
    const day = recurrence.day === 0 ? next - 1 : month + recurrence.day - 1
    return day < next ? day : null
  }
  const first = month + ((recurrence.day - weekday(month) + 7) % 7)
  if (recurrence.order === 0) return first + 7 * Math.floor((next - 1 - first) / 7)
  const day = first + 7 * (recurrence.order - 1)
  return day < next ? day : null
}
