import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  freezeAt,
  isAlwaysOpen,
  laterWindow,
  nextFreezeStart,
  nextWindow,
  nextWindows,
  openWindow,
  type WeeklyRule,
  type WindowPlan,
  type WindowRule,
  windowOn,
} from '../../src/core/window.ts'

function weekly(rule: Partial<WeeklyRule>): WindowPlan {
  const base: WeeklyRule = {
    days: [1, 2, 3, 4, 5, 6, 7],
    start: '02:00',
    durationSeconds: 10_800,
    timeZone: 'UTC',
    everyWeeks: 1,
    anchor: null,
  }
  return { name: 'w', rules: [{ ...base, ...rule }] }
}

describe('weekly windows', () => {
  // RFC 5545, 3.3.5: a time in the gap is read with the offset before it; in the fold the first one counts.
  it.each([
    [
      'a night in the gap, Berlin, 29 March 2026',
      'Europe/Berlin',
      '02:30',
      '2026-03-28T12:00:00Z',
      '2026-03-29T01:30:00.000Z',
    ],
    [
      'a night in the fold, Berlin, 25 October 2026',
      'Europe/Berlin',
      '02:30',
      '2026-10-24T12:00:00Z',
      '2026-10-25T00:30:00.000Z',
    ],
    ['an hour after the gap', 'Europe/Berlin', '04:00', '2026-03-28T12:00:00Z', '2026-03-29T02:00:00.000Z'],
    [
      'a half-hour shift, Lord Howe, gap of 4 October 2026',
      'Australia/Lord_Howe',
      '02:15',
      '2026-10-03T12:00:00Z',
      '2026-10-03T15:45:00.000Z',
    ],
    ['a zone with minutes, Kathmandu', 'Asia/Kathmandu', '02:00', '2026-11-20T00:00:00Z', '2026-11-20T20:15:00.000Z'],
  ])('%s', (_what, timeZone, start, from, expected) => {
    expect(nextWindow(weekly({ timeZone, start }), [], 'web', from)?.start).toBe(expected)
  })

  it('keeps its elapsed length over a clock change', () => {
    const window = nextWindow(weekly({ timeZone: 'Europe/Berlin', start: '01:00' }), [], 'web', '2026-03-28T12:00:00Z')
    expect(Date.parse(window?.end ?? '') - Date.parse(window?.start ?? '')).toBe(10_800_000)
  })

  it('comes every second week from its anchor', () => {
    const plan = weekly({ days: [3], everyWeeks: 2, anchor: '2026-01-07' })
    const starts = nextWindows(plan, [], 'web', '2026-01-01T00:00:00Z', 3).map((window) => window.start.slice(0, 10))
    expect(starts).toEqual(['2026-01-07', '2026-01-21', '2026-02-04'])
  })

  it('is never open without a rule', () => {
    expect(nextWindow({ name: 'none', rules: [] }, [], 'web', '2026-01-01T00:00:00Z')).toBeNull()
  })

  it('is never open while it is not known where the asset is', () => {
    const plan = weekly({ timeZone: 'asset' })
    expect(nextWindow(plan, [], 'web', '2026-01-01T00:00:00Z')).toBeNull()
    expect(nextWindow(windowOn(plan, 'Asia/Kolkata'), [], 'web', '2026-01-01T00:00:00Z')?.start).toBe(
      '2026-01-01T20:30:00.000Z',
    )
    expect(windowOn(plan, 'Asia/Kolkata')).toBe(windowOn(plan, 'Asia/Kolkata'))
  })

  it('freezes whose times cannot be read hold, for windows and whoever asks for the freeze itself', () => {
    const at = '2026-11-20T03:30:00Z'
    const unread = { name: 'sale', from: 'soon', to: 'later', teams: ['web'] }
    expect(freezeAt([unread], 'web', at)).toBe(unread)
    expect(freezeAt([unread], 'db', at)).toBeNull()
    expect(openWindow(weekly({}), [unread], 'web', at)).toBeNull()
    const over = { name: 'sale', from: '2026-11-20T02:00:00Z', to: at, teams: null }
    expect(freezeAt([over], 'web', at)).toBeNull()
    expect(freezeAt([over], 'web', '2026-11-20T02:00:00Z')).toBe(over)
  })

  it('is cut by a freeze of the team and by no other', () => {
    const freeze = { name: 'sale', from: '2026-11-20T03:00:00Z', to: '2026-11-20T04:00:00Z', teams: ['web'] }
    const from = '2026-11-20T02:30:00Z'
    expect(openWindow(weekly({}), [freeze], 'web', from)).toEqual({
      start: '2026-11-20T02:00:00.000Z',
      end: '2026-11-20T03:00:00.000Z',
    })
    expect(openWindow(weekly({}), [freeze], 'web', '2026-11-20T03:30:00Z')).toBeNull()
    expect(openWindow(weekly({}), [freeze], 'db', '2026-11-20T03:30:00Z')).not.toBeNull()
  })
})

