import type { PeopleSource } from '../../core/ports.ts'
import { occurrencesIn } from '../icalendar/occurrences.ts'
import { readCalendarText } from '../icalendar/read-text.ts'

export interface CalendarOptions {
  /** Address or path of an iCalendar file (RFC 5545). */
  readonly location: string
  readonly clock: () => Date
}

/** Who is named by the events that run now: their attendees, or else their summary. */
export function createCalendar({ location, clock }: CalendarOptions): PeopleSource {
  return {
    describe: `calendar ${location}`,
    names: async (signal) => namesAt(await readCalendarText(location, signal), clock(), location),
  }
}

/** Attendees' addresses, or else the summary, of every event that covers `at`. Throws a sentence. */
export function namesAt(text: string, at: Date, location: string): readonly string[] {
  const from = at.getTime()
  return occurrencesIn(text, { location, timeZone: 'UTC', from, to: from + 1 }).flatMap(({ attendees, summary }) =>
    attendees.length > 0 ? attendees : [summary],
  )
}
