import ICAL from 'ical.js'
import { errorText } from '../../core/error-text.ts'
import { readFeed } from '../feeds/fetch.ts'
import type { PeopleSource } from './people-source.ts'

export interface CalendarOptions {
  /** Address or path of an iCalendar file (RFC 5545). */
  readonly location: string
  readonly clock: () => Date
}

/** A recurring event is looked at this often from its start; more is no rota. */
const MOST_OCCURRENCES = 5_000

/** Who is named by the events of now: their attendees, or else their summary. */
export function createCalendar({ location, clock }: CalendarOptions): PeopleSource {
  return {
    describe: `calendar ${location}`,
    async names(signal) {
      const read = await readFeed({ location, timeoutSeconds: 20, attempts: 2 }, null, signal)
      if (read.status === 'unchanged')
        throw new Error(`${location} says that nothing changed, though nothing is known.`)
      return namesAt(read.bytes.toString('utf8'), clock(), location)
    },
  }
}

/** Attendees' addresses, else the summary, of every event that holds `at`. Throws a sentence. */
export function namesAt(text: string, at: Date, location: string): readonly string[] {
  let calendar: ICAL.Component
  try {
    calendar = new ICAL.Component(ICAL.parse(text))
    if (calendar.name !== 'vcalendar') throw new Error('it holds no VCALENDAR.')
  } catch (error) {
    throw new Error(`${location} is no iCalendar file: ${errorText(error)}`)
  }
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone)
  const now = ICAL.Time.fromJSDate(at, true)
  const events = calendar.getAllSubcomponents('vevent').map((component) => new ICAL.Event(component))
  const moved = events.filter((event) => event.isRecurrenceException())
  for (const event of events) {
    for (const exception of moved)
      if (!event.isRecurrenceException() && exception.uid === event.uid) event.relateException(exception)
  }
  return events
    .filter(
      (event) =>
        !event.isRecurrenceException() && String(event.component.getFirstPropertyValue('status')) !== 'CANCELLED',
    )
    .flatMap((event) => {
      const item = occurrenceAt(event, now)
      return item === null ? [] : namedIn(item)
    })
}

function namedIn(event: ICAL.Event): readonly string[] {
  const addresses = event.attendees.map((attendee) => String(attendee.getFirstValue() ?? '').replace(/^mailto:/i, ''))
  return addresses.length > 0 ? addresses : [event.summary ?? '']
}

/** The event as it is at an instant, moved occurrences too; `null` when it is not then. */
function occurrenceAt(event: ICAL.Event, now: ICAL.Time): ICAL.Event | null {
  if (!event.isRecurring()) return holds(event.startDate, event.endDate, now) ? event : null
  const steps = event.iterator()
  for (let step = 0; step < MOST_OCCURRENCES; step++) {
    const next = steps.next()
    if (!next) return null
    const { item, startDate, endDate } = event.getOccurrenceDetails(next)
    if (holds(startDate, endDate, now)) return item
    if (next.compare(now) > 0 && startDate.compare(now) > 0) return null
  }
  return null
}

function holds(from: ICAL.Time, to: ICAL.Time, at: ICAL.Time): boolean {
  return from.compare(at) <= 0 && at.compare(to) < 0
}