describe('other rules', () => {
  const times = { durationSeconds: 7_200, timeZone: 'America/New_York' }
  const starts = (rule: WindowRule, from: string, count: number) =>
    nextWindows({ name: 'w', rules: [rule] }, [], 'web', from, count).map(({ start }) => start.slice(0, 16))

  // Second Tuesdays of 2026: 9 June, 14 July, 8 September, 13 October; 10 March is two days after the clocks change.
  it.each([
    [0, '2026-06-01T00:00:00Z', ['2026-06-10T02:00', '2026-07-15T02:00']],
    [7, '2026-06-01T00:00:00Z', ['2026-06-17T02:00', '2026-07-22T02:00']],
    [25, '2026-09-01T00:00:00Z', ['2026-09-06T02:00', '2026-10-04T02:00']],
    [0, '2026-02-01T00:00:00Z', ['2026-02-11T03:00', '2026-03-11T02:00']],
  ])('%i days after Patch Tuesday, from %s', (afterPatchTuesdayDays, from, expected) => {
    expect(starts({ ...times, afterPatchTuesdayDays, start: '22:00' }, from, 2)).toEqual(expected)
  })

  it('come as a recurrence rule says', () => {
    const rrule = 'FREQ=MONTHLY;BYDAY=-1SU;BYHOUR=22;BYMINUTE=0'
    expect(starts({ ...times, rrule, startsAt: null }, '2026-02-01T00:00:00Z', 2)).toEqual([
      '2026-02-23T03:00',
      '2026-03-30T02:00',
    ])
    const everyThird = { ...times, rrule: 'FREQ=DAILY;INTERVAL=3', startsAt: '2026-02-02T22:00' }
    expect(starts(everyThird, '2026-02-04T00:00:00Z', 2)).toEqual(['2026-02-06T03:00', '2026-02-09T03:00'])
  })

  it('that cannot be read, or never occur, are never open', () => {
    for (const rrule of ['', 'FREQ=SOMETIMES', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31'])
      expect(starts({ ...times, rrule, startsAt: null }, '2026-01-01T00:00:00Z', 1)).toEqual([])
  })

  it('that open more than every quarter of an hour are never open', () => {
    const often = (rrule: string) => starts({ ...times, rrule, startsAt: null }, '2026-01-01T00:00:00Z', 1)
    expect(often('FREQ=MINUTELY')).toEqual([])
    expect(often('FREQ=HOURLY;BYMINUTE=0,15,30,45')).toHaveLength(1)
  })
})

test('a freeze whose times cannot be read holds', () => {
  const freeze = { name: 'odd', from: '2026-01-02T00:00:00Z', to: 'whenever', teams: null }
  expect(openWindow(weekly({}), [freeze], 'web', '2026-01-01T02:30:00Z')).not.toBeNull()
  expect(nextWindow(weekly({}), [freeze], 'web', '2026-01-02T00:00:00Z')).toBeNull()
})

test('assets that share a window and a zone share one plan: ten thousand of them are worked out once', () => {
  const plan = weekly({ timeZone: 'asset' })
  expect(windowOn(plan, 'Europe/Berlin')).toBe(windowOn(plan, 'Europe/Berlin'))
  expect(windowOn(plan, 'Europe/Berlin')).not.toBe(windowOn(plan, 'Asia/Kolkata'))
})

test('the next window never ended before the time asked for, and a later one begins after it', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'Asia/Kolkata')
  const instants = fc.date({ min: new Date('2024-01-01'), max: new Date('2027-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(zones, instants, fc.integer({ min: 1, max: 7 }), fc.nat(23), (timeZone, date, day, hour) => {
      const at = date.toISOString()
      const plan = weekly({ timeZone, days: [day as 1], start: `${String(hour).padStart(2, '0')}:30` })
      const next = nextWindow(plan, [], 'web', at)
      const later = laterWindow(plan, [], 'web', at)
      expect(Date.parse(next?.end ?? '')).toBeGreaterThan(date.getTime())
      expect(Date.parse(later?.start ?? '')).toBeGreaterThan(date.getTime())
    }),
    { numRuns: 60 },
  )
})

