import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { expand } from '../../src/core/recurrence/expand.ts'
import { parseRrule } from '../../src/core/recurrence/rule.ts'
import { needsStart, parseRecurrence } from '../../src/core/recurrence/text.ts'
import { DAY_SECONDS } from '../../src/core/time/instant.ts'
import { dateOf, dayNumber, weekdayOf, zoneNamed } from '../../src/core/time/local-time.ts'
import { type Known, startsOf, zonesOf } from '../support/recurrence.ts'

const answers: Known = JSON.parse(readFileSync(new URL('./recurrence-known.json', import.meta.url), 'utf8'))
const known = answers.cases
const zones = zonesOf(answers)
const berlin = zoneNamed('Europe/Berlin')

describe('occurrences are those of python-dateutil (recurrence-oracle.py)', () => {
  it.each([...new Set(known.map(({ rule }) => rule))])('%s', (same) => {
    for (const { rule, zone, begin, starts } of known.filter((one) => one.rule === same)) {
      // Five were asked for; where dateutil found fewer, there is no other.
      expect(startsOf(rule, zones.get(zone), begin, 5), `${rule} in ${zone} from ${begin}`).toEqual(starts)
    }
  })

  it('in a table of all frequencies and parts, with the zones by which it was made', () => {
    expect(answers.zoneData).toMatch(/^20\d\d[a-z]$/)
    expect([...zones.keys()]).toEqual(expect.arrayContaining(['Africa/Casablanca', 'Europe/Berlin', 'Pacific/Apia']))
    expect(known.length).toBeGreaterThanOrEqual(300)
    for (const part of ['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY', 'INTERVAL', 'COUNT'])
      expect(known.some(({ rule }) => rule.includes(part))).toBe(true)
    for (const part of ['UNTIL', 'WKST', 'SECOND', 'MINUTE', 'HOUR', 'DAY', 'MONTHDAY', 'YEARDAY', 'WEEKNO', 'MONTH'])
      expect(known.some(({ rule }) => rule.includes(part === 'UNTIL' || part === 'WKST' ? part : `BY${part}`))).toBe(
        true,
      )
    expect(known.filter(({ rule }) => rule.includes('BYSETPOS')).length).toBeGreaterThan(10)
  })
})

/** RFC 5545, section 3.3.10 and its erratum-free reading: what dateutil leaves out or departs from. */
describe('where dateutil departs from RFC 5545, the RFC counts', () => {
  it('BYSETPOS counts from the beginning of the week, also in the week in which the rule begins', () => {
    expect(startsOf('FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1', zoneNamed('UTC'), '2026-01-07T02:00', 2)).toEqual([
      '2026-01-12T02:00:00Z',
      '2026-01-19T02:00:00Z',
    ])
  })
  it('plain and numbered days in BYDAY are alternatives', () => {
    expect(startsOf('FREQ=MONTHLY;BYDAY=1MO,SU;BYMONTH=6', zoneNamed('UTC'), '2026-06-01T00:00', 3)).toEqual([
      '2026-06-01T00:00:00Z',
      '2026-06-07T00:00:00Z',
      '2026-06-14T00:00:00Z',
    ])
  })
})

test('two wall times that a clock change makes one instant are one window', () => {
  expect(startsOf('FREQ=HOURLY', berlin, '2026-03-29T01:00', 3)).toEqual([
    '2026-03-29T00:00:00Z',
    '2026-03-29T01:00:00Z', // 02:00, which does not exist, and 03:00
    '2026-03-29T02:00:00Z',
  ])
})

describe('a rule that never occurs ends', () => {
  it.each([
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=31',
    'FREQ=SECONDLY;INTERVAL=2;BYSECOND=1',
    'FREQ=SECONDLY;INTERVAL=86400;BYHOUR=3',
    'FREQ=MINUTELY;BYSECOND=60',
    'FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2',
    'FREQ=YEARLY;BYWEEKNO=30;BYMONTH=1',
    'FREQ=DAILY;UNTIL=20200101T000000Z',
  ])('%s', (rule) => {
    expect(startsOf(rule, berlin, '2026-01-01T02:00', 1)).toEqual([])
  })
})

