import type { Freeze } from '../../core/window.ts'
import { occurrencesIn } from '../icalendar/occurrences.ts'
import { readCalendarText } from '../icalendar/read-text.ts'

export interface FreezeCalendarOptions {
  /** Address or path of an iCalendar file (RFC 5545). */
  readonly location: string
  /** Only events with this text in the title count, in any case of letters. `null`: all events. */
  readonly match: string | null
  /** The teams that the freezes are for; `null`: every team. */
  readonly teams: readonly string[] | null
  /** IANA zone for times and dates to which the calendar gives no zone. */
  readonly timeZone: string
}

const LONGEST_NAME = 100

/** A calendar in which each event is a freeze. The address may contain a secret, so only its host is shown. */
export function createFreezeCalendar({ location, match, teams, timeZone }: FreezeCalendarOptions) {
  const name = shownLocation(location)
  return {
    location,
    name,
    teams,
    read: async (signal: AbortSignal): Promise<string> => {
      try {
        return await readCalendarText(location, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw new Error(error instanceof Error ? error.message.replaceAll(location, name) : String(error))
      }
    },
    /**
     * Returns the freezes between `from` and `to`, ISO 8601. Throws a sentence when a part of the text cannot be
     * understood.
     */
    freezes: (text: string, from: string, to: string): readonly Freeze[] =>
      occurrencesIn(text, { location: name, timeZone, from: Date.parse(from), to: Date.parse(to) })
        .filter(({ summary }) => match === null || summary.toLowerCase().includes(match.toLowerCase()))
        .map(({ summary, start, end }) => ({
          name: oneLine(summary) || `an event of ${name}`,
          from: new Date(start).toISOString(),
          to: new Date(end).toISOString(),
          teams,
        })),
  }
}

function shownLocation(location: string): string {
  if (/^https?:\/\//i.test(location) && URL.canParse(location)) return `the calendar at ${new URL(location).host}`
  return `the calendar ${location.split(/[/\\]/).at(-1) ?? location}`
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME)
}
