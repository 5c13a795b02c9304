import { DateTime } from 'luxon'
import { expect, test } from 'vitest'
import type { MeasureRule } from '../../src/core/load.ts'
import type { LoadSample, LoadSource } from '../../src/core/ports.ts'
import type { WindowPlan } from '../../src/core/window.ts'
import { createMeasuredWindows } from '../../src/workflow/measured-windows.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { signal } = new AbortController()

const rule: MeasureRule = {
  window: 'quiet',
  load: 'web-load',
  durationSeconds: 10_800,
  weeks: 6,
  timeZone: 'UTC',
  use: 'schedule',
}
const plan: WindowPlan = {
  name: 'quiet',
  rules: [{ days: [7], start: '02:00', durationSeconds: 10_800, timeZone: 'UTC', everyWeeks: 1, anchor: null }],
  leadSeconds: 3_600,
}

/** A source whose load is nearly nothing at one time of the week; what it was asked for is kept. */
function town() {
  const asked: [string, string][] = []
  const state = { now: new Date('2026-11-16T12:00:00Z'), quiet: 2, level: 2, other: 40, problem: '' }
  const source: LoadSource = {
    name: 'web-load',
    describe: 'invented',
    async history(since, until) {
      asked.push([since, until])
      if (state.problem !== '') throw new Error(state.problem)
      const samples: LoadSample[] = []
      for (
        let at = DateTime.fromISO(since, { zone: 'utc' });
        at.toMillis() < Date.parse(until);
        at = at.plus({ minutes: 30 })
      ) {
        const night = at.hour >= 2 && at.hour < 5
        const value = !night ? 100 : at.weekday === state.quiet ? state.level : state.other
        samples.push({ at: at.toISO() ?? '', value })
      }
      return samples
    },
  }
  const said: string[] = []
  function open(rules: readonly MeasureRule[] = [rule]) {
    return createMeasuredWindows({
      db: database().db,
      clock: () => state.now,
      log: { info: (message) => void said.push(message), warn: (message) => void said.push(`warning: ${message}`) },
      rules,
      loads: new Map([['web-load', source]]),
    })
  }
  const pass = (hours: number) => {
    state.now = new Date(state.now.getTime() + hours * 3_600_000)
  }
  return { asked, state, said, open, pass }
}

const days = (schedule: { readonly plan: WindowPlan }) => schedule.plan.rules.map((each) => each.days)

test('before anything is read the rules hold, and afterwards the quietest time does', async () => {
  const { open, asked, said } = town()
  const windows = open()
  expect(windows.scheduleFor(plan)).toEqual({
    plan,
    measured: null,
    note: 'The load has not been read yet. The rules of the window hold.',
  })
  await windows.refresh(signal)
  expect(asked).toEqual([['2026-10-05T12:00:00.000Z', '2026-11-16T12:00:00.000Z']])
  const schedule = windows.scheduleFor(plan)
  expect(schedule.plan).toEqual({ ...plan, rules: [{ ...plan.rules[0], days: [2] }] })
  expect(schedule.measured?.evidence.sentence).toBe('quietest 3 h: Tue 02:00, 2 % of peak over 6 weeks')
  expect(schedule.note).toBeNull()
  expect(said).toEqual(['Window quiet: quietest 3 h: Tue 02:00, 2 % of peak over 6 weeks.'])
  // Another process knows it from the database.
  const other = open()
  await other.load()
  expect(other.scheduleFor(plan)).toEqual(schedule)
})

test('a window that is not measured, or only shown, keeps its rules', async () => {
  const { open } = town()
  const windows = open([{ ...rule, use: 'show' }])
  await windows.refresh(signal)
  expect(windows.scheduleFor(plan)).toMatchObject({ plan, measured: { kind: 'measured' }, note: null })
  expect(windows.scheduleFor({ ...plan, name: 'nights' })).toEqual({
    plan: { ...plan, name: 'nights' },
    measured: null,
    note: null,
  })
  expect(windows.measuredFor('nights')).toBeNull()
})

