/** Recurrence rules in the format of RFC 5545, section 3.3.10. */

import type { Weekday } from '../time/local-time.ts'
import { parseLocal } from '../time/local-time.ts'

export const frequencies = ['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const
export type Frequency = (typeof frequencies)[number]

export interface WeekdayRule {
  readonly weekday: Weekday
  /** Which of these weekdays in the month or year; negative: counted from the end; 0: every one. */
  readonly ordinal: number
}

/** An empty list: the rule does not have that part. */
export interface Rrule {
  readonly frequency: Frequency
  readonly interval: number
  readonly count: number | null
  readonly until: Until | null
  readonly bySecond: readonly number[]
  readonly byMinute: readonly number[]
  readonly byHour: readonly number[]
  readonly byDay: readonly WeekdayRule[]
  readonly byMonthDay: readonly number[]
  readonly byYearDay: readonly number[]
  readonly byWeekNo: readonly number[]
  readonly byMonth: readonly number[]
  readonly bySetPos: readonly number[]
  readonly weekStart: Weekday
}

/** The last moment at which an occurrence may be. */
export interface Until {
  /** Local seconds. For a date, this is its first moment. */
  readonly local: number
  /** True: the time is in UTC, whatever the zone of the rule. */
  readonly utc: boolean
}

export type ParsedRrule =
  | { readonly ok: true; readonly rule: Rrule }
  /** `what` continues a sentence that begins with the rule: `has no FREQ`. */
  | { readonly ok: false; readonly what: string }

const weekdays: Readonly<Record<string, Weekday>> = { MO: 1, TU: 2, WE: 3, TH: 4, FR: 5, SA: 6, SU: 7 }

/** Smallest and largest value. `signed`: may also count from the end (negative); then 0 is not allowed. */
const lists = {
  BYSECOND: { least: 0, most: 60, signed: false },
  BYMINUTE: { least: 0, most: 59, signed: false },
  BYHOUR: { least: 0, most: 23, signed: false },
  BYMONTHDAY: { least: 1, most: 31, signed: true },
  BYYEARDAY: { least: 1, most: 366, signed: true },
  BYWEEKNO: { least: 1, most: 53, signed: true },
  BYMONTH: { least: 1, most: 12, signed: false },
  BYSETPOS: { least: 1, most: 366, signed: true },
} as const

const known = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', 'BYDAY', ...Object.keys(lists)]

const longestText = 2_000

class Unreadable extends Error {}

/**
 * Reads a rule, with or without `RRULE:`. A part that RFC 5545 forbids for a frequency is refused if it is ambiguous.
 * If it has only one possible meaning, it limits the rule (BYMONTHDAY in a weekly rule).
 */
export function parseRrule(text: string): ParsedRrule {
  try {
    return { ok: true, rule: read(text) }
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, what: error.message }
    throw error
  }
}

function read(text: string): Rrule {
  if (text.length > longestText) throw new Unreadable(`is longer than ${longestText} characters`)
  const parts = new Map<string, string>()
  for (const part of text
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .split(';')) {
    const [, name, value] = /^\s*([A-Z]+)\s*=\s*(\S+)\s*$/.exec(part) ?? []
    if (name === undefined || value === undefined) throw new Unreadable(`holds ${shown(part)}, which is not NAME=VALUE`)
    if (!known.includes(name)) throw new Unreadable(`holds ${name}, which is not a part of a rule: ${known.join(', ')}`)
    if (parts.has(name)) throw new Unreadable(`says ${name} twice`)
    parts.set(name, value)
  }
  const frequency = frequencies.find((one) => one === parts.get('FREQ'))
  if (frequency === undefined) {
    const why = parts.has('FREQ') ? `has the FREQ ${shown(parts.get('FREQ') ?? '')}` : 'has no FREQ'
    throw new Unreadable(`${why}; write one of ${frequencies.join(', ')}`)
  }
  if (parts.has('COUNT') && parts.has('UNTIL'))
    throw new Unreadable('has both COUNT and UNTIL; only one may say its end')
  const list = (name: keyof typeof lists) => numbers(name, parts.get(name))
  const rule: Rrule = {
    frequency,
    interval: whole('INTERVAL', parts.get('INTERVAL')) ?? 1,
    count: whole('COUNT', parts.get('COUNT')),
    until: untilOf(parts.get('UNTIL')),
    bySecond: list('BYSECOND'),
    byMinute: list('BYMINUTE'),
    byHour: list('BYHOUR'),
    byDay: weekdayRules(parts.get('BYDAY')),
    byMonthDay: list('BYMONTHDAY'),
    byYearDay: list('BYYEARDAY'),
    byWeekNo: list('BYWEEKNO'),
    byMonth: list('BYMONTH'),
    bySetPos: list('BYSETPOS'),
    weekStart: weekStart(parts.get('WKST')),
  }
  const numbered = rule.byDay.some(({ ordinal }) => ordinal !== 0)
  if (numbered && frequency !== 'MONTHLY' && frequency !== 'YEARLY')
    throw new Unreadable(`numbers a weekday in BYDAY, which only MONTHLY and YEARLY rules can`)
  if (numbered && rule.byWeekNo.length > 0) throw new Unreadable('numbers a weekday in BYDAY beside BYWEEKNO')
  if (rule.bySetPos.length > 0 && [...parts.keys()].filter((name) => name.startsWith('BY')).length === 1)
    throw new Unreadable('has BYSETPOS without another BY part to choose from')
  return rule
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}

function whole(name: string, value: string | undefined): number | null {
  if (value === undefined) return null
  if (!/^\d{1,7}$/.test(value) || Number(value) === 0)
    throw new Unreadable(`has the ${name} ${shown(value)}; write a whole number from 1 on`)
  return Number(value)
}

function numbers(name: keyof typeof lists, value: string | undefined): readonly number[] {
  const { least, most, signed } = lists[name]
  const found = new Set<number>()
  for (const item of value?.split(',') ?? []) {
    const number = Number(item)
    const size = signed ? Math.abs(number) : number
    if (!/^[+-]?\d{1,3}$/.test(item) || size < least || size > most) {
      const range = signed ? `${least} to ${most}, or -${least} to -${most}` : `${least} to ${most}`
      throw new Unreadable(`has ${shown(item)} in ${name}; write numbers from ${range}`)
    }
    found.add(number)
  }
  return [...found].sort((a, b) => a - b)
}

function weekdayRules(value: string | undefined): readonly WeekdayRule[] {
  return (value?.split(',') ?? []).map((item) => {
    const [, ordinal, name] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(item) ?? []
    const weekday = weekdays[name ?? '']
    const number = ordinal === undefined ? 0 : Number(ordinal)
    if (weekday === undefined || (ordinal !== undefined && (number === 0 || Math.abs(number) > 53)))
      throw new Unreadable(`has ${shown(item)} in BYDAY; write days such as MO, 2TU or -1FR`)
    return { weekday, ordinal: number }
  })
}

function weekStart(value: string | undefined): Weekday {
  const day = weekdays[value ?? 'MO']
  if (day === undefined) throw new Unreadable(`has the WKST ${shown(value ?? '')}; write a day such as MO`)
  return day
}

function untilOf(value: string | undefined): Until | null {
  if (value === undefined) return null
  const utc = value.endsWith('Z')
  const local = /^\d{8}(T\d{6}Z?)?$/.test(value) ? parseLocal(value.replace('Z', '')) : null
  if (local === null)
    throw new Unreadable(`has the UNTIL ${shown(value)}; write 20271231, 20271231T235959 or 20271231T235959Z`)
  return { local, utc }
}
