import fc from 'fast-check'
import { DateTime } from 'luxon'
import { describe, expect, it, test } from 'vitest'
import { type MeasuredWindow, measuredPlan, type QuietWish, quietestWindow } from '../../src/core/load.ts'
import type { LoadSample } from '../../src/core/ports.ts'
import { nextWindow } from '../../src/core/window.ts'

const HOUR = 3_600

/** Samples every `minutes` from a local midnight on, valued by their local time. */
function history(options: {
  readonly zone?: string
  readonly from?: string
  readonly days?: number
  readonly minutes?: number
  readonly value: (local: DateTime, index: number) => number
}): readonly LoadSample[] {
  const { zone = 'UTC', from = '2026-09-07', days = 42, minutes = 15, value } = options
  const start = DateTime.fromISO(from, { zone })
  const end = start.plus({ days })
  const samples: LoadSample[] = []
  for (let at = start; at < end; at = at.plus({ minutes }))
    samples.push({ at: at.toUTC().toISO() ?? '', value: value(at, samples.length) })
  return samples
}

/** Busy by day, less so by night, and nearly idle on Tuesday from 02:00 for three hours. */
function office(local: DateTime): number {
  if (local.weekday === 2 && local.hour >= 2 && local.hour < 5) return 4
  return local.hour >= 8 && local.hour < 20 ? 100 : 40
}

const wish: QuietWish = { durationSeconds: 3 * HOUR, timeZone: 'UTC' }

function chosen(samples: readonly LoadSample[], wanted: QuietWish = wish): MeasuredWindow {
  const found = quietestWindow(samples, wanted)
  if (found.kind === 'unusable') throw new Error(found.reason)
  return found
}

function refused(samples: readonly LoadSample[], wanted: QuietWish = wish): string {
  const found = quietestWindow(samples, wanted)
  return found.kind === 'unusable' ? found.reason : `measured: ${found.evidence.sentence}`
}

