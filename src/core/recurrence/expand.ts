/** The occurrences of a recurrence rule in local time, without time zones. */

import { DAY_SECONDS, HOUR_SECONDS } from '../time/instant.ts'
import { type CalendarDate, dateOf, dayNumber, weekdayOf, weekStartOf } from '../time/local-time.ts'
import type { Rrule } from './rule.ts'

/** After this many candidates without an occurrence, a rule that repeats within a day counts as finished. */
const MOST_IN_VAIN = 2_000_000

/**
 * Local seconds of the occurrences from `from` until before `to`, in order, and never before `start`. `start` (RFC
 * 5545: DTSTART) fills in what the rule leaves out. It is an occurrence only if the rule includes it. The caller must
 * apply UNTIL, because UNTIL may be in another zone.
 */
export function* expand(rule: Rrule, start: number, from: number, to: number): Generator<number> {
  // Occurrences before `from` are skipped, unless they must be counted.
  const first = rule.count === null ? Math.max(start, from) : start
  let left = rule.count ?? Number.POSITIVE_INFINITY
  const candidates = withinDay(rule) ? fine(rule, start, first, to) : coarse(rule, start, first, to)
  for (const local of candidates) {
    if (local < first) continue
    if (local >= to) return
    if (local >= from) yield local
    if (--left === 0) return
  }
}

function withinDay({ frequency }: Rrule): boolean {
  return frequency === 'HOURLY' || frequency === 'MINUTELY' || frequency === 'SECONDLY'
}

// ---------------------------------------------------------------- days, weeks, months, years

function* coarse(rule: Rrule, start: number, first: number, to: number): Generator<number> {
  const matches = dayFilter(rule, start)
  const times = timesOfDay(rule, start)
  if (times.length === 0) return
  const firstDay = dayOf(first)
  for (const [begin, end] of periods(rule, dayOf(start), firstDay, dayOf(to) + 1)) {
    if (rule.bySetPos.length === 0) {
      for (let day = Math.max(begin, firstDay); day < end; day++) {
        if (matches(day)) for (const time of times) yield day * DAY_SECONDS + time
      }
      continue
    }
    const days: number[] = []
    for (let day = begin; day < end; day++) if (matches(day)) days.push(day)
    for (const position of positions(rule.bySetPos, days.length * times.length)) {
      const day = days[Math.floor(position / times.length)] ?? 0
      yield day * DAY_SECONDS + (times[position % times.length] ?? 0)
    }
  }
}

function dayOf(local: number): number {
  return Math.floor(local / DAY_SECONDS)
}

/** First day, and day after the last, of each period of the rule. The first period begins at or before `from`. */
function* periods(rule: Rrule, start: number, from: number, to: number): Generator<readonly [number, number]> {
  const { interval } = rule
  const began = dateOf(start)
  const { year, month } = dateOf(from)
  switch (rule.frequency) {
    case 'YEARLY':
      for (let at = ahead(began.year, year, interval); ; at += interval) {
        const begin = dayNumber(at, 1, 1)
        if (begin >= to) return
        yield [begin, dayNumber(at + 1, 1, 1)]
      }
    case 'MONTHLY':
      for (let at = ahead(began.year * 12 + began.month, year * 12 + month, interval); ; at += interval) {
        const begin = dayNumber(0, at, 1)
        if (begin >= to) return
        yield [begin, dayNumber(0, at + 1, 1)]
      }
    case 'WEEKLY': {
      const week = weekStartOf(start, rule.weekStart)
      for (let at = ahead(week, weekStartOf(from, rule.weekStart), 7 * interval); at < to; at += 7 * interval)
        yield [at, at + 7]
      return
    }
    default:
      for (let at = ahead(start, from, interval); at < to; at += interval) yield [at, at + 1]
  }
}

/** The last of `start`, `start + step`, ... that is not beyond `goal`; at least `start`. */
function ahead(start: number, goal: number, step: number): number {
  return start + Math.max(0, Math.floor((goal - start) / step)) * step
}

/** Indexes of the chosen positions among `length` items, in order. */
function positions(chosen: readonly number[], length: number): readonly number[] {
  const found = new Set<number>()
  for (const position of chosen) {
    const index = position > 0 ? position - 1 : length + position
    if (index >= 0 && index < length) found.add(index)
  }
  return [...found].sort((a, b) => a - b)
}

/** Times of the day, in seconds, at which a rule of days, weeks, months or years occurs. */
function timesOfDay(rule: Rrule, start: number): readonly number[] {
  const time = start - dayOf(start) * DAY_SECONDS
  const times: number[] = []
  for (const hour of or(rule.byHour, Math.floor(time / HOUR_SECONDS))) {
    for (const minute of or(rule.byMinute, Math.floor(time / 60) % 60)) {
      for (const second of or(rule.bySecond, time % 60)) {
        // Second 60 may be written but never occurs: there are no leap seconds here.
        if (second < 60) times.push(hour * HOUR_SECONDS + minute * 60 + second)
      }
    }
  }
  return times
}

function or(values: readonly number[], otherwise: number): readonly number[] {
  return values.length === 0 ? [otherwise] : values
}

// ---------------------------------------------------------------- hours, minutes, seconds

