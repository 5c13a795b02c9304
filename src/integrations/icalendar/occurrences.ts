/**
 * Finds the events of iCalendar files (RFC 5545) in a period. ical.js only parses the text; this code computes times
 * and repetitions.
 */

import ICAL from 'ical.js'
import { errorText } from '../../core/error-text.ts'
import { occurrences, together } from '../../core/recurrence/occurrences.ts'
import { parseRrule } from '../../core/recurrence/rule.ts'
import { DAY_MS, DAY_SECONDS } from '../../core/time/instant.ts'
import { instantOf, localOf, type Zone, zoneNamed } from '../../core/time/local-time.ts'
import { inputLimits } from '../input-limits.ts'
import { type CalendarTime, dayOfLocal, instantOfTime, type Places, timesOf, zoneOfTime } from './times.ts'
import { zonesOf } from './zones.ts'

export interface Occurrence {
  /** Milliseconds since 1970; `end` is exclusive. */
  readonly start: number
  readonly end: number
  /** Untrusted text. */
  readonly summary: string
  /** E-mail addresses, or other names of people in the calendar. */
  readonly attendees: readonly string[]
}

export interface Stretch {
  /** The name of the file in messages. */
  readonly location: string
  /** IANA zone for times and dates to which the calendar gives no zone. */
  readonly timeZone: string
  /** Milliseconds since 1970. The period contains what ends after `from` and begins before `to`. */
  readonly from: number
  readonly to: number
}

/**
 * Returns the occurrences in the period, in order: moved ones at their new time, no cancelled ones. Throws a sentence
 * when the text is not a calendar, or when the time of an event is not clear.
 */
export function occurrencesIn(text: string, { location, timeZone, from, to }: Stretch): readonly Occurrence[] {
  const calendar = parse(text, location)
  const written = calendar.getFirstPropertyValue('x-wr-timezone')
  const own = (typeof written === 'string' ? zoneNamed(written) : null) ?? zoneNamed(timeZone)
  if (own === null) throw new Error(`${timeZone} is not a time zone.`)
  const places: Places = { own, named: zonesOf(calendar, to + 2 * DAY_MS) }
  const events = groupedByUid(calendar.getAllSubcomponents('vevent'))
  const found: Occurrence[] = []
  for (const group of events.values()) {
    try {
      for (const one of ofOneUid(group, places, from, to)) {
        found.push(one)
        if (found.length > inputLimits.calendarOccurrences)
          throw new Error(`more than ${inputLimits.calendarOccurrences} occurrences are too many`)
      }
    } catch (error) {
      const title = JSON.stringify(summaryOf(group[0]).slice(0, 60))
      throw new Error(`${location} holds an event ${title} that cannot be placed: ${errorText(error)}.`)
    }
  }
  return found.sort((a, b) => a.start - b.start)
}

function parse(text: string, location: string): ICAL.Component {
  try {
    const calendar = new ICAL.Component(ICAL.parse(text))
    if (calendar.name !== 'vcalendar') throw new Error('it holds no VCALENDAR.')
    return calendar
  } catch (error) {
    throw new Error(`${location} is not an iCalendar file: ${errorText(error)}`)
  }
}

function groupedByUid(events: readonly ICAL.Component[]): ReadonlyMap<string, readonly ICAL.Component[]> {
  const groups = new Map<string, ICAL.Component[]>()
  for (const [index, event] of events.entries()) {
    const uid = String(event.getFirstPropertyValue('uid') ?? `event ${index}`)
    const group = groups.get(uid) ?? []
    groups.set(uid, group)
    group.push(event)
  }
  return groups
}

/** Yields the occurrences of one event, with the moved, changed and cancelled ones among them. */
function* ofOneUid(group: readonly ICAL.Component[], places: Places, from: number, to: number): Generator<Occurrence> {
  const changes = group.filter((event) => event.hasProperty('recurrence-id'))
  const masters = group.filter((event) => !event.hasProperty('recurrence-id'))
  const live = masters.filter((event) => !isCancelled(event))
  if (masters.length > 0 && live.length === 0) return
  const replaced = new Set<number>()
  const onwards: Onwards[] = []
  for (const change of changes) {
    const [of] = timesOf(change, 'recurrence-id')
    if (of === undefined) continue
    const at = instantOfTime(of, places)
    replaced.add(at)
    const following = change.getFirstProperty('recurrence-id')?.getParameter('range') === 'THISANDFUTURE'
    if (following) onwards.push({ at, event: change, span: isCancelled(change) ? null : spanOf(change, places) })
    if (isCancelled(change)) continue
    const moved = spanOf(change, places)
    yield* touching(moved.start, change, moved, from, to)
  }
  onwards.sort((a, b) => a.at - b.at)
  for (const event of live) {
    const span = spanOf(event, places)
    // A change of this and all later occurrences may move an occurrence from any time into the period.
    const earlier = Math.max(0, ...onwards.map((one) => (one.span === null ? 0 : one.at - one.span.start)))
    const starts = startsOf(event, span, places, onwards.length > 0 ? Number.NEGATIVE_INFINITY : from, to + earlier)
    for (const start of starts) {
      if (replaced.has(start)) continue
      const rule = onwards.findLast(({ at }) => at <= start)
      if (rule === undefined) yield* touching(start, event, span, from, to)
      else if (rule.span !== null) yield* touching(start + rule.span.start - rule.at, rule.event, rule.span, from, to)
    }
  }
}

