import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { comparable } from '../../src/core/comparable.ts'

it.each([
  ['Änderungsstopp'.normalize('NFD'), 'ÄNDERUNGSSTOPP'.normalize('NFC')],
  ['change\u00A0freeze', ' Change \t freeze'],
  ['Ände\u00ADrung', 'änderung'],
  ['Groß', 'GROSS'],
  ['O’Brien', "o'brien"],
  ['year\u2013end', 'Year-End'],
])('%j and %j are the same to a reader', (one, other) => {
  expect(comparable(one)).toBe(comparable(other))
})

test('the forms of Unicode do not matter, and the form stays the same when it is made again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD'), (text, form) => {
      expect(comparable(text.normalize(form))).toBe(comparable(text))
      expect(comparable(comparable(text))).toBe(comparable(text))
    }),
    { numRuns: 300 },
  )
})