describe('the quietest window', () => {
  it('is found, with its evidence', () => {
    const found = chosen(history({ value: office }))
    expect(found.rule).toEqual({
      days: [2],
      start: '02:00',
      durationSeconds: 3 * HOUR,
      timeZone: 'UTC',
      everyWeeks: 1,
      anchor: null,
    })
    expect(found.evidence).toEqual({
      sentence: 'quietest 3 h: Tue 02:00, 4 % of peak over 6 weeks',
      share: 0.04,
      peak: 100,
      weeks: 6,
      coverage: 1,
      slotSeconds: 1_800,
      from: '2026-09-07T00:00:00.000Z',
      to: '2026-10-18T23:45:00.000Z',
      ignored: 0,
    })
    expect(found.profile).toHaveLength(168)
    expect([found.profile[0], found.profile[12], found.profile[24 + 2]]).toEqual([0.4, 1, 0.04])
  })

  it('goes by the clocks of the zone, over a change of them', () => {
    // Berlin falls back on 25 October: what is 02:00 there is 00:00 UTC before and 01:00 after.
    const samples = history({ zone: 'Europe/Berlin', from: '2026-10-05', value: office })
    const found = chosen(samples, { ...wish, timeZone: 'Europe/Berlin' })
    expect(found.evidence.sentence).toBe('quietest 3 h: Tue 02:00, 4 % of peak over 6 weeks')
    const plan = measuredPlan({ name: 'quiet', rules: [], leadSeconds: 60 }, found)
    expect(plan).toMatchObject({ name: 'quiet', leadSeconds: 60 })
    expect(nextWindow(plan, [], 'web', '2026-11-16T00:00:00Z')?.start).toBe('2026-11-17T01:00:00.000Z')
    expect(nextWindow(plan, [], 'web', '2027-03-29T00:00:00Z')?.start).toBe('2027-03-30T00:00:00.000Z')
  })

  it('may begin before the end of the week and last beyond it', () => {
    const sunday = (local: DateTime) =>
      (local.weekday === 7 && local.hour >= 22) || (local.weekday === 1 && local.hour < 1) ? 1 : 50
    expect(chosen(history({ value: sunday })).evidence.sentence).toContain('Sun 22:00, 2 % of peak')
  })

  it('keeps to the days and hours that are allowed', () => {
    const samples = history({ value: office })
    const nights = { ...wish, between: { from: '20:00', to: '06:00' } }
    expect(chosen(samples, { ...nights, days: [2] }).rule).toMatchObject({ days: [2], start: '02:00' })
    const other = chosen(samples, { ...nights, days: [6, 7] })
    expect(other.rule.days[0]).toBeGreaterThanOrEqual(6)
    expect(other.evidence.sentence).toContain('40 % of peak')
    expect(refused(samples, { ...nights, durationSeconds: 11 * HOUR })).toBe(
      'The load cannot choose a window: no window of this length fits into the days and hours that are allowed.',
    )
  })

  it('of equals takes the one with the quieter hour around it', () => {
    const night = (local: DateTime) => (local.weekday === 3 && local.hour < 7 ? 0 : 10)
    expect(chosen(history({ value: night })).rule).toMatchObject({ days: [3], start: '01:00' })
  })

  it('goes by whole hours where samples are an hour apart', () => {
    const found = chosen(history({ value: office, minutes: 60 }))
    expect(found.evidence).toMatchObject({ slotSeconds: 3_600, sentence: expect.stringContaining('Tue 02:00, 4 %') })
  })

  it('does not mind values that are no load, samples told twice, or their order', () => {
    const samples = history({ value: office })
    const torn = [
      ...samples.slice(2_000),
      { at: 'yesterday', value: 3 },
      ...samples.slice(0, 2_000).reverse(),
      { at: samples[5]?.at ?? '', value: -7 },
      { at: samples[6]?.at ?? '', value: Number.NaN },
      { at: samples[7]?.at ?? '', value: Number.POSITIVE_INFINITY },
      ...samples.slice(100, 300),
    ]
    const { ignored, ...evidence } = chosen(torn).evidence
    const { ignored: _none, ...expected } = chosen(samples).evidence
    expect(evidence).toEqual(expected)
    expect(ignored).toBe(204)
  })

  it('is not moved by one absurd value, in the peak or in the window', () => {
    const absurd = history({ value: (local, index) => (index === 137 ? 1e12 : office(local)) })
    expect(chosen(absurd).evidence).toMatchObject({ peak: 100, share: 0.04 })
    const inside = history({
      value: (local) =>
        local.toISODate() === '2026-09-15' && local.hour === 3 && local.minute === 0 ? 1e9 : office(local),
    })
    expect(chosen(inside).rule).toMatchObject({ days: [2], start: '02:00' })
  })

  it('is not changed by a sample of long ago', () => {
    const samples = history({ value: office })
    const found = chosen([{ at: '1970-01-01T00:00:00Z', value: 1 }, ...samples])
    expect(found.evidence).toEqual({ ...chosen(samples).evidence, ignored: 1 })
  })

  it('keeps an earlier choice that is about as quiet, and leaves one that is not', () => {
    const value = (level: number) => (local: DateTime) =>
      local.weekday === 4 && local.hour >= 2 && local.hour < 5 ? level : office(local)
    const keep = { ...chosen(history({ value: office })).rule, days: [4] } as const
    const kept = chosen(history({ value: value(4.7) }), { ...wish, keep })
    expect(kept.evidence.sentence).toBe('quiet 3 h: Thu 02:00, 5 % of peak over 6 weeks; Tue 02:00 would have 4 %')
    expect(chosen(history({ value: value(6) }), { ...wish, keep }).rule.days).toEqual([2])
    expect(chosen(history({ value: value(4.7) }), { ...wish, keep, days: [1, 2] }).rule.days).toEqual([2])
    expect(
      chosen(history({ value: value(4.7) }), { ...wish, keep: { ...keep, durationSeconds: 60 } }).rule.days,
    ).toEqual([2])
  })
})

