import fc from 'fast-check'
import { DateTime } from 'luxon'
import { describe, expect, test } from 'vitest'
import { onDuty, type Rota } from '../../src/core/rota.ts'

const berlin: Rota = {
  people: ['jonas', 'mara', 'tom'],
  start: '2026-03-23',
  handover: '09:00',
  everyDays: 7,
  timeZone: 'Europe/Berlin',
  overrides: [],
}

/** A local wall time in Berlin as an instant. */
function at(local: string): string {
  return DateTime.fromISO(local, { zone: 'Europe/Berlin' }).toUTC().toISO() ?? ''
}

describe('a rota', () => {
  test.each([
    ['2026-03-23T08:59', null],
    ['2026-03-23T09:00', 'jonas'],
    ['2026-03-30T08:59', 'jonas'], // the clocks went forward on the 29th
    ['2026-03-30T09:00', 'mara'],
    ['2026-04-06T09:00', 'tom'],
    ['2026-04-13T09:00', 'jonas'],
    ['2026-10-26T08:59', 'jonas'], // and back on the 25th; this is the end of the 31st week
    ['2026-10-26T09:00', 'mara'],
  ])('hands over at local wall time whatever the clocks do: %s', (local, person) => {
    expect(onDuty(berlin, at(local))).toBe(person)
  })

  test('hands over at the minute, not at the hour', () => {
    const rota = { ...berlin, handover: '09:30' }
    expect(onDuty(rota, at('2026-03-30T09:29'))).toBe('jonas')
    expect(onDuty(rota, at('2026-03-30T09:30'))).toBe('mara')
    expect(onDuty(rota, at('2026-03-30T10:15'))).toBe('mara')
  })

  test('has nobody on duty before it begins, however long before', () => {
    for (const day of ['2026-03-22', '2026-03-16', '2026-03-09', '2026-03-02', '2025-12-31'])
      expect(onDuty(berlin, at(`${day}T12:00`))).toBeNull()
  })

  test('a stand-in counts before the rota, to the minute; of two that overlap the later one', () => {
    const rota: Rota = {
      ...berlin,
      overrides: [
        { from: at('2026-04-01T00:00'), to: at('2026-04-03T00:00'), person: 'eva' },
        { from: at('2026-04-02T12:00'), to: at('2026-04-02T13:00'), person: 'noor' },
      ],
    }
    expect(onDuty(rota, at('2026-03-31T23:59'))).toBe('mara')
    expect(onDuty(rota, at('2026-04-01T00:00'))).toBe('eva')
    expect(onDuty(rota, at('2026-04-02T12:30'))).toBe('noor')
    expect(onDuty(rota, at('2026-04-02T13:00'))).toBe('eva')
    expect(onDuty(rota, at('2026-04-03T00:00'))).toBe('mara')
  })

  test('somebody is always on duty, each in turn, and a turn has as many handovers as it has days', () => {
    const rotas = fc.record({
      people: fc.integer({ min: 1, max: 6 }).map((n) => Array.from({ length: n }, (_, index) => `p${index}`)),
      handover: fc
        .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
        .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`),
      everyDays: fc.integer({ min: 1, max: 28 }),
      timeZone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia', 'UTC'),
    })
    fc.assert(
      fc.property(rotas, fc.integer({ min: 0, max: 900 }), (parts, day) => {
        const rota: Rota = { ...parts, start: '2026-01-05', overrides: [] }
        // Noon is never in a gap, and is before or after the handover on the whole day alike.
        const noon = DateTime.fromISO('2026-01-06T12:00', { zone: rota.timeZone }).plus({ days: day })
        const here = onDuty(rota, noon.toUTC().toISO() ?? '')
        expect(rota.people).toContain(here)
        const turn = noon.plus({ days: rota.everyDays })
        const next = rota.people[(rota.people.indexOf(here ?? '') + 1) % rota.people.length]
        expect(onDuty(rota, turn.toUTC().toISO() ?? '')).toBe(next)
      }),
    )
  })
})
