/**
 * Finds the events of iCalendar files (RFC 5545) in a period. ical.js only parses single components; this code computes
 * times and repetitions. An event that cannot be placed is named beside the others and does not hide them.
 */

import type ICAL from 'ical.js'
import { errorText } from '../../core/error-text.ts'
import { occurrences, together } from '../../core/recurrence/occurrences.ts'
import { parseRrule } from '../../core/recurrence/rule.ts'
import { DAY_MS, DAY_SECONDS, HOUR_MS } from '../../core/time/instant.ts'
import { instantOf, localOf, type Zone, zoneNamed } from '../../core/time/local-time.ts'
import { inputLimits } from '../input-limits.ts'
import { attendeesOf } from './attendees.ts'
import { type CalendarParts, calendarsIn, type EventPart } from './components.ts'
import {
  type CalendarTime,
  dayOfLocal,
  durationOf,
  endAfter,
  instantOfTime,
  type Length,
  type Places,
  periodLengths,
  shownTime,
  timesOf,
  zoneOfTime,
} from './times.ts'
import { zoneKnownAs, zonesOf } from './zones.ts'

export interface Occurrence {
  /** Milliseconds since 1970; `end` is exclusive. */
  readonly start: number
  readonly end: number
  /** Untrusted text. */
  readonly summary: string
  /** E-mail addresses, or other names, of those who come; `null`: the event invites nobody. */
  readonly attendees: readonly string[] | null
}

/** An event that cannot be placed in time. */
export interface Unclear {
  /** Its titles: a changed occurrence may have one of its own. Untrusted text. */
  readonly titles: readonly string[]
  /** A clause that says why. */
  readonly problem: string
}

export interface CalendarEvents {
  /** In order: moved ones at their new time, no cancelled ones. */
  readonly occurrences: readonly Occurrence[]
  /** Without those that are over in every time zone. */
  readonly unclear: readonly Unclear[]
}

export interface Stretch {
  /** The name of the file in messages. */
  readonly location: string
  /** IANA zone for dates, and for times to which the calendar gives no zone. */
  readonly timeZone: string
  /** Whether dates are in the zone that the calendar names for itself. Even then, UTC is not taken for a place. */
  readonly datesOfCalendar?: boolean
  /** Milliseconds since 1970. The period contains what ends after `from` and begins before `to`. */
  readonly from: number
  readonly to: number
}

/** Returns the events in the period. Throws a sentence when the text is not a calendar. */
export function eventsIn(text: string, stretch: Stretch): CalendarEvents {
  const occurrences: Occurrence[] = []
  const unclear: Unclear[] = []
  for (const calendar of parse(text, stretch.location)) {
    const places = placesOf(calendar, stretch)
    for (const group of groupedByUid(calendar.events)) {
      try {
        occurrences.push(...ofOneGroup(group, places, stretch))
      } catch (error) {
        if (isOver(group, stretch.from)) continue
        unclear.push({ titles: group.map(titleOf), problem: errorText(error) })
      }
      if (occurrences.length > inputLimits.calendarOccurrences)
        throw new Error(
          `${stretch.location} holds more than ${inputLimits.calendarOccurrences} occurrences, which are too many.`,
        )
    }
  }
  return { occurrences: occurrences.sort((a, b) => a.start - b.start), unclear }
}

function parse(text: string, location: string): readonly CalendarParts[] {
  try {
    return calendarsIn(text)
  } catch (error) {
    throw new Error(`${location} is not an iCalendar file that can be read: ${errorText(error)}.`)
  }
}

function placesOf(calendar: CalendarParts, { timeZone, datesOfCalendar = false, to }: Stretch): Places {
  const given = zoneNamed(timeZone)
  if (given === null) throw new Error(`${timeZone} is not a time zone.`)
  const own = calendar.zone === null ? null : zoneKnownAs(calendar.zone)
  const isPlace = own !== null && own.name !== 'UTC'
  return {
    own: own?.zone ?? given,
    dates: datesOfCalendar && isPlace ? own.zone : given,
    named: zonesOf(calendar.zones, to + 2 * DAY_MS),
  }
}

function groupedByUid(events: readonly EventPart[]): Iterable<readonly EventPart[]> {
  const groups = new Map<string, EventPart[]>()
  for (const [index, event] of events.entries()) {
    const uid = 'problem' in event ? null : event.getFirstPropertyValue('uid')
    const key = String(uid ?? `event ${index}`)
    const group = groups.get(key) ?? []
    groups.set(key, group)
    group.push(event)
  }
  return groups.values()
}