describe('windows of a plan', () => {
  const rule = (start: string, durationSeconds: number): WindowRule => ({
    days: [1, 2, 3, 4, 5, 6, 7],
    start,
    durationSeconds,
    timeZone: 'UTC',
    everyWeeks: 1,
    anchor: null,
  })
  const hours = 3_600
  const shown = (window: { readonly start: string; readonly end: string } | null) =>
    window === null ? null : `${window.start.slice(8, 16)} ${window.end.slice(8, 16)}`

  it.each<[string, readonly WindowRule[], readonly string[]]>([
    [
      'of two rules come in order',
      [rule('04:00', hours), rule('01:00', hours)],
      ['20T01:00 20T02:00', '20T04:00 20T05:00'],
    ],
    ['that touch are one', [rule('01:00', hours), rule('02:00', hours)], ['20T01:00 20T03:00', '21T01:00 21T03:00']],
    [
      'that overlap are one',
      [rule('01:00', 3 * hours), rule('02:00', hours)],
      ['20T01:00 20T04:00', '21T01:00 21T04:00'],
    ],
    [
      'that begin together are as long as the longer',
      [rule('01:00', hours), rule('01:00', 2 * hours)],
      ['20T01:00 20T03:00', '21T01:00 21T03:00'],
    ],
  ])('%s', (_, rules, expected) => {
    const windows = nextWindows({ name: 'w', rules }, [], 'web', '2026-11-20T00:00:00Z', 2)
    expect(windows.map(shown)).toEqual(expected)
  })

  it('are open from their start until before their end', () => {
    const plan = { name: 'w', rules: [rule('01:00', hours)] }
    const at = (time: string) => `2026-11-20T${time}Z`
    expect(openWindow(plan, [], 'web', at('00:59:59'))).toBeNull()
    expect(shown(openWindow(plan, [], 'web', at('01:00:00')))).toBe('20T01:00 20T02:00')
    expect(shown(openWindow(plan, [], 'web', at('01:59:59')))).toBe('20T01:00 20T02:00')
    expect(openWindow(plan, [], 'web', at('02:00:00'))).toBeNull()
    expect(shown(nextWindow(plan, [], 'web', at('01:59:59')))).toBe('20T01:00 20T02:00')
    expect(shown(nextWindow(plan, [], 'web', at('02:00:00')))).toBe('21T01:00 21T02:00')
    expect(shown(laterWindow(plan, [], 'web', at('00:59:59')))).toBe('20T01:00 20T02:00')
    expect(shown(laterWindow(plan, [], 'web', at('01:00:00')))).toBe('21T01:00 21T02:00')
    expect(nextWindows(plan, [], 'web', at('00:00:00'), 0)).toEqual([])
    expect(openWindow(plan, [], 'web', 'soon')).toBeNull()
  })

  it('that began the day before are open until they end', () => {
    const plan = { name: 'w', rules: [rule('23:00', 26 * hours)] }
    expect(openWindow(plan, [], 'web', '2026-11-20T00:30:00Z')).not.toBeNull()
    const friday = weekly({ days: [4], start: '23:00', durationSeconds: 3 * hours })
    expect(shown(openWindow(friday, [], 'web', '2026-11-20T01:30:00Z'))).toBe('19T23:00 20T02:00')
  })

  it('of a rule of the second week need to know from when', () => {
    expect(nextWindow(weekly({ everyWeeks: 2 }), [], 'web', '2026-01-01T00:00:00Z')).toBeNull()
  })

  it('on every second week count from Monday', () => {
    const plan = weekly({ days: [1, 7], everyWeeks: 2, anchor: '2026-11-18' })
    const starts = nextWindows(plan, [], 'web', '2026-11-15T00:00:00Z', 4).map(({ start }) => start.slice(0, 10))
    expect(starts).toEqual(['2026-11-16', '2026-11-22', '2026-11-30', '2026-12-06'])
  })

  it('of a zone that nobody knows never open', () => {
    expect(nextWindow(weekly({ timeZone: 'Mars/Olympus' }), [], 'web', '2026-01-01T00:00:00Z')).toBeNull()
  })

  it('are the plan itself where no rule asks where the asset is, and fill in only those that do', () => {
    const plan = weekly({})
    expect(windowOn(plan, 'Asia/Kolkata')).toBe(plan)
    const [fixed] = plan.rules
    const [asked] = weekly({ timeZone: 'asset' }).rules
    const rules = fixed === undefined || asked === undefined ? [] : [fixed, asked]
    expect(windowOn({ name: 'w', rules }, 'Asia/Kolkata').rules.map(({ timeZone }) => timeZone)).toEqual([
      'UTC',
      'Asia/Kolkata',
    ])
  })

  it('are cut by freezes: before, in the middle and to the end', () => {
    const plan = { name: 'w', rules: [rule('01:00', 6 * hours)] }
    const frozen = (from: string, to: string) => ({
      name: 'f',
      from: `2026-11-20T${from}:00Z`,
      to: `2026-11-20T${to}:00Z`,
      teams: null,
    })
    const left = (...freezes: readonly ReturnType<typeof frozen>[]) =>
      nextWindows(plan, freezes, 'web', '2026-11-20T00:00:00Z', 3)
        .filter(({ start }) => start < '2026-11-21')
        .map(shown)
    expect(left(frozen('03:00', '04:00'))).toEqual(['20T01:00 20T03:00', '20T04:00 20T07:00'])
    expect(left(frozen('00:00', '02:00'))).toEqual(['20T02:00 20T07:00'])
    expect(left(frozen('06:00', '09:00'))).toEqual(['20T01:00 20T06:00'])
    expect(left(frozen('01:00', '07:00'))).toEqual([])
    expect(left(frozen('07:00', '09:00'), frozen('00:00', '01:00'))).toEqual(['20T01:00 20T07:00'])
    expect(left(frozen('03:00', '04:00'), frozen('02:00', '03:30'), frozen('05:00', '06:00'))).toEqual([
      '20T01:00 20T02:00',
      '20T04:00 20T05:00',
      '20T06:00 20T07:00',
    ])
    // It ends before it begins: nothing is frozen.
    expect(left(frozen('04:00', '03:00'))).toEqual(['20T01:00 20T07:00'])
  })
})

