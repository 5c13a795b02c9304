import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instantOnWire, wireInstantOf } from '../../../src/integrations/windows-script/instants.ts'

const read = (at: string) => instantOnWire.safeParse(at)

describe('an instant on the wire', () => {
  it('is read as it was written, to the second', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true }), (date) => {
        const iso = new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString()
        expect(read(wireInstantOf(iso)).data).toBe(iso)
      }),
    )
  })

  it.each([
    '2026-11-25T02:00:00Z',
    '20261125T020000',
    '20260231T000000Z',
    '20261125T250000Z',
    '11/25/2026 02:00:00',
    '',
    'x',
  ])('is nothing else: %j', (text) => {
    expect(read(text).success).toBe(false)
  })
})
