/** Recurrence as lines of iCalendar: DTSTART, RRULE, RDATE and EXDATE. */

import { DAY_SECONDS } from '../time/instant.ts'
import { instantOf, localOf, parseLocal, type Zone, zoneNamed } from '../time/local-time.ts'
import { occurrences, together } from './occurrences.ts'
import { parseRrule, type Rrule } from './rule.ts'

/** A time as it stands in the text. */
export interface WrittenTime {
  /** Local seconds. */
  readonly local: number
  /** IANA zone; `null`: the text names none, so the reader's zone is used. */
  readonly zone: string | null
  /** True: a date without a time. */
  readonly whole: boolean
}

export interface Recurrence {
  readonly start: WrittenTime | null
  readonly rules: readonly Rrule[]
  readonly added: readonly WrittenTime[]
  readonly excluded: readonly WrittenTime[]
}

export type ParsedRecurrence =
  | { readonly ok: true; readonly recurrence: Recurrence }
  /** `what` continues a sentence that begins with the rule. */
  | { readonly ok: false; readonly what: string }

const longestText = 20_000

/** Reads a bare rule, or lines with DTSTART, RRULE, RDATE or EXDATE. */
export function parseRecurrence(text: string): ParsedRecurrence {
  if (text.length > longestText) return { ok: false, what: `is longer than ${longestText} characters` }
  let start: WrittenTime | null = null
  const rules: Rrule[] = []
  const added: WrittenTime[] = []
  const excluded: WrittenTime[] = []
  const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r?\n|\s+(?=(?:DTSTART|RRULE|RDATE|EXDATE)[;:])/i)
  for (const line of lines.map((one) => one.trim()).filter((one) => one !== '')) {
    const [, name = 'RRULE', parameters = '', value = ''] = /^(?:([A-Z-]+)((?:;[^:]*)?):)?(.*)$/i.exec(line) ?? []
    switch (name.toUpperCase()) {
      case 'RRULE': {
        const parsed = parseRrule(value)
        if (!parsed.ok) return parsed
        rules.push(parsed.rule)
        break
      }
      case 'DTSTART': {
        const time = writtenTime(value, parameters)
        if (typeof time === 'string') return { ok: false, what: `has a DTSTART that ${time}` }
        if (start !== null) return { ok: false, what: 'has two DTSTART' }
        start = time
        break
      }
      case 'RDATE':
      case 'EXDATE':
        for (const item of value.split(',')) {
          const time = writtenTime(item, parameters)
          if (typeof time === 'string') return { ok: false, what: `has an ${name.toUpperCase()} that ${time}` }
          if (name.toUpperCase() === 'RDATE') added.push(time)
          else excluded.push(time)
        }
        break
      default:
        return { ok: false, what: `holds ${JSON.stringify(name.slice(0, 40))}; write DTSTART, RRULE, RDATE or EXDATE` }
    }
  }
  if (rules.length === 0 && added.length === 0) return { ok: false, what: 'holds no RRULE' }
  return { ok: true, recurrence: { start, rules, added, excluded } }
}

/** The time, or a clause about what is wrong with it. */
function writtenTime(value: string, parameters: string): WrittenTime | string {
  const utc = /z$/i.test(value)
  const local = /^\d{8}(T\d{6}Z?)?$/i.test(value) ? parseLocal(value.replace(/z$/i, '')) : null
  const shown = JSON.stringify(value.slice(0, 40))
  if (local === null) return `is ${shown}; write 20260107T020000`
  const whole = value.length === 8
  const [, written = null] = /;TZID="?([^;"]*)"?/i.exec(parameters) ?? []
  if (utc) return { local, zone: 'UTC', whole }
  if (written !== null && zoneNamed(written) === null) {
    return `is in the zone ${JSON.stringify(written.slice(0, 60))}, which is not known; write an IANA zone such as Europe/Berlin`
  }
  return { local, zone: written, whole }
}

/** Instants in milliseconds from `from` until before `to`, in order. `start` and `zone`: for a text without DTSTART. */
export function recurrenceOccurrences(
  { start: own, rules, added, excluded }: Recurrence,
  start: number,
  zone: Zone,
  from: number,
  to: number,
): Iterable<number> {
  const ownZone = own?.zone === null || own === null ? zone : (zoneNamed(own.zone) ?? zone)
  const begin = own?.local ?? start
  const at = (time: WrittenTime) =>
    instantOf(time.local, time.zone === null ? ownZone : (zoneNamed(time.zone) ?? ownZone))
  const extra = added
    .map(at)
    .filter((instant) => instant >= from && instant < to)
    .sort((a, b) => a - b)
  const all = together([...rules.map((rule) => occurrences(rule, begin, ownZone, from, to)), extra.values()])
  if (excluded.length === 0) return all
  const moments = new Set(excluded.filter((time) => !time.whole).map(at))
  const days = new Set(excluded.filter((time) => time.whole).map((time) => time.local))
  return without(all, (instant) => moments.has(instant) || days.has(dayAt(instant, ownZone)))
}

function dayAt(instant: number, zone: Zone): number {
  const local = localOf(instant, zone)
  return local - (((local % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS)
}

function* without(all: Iterable<number>, isOut: (instant: number) => boolean): Generator<number> {
  for (const instant of all) if (!isOut(instant)) yield instant
}

/** Whether the rule needs a DTSTART: it has COUNT or INTERVAL, or lacks a time or a day that its frequency needs. */
export function needsStart({ start, rules }: Recurrence): boolean {
  if (start !== null) return false
  return rules.some((rule) => {
    if (rule.count !== null || rule.interval > 1) return true
    if (['SECONDLY', 'MINUTELY', 'HOURLY'].includes(rule.frequency)) return false
    if (rule.byHour.length === 0) return true
    if (rule.frequency === 'DAILY') return false
    const days = rule.byDay.length + rule.byMonthDay.length + rule.byYearDay.length + rule.byWeekNo.length
    return days === 0
  })
}
