/** What the maintenance windows of a machine let it install, and when. We read them, and never make one: they bind everything else, too. */

import { DAY_MS, MINUTE_MS, minuteOf, toIso } from '../../core/time/instant.ts'
import { merged, type Span } from '../../core/time/span.ts'
import { kbOf } from './classes.ts'
import { openings, scheduleOf } from './schedule.ts'
import type { ServiceWindow } from './schema.ts'

/** A client wants so many minutes beside the longest time of an update, for its restart. */
const RESTART_MINUTES = 15
/** So far windows are looked for. */
const DAYS_AHEAD = 35

const UPDATES = 4
const EVERYTHING = 1

/** The windows that count for updates: those for updates alone, where there are any. */
export function windowsThatCount(all: readonly ServiceWindow[]): readonly ServiceWindow[] {
  const enabled = all.filter(({ isEnabled }) => isEnabled)
  const forUpdates = enabled.filter(({ type }) => type === UPDATES)
  return forUpdates.length > 0 ? forUpdates : enabled.filter(({ type }) => type === EVERYTHING)
}

export interface Needing {
  readonly kb: string | null
  readonly title: string
  readonly longestMinutes: number
}

interface Asked {
  /** All windows of all collections of the machine. */
  readonly windows: readonly ServiceWindow[]
  readonly timeZone: string
  readonly updates: readonly Needing[]
}

/** The times in which the machine may install in the span. `all`: it has no maintenance windows. Throws a sentence. */
function openTimes({ windows, timeZone }: Asked, span: Span): readonly Span[] | 'all' {
  const counting = windowsThatCount(windows)
  if (counting.length === 0) return 'all'
  const found = counting.flatMap((window) => {
    const schedule = scheduleOf(window.schedule)
    if (schedule === null)
      throw new Error(`its maintenance window "${window.name}" has a schedule that cannot be read (${window.schedule})`)
    return openings(schedule, window.minutes, window.isUtc ? null : timeZone, span)
  })
  return merged(found)
}

/**
 * Why a machine cannot install these updates, as a clause with the numbers; `null`: it can. `between`: from the instant at which it
 * must install until none may begin any more; `null` for the end: there is none.
 */
export function windowsProblem(
  asked: Asked,
  between: { readonly notBefore: string; readonly notAfter: string | null },
): string | null {
  const start = Date.parse(between.notBefore)
  const end = between.notAfter === null ? start + DAYS_AHEAD * DAY_MS : Date.parse(between.notAfter)
  const longest = asked.updates.toSorted((a, b) => b.longestMinutes - a.longestMinutes)[0]
  if (longest === undefined) return null
  let open: readonly Span[] | 'all'
  try {
    // A window may end after ours: what begins in time may work on in it.
    open = openTimes(asked, { start, end: end + DAY_MS })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  if (open === 'all') return null
  const usable = open.filter((span) => span.start < end && span.end > start)
  const needed = longest.longestMinutes + RESTART_MINUTES
  const lengths = usable.map((span) => Math.floor((span.end - Math.max(span.start, start)) / MINUTE_MS))
  if (lengths.some((minutes) => minutes >= needed)) return null
  if (lengths.length > 0)
    return `its maintenance windows leave it ${Math.max(...lengths)} minutes, and ${kbOf(longest)} needs up to ${needed} (${longest.longestMinutes}, and ${RESTART_MINUTES} for a restart)`
  const next = nextOpening(asked, end)
  const until = between.notAfter === null ? `within ${DAYS_AHEAD} days` : `before ${minuteOf(between.notAfter)} UTC`
  return `none of its maintenance windows opens from ${minuteOf(between.notBefore)} UTC on, ${until}${next}`
}

function nextOpening(asked: Asked, after: number): string {
  const open = openTimes(asked, { start: after, end: after + DAYS_AHEAD * DAY_MS })
  const [next] = open === 'all' ? [] : open
  if (next === undefined) return ', nor in the five weeks after'
  return `; the next one opens ${minuteOf(toIso(next.start))} UTC`
}

/** What people should know of these windows, as sentences. */
export function windowsSaid({ windows, updates }: Asked): readonly string[] {
  if (windowsThatCount(windows).length === 0)
    return [
      'It has no maintenance window in Configuration Manager, so it installs right at the deadline, and may restart then.',
    ]
  const sum = updates.reduce((total, { longestMinutes }) => total + longestMinutes, RESTART_MINUTES)
  return [
    `Its maintenance windows in Configuration Manager decide when it installs: it begins in the first one after the deadline. All together may take up to ${sum} minutes; what does not fit in is taken back at the end of the window.`,
  ]
}
