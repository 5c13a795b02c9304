import { comparable } from '../../core/comparable.ts'
import { firstNames } from '../../core/first-names.ts'
import type { Freeze } from '../../core/window.ts'
import { type CalendarEvents, eventsIn } from '../icalendar/occurrences.ts'
import { readCalendarText, shownLocation } from '../icalendar/read-text.ts'

export interface FreezeCalendarOptions {
  /** Address or path of an iCalendar file (RFC 5545). */
  readonly location: string
  /** Only events with this text in the title count, in any case and spelling of letters. `null`: all events. */
  readonly match: string | null
  /** The teams that the freezes are for; `null`: every team. */
  readonly teams: readonly string[] | null
  /** IANA zone for dates, and for times to which the calendar gives no zone. */
  readonly timeZone: string
}

const LONGEST_NAME = 100
const LONGEST_TITLE = 60

/** What a calendar says about freezes in a period. */
interface Said {
  /** What freezes and can be placed. */
  readonly placed: readonly Freeze[]
  /** A sentence for each event that freezes and cannot be placed. Its teams are frozen as long as it is so. */
  readonly unclear: readonly string[]
  /** Sentences about what is not taken for a freeze. */
  readonly notes: readonly string[]
}

/** A calendar in which each event is a freeze. The address may contain a secret, so only its host is shown. */
export function createFreezeCalendar({ location, match, teams, timeZone }: FreezeCalendarOptions) {
  const name = shownLocation(location)
  const says = (text: string, from: string, to: string): Said =>
    saidBy(eventsIn(text, { location: name, timeZone, from: Date.parse(from), to: Date.parse(to) }), {
      name,
      match,
      teams,
    })
  return {
    location,
    name,
    teams,
    read: (signal: AbortSignal): Promise<string> => readCalendarText(location, signal),
    /** What the text says between `from` and `to`, ISO 8601. Throws a sentence when the text is no calendar. */
    says,
    /**
     * The freezes in the text between `from` and `to`, ISO 8601. One that cannot be placed lasts for ever. Throws a
     * sentence when the text is no calendar.
     */
    freezes: (text: string, from: string, to: string): readonly Freeze[] => {
      const { placed, unclear } = says(text, from, to)
      return [...placed, ...unclear.map((sentence) => ({ name: sentence, ...ALWAYS, teams }))]
    },
  }
}

const ALWAYS = { from: '1970-01-01T00:00:00.000Z', to: '9999-12-31T00:00:00.000Z' }

type Of = Pick<FreezeCalendarOptions, 'match' | 'teams'> & { readonly name: string }

function saidBy({ occurrences, unclear }: CalendarEvents, { name, match, teams }: Of): Said {
  const mayFreeze = (title: string) => match === null || isLost(title) || comparable(title).includes(comparable(match))
  const own = occurrences.filter(({ summary }) => mayFreeze(summary))
  const unplaced = unclear.filter(({ titles }) => titles.some(mayFreeze))
  const instants = own.filter(({ start, end }) => end === start)
  const lost = own.filter(({ summary }) => match !== null && isLost(summary))
  return {
    placed: own
      .filter(({ start, end }) => end > start)
      .map(({ summary, start, end }) => ({
        name: oneLine(summary) || `an event of ${name}`,
        from: new Date(start).toISOString(),
        to: new Date(end).toISOString(),
        teams,
      })),
    unclear: [
      ...unplaced.map(
        ({ titles, problem }) => `${name} holds an event ${quoted(titles[0])} that cannot be placed: ${problem}.`,
      ),
      ...instants.map(
        ({ summary, start }) =>
          `${name} holds an event ${quoted(summary)} without a length: it begins and ends at ${new Date(start).toISOString().slice(0, 16)}Z.`,
      ),
    ],
    notes: [
      ...(lost.length > 0
        ? [
            `the title of ${lost.length === 1 ? 'an event' : `${lost.length} events`} is not whole (${titlesOf(lost)}): the file is not UTF-8 text, or was damaged. So each counts as a freeze. Save the calendar as UTF-8.`,
          ]
        : []),
      ...unclear
        .filter((one) => !unplaced.includes(one))
        .map(
          ({ titles, problem }) => `the event ${quoted(titles[0])}, which is no freeze, cannot be placed: ${problem}.`,
        ),
      ...(match !== null && own.length + unplaced.length === 0 && occurrences.length > 0
        ? [`no event in that time has ${JSON.stringify(match)} in its title: ${titlesOf(occurrences)}.`]
        : []),
    ],
  }
}

/** True when a character of the title could not be decoded, so that nobody knows what it says. */
function isLost(title: string): boolean {
  return title.includes('\uFFFD')
}

function titlesOf(events: readonly { readonly summary: string }[]): string {
  return firstNames([...new Set(events.map(({ summary }) => quoted(summary)))])
}

function quoted(title = ''): string {
  return JSON.stringify(oneLine(title).slice(0, LONGEST_TITLE))
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME)
}
