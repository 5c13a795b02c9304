import type { PeopleSource } from '../../core/ports.ts'
import { occurrencesIn } from '../icalendar/occurrences.ts'
import { readCalendarText } from '../icalendar/read-text.ts'

export interface CalendarOptions {
  /** Address or path of an iCalendar file (RFC 5545). */
  readonly location: string
  readonly clock: () => Date
}

/** The people that the present events name: the attendees of an event, or else its summary. */
export function createCalendar({ location, clock }: CalendarOptions): PeopleSource {
  return {
    describe: `calendar ${location}`,
    names: async (signal) => namesAt(await readCalendarText(location, signal), clock(), location),
  }
}

/** Returns the addresses of the attendees, or else the summary, of every event at the time `at`. Throws a sentence. */
export function namesAt(text: string, at: Date, location: string): readonly string[] {
  const from = at.getTime()
  return occurrencesIn(text, { location, timeZone: 'UTC', from, to: from + 1 }).flatMap(({ attendees, summary }) =>
    attendees.length > 0 ? attendees : [summary],
  )
}