describe('text', () => {
  it.each([
    ['RRULE:FREQ=DAILY;COUNT=2', ['2026-01-01T01:00:00Z', '2026-01-02T01:00:00Z']],
    ['rrule:freq=daily;count=1', ['2026-01-01T01:00:00Z']],
    ['DTSTART:20260301T030000\nRRULE:FREQ=DAILY;COUNT=1', ['2026-03-01T02:00:00Z']],
    ['DTSTART:20260301T030000Z\nRRULE:FREQ=DAILY;COUNT=1', ['2026-03-01T03:00:00Z']],
    ['DTSTART;TZID=Asia/Kathmandu:20260301T030000\r\nRRULE:FREQ=DAI\r\n LY;COUNT=1', ['2026-02-28T21:15:00Z']],
    ['FREQ=DAILY;COUNT=3\nEXDATE:20260102T020000', ['2026-01-01T01:00:00Z', '2026-01-03T01:00:00Z']],
    ['FREQ=DAILY;COUNT=3\nEXDATE:20260102T010000Z,20260103', ['2026-01-01T01:00:00Z']],
    ['FREQ=DAILY;COUNT=1\nRDATE:20251224T020000Z', ['2025-12-24T02:00:00Z', '2026-01-01T01:00:00Z']],
    ['FREQ=DAILY;COUNT=1\nRRULE:FREQ=DAILY;COUNT=2', ['2026-01-01T01:00:00Z', '2026-01-02T01:00:00Z']],
  ])('%j', (text, starts) => {
    expect(startsOf(text, berlin, '2026-01-01T02:00', 9)).toEqual(starts)
  })

  it.each([
    ['', 'holds no RRULE'],
    ['nonsense', 'not NAME=VALUE'],
    ['FREQ=SOMETIMES', '"SOMETIMES"'],
    ['BYDAY=MO', 'has no FREQ'],
    ['FREQ=DAILY;FREQ=DAILY', 'FREQ twice'],
    ['FREQ=DAILY;', 'not NAME=VALUE'],
    ['FREQ=DAILY;INTERVAL=0', 'INTERVAL'],
    ['FREQ=DAILY;COUNT=-1', 'COUNT'],
    ['FREQ=DAILY;COUNT=1;UNTIL=20270101', 'both COUNT and UNTIL'],
    ['FREQ=DAILY;UNTIL=20270231', 'UNTIL'],
    ['FREQ=DAILY;BYHOUR=24', 'BYHOUR'],
    ['FREQ=MONTHLY;BYMONTHDAY=0', 'BYMONTHDAY'],
    ['FREQ=MONTHLY;BYDAY=0MO', 'BYDAY'],
    ['FREQ=WEEKLY;BYDAY=XX', 'BYDAY'],
    ['FREQ=WEEKLY;BYDAY=1MO', 'numbers a weekday'],
    ['FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO', 'beside BYWEEKNO'],
    ['FREQ=DAILY;BYSETPOS=1', 'without another BY part'],
    ['FREQ=DAILY;BYEASTER=1', 'BYEASTER'],
    ['FREQ=WEEKLY;WKST=1', 'WKST'],
    ['DTSTART;TZID=Mars/Olympus:20260101T000000\nRRULE:FREQ=DAILY', 'Mars/Olympus'],
    ['DTSTART:yesterday\nRRULE:FREQ=DAILY', 'DTSTART'],
    ['SUMMARY:x\nRRULE:FREQ=DAILY', 'SUMMARY'],
    ['DTSTART:20260101T000000', 'holds no RRULE'],
  ])('%j is refused', (text, says) => {
    const parsed = parseRecurrence(text)
    expect(parsed.ok ? '' : parsed.what).toContain(says)
  })

  it('any other text is read or refused, and never throws', () => {
    const words = fc.constantFrom('FREQ', 'DAILY', '=', ';', ':', ',', 'BYDAY', 'UNTIL', '1', '-', '\n', 'Z', 'EXDATE')
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(words, fc.string())).map((parts) => parts.join('')),
    )
    fc.assert(fc.property(texts, (text) => typeof parseRecurrence(text).ok === 'boolean'))
  })

  it.each([
    ['FREQ=WEEKLY;BYDAY=TU;BYHOUR=2', false],
    ['FREQ=DAILY;BYHOUR=2', false],
    ['FREQ=HOURLY', false],
    ['DTSTART:20260101T020000\nRRULE:FREQ=DAILY', false],
    ['FREQ=DAILY', true],
    ['FREQ=WEEKLY;BYHOUR=2', true],
    ['FREQ=WEEKLY;BYDAY=TU;BYHOUR=2;INTERVAL=2', true],
    ['FREQ=DAILY;BYHOUR=2;COUNT=3', true],
  ])('%j needs a start: %s', (text, expected) => {
    const parsed = parseRecurrence(text)
    expect(parsed.ok && needsStart(parsed.recurrence)).toBe(expected)
  })
})

