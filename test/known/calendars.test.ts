/** Calendars against python3-icalendar, python3-x-wr-timezone and python-dateutil, where they are installed. */

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { zoneNamed } from '../../src/core/time/local-time.ts'
import { eventsIn } from '../../src/integrations/icalendar/occurrences.ts'
import { readCalendarText } from '../../src/integrations/icalendar/read-text.ts'
import { zoneOfWindows } from '../../src/integrations/icalendar/windows-zones.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('../integrations/icalendar/oracle.py', import.meta.url))
const python = ['python3', '/usr/bin/python3'].find(
  (command) =>
    spawnSync(command, ['-c', 'import icalendar.windows_to_olson, x_wr_timezone, dateutil.rrule']).status === 0,
)
if (python === undefined) console.info('skipped: python3 with icalendar, x-wr-timezone and dateutil is not here')

function ask<Answer>(...args: readonly string[]): Answer {
  const { status, stdout, stderr } = spawnSync(python ?? 'python3', [program, ...args], { maxBuffer: 100_000_000 })
  if (status !== 0) throw new Error(stderr.toString())
  return JSON.parse(stdout.toString())
}

it.skipIf(python === undefined)('zones of Windows are those that python3-icalendar knows', () => {
  const known = ask<Readonly<Record<string, string>>>('zones')
  // Its table is older than what changed in these.
  const moved = new Set([
    'Kamchatka Standard Time',
    'Central Asia Standard Time',
    'Mountain Standard Time (Mexico)',
    'Mid-Atlantic Standard Time',
    'Mexico Standard Time',
    'Mexico Standard Time 2',
  ])
  const offsets = (zone: string | null) =>
    ['2024-01-15', '2024-07-15'].map((day) => zoneNamed(zone ?? '')?.offset(Date.parse(day)) ?? null)
  const different = Object.entries(known).filter(
    ([windows, iana]) => !moved.has(windows) && String(offsets(zoneOfWindows(windows))) !== String(offsets(iana)),
  )
  expect(Object.keys(known).length).toBeGreaterThan(100)
  expect(different).toEqual([])
})

/** Times of day at which no zone of the test changes its clock. */
const moment = fc
  .record({
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 28 }),
    hour: fc.integer({ min: 6, max: 22 }),
  })
  .map(
    ({ month, day, hour }) =>
      [2026, month, day].map((part) => String(part).padStart(2, '0')).join('') +
      `T${String(hour).padStart(2, '0')}3000`,
  )
const zone = fc.constantFrom(
  ';TZID=Europe/Berlin',
  ';TZID=America/New_York',
  ';TZID=Asia/Kolkata',
  ';TZID=W. Europe Standard Time',
)
const title = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 120 })
  .map((text) => text.replace(/[\p{C}\s\\;,:"]+/gu, ' ').trim() || 'x')
/** Each occurs at its first moment too, because RFC 5545 leaves open what happens otherwise. */
const rule = fc.option(
  fc.constantFrom(
    'FREQ=DAILY;COUNT=5',
    'FREQ=WEEKLY;UNTIL=20270301',
    'FREQ=MONTHLY;COUNT=9',
    'FREQ=YEARLY;INTERVAL=2;COUNT=3',
  ),
  { nil: null },
)

const event = fc
  .record({
    title,
    moment,
    zone,
    rule,
    hours: fc.integer({ min: 1, max: 90 }),
    whole: fc.boolean(),
    floating: fc.boolean(),
    added: moment,
    left: fc.boolean(),
  })
  .map(({ title, moment, zone, rule, hours, whole, floating, added, left }) => {
    const days = ['BEGIN:VEVENT', `SUMMARY:${title}`, `DTSTART;VALUE=DATE:${moment.slice(0, 8)}`, `DURATION:P${hours}D`]
    const tz = floating ? '' : zone
    const timed = ['BEGIN:VEVENT', `SUMMARY:${title}`, `DTSTART${tz}:${moment}`, `DURATION:PT${hours}H`]
    const more = floating
      ? []
      : [`RDATE;VALUE=PERIOD${zone}:${added}/PT7H`, ...(left && rule !== null ? [`EXDATE${zone}:${moment}`] : [])]
    return [...(whole ? days : [...timed, ...more]), ...(rule === null ? [] : [`RRULE:${rule}`])]
  })

/** Folds as RFC 5545 says, at 75 octets, but never in a character, because python3-icalendar decodes before it unfolds. */
function folded(line: string): string {
  const parts = ['']
  for (const character of line) {
    if (Buffer.byteLength((parts.at(-1) ?? '') + character) > 74) parts.push('')
    parts[parts.length - 1] += character
  }
  return parts.join('\r\n ')
}

const calendar = fc.array(event, { minLength: 1, maxLength: 5 }).chain((events) =>
  fc.constantFrom('', 'X-WR-TIMEZONE:UTC', 'X-WR-TIMEZONE:Asia/Tokyo').map((own) => {
    const all = events.flatMap((lines, index) => [...lines, `UID:event-${index}`, 'END:VEVENT'])
    return [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//example//EN',
      ...(own ? [own] : []),
      ...all,
      'END:VCALENDAR',
      '',
    ]
      .map(folded)
      .join('\r\n')
  }),
)

it.skipIf(python === undefined)(
  'random calendars hold the events that python3-icalendar and dateutil say',
  async () => {
    const seed = Number(process.env.PATCHWARDEN_SEED ?? Date.now() % 1_000_000)
    const folder = temporaryFolder('calendars')
    const files = fc.sample(calendar, { numRuns: 300, seed }).map((text, index) => {
      const file = path.join(folder, `${index}.ics`)
      writeFileSync(file, text)
      return file
    })
    const here = 'America/Los_Angeles'
    const known = ask<readonly (readonly [string, string, string])[][]>('events', here, ...files)
    const { signal } = new AbortController()
    for (const [index, file] of files.entries()) {
      const text = await readCalendarText(file, signal)
      const { occurrences, unclear } = eventsIn(text, {
        location: file,
        timeZone: here,
        from: 0,
        to: Date.parse('2028-01-01T00:00:00Z'),
      })
      const short = (instant: number) => `${new Date(instant).toISOString().slice(0, 16)}Z`
      const own = occurrences.map(({ summary, start, end }) => [summary, short(start), short(end)].join(' | '))
      const theirs = known[index]?.filter(([, start]) => start < '2027-12-30').map((one) => one.join(' | ')) ?? []
      expect(unclear, text).toEqual([])
      expect(
        own.filter((one) => (one.split(' | ').at(-2) ?? '') < '2027-12-30').sort(),
        `seed ${seed}\n${text}`,
      ).toEqual(theirs.sort())
    }
  },
)
