import { parseDuration } from '../config/duration.ts'
import { needsStart, parseRecurrence, recurrenceOccurrences } from '../core/recurrence/text.ts'
import { DAY_SECONDS } from '../core/time/instant.ts'
import { instantOf, localOf, parseLocal, zoneNamed } from '../core/time/local-time.ts'
import { NO_START, type Window } from '../core/window.ts'
import { BadUse } from './failure.ts'

export interface RuleWindows {
  readonly rule: string
  readonly duration?: string
  readonly zone?: string
  /** Milliseconds since 1970: no window starts earlier. If the rule needs a DTSTART and has none, this is used instead. */
  readonly from: number
  readonly count: number
}

const LONGEST_SECONDS = 366 * DAY_SECONDS

/** The windows of a rule alone. Overlapping windows are not merged, and freezes are not considered. */
export function windowsOfRule({ rule, duration, zone: zoneName = 'UTC', from, count }: RuleWindows): readonly Window[] {
  const zone = zoneNamed(zoneName)
  if (zone === null)
    throw new BadUse(`"${zoneName}" is not a time zone for --zone; write an IANA name such as Europe/Berlin.`)
  if (duration === undefined) throw new BadUse('--rule needs --duration, such as PT3H.')
  const length = parseDuration(duration)
  if (!length.ok) throw new BadUse(`--duration ${length.what}; write PT3H or "3 hours".`)
  if (length.seconds < 1 || length.seconds > LONGEST_SECONDS)
    throw new BadUse(`--duration is "${duration}"; write one from 1 s to ${LONGEST_SECONDS / DAY_SECONDS} days.`)
  const parsed = parseRecurrence(rule)
  if (!parsed.ok) throw new BadUse(`--rule ${parsed.what}.`)
  const days = nominalDays(duration)
  const rest = (length.seconds - days * DAY_SECONDS) * 1_000
  const windows: Window[] = []
  const end = Date.UTC(9999, 11, 31)
  // A rule that needs no beginning has the same minutes and seconds here as in the configuration.
  const begins = needsStart(parsed.recurrence) ? null : parseLocal(NO_START)
  for (const start of recurrenceOccurrences(parsed.recurrence, begins ?? localOf(from, zone), zone, from, end)) {
    // RFC 5545, 3.3.6: days and weeks are calendar days; hours, minutes and seconds are elapsed time.
    const until = days === 0 ? start : instantOf(localOf(start, zone) + days * DAY_SECONDS, zone)
    windows.push({ start: new Date(start).toISOString(), end: new Date(until + rest).toISOString() })
    if (windows.length === count) break
  }
  return windows
}

/** The number of days in the days and weeks of an ISO 8601 duration. */
function nominalDays(duration: string): number {
  const [, weeks = 0, days = 0] = /^P(?:(\d+)W)?(?:(\d+)D)?/i.exec(duration.trim()) ?? []
  return Number(weeks) * 7 + Number(days)
}
