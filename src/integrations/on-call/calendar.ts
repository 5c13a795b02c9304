import type { PeopleSource } from '../../core/ports.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import { type CalendarEvents, eventsIn } from '../icalendar/occurrences.ts'
import { readCalendarText, shownLocation } from '../icalendar/read-text.ts'

export interface CalendarOptions {
  /** Address or path of an iCalendar file (RFC 5545). */
  readonly location: string
  /** IANA zone for dates, and for times without a zone, where the calendar itself names none. */
  readonly timeZone: string
  readonly clock: () => Date
}

/** How far ahead shifts are looked at, so that a name that stands for nobody is found before its shift begins. */
const AHEAD_MS = 60 * DAY_MS

/** The people that the present events name: the attendees of an event, or else its summary. */
export function createCalendar({ location, timeZone, clock }: CalendarOptions): PeopleSource {
  const name = shownLocation(location)
  const read = async (signal: AbortSignal, milliseconds: number) => {
    const from = clock().getTime()
    const text = await readCalendarText(location, signal)
    return eventsIn(text, { location: name, timeZone, datesOfCalendar: true, from, to: from + milliseconds })
  }
  return {
    describe: name,
    names: async (signal) => namesIn(await read(signal, 1)),
    upcoming: async (signal) => {
      const events = await read(signal, AHEAD_MS)
      const notes = events.unclear.map(
        ({ titles, problem }) =>
          `the event ${JSON.stringify((titles[0] ?? '').slice(0, 60))} cannot be placed: ${problem}.`,
      )
      return { names: namesIn(events), notes }
    },
  }
}

/** Returns the names at the time `at`. Throws a sentence. */
export function namesAt(text: string, at: Date, location: string, timeZone = 'UTC'): readonly string[] {
  const from = at.getTime()
  return namesIn(eventsIn(text, { location, timeZone, datesOfCalendar: true, from, to: from + 1 }))
}

function namesIn({ occurrences }: CalendarEvents): readonly string[] {
  return [...new Set(occurrences.flatMap(({ attendees, summary }) => attendees ?? [summary]))]
}