/** Windows are worked out for thirty days at once: from this instant on for others than directly before. */
const stretch = new Date(692 * 30 * 86_400_000).toISOString()

describe('whatever is worked out at once', () => {
  const times = { durationSeconds: 3_600, timeZone: 'UTC' }
  const next = (rule: WindowRule, at = stretch) =>
    nextWindow({ name: 'w', rules: [rule] }, [], 'web', at)?.start ?? null

  it('a window that opened before is open', () => {
    expect(stretch).toBe('2026-11-03T00:00:00.000Z')
    const plan = weekly({ start: '23:30', durationSeconds: 3_600 })
    expect(openWindow(plan, [], 'web', stretch)?.start).toBe('2026-11-02T23:30:00.000Z')
  })

  it('a day that is counted from the month before comes', () => {
    // The second Tuesday of October 2026 is the 13th.
    const rule = { ...times, afterPatchTuesdayDays: 21, start: '02:00' }
    expect(next(rule)).toBe('2026-11-03T02:00:00.000Z')
  })

  it('a window is looked for 400 days ahead, and no further', () => {
    const once = (day: string) => ({ ...times, rrule: 'FREQ=YEARLY;COUNT=1', startsAt: `${day}T02:00` })
    expect(next(once('2027-12-07'))).toBe('2027-12-07T02:00:00.000Z')
    expect(next(once('2027-12-08'))).toBeNull()
    expect(next(once('2027-12-08'), '2026-11-04T00:00:00Z')).toBe('2027-12-08T02:00:00.000Z')
  })
})