function* fine(rule: Rrule, start: number, first: number, to: number): Generator<number> {
  const matches = dayFilter(rule, start)
  const unit = rule.frequency === 'HOURLY' ? HOUR_SECONDS : rule.frequency === 'MINUTELY' ? 60 : 1
  const step = rule.interval * unit
  const origin = start - (((start % unit) + unit) % unit)
  const within = timesWithin(rule, start)
  const hours = new Set(rule.byHour)
  const minutes = new Set(unit < HOUR_SECONDS ? rule.byMinute : [])
  const allowedSeconds = new Set(unit < 60 ? rule.bySecond : [])
  const next = (least: number) => origin + Math.max(0, Math.ceil((least - origin) / step)) * step
  if (within.length === 0) return
  let inVain = 0
  for (let day = dayOf(first); day * DAY_SECONDS < to; day++) {
    const midnight = day * DAY_SECONDS
    if (!matches(day)) continue
    for (let at = next(midnight); at < midnight + DAY_SECONDS; ) {
      if (++inVain > MOST_IN_VAIN) return
      const time = at - midnight
      if (hours.size > 0 && !hours.has(Math.floor(time / HOUR_SECONDS))) {
        at = next(midnight + (Math.floor(time / HOUR_SECONDS) + 1) * HOUR_SECONDS)
        continue
      }
      if (minutes.size > 0 && !minutes.has(Math.floor(time / 60) % 60)) {
        at = next(midnight + (Math.floor(time / 60) + 1) * 60)
        continue
      }
      if (allowedSeconds.size === 0 || allowedSeconds.has(time % 60)) {
        inVain = 0
        for (const more of within) yield at + more
      }
      at += step
    }
  }
}

/** Seconds after the beginning of an hour, minute or second at which a rule of that frequency occurs. */
function timesWithin(rule: Rrule, start: number): readonly number[] {
  const time = ((start % HOUR_SECONDS) + HOUR_SECONDS) % HOUR_SECONDS
  const minutes = rule.frequency === 'HOURLY' ? or(rule.byMinute, Math.floor(time / 60)) : [0]
  const times: number[] = []
  for (const minute of minutes) {
    const within = rule.frequency === 'SECONDLY' ? [0] : or(rule.bySecond, time % 60)
    for (const second of within) if (second < 60) times.push(minute * 60 + second)
  }
  if (rule.bySetPos.length === 0) return times
  return positions(rule.bySetPos, times.length).map((position) => times[position] ?? 0)
}

// ---------------------------------------------------------------- which days

type DayTest = (day: number, date: CalendarDate) => boolean

/** Tests whether a day matches all BY parts about days. Missing parts are filled in from `start`. */
function dayFilter(rule: Rrule, start: number): (day: number) => boolean {
  const tests = dayTests(rule, dayOf(start))
  return (day) => {
    const date = dateOf(day)
    for (const test of tests) if (!test(day, date)) return false
    return true
  }
}

function dayTests(rule: Rrule, start: number): readonly DayTest[] {
  const { frequency, byMonth, byWeekNo, byYearDay, byMonthDay, byDay, weekStart } = rule
  const tests: DayTest[] = []
  if (byMonth.length > 0) tests.push((_day, { month }) => byMonth.includes(month))
  if (byWeekNo.length > 0) {
    tests.push((day) => {
      const { number, of } = weekOfYear(day, weekStart)
      return byWeekNo.includes(number) || byWeekNo.includes(number - of - 1)
    })
  }
  if (byYearDay.length > 0) {
    tests.push((day, { year }) => {
      const number = day - dayNumber(year, 1, 1) + 1
      return byYearDay.includes(number) || byYearDay.includes(day - dayNumber(year + 1, 1, 1))
    })
  }
  if (byMonthDay.length > 0) {
    tests.push(
      (day, { year, month, day: number }) =>
        byMonthDay.includes(number) || byMonthDay.includes(day - dayNumber(year, month + 1, 1)),
    )
  }
  if (byDay.length > 0) {
    const ofMonth = frequency === 'MONTHLY' || byMonth.length > 0
    const numbered = byDay.some(({ ordinal }) => ordinal !== 0)
    tests.push((day, { year, month }) => {
      const weekday = weekdayOf(day)
      const same = byDay.filter((one) => one.weekday === weekday)
      if (!numbered || same.length === 0) return same.length > 0
      const begin = ofMonth ? dayNumber(year, month, 1) : dayNumber(year, 1, 1)
      const end = ofMonth ? dayNumber(year, month + 1, 1) : dayNumber(year + 1, 1, 1)
      const number = Math.floor((day - begin) / 7) + 1
      const fromEnd = -Math.floor((end - 1 - day) / 7) - 1
      return same.some(({ ordinal }) => ordinal === 0 || ordinal === number || ordinal === fromEnd)
    })
  }
  if (byWeekNo.length + byYearDay.length + byMonthDay.length + byDay.length > 0) return tests
  const began = dateOf(start)
  if (frequency === 'YEARLY' && byMonth.length === 0) tests.push((_day, { month }) => month === began.month)
  if (frequency === 'YEARLY' || frequency === 'MONTHLY') tests.push((_day, { day }) => day === began.day)
  if (frequency === 'WEEKLY') tests.push((day) => weekdayOf(day) === weekdayOf(start))
  return tests
}

/** The week of a day, and how many weeks its year has. Week 1 is the first with four days in the year. */
function weekOfYear(day: number, firstDay: Rrule['weekStart']): { readonly number: number; readonly of: number } {
  const middle = weekStartOf(day, firstDay) + 3
  const { year } = dateOf(middle)
  const january = dayNumber(year, 1, 1)
  const last = weekStartOf(dayNumber(year, 12, 28), firstDay) + 3
  return { number: Math.floor((middle - january) / 7) + 1, of: Math.floor((last - january) / 7) + 1 }
}