/** A change of the occurrence at `at` and of all later ones. `span` is `null`: they are cancelled. */
interface Onwards {
  readonly at: number
  readonly event: ICAL.Component
  readonly span: Span | null
}

interface Span {
  readonly start: number
  readonly first: CalendarTime
  readonly zone: Zone
  /** Whole days are counted as days. Any other length is elapsed time in milliseconds. */
  readonly length: { readonly days: number } | { readonly milliseconds: number }
}

function spanOf(event: ICAL.Component, places: Places): Span {
  const [first] = timesOf(event, 'dtstart')
  if (first === undefined) throw new Error('it has no DTSTART')
  const [last] = timesOf(event, 'dtend')
  const start = instantOfTime(first, places)
  const common = { start, first, zone: zoneOfTime(first, places) }
  const duration = event.getFirstPropertyValue('duration')
  const seconds = duration instanceof ICAL.Duration ? Math.max(0, duration.toSeconds()) : null
  if (first.whole) {
    const between = last === undefined ? (seconds ?? DAY_SECONDS) : last.local - first.local
    return { ...common, length: { days: Math.max(1, Math.ceil(between / DAY_SECONDS)) } }
  }
  const elapsed = last === undefined ? (seconds ?? 0) * 1_000 : instantOfTime(last, places) - start
  return { ...common, length: { milliseconds: Math.max(0, elapsed) } }
}

function startsOf(event: ICAL.Component, span: Span, places: Places, from: number, to: number): Iterable<number> {
  const length = 'days' in span.length ? (span.length.days + 1) * DAY_MS : span.length.milliseconds
  const begin = Math.max(span.start, from - length)
  const rules = event.getAllProperties('rrule').map((property) => {
    const parsed = parseRrule(String(property.getFirstValue()))
    if (!parsed.ok) throw new Error(`its rule ${parsed.what}`)
    return occurrences(parsed.rule, span.first.local, span.zone, begin, to)
  })
  const added = timesOf(event, 'rdate').map((time) => instantOfTime(time, places))
  const single = [span.start, ...added].sort((a, b) => a - b)
  const excluded = timesOf(event, 'exdate')
  const moments = new Set(excluded.map((time) => instantOfTime(time, places)))
  const days = new Set(excluded.filter((time) => time.whole).map((time) => time.local))
  const isOut = (start: number) =>
    moments.has(start) || (days.size > 0 && days.has(dayOfLocal(localOf(start, span.zone))))
  return without(together([...rules, single.values()]), isOut)
}

function* without(all: Iterable<number>, isOut: (start: number) => boolean): Generator<number> {
  for (const start of all) if (!isOut(start)) yield start
}

/** Returns the occurrence that begins at `start`, if it overlaps the period. */
function touching(
  start: number,
  event: ICAL.Component,
  { length, zone }: Span,
  from: number,
  to: number,
): readonly Occurrence[] {
  const end =
    'days' in length
      ? instantOf(dayOfLocal(localOf(start, zone)) + length.days * DAY_SECONDS, zone)
      : start + length.milliseconds
  return start < to && end > from ? [{ start, end, summary: summaryOf(event), attendees: attendeesOf(event) }] : []
}

function isCancelled(event: ICAL.Component): boolean {
  return String(event.getFirstPropertyValue('status') ?? '').toUpperCase() === 'CANCELLED'
}

function summaryOf(event: ICAL.Component | undefined): string {
  return String(event?.getFirstPropertyValue('summary') ?? '')
}

function attendeesOf(event: ICAL.Component): readonly string[] {
  return event.getAllProperties('attendee').map((one) => String(one.getFirstValue() ?? '').replace(/^mailto:/i, ''))
}
