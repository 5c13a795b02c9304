import { describe, expect, it } from 'vitest'
import { windowsProblem } from '../../../src/integrations/configuration-manager/maintenance.ts'
import { openings, scheduleOf } from '../../../src/integrations/configuration-manager/schedule.ts'

const at = (text: string) => Date.parse(`${text}:00Z`)
const november = { start: at('2026-11-01T00:00'), end: at('2026-12-01T00:00') }
const starts = (token: string, minutes = 120, zone: string | null = null, span = november) => {
  const schedule = scheduleOf(token)
  if (schedule === null) throw new Error(`${token} cannot be read.`)
  return openings(schedule, minutes, zone, span).map(({ start }) => new Date(start).toISOString().slice(0, 16))
}

/** Tokens of public documentation and tools, with what these say of them. */
const WEEKLY = '00343940081A2000'
const EVERY_TWO_DAYS = '1033BC7B10100010'

describe('schedules of maintenance windows', () => {
  it('weekly, Monday 01:00', () => {
    expect(starts(WEEKLY)).toEqual([
      '2026-11-02T01:00',
      '2026-11-09T01:00',
      '2026-11-16T01:00',
      '2026-11-23T01:00',
      '2026-11-30T01:00',
    ])
  })

  it('every two days since 19 November 2019, 01:04', () => {
    const span = { start: at('2019-11-19T00:00'), end: at('2019-11-24T00:00') }
    expect(starts(EVERY_TWO_DAYS, 60, null, span)).toEqual(['2019-11-19T01:04', '2019-11-21T01:04', '2019-11-23T01:04'])
  })

  it('in the time of the machine, also where the clocks change', () => {
    const span = { start: at('2026-10-18T00:00'), end: at('2026-11-03T00:00') }
    expect(starts(WEEKLY, 120, 'Europe/Berlin', span)).toEqual([
      '2026-10-18T23:00',
      '2026-10-26T00:00',
      '2026-11-02T00:00',
    ])
  })

  it('one that began before the span and has not ended counts', () => {
    expect(starts(WEEKLY, 240, null, { start: at('2026-11-09T02:00'), end: at('2026-11-09T03:00') })).toEqual([
      '2026-11-09T01:00',
    ])
  })

  it.each(['', 'x', '0034394008', '0034394000002000', 'FFFFFFFFFFFFFFFF'])('%j is none', (token) => {
    expect(scheduleOf(token)).toBeNull()
  })
})

describe('whether updates fit', () => {
  const window = { name: 'Mondays', isEnabled: true, isUtc: true, minutes: 60, type: 4, schedule: WEEKLY }
  const update = { kb: '9000001', title: '', longestMinutes: 60 }
  const ours = { notBefore: '2026-11-09T01:00:00.000Z', notAfter: '2026-11-09T06:00:00.000Z' }
  const problem = (windows: readonly (typeof window)[], between = ours) =>
    windowsProblem({ windows, timeZone: 'UTC', updates: [update] }, between)

  it('no window at all: it installs at the deadline', () => expect(problem([])).toBeNull())

  it('long enough', () => expect(problem([{ ...window, minutes: 75 }])).toBeNull())

  it('too short, with the numbers', () => {
    expect(problem([window])).toBe(
      'its maintenance windows leave it 60 minutes, and KB9000001 needs up to 75 (60, and 15 for a restart)',
    )
  })

  it('what is left of it counts from our window on', () => {
    const late = { ...ours, notBefore: '2026-11-09T01:30:00.000Z' }
    expect(problem([{ ...window, minutes: 90 }], late)).toContain('leave it 60 minutes')
  })

  it('several add up', () =>
    expect(problem([window, { ...window, minutes: 30 }, { ...window, minutes: 90 }])).toBeNull())

  it('at another time, with the next one', () => {
    const tuesday = { notBefore: '2026-11-10T01:00:00.000Z', notAfter: '2026-11-10T06:00:00.000Z' }
    expect(problem([{ ...window, minutes: 240 }], tuesday)).toBe(
      'none of its maintenance windows opens from 2026-11-10 01:00 UTC on, before 2026-11-10 06:00 UTC; the next one opens 2026-11-16 01:00 UTC',
    )
  })

  it('windows for updates switch off general ones; disabled ones and those for task sequences never count', () => {
    const general = { ...window, type: 1, minutes: 240 }
    expect(problem([general])).toBeNull()
    expect(problem([general, window])).toContain('leave it 60 minutes')
    expect(problem([{ ...window, isEnabled: false }])).toBeNull()
    expect(problem([{ ...window, type: 5 }])).toBeNull()
  })

  it('one that cannot be read keeps it from being started', () => {
    expect(problem([{ ...window, schedule: 'x' }])).toContain('has a schedule that cannot be read')
  })
})
