/** When windows open, against `systemd-analyze calendar` where it is installed. */

import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nextWindows, type WindowRule } from '../../src/core/window.ts'

const hasSystemd = spawnSync('systemd-analyze', ['calendar', 'Mon 02:00']).status === 0
if (!hasSystemd) console.info('skipped: systemd-analyze calendar is not here')

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const COUNT = 12

interface Pair {
  readonly rule: WindowRule
  /** The same as a calendar expression of systemd.time(7). */
  readonly expression: string
}

const timing = fc.record({
  // No zone of the test changes its clock at these hours: systemd leaves out what is in a gap.
  start: fc
    .record({ hour: fc.integer({ min: 4, max: 22 }), minute: fc.integer({ min: 0, max: 59 }) })
    .map(({ hour, minute }) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland'),
})

const weekly = fc
  .tuple(timing, fc.uniqueArray(fc.constantFrom(1, 2, 3, 4, 5, 6, 7), { minLength: 1 }))
  .map(([{ start, timeZone }, chosen]): Pair => {
    const rule = { days: chosen, start, timeZone, durationSeconds: 60, everyWeeks: 1, anchor: null }
    const names = chosen.map((day) => days[day - 1]).join(',')
    return { rule: rule as WindowRule, expression: `${names} *-*-* ${start}:00 ${timeZone}` }
  })

const afterPatchTuesday = fc
  .tuple(timing, fc.integer({ min: 0, max: 14 }))
  .map(([{ start, timeZone }, later]): Pair => {
    const day = days[(1 + later) % 7]
    return {
      rule: { afterPatchTuesdayDays: later, start, timeZone, durationSeconds: 60 },
      expression: `${day} *-*-${8 + later}..${14 + later} ${start}:00 ${timeZone}`,
    }
  })

/** RFC 5545 on one side, systemd.time(7) on the other; each written from its own manual. */
const monthly = fc
  .tuple(
    timing,
    fc.constantFrom(
      ['FREQ=MONTHLY;BYDAY=2SA', 'Sat *-*-8..14'],
      ['FREQ=MONTHLY;BYDAY=-1SU', 'Sun *-*~07/1'],
      ['FREQ=MONTHLY;BYMONTHDAY=-1', '*-*~01'],
      ['FREQ=MONTHLY;BYMONTHDAY=1,15', '*-*-1,15'],
      ['FREQ=MONTHLY;BYMONTHDAY=31', '*-*-31'],
      ['FREQ=YEARLY;BYMONTH=3,9;BYDAY=1MO', 'Mon *-3,9-1..7'],
      ['FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13', 'Fri *-*-13'],
      ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', '*-2-29'],
    ),
  )
  .map(
    ([{ start, timeZone }, [rrule = '', expression = '']]): Pair => ({
      rule: { rrule, startsAt: `2026-01-01T${start}`, timeZone, durationSeconds: 60 },
      expression: `${expression} ${start}:00 ${timeZone}`,
    }),
  )

/** The times after the base that systemd prints for each expression. */
function bySystemd(expressions: readonly string[], base: string): readonly (readonly string[])[] {
  const args = ['calendar', `--iterations=${COUNT}`, `--base-time=${base}`, ...expressions]
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  })
  if (status !== 0) throw new Error(stderr)
  const found: string[][] = []
  for (const line of stdout.split('\n')) {
    if (line.includes('Normalized form:')) found.push([])
    const [, day, time] = /(?:Next elapse|Iter\. #\d+): \w{3} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/.exec(line) ?? []
    if (day !== undefined) found.at(-1)?.push(`${day}T${time}.000Z`)
  }
  return found
}

it.skipIf(!hasSystemd)('windows open when systemd says', () => {
  const seed = Number(process.env.PATCHWARDEN_SEED ?? Date.now() % 1_000_000)
  const base = '2026-02-27T00:00:30.000Z'
  const pairs = fc.sample(fc.oneof(weekly, afterPatchTuesday, monthly), { numRuns: 200, seed })
  const known = bySystemd(
    pairs.map(({ expression }) => expression),
    `${base.slice(0, 19).replace('T', ' ')} UTC`,
  )
  expect(known).toHaveLength(pairs.length)
  for (const [index, { rule, expression }] of pairs.entries()) {
    const plan = { name: 'w', rules: [rule] }
    const own = nextWindows(plan, [], 'web', base, COUNT + 1)
      .map(({ start }) => start)
      .filter((start) => start > base)
    const theirs = known[index]?.slice(0, own.length) ?? []
    expect(own.slice(0, theirs.length), `${expression}, seed ${seed}`).toEqual(theirs)
    // Both look ahead for 400 days at least; what is rarer may not come in that time.
    if (!/-2-29|Fri \*-\*-13/.test(expression)) expect(theirs.length, expression).toBeGreaterThan(1)
  }
})