test('a history is read once a day, for all windows of the same length back together', async () => {
  const { open, asked, pass } = town()
  const windows = open([rule, { ...rule, window: 'short', durationSeconds: 3_600 }])
  await windows.refresh(signal)
  await windows.refresh(signal)
  pass(23)
  await windows.refresh(signal)
  expect(asked).toHaveLength(1)
  pass(1)
  await windows.refresh(signal)
  expect(asked).toHaveLength(2)
  expect(windows.measuredFor('short')).toMatchObject({ rule: { durationSeconds: 3_600, days: [2] } })
})

test('the choice stays while it is about as quiet, and goes when it is not', async () => {
  const { open, state, pass } = town()
  const windows = open()
  await windows.refresh(signal)
  // Thursday becomes a little quieter than Tuesday: nobody is asked to revise anything.
  Object.assign(state, { quiet: 4, level: 36, other: 40 })
  pass(24)
  await windows.refresh(signal)
  expect(days(windows.scheduleFor(plan))).toEqual([[2]])
  expect(windows.scheduleFor(plan).measured?.evidence.sentence).toBe(
    'quiet 3 h: Tue 02:00, 40 % of peak over 6 weeks; Thu 02:00 would have 36 %',
  )
  Object.assign(state, { level: 5 })
  pass(24)
  await windows.refresh(signal)
  expect(days(windows.scheduleFor(plan))).toEqual([[4]])
})

test('a source that fails keeps its last answer for a week, is tried each time, and is told once', async () => {
  const { open, state, asked, said, pass } = town()
  const windows = open()
  await windows.refresh(signal)
  state.problem = 'Prometheus prom does not answer: connection refused.'
  for (let hours = 24; hours < 24 * 7; hours += 12) {
    pass(hours === 24 ? 24 : 12)
    await windows.refresh(signal)
    expect(days(windows.scheduleFor(plan))).toEqual([[2]])
  }
  expect(asked.length).toBe(1 + 12)
  expect(said.filter((line) => line.startsWith('warning'))).toEqual([
    'warning: The window quiet cannot be measured: Prometheus prom does not answer: connection refused.',
  ])
  pass(12)
  expect(windows.scheduleFor(plan)).toEqual({
    plan,
    measured: null,
    note: 'The load was last read on 2026-11-16: Prometheus prom does not answer: connection refused. The rules of the window hold.',
  })
  state.problem = ''
  await windows.refresh(signal)
  expect(days(windows.scheduleFor(plan))).toEqual([[2]])
})

test('a source that never answered says why', async () => {
  const { open, state } = town()
  state.problem = 'Prometheus prom has no history.'
  const windows = open()
  await windows.refresh(signal)
  expect(windows.measuredFor('quiet')).toEqual({
    kind: 'unusable',
    reason: 'The load cannot be read: Prometheus prom has no history.',
  })
})

test('an answer to another question is none', async () => {
  const { open } = town()
  await open().refresh(signal)
  const windows = open([{ ...rule, durationSeconds: 7_200 }])
  await windows.load()
  expect(windows.measuredFor('quiet')).toMatchObject({ kind: 'unusable' })
  await windows.refresh(signal)
  expect(windows.measuredFor('quiet')).toMatchObject({ rule: { durationSeconds: 7_200 } })
})

test('a load that cannot choose says so, and the rules hold', async () => {
  const { open, state, pass, said } = town()
  const windows = open()
  await windows.refresh(signal)
  Object.assign(state, { quiet: 2, level: 99, other: 100 })
  pass(24)
  await windows.refresh(signal)
  const note =
    'The load cannot choose a window: the load hardly changes over the week: the quietest time still has 99 % of the peak.'
  expect(windows.scheduleFor(plan)).toEqual({ plan, measured: null, note: `${note} The rules of the window hold.` })
  expect(said.at(-1)).toBe(`warning: Window quiet: ${note}`)
})
