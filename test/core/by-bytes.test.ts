import fc from 'fast-check'
import { expect, it } from 'vitest'
import { byBytes } from '../../src/core/by-bytes.ts'

it('orders whatever text as its bytes in UTF-8 are ordered', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(byBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
  expect(byBytes('\uffee', '\u{1f600}')).toBeLessThan(0)
})