describe('a history that cannot choose', () => {
  it.each([
    ['nothing', [], 'there are 0 usable samples of 0.'],
    ['two weeks', history({ value: office, days: 14 }), 'there are 2 weeks of data; 3 weeks are needed.'],
    ['three days', history({ value: office, days: 3 }), 'there is less than a week of data; 3 weeks are needed.'],
    ['two looks a day', history({ value: office, minutes: 720 }), 'samples are 12 hours apart; one an hour is needed.'],
    [
      'two hours of five are missing',
      history({ value: office, minutes: 60 }).filter((_, index) => index % 5 < 3),
      '40 % of the time has no data.',
    ],
    [
      'a counter',
      history({ value: (_, index) => (index % 1_000) * 3 }),
      'the values only ever rise, as a counter does: ask for its rate.',
    ],
    [
      'one sample in the far future',
      [...history({ value: office, minutes: 60 }), { at: '+200000-01-01T00:00:00.000Z', value: 1 }],
      'there is less than a week of data; 3 weeks are needed.',
    ],
    ['no load at all', history({ value: () => 0 }), 'it is 0 all week: any time is as quiet as any other.'],
    [
      'the same load always',
      history({ value: (_, index) => 50 + (index % 3) }),
      'the load hardly changes over the week: the quietest time still has 99 % of the peak.',
    ],
    [
      'a quiet night that moved to another day',
      history({ value: (local, index) => office(index < 2_016 ? local : local.minus({ days: 2 })) }),
      'it has shifted: Tue 02:00 had 40 % of the peak in the later 3 weeks, and Thu 02:00 had 4 %.',
    ],
    [
      'a quiet night that is quiet no more',
      history({ value: (local, index) => (office(local) === 4 && index >= 2_016 ? 60 : office(local)) }),
      /^it has shifted: Tue 02:00 had 60 % of the peak in the later 3 weeks, and .* had 40 %\.$/,
    ],
  ])('%s', (_what, samples, expected) => {
    const reason = refused(samples)
    expect(reason).toMatch(/^The load cannot choose a window: /)
    const clause = reason.replace('The load cannot choose a window: ', '')
    if (typeof expected === 'string') expect(clause).toBe(expected)
    else expect(clause).toMatch(expected)
  })

  it('never takes a time at which the machine is always off', () => {
    const samples = history({ value: office }).filter(({ at }) => {
      const local = DateTime.fromISO(at, { zone: 'utc' })
      return !(local.weekday === 2 && local.hour < 6)
    })
    expect(chosen(samples).evidence.sentence).toContain('40 % of peak')
  })

  it('a week without monitoring is no quiet week', () => {
    const samples = history({ value: office }).filter((_, index) => index < 1_344 || index >= 2_016)
    expect(chosen(samples).evidence).toMatchObject({ weeks: 5, share: 0.04, coverage: 0.8333 })
  })
})

