import { sentence } from '../chat/rich-text.ts'
import { errorText } from '../core/error-text.ts'
import { DAY_MS, HOUR_MS } from '../core/time/instant.ts'
import type { Freeze } from '../core/window.ts'
import type { Db } from '../store/connection.ts'
import {
  type CalendarState,
  calendarStates,
  calendarText,
  saveCalendar,
  saveCalendarProblem,
} from '../store/freeze-calendars.ts'
import type { WorkflowLog } from './log.ts'

/** A calendar whose events are freezes. Several calendars may have one location, for different teams or events. */
export interface FreezeCalendar {
  readonly location: string
  /** A name for people. */
  readonly name: string
  /** `null`: it freezes every team. */
  readonly teams: readonly string[] | null
  /** Reads the calendar's text. Throws a sentence. */
  read(signal: AbortSignal): Promise<string>
  /**
   * The freezes in the text from `from` until `to`, ISO 8601. One that cannot be placed lasts for ever. Throws a
   * sentence when the text is no calendar.
   */
  freezes(text: string, from: string, to: string): readonly Freeze[]
  /** The same for people: what is placed, a sentence for each freeze that is not, and what else is to be known. */
  says(
    text: string,
    from: string,
    to: string,
  ): { readonly placed: readonly Freeze[]; readonly unclear: readonly string[]; readonly notes: readonly string[] }
}

export interface FreezeCalendarParts {
  readonly db: Db
  readonly clock: () => Date
  readonly log: WorkflowLog
  readonly calendars: readonly FreezeCalendar[]
}

export type FreezeCalendars = ReturnType<typeof createFreezeCalendars>

/** How far ahead freezes are read: as far as windows, and some days more. */
const AHEAD_MS = 410 * DAY_MS

/**
 * The freezes of calendars. The last text of each calendar that could be understood is kept in the database. A calendar
 * that was never read freezes its teams, because nobody knows its freezes.
 */
export function createFreezeCalendars({ db, clock, log, calendars }: FreezeCalendarParts) {
  let states: ReadonlyMap<string, CalendarState> = new Map()
  let texts = new Map<string, { readonly readAt: string; readonly text: string }>()
  let workedOut: { readonly key: string; readonly freezes: readonly Freeze[] } | null = null
  /** What was said last of a calendar in trouble, by its location. */
  const failing = new Map<string, string>()

  function freezesOfOne(calendar: FreezeCalendar, from: string, to: string): readonly Freeze[] {
    const known = texts.get(calendar.location)
    let problem = states.get(calendar.location)?.problem ?? 'it has not been asked yet.'
    try {
      if (known) return calendar.freezes(known.text, from, to)
    } catch (error) {
      problem = errorText(error)
    }
    const name = `${calendar.name} has never been read: ${problem}`
    return [{ name, from: '1970-01-01T00:00:00.000Z', to: '9999-12-31T00:00:00.000Z', teams: calendar.teams }]
  }

  /** Loads the texts from the database, because another process may have read a calendar. */
  async function load(): Promise<void> {
    if (calendars.length === 0) return
    states = new Map((await calendarStates(db)).map((state) => [state.location, state]))
    const next: typeof texts = new Map()
    for (const { location } of calendars) {
      const readAt = states.get(location)?.readAt ?? null
      if (readAt === null || next.has(location)) continue
      const before = texts.get(location)
      const text = before?.readAt === readAt ? before.text : await calendarText(db, location)
      if (text !== null) next.set(location, { readAt, text })
    }
    texts = next
  }

  async function refreshOne(calendar: FreezeCalendar, signal: AbortSignal): Promise<void> {
    const { location, name } = calendar
    try {
      const { text, unclear } = await readWhole(calendar, { calendars, clock }, signal)
      await saveCalendar(db, { location, text, readAt: clock().toISOString() })
      if (unclear.length > 0) warn(location, `Freezes: ${unclear.join(' ')} ${frozenMeanwhile}`)
      else if (failing.delete(location)) log.info(`Freezes: ${name} can be read again.`)
    } catch (error) {
      if (signal.aborted) return
      await saveCalendarProblem(db, location, errorText(error))
      warn(location, `Freezes: ${sentence(errorText(error))} ${fallback(location)}`)
    }
  }

  /** The same trouble with a calendar is said once. */
  function warn(location: string, line: string): void {
    if (failing.get(location) === line) return
    failing.set(location, line)
    log.warn(line)
  }

  function fallback(location: string): string {
    const readAt = texts.get(location)?.readAt
    return readAt === undefined
      ? 'As long as it was never read, its teams are frozen.'
      : `What it said at ${readAt} holds.`
  }

  const once = onePerLocation(calendars)

  return {
    load,
    /** The freezes from now on, as far ahead as windows are looked for. */
    freezes(): readonly Freeze[] {
      const { from, to } = stretch(clock)
      const key = [from, ...calendars.map(({ location }) => JSON.stringify(states.get(location) ?? null))].join()
      if (workedOut?.key === key) return workedOut.freezes
      const freezes = calendars.flatMap((calendar) => freezesOfOne(calendar, from, to))
      workedOut = { key, freezes }
      return freezes
    },
    async refresh(signal: AbortSignal): Promise<void> {
      await Promise.all(once.map((calendar) => refreshOne(calendar, signal)))
      await load()
    },
    /** A check for each calendar. It reads the calendar once and stores nothing. */
    checks: calendarChecks({ calendars, clock }, fallback),
  }
}

type Read = Pick<FreezeCalendarParts, 'calendars' | 'clock'>

/** Checks for calendars that need no database. `fallback`: says which freezes count if a calendar cannot be read. */
export function calendarChecks(read: Read, fallback?: (location: string) => string) {
  return onePerLocation(read.calendars).map((calendar) => ({
    name: calendar.name,
    check: async (signal: AbortSignal) => {
      try {
        const { uses, unclear } = await readWhole(calendar, read, signal)
        return {
          ok: unclear.length === 0,
          what: [
            ...uses.map(
              ({ placed }) => `${placed.length} ${placed.length === 1 ? 'freeze' : 'freezes'} in the coming 400 days`,
            ),
            ...(unclear.length > 0 ? [...unclear, frozenMeanwhile] : []),
            ...uses.flatMap(({ notes }) => notes.map((note) => `warning: ${note}`)),
          ].join('\n'),
        }
      } catch (error) {
        return { ok: false, what: [sentence(errorText(error)), fallback?.(calendar.location) ?? []].flat().join(' ') }
      }
    },
  }))
}

const frozenMeanwhile = 'As long as it is so, its teams are frozen.'

function onePerLocation(calendars: readonly FreezeCalendar[]): readonly FreezeCalendar[] {
  return [...new Map(calendars.map((calendar) => [calendar.location, calendar])).values()]
}

function stretch(clock: () => Date): { readonly from: string; readonly to: string } {
  const from = Math.floor(clock().getTime() / HOUR_MS) * HOUR_MS
  return { from: new Date(from).toISOString(), to: new Date(from + AHEAD_MS).toISOString() }
}

/** Reads the text, and what it says to all calendars at this location. Throws a sentence. */
async function readWhole(calendar: FreezeCalendar, { calendars, clock }: Read, signal: AbortSignal) {
  const { from, to } = stretch(clock)
  const text = await calendar.read(signal)
  const uses = calendars.filter(({ location }) => location === calendar.location).map((use) => use.says(text, from, to))
  return { text, uses, unclear: uses.flatMap((use) => use.unclear) }
}
