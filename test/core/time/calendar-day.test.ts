import { expect, test } from 'vitest'
import { dayBegins, dayEnds, dayIsOver, minuteIn } from '../../../src/core/time/calendar-day.ts'

// Offsets and changes of the clocks: IANA time zone database.
test.each([
  ['2026-12-24', 'Europe/Berlin', '2026-12-23T23:00:00.000Z', '2026-12-24T22:59:59.000Z'],
  ['2026-12-24', 'America/Los_Angeles', '2026-12-24T08:00:00.000Z', '2026-12-25T07:59:59.000Z'],
  ['2026-12-24', 'UTC', '2026-12-24T00:00:00.000Z', '2026-12-24T23:59:59.000Z'],
  ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', '2026-10-25T22:59:59.000Z'],
  ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', '2026-03-29T21:59:59.000Z'],
])('%s in %s is from %s to %s', (date, zone, begins, ends) => {
  expect(dayBegins(date, zone)).toBe(begins)
  expect(dayEnds(date, zone)).toBe(ends)
  expect(Date.parse(dayIsOver(date, zone))).toBe(Date.parse(ends) + 1_000)
})

test('what has a time, or is no date, stays as it was written', () => {
  for (const written of ['2026-12-24T10:00:00Z', 'soon', '', '2026-13-01'])
    for (const meant of [dayBegins, dayEnds, dayIsOver]) expect(meant(written, 'Europe/Berlin')).toBe(written)
})

test('a minute is shown with its year and its zone', () => {
  expect(minuteIn('2026-12-24T22:59:59.000Z', 'Europe/Berlin')).toBe('2026-12-24 23:59 (Europe/Berlin)')
  expect(minuteIn('2027-01-01T07:59:00.000Z', 'America/Los_Angeles')).toBe('2026-12-31 23:59 (America/Los_Angeles)')
})
