import { IANAZone } from 'luxon'
import { describe, expect, it } from 'vitest'
import { missedZoneChange, type ZoneData, zoneChanges } from '../../../src/core/time/zone-changes.ts'

const data = (version: string, offset: number | null): ZoneData => ({ version, offset: () => offset })

describe('rules that changed', () => {
  it.each(zoneChanges.flatMap((row) => row.zones.map((zone) => ({ ...row, zone }))))(
    'of $zone are known to this Node.js where it has $since or newer, and missed where it has older data',
    ({ zone, since, from, offset }) => {
      const here = process.versions.tz ?? ''
      const [instant, own] = [Date.parse(from), IANAZone.create(zone)]
      const before = own.offset(instant - 60_000)
      if (here >= since) {
        expect(own.offset(instant)).toBe(offset)
        expect(missedZoneChange(zone, { version: here, offset: () => offset })).toBeNull()
      } else {
        expect(own.offset(instant)).not.toBe(offset)
        expect(missedZoneChange(zone, { version: here, offset: (_, at) => own.offset(at) })).toContain(since)
      }
      expect(Math.abs(before - offset)).toBeLessThanOrEqual(60)
    },
  )

  it('are named with what is right and what is computed here', () => {
    expect(missedZoneChange('Canada/Pacific', data('2025c', -480))).toBe(
      'whose rules changed in time zone data 2026b: at 2026-11-01 09:00 UTC its clocks are at UTC-7, and by the data 2025c that is used here at UTC-8',
    )
    expect(missedZoneChange('africa/casablanca', data('', 60))).toContain('UTC+0, and by the data of this runtime')
  })

  it.each([
    ['another zone', 'Europe/Berlin', data('2025c', 60)],
    ['data as new as the rules', 'America/Vancouver', data('2026b', -420)],
    ['newer data, whose rules changed again', 'America/Vancouver', data('2027a', -480)],
    ['older data that was told the rules', 'America/Vancouver', data('2025c', -420)],
    ['a runtime that does not know the zone', 'America/Vancouver', data('2025c', null)],
  ])('are not missed by %s', (_, zone, known) => {
    expect(missedZoneChange(zone, known)).toBeNull()
  })
})