test('day numbers are those of Date', () => {
  fc.assert(
    fc.property(fc.integer({ min: -700_000, max: 2_900_000 }), (day) => {
      const date = new Date(day * DAY_SECONDS * 1_000)
      expect(dateOf(day)).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
      })
      expect(weekdayOf(day)).toBe(date.getUTCDay() === 0 ? 7 : date.getUTCDay())
      expect(dayNumber(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())).toBe(day)
    }),
  )
})

/** Walks hour by hour and asks the parts of the rule one by one, as their definitions are worded. */
test('expanding a rule finds what walking through all hours finds', () => {
  const names = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
  const shapes = fc.record({
    freq: fc.constantFrom('HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
    interval: fc.integer({ min: 1, max: 5 }),
    byHour: fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 3 }),
    byMonth: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
    byMonthDay: fc.uniqueArray(fc.integer({ min: 1, max: 31 }), { maxLength: 4 }),
    byDay: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 }),
    startDay: fc.integer({ min: 20_000, max: 21_000 }),
    startHour: fc.nat(23),
  })
  fc.assert(
    fc.property(shapes, ({ freq, interval, byHour, byMonth, byMonthDay, byDay, startDay, startHour }) => {
      const parts = [
        `FREQ=${freq}`,
        `INTERVAL=${interval}`,
        `BYHOUR=${byHour}`,
        `BYDAY=${byDay.map((day) => names[day])}`,
      ]
      if (byMonth.length > 0) parts.push(`BYMONTH=${byMonth}`)
      if (byMonthDay.length > 0) parts.push(`BYMONTHDAY=${byMonthDay}`)
      const parsed = parseRrule(parts.join(';'))
      if (!parsed.ok) throw new Error(parsed.what)
      const start = startDay * DAY_SECONDS + startHour * 3_600
      const end = start + 800 * DAY_SECONDS
      const begun = new Date(start * 1_000)
      const monday = (at: number) => Math.floor((at / DAY_SECONDS + 3) / 7)
      const expected: number[] = []
      for (let at = start; at < end; at += 3_600) {
        const date = new Date(at * 1_000)
        const periods = {
          HOURLY: (at - start) / 3_600,
          DAILY: Math.floor(at / DAY_SECONDS) - startDay,
          WEEKLY: monday(at) - monday(start),
          MONTHLY: (date.getUTCFullYear() - begun.getUTCFullYear()) * 12 + date.getUTCMonth() - begun.getUTCMonth(),
          YEARLY: date.getUTCFullYear() - begun.getUTCFullYear(),
        }[freq]
        if (periods % interval !== 0 || !byHour.includes(date.getUTCHours())) continue
        if (!byDay.includes((date.getUTCDay() + 6) % 7)) continue
        if (byMonth.length > 0 && !byMonth.includes(date.getUTCMonth() + 1)) continue
        if (byMonthDay.length > 0 && !byMonthDay.includes(date.getUTCDate())) continue
        expected.push(at)
      }
      expect([...expand(parsed.rule, start, start, end)]).toEqual(expected)
      const middle = start + 400 * DAY_SECONDS
      expect([...expand(parsed.rule, start, middle, end)]).toEqual(expected.filter((at) => at >= middle))
    }),
    { numRuns: 60 },
  )
})