function ofOneGroup(group: readonly EventPart[], places: Places, { from, to }: Stretch): readonly Occurrence[] {
  const events = group.map((event) => {
    if ('problem' in event) throw new Error(event.problem)
    return event
  })
  const found: Occurrence[] = []
  for (const one of ofOneUid(events, places, from, to)) {
    found.push(one)
    if (found.length > inputLimits.calendarOccurrences)
      throw new Error(`more than ${inputLimits.calendarOccurrences} occurrences are too many`)
  }
  return found
}

/** No zone is further than this from UTC. */
const FURTHEST_ZONE_MS = 14 * HOUR_MS

/** True when the times, as far as they can be read, are over in every time zone. */
function isOver(group: readonly EventPart[], from: number): boolean {
  try {
    return group.every((event) => !('problem' in event) && lastTimeOf(event) * 1_000 + FURTHEST_ZONE_MS < from)
  } catch {
    return false
  }
}

/** Seconds on the local clock. Throws when a time cannot be read. */
function lastTimeOf(event: ICAL.Component): number {
  const times = ['dtstart', 'dtend', 'recurrence-id', 'rdate'].flatMap((name) => timesOf(event, name))
  const ends = times.map(({ local, whole }) => local + (whole ? DAY_SECONDS : 0))
  for (const property of event.getAllProperties('rrule')) {
    const parsed = parseRrule(String(property.getFirstValue()))
    ends.push(parsed.ok && parsed.rule.until ? parsed.rule.until.local + DAY_SECONDS : Number.POSITIVE_INFINITY)
  }
  if (times.length === 0) return Number.POSITIVE_INFINITY
  const { days, milliseconds } = durationOf(event) ?? { days: 0, milliseconds: 0 }
  const locals = times.map(({ local }) => local)
  const seconds = days * DAY_SECONDS + milliseconds / 1_000
  return Math.max(...ends) + Math.max(seconds, Math.max(...locals) - Math.min(...locals))
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
    const lengths = periodLengths(event, places)
    for (const start of starts) {
      if (replaced.has(start)) continue
      const rule = onwards.findLast(({ at }) => at <= start)
      if (rule === undefined) yield* touching(start, event, withLength(span, lengths.get(start)), from, to)
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
  readonly length: Length
}

function spanOf(event: ICAL.Component, places: Places): Span {
  const [first] = timesOf(event, 'dtstart')
  if (first === undefined) throw new Error('it has no DTSTART')
  const [last] = timesOf(event, 'dtend')
  const start = instantOfTime(first, places)
  const common = { start, first, zone: zoneOfTime(first, places) }
  const duration = durationOf(event)
  if (last !== undefined && instantOfTime(last, places) < start)
    throw new Error(`it ends at ${shownTime(last)}, before it begins at ${shownTime(first)}`)
  if (first.whole) {
    const { days, milliseconds } = duration ?? { days: 1, milliseconds: 0 }
    const whole = last === undefined ? days + milliseconds / DAY_MS : (last.local - first.local) / DAY_SECONDS
    return { ...common, length: { days: Math.max(1, Math.ceil(whole)), milliseconds: 0 } }
  }
  if (last !== undefined) return { ...common, length: { days: 0, milliseconds: instantOfTime(last, places) - start } }
  return { ...common, length: duration ?? { days: 0, milliseconds: 0 } }
}

/** An added occurrence may have a length of its own (RFC 5545, section 3.8.5.2). */
function withLength(span: Span, length: Length | undefined): Span {
  return length === undefined ? span : { ...span, length }
}

function startsOf(event: ICAL.Component, span: Span, places: Places, from: number, to: number): Iterable<number> {
  const length = (span.length.days + 1) * DAY_MS + span.length.milliseconds
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
  { first, length, zone }: Span,
  from: number,
  to: number,
): readonly Occurrence[] {
  const end = first.whole
    ? instantOf(dayOfLocal(localOf(start, zone)) + length.days * DAY_SECONDS, zone)
    : endAfter(start, length, zone)
  return start < to && end > from ? [{ start, end, summary: summaryOf(event), attendees: attendeesOf(event) }] : []
}

function isCancelled(event: ICAL.Component): boolean {
  return String(event.getFirstPropertyValue('status') ?? '').toUpperCase() === 'CANCELLED'
}

function summaryOf(event: ICAL.Component): string {
  return String(event.getFirstPropertyValue('summary') ?? '')
}

function titleOf(event: EventPart): string {
  return 'problem' in event ? event.title : summaryOf(event)
}
