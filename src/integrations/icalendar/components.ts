import ICAL from 'ical.js'
import { contentLines } from './lines.ts'

/** One VCALENDAR. A file may hold several. */
export interface CalendarParts {
  /** What X-WR-TIMEZONE says; `null`: nothing. */
  readonly zone: string | null
  readonly zones: readonly ICAL.Component[]
  readonly events: readonly EventPart[]
}

/** A VEVENT; or, where it cannot be parsed, its title as far as it can be read, and why. */
export type EventPart = ICAL.Component | { readonly title: string; readonly problem: string }

/** Of an event, only these are read, so that nothing is lost where another property is damaged. */
const used = new Set('UID DTSTART DTEND DURATION RRULE RDATE EXDATE RECURRENCE-ID STATUS SUMMARY ATTENDEE'.split(' '))

/** Splits a text into its calendars. Throws a clause where it holds none, or is cut off. */
export function calendarsIn(text: string): readonly CalendarParts[] {
  const calendars: { zone: string | null; zones: ICAL.Component[]; events: EventPart[] }[] = []
  const open: string[] = []
  let block: string[] = []
  for (const line of contentLines(text)) {
    const [, edge = '', name = ''] = /^(BEGIN|END):\s*([\w-]+)\s*$/i.exec(line)?.map((part) => part.toUpperCase()) ?? []
    if (edge === 'BEGIN') open.push(name)
    if (edge === 'BEGIN' && open.length === 1 && name === 'VCALENDAR')
      calendars.push({ zone: null, zones: [], events: [] })
    if (edge === 'BEGIN' && open.length === 2) block = []
    const calendar = open[0] === 'VCALENDAR' ? calendars.at(-1) : undefined
    if (open.length === 1 && calendar) calendar.zone = xWrTimeZone(line) ?? calendar.zone
    if (open.length >= 2) block.push(line)
    if (edge !== 'END') continue
    if (open.at(-1) !== name)
      throw new Error(`it has an END:${name.slice(0, 40)} where ${open.at(-1) ?? 'nothing'} is open`)
    open.pop()
    if (open.length !== 1) continue
    if (name === 'VEVENT') calendar?.events.push(eventOf(block))
    const zone = name === 'VTIMEZONE' ? parsed(block) : null
    if (zone) calendar?.zones.push(zone)
  }
  if (open.length > 0 && calendars.length > 0) throw new Error(`it is cut off: the end of ${open.at(-1)} is missing`)
  if (calendars.length === 0) throw new Error('it holds no VCALENDAR')
  return calendars
}

function xWrTimeZone(line: string): string | null {
  return /^X-WR-TIMEZONE(?:;[^:]*)?:\s*(.+?)\s*$/i.exec(line)?.[1] ?? null
}

function eventOf(block: readonly string[]): EventPart {
  const lines = ownLines(block)
    .filter((line) => used.has((/^[\w-]+/.exec(line)?.[0] ?? '').toUpperCase()))
    .map(withPlainTime)
  try {
    return new ICAL.Component(ICAL.parse(['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n')))
  } catch {
    const title = lines.find((line) => /^SUMMARY[;:]/i.test(line)) ?? ''
    const broken = lines.find((line) => parsed(['BEGIN:VEVENT', line, 'END:VEVENT']) === null) ?? ''
    const shown = JSON.stringify(broken.slice(0, 80))
    return { title: title.replace(/^[^:]*:/, ''), problem: `its line ${shown} is not as RFC 5545 has it` }
  }
}

/**
 * A line with a time as RFC 5545 has it. Some writers leave out VALUE=DATE, write small letters, or a colon in a TZID
 * without quotation marks ("tzone://Microsoft/Utc" of Exchange).
 */
function withPlainTime(line: string): string {
  const times = /^((?:DTSTART|DTEND|RDATE|EXDATE|RECURRENCE-ID)\b.*?):([\dTZPWDHMS,/+-]+)\s*$/i
  const [, before, value] = times.exec(line) ?? []
  if (before === undefined || value === undefined) return line
  const quoted = before.replace(/;TZID=([^";]*:[^";]*)/i, ';TZID="$1"')
  const isDate = /^\d{8}(,\d{8})*$/.test(value) && !/;VALUE=/i.test(before)
  return `${quoted}${isDate ? ';VALUE=DATE' : ''}:${value.toUpperCase()}`
}

/** The lines of an event without those of its alarms. */
function ownLines(block: readonly string[]): readonly string[] {
  let depth = 0
  return block.filter((line) => {
    if (/^BEGIN:/i.test(line)) depth++
    const own = depth === 1
    if (/^END:/i.test(line)) depth--
    return own
  })
}

/** `null`: the block cannot be parsed. An event in such a zone is not placed, and says so. */
function parsed(block: readonly string[]): ICAL.Component | null {
  try {
    return new ICAL.Component(ICAL.parse(block.join('\r\n')))
  } catch {
    return null
  }
}