/** A small generator of noise that is the same for a seed. */
function noise(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** A daily wave, a quiet time planted in it, and noise over all. */
function planted({ seed, start, weeks, level }: { seed: number; start: number; weeks: number; level: number }) {
  const random = noise(seed)
  return history({
    zone: 'Asia/Kolkata',
    days: weeks * 7,
    minutes: 30,
    value: (local) => {
      const slot = (local.weekday - 1) * 48 + local.hour * 2 + Math.floor(local.minute / 30)
      const wave = 60 + 30 * Math.sin(((local.hour - 9) / 24) * 2 * Math.PI)
      const quiet = (slot - start + 336) % 336 < 6
      return Math.max(0, (quiet ? level : wave) * (0.7 + 0.6 * random()))
    },
  })
}

const plantedCase = fc.record({
  seed: fc.nat(),
  start: fc.integer({ min: 0, max: 335 }),
  weeks: fc.integer({ min: 4, max: 8 }),
  level: fc.double({ min: 0, max: 5, noNaN: true }),
})
const kolkata: QuietWish = { durationSeconds: 3 * HOUR, timeZone: 'Asia/Kolkata' }
const startSlot = ({ rule }: MeasuredWindow) => {
  const [hours = 0, minutes = 0] = rule.start.split(':').map(Number)
  return ((rule.days[0] ?? 1) - 1) * 48 + hours * 2 + minutes / 30
}

describe('properties', () => {
  test('a planted quiet time is found under noise', () => {
    fc.assert(
      fc.property(plantedCase, (given) => {
        expect(startSlot(chosen(planted(given), kolkata))).toBe(given.start)
      }),
      { numRuns: 12 },
    )
  })

  test('moving every sample by whole weeks changes nothing but the dates', () => {
    fc.assert(
      fc.property(plantedCase, fc.integer({ min: -60, max: 60 }), (given, weeks) => {
        const samples = planted(given)
        const moved = samples.map(({ at, value }) => ({
          at: new Date(Date.parse(at) + weeks * 604_800_000).toISOString(),
          value,
        }))
        const { evidence, ...before } = chosen(samples, kolkata)
        const { evidence: after, ...now } = chosen(moved, kolkata)
        expect(now).toEqual(before)
        expect({ ...after, from: '', to: '' }).toEqual({ ...evidence, from: '', to: '' })
      }),
      { numRuns: 6 },
    )
  })

  test('the mean of the chosen window is the least of all that are allowed, by counting each', () => {
    const wished = fc.record({
      hours: fc.integer({ min: 1, max: 9 }),
      from: fc.integer({ min: 0, max: 23 }),
      span: fc.integer({ min: 10, max: 23 }),
      days: fc.subarray([1, 2, 3, 4, 5, 6, 7] as const, { minLength: 1 }),
    })
    fc.assert(
      fc.property(plantedCase, wished, (given, { hours, from, span, days }) => {
        const samples = planted(given)
        const two = (hour: number) => `${String(hour % 24).padStart(2, '0')}:00`
        const found = quietestWindow(samples, {
          ...kolkata,
          durationSeconds: hours * HOUR,
          days,
          between: { from: two(from), to: two(from + span) },
        })
        fc.pre(found.kind === 'measured')
        // Counted from the samples themselves, window by window.
        const cap =
          samples.map(({ value }) => value).sort((a, b) => a - b)[Math.floor((samples.length - 1) * 0.99)] ?? 0
        const local = samples.map(({ at, value }) => ({
          minute: DateTime.fromISO(at, { zone: 'Asia/Kolkata' }).diff(
            DateTime.fromISO('2026-09-07', { zone: 'Asia/Kolkata' }),
            'minutes',
          ).minutes,
          value: Math.min(value, cap),
        }))
        const meanFrom = (start: number) => {
          const inside = local.filter(({ minute }) => (minute - start * 30 + 10_080 * 99) % 10_080 < hours * 60)
          return inside.reduce((sum, { value }) => sum + value, 0) / inside.length
        }
        let least = Number.POSITIVE_INFINITY
        for (let start = 0; start < 336; start++) {
          if (!days.some((day) => day === Math.floor(start / 48) + 1)) continue
          const first = (start % 48) / 2
          const after = (first - from + 24) % 24
          if (after + hours > span) continue
          least = Math.min(least, meanFrom(start))
        }
        expect(meanFrom(startSlot(found))).toBeCloseTo(least, 9)
      }),
      { numRuns: 6 },
    )
  })

  test('whatever comes in, there is an answer', () => {
    const sample = fc.record({
      at: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.integer({ min: 0, max: 3_000 }).map((hour) => new Date(hour * 3_600_000).toISOString()),
        fc.string(),
      ),
      value: fc.double(),
    })
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 3_000 }), (samples) => {
        expect(['measured', 'unusable']).toContain(quietestWindow(samples, wish).kind)
      }),
      { numRuns: 20 },
    )
  })
})
