import fc from 'fast-check'
import { Duration } from 'luxon'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../src/config/duration.ts'

describe('a duration written for people', () => {
  it.each([
    ['20 min', 20 * 60],
    ['20min', 20 * 60],
    ['1 minute', 60],
    ['3 hours', 3 * 3_600],
    ['1 hour', 3_600],
    ['7 days', 7 * 86_400],
    ['2 weeks', 14 * 86_400],
    ['1h30m', 5_400],
    ['1 hour 30 minutes', 5_400],
    ['1 hour, 30 minutes', 5_400],
    ['1 hour and 30 s', 3_630],
    ['1.5 hours', 5_400],
    ['0 s', 0],
    ['  5 S ', 5],
    ['PT3H', 3 * 3_600],
    ['P1DT12H', 36 * 3_600],
    ['P2W', 14 * 86_400],
    ['pt90s', 90],
  ])('%s', (written, seconds) => {
    expect(parseDuration(written)).toEqual({ ok: true, seconds })
  })

  it.each([
    ['7', 'is the bare number 7, without a unit'],
    ['', 'is empty'],
    ['-3 hours', 'is "-3 hours", a negative duration'],
    ['3 parsecs', 'is "3 parsecs", and "parsecs" is not a unit'],
    ['1 month', 'is "1 month", and "month" is a unit without a fixed length'],
    ['30 min 1 hour', 'is "30 min 1 hour": larger units come first, each once'],
    ['1 hour 2 hours', 'is "1 hour 2 hours": larger units come first, each once'],
    ['0.3 s', 'is "0.3 s", not a whole number of seconds'],
    ['soon', 'is "soon", which is not a duration'],
    [',', 'is ",", which is not a duration'],
    ['1 hour 30', 'is "1 hour 30", which is not a duration'],
    ['P1M', 'is "P1M": months and years have no fixed length, and minutes stand after a "T"'],
    ['PT', 'is "PT", no ISO 8601 duration'],
    ['P', 'is "P", no ISO 8601 duration'],
  ])('refuses %j', (written, what) => {
    expect(parseDuration(written)).toEqual({ ok: false, what })
  })

  it('reads ISO 8601 as luxon does', () => {
    const part = fc.option(fc.integer({ min: 0, max: 999 }), { nil: undefined })
    const written = fc.record({ days: part, hours: part, minutes: part, seconds: part }).map((parts) => {
      const kept = Object.entries(parts).filter(([, amount]) => amount !== undefined)
      return Duration.fromObject(Object.fromEntries(kept)).toISO() ?? ''
    })
    fc.assert(
      fc.property(written, (iso) => {
        expect(parseDuration(iso)).toEqual({ ok: true, seconds: Duration.fromISO(iso).as('seconds') })
      }),
    )
  })

  it('is written so that it is read back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * 86_400 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).toEqual({ ok: true, seconds })
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (written) => {
        const parsed = parseDuration(written)
        if (parsed.ok) expect(Number.isSafeInteger(parsed.seconds) && parsed.seconds >= 0).toBe(true)
      }),
    )
  })
})
