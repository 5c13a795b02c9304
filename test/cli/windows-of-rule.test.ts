import { expect, test } from 'vitest'
import { windowsOfRule } from '../../src/cli/windows-of-rule.ts'

/** The night in which New York loses an hour: 2026-03-08 has 23 hours there. */
const across = {
  rule: 'FREQ=DAILY;BYHOUR=2',
  zone: 'America/New_York',
  from: Date.parse('2026-03-07T07:00:00Z'),
  count: 1,
}

test.each([
  ['PT24H', '2026-03-08T07:00:00.000Z'],
  // The next day at 02:00, which is not there and read with the offset before the change (RFC 5545, 3.3.5).
  ['P1D', '2026-03-08T07:00:00.000Z'],
  ['PT48H', '2026-03-09T07:00:00.000Z'],
  ['P2D', '2026-03-09T06:00:00.000Z'],
  ['P1DT1H', '2026-03-08T08:00:00.000Z'],
])('%s from 02:00 ends at %s', (duration, end) => {
  expect(windowsOfRule({ ...across, duration })).toEqual([{ start: '2026-03-07T07:00:00.000Z', end }])
})