describe('every third week', () => {
  it('is counted from that of the anchor, in weeks that begin on Monday', () => {
    // The anchor is a Wednesday.
    const plan = weekly({ days: [1, 7], everyWeeks: 3, anchor: '2026-11-18' })
    const starts = nextWindows(plan, [], 'web', '2026-11-02T00:00:00Z', 4).map(({ start }) => start.slice(0, 10))
    expect(starts).toEqual(['2026-11-16', '2026-11-22', '2026-12-07', '2026-12-13'])
  })
})

it('a rule whose start cannot be read is never open', () => {
  const rule = { durationSeconds: 3_600, timeZone: 'UTC', rrule: 'FREQ=DAILY', startsAt: 'whenever' }
  expect(nextWindow({ name: 'w', rules: [rule] }, [], 'web', '2026-01-01T00:00:00Z')).toBeNull()
})

describe('the next freeze', () => {
  const freeze = (from: string, to: string, teams: readonly string[] | null = null) => ({ name: from, from, to, teams })
  const first = freeze('2026-11-20T02:00:00Z', '2026-11-20T04:00:00Z')
  const later = freeze('2026-11-22T00:00:00Z', '2026-11-23T00:00:00Z')

  it('is the first one of the team that begins after now', () => {
    const freezes = [later, first]
    expect(nextFreezeStart(freezes, 'web', '2026-11-20T00:00:00Z')).toBe('2026-11-20T02:00:00.000Z')
    expect(nextFreezeStart(freezes, 'web', '2026-11-20T02:00:00Z')).toBe('2026-11-22T00:00:00.000Z')
    expect(nextFreezeStart(freezes, 'web', '2026-11-22T00:00:00Z')).toBeNull()
    expect(nextFreezeStart([{ ...first, teams: ['db'] }], 'web', '2026-11-20T00:00:00Z')).toBeNull()
  })

  it('holds from its start until before its end', () => {
    expect(freezeAt([later, first], 'web', '2026-11-20T01:59:59Z')).toBeNull()
    expect(freezeAt([later, first], 'web', '2026-11-20T03:59:59Z')).toBe(first)
    expect(freezeAt([later, first], 'web', '2026-11-20T04:00:00Z')).toBeNull()
  })
})

describe('a window that never closes', () => {
  const plan = weekly({ start: '06:00', durationSeconds: 86_400, timeZone: 'Europe/Berlin' })

  // The clocks go back on 25 October 2026 (IANA time zone database), so that day has 25 hours.
  it('has no hole on the day with 25 hours', () => {
    for (let hour = 0; hour < 50; hour++) {
      const at = new Date(Date.parse('2026-10-24T12:00:00Z') + hour * 3_600_000).toISOString()
      expect(openWindow(plan, [], 'web', at), at).not.toBeNull()
    }
    expect(isAlwaysOpen(plan)).toBe(true)
  })

  it('closes for a freeze all the same', () => {
    const freeze = { name: 'f', from: '2026-10-24T14:00:00.000Z', to: '2026-10-24T16:00:00.000Z', teams: null }
    expect(openWindow(plan, [freeze], 'web', '2026-10-24T12:00:00.000Z')?.end).toBe(freeze.from)
    expect(openWindow(plan, [freeze], 'web', '2026-10-24T15:00:00.000Z')).toBeNull()
  })

  it('is not one that leaves out a day, or a part of one', () => {
    expect(isAlwaysOpen(weekly({ days: [1, 2, 3, 4, 5, 6], durationSeconds: 86_400 }))).toBe(false)
    expect(isAlwaysOpen(weekly({ durationSeconds: 86_399 }))).toBe(false)
    expect(isAlwaysOpen(weekly({ durationSeconds: 86_400, everyWeeks: 2, anchor: '2026-01-05' }))).toBe(false)
  })
})
