/** Entries by outside authorities: test vectors of RFC 6962 logs, and sha256sum. */

import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  besideProblem,
  commitTo,
  type Facts,
  leafHash,
  readBeside,
  readEntry,
  sealEntry,
} from '../../../src/core/record/entry.ts'

const SALT = '00112233445566778899aabbccddeeff'
const entry = {
  stream: 'PW-3',
  seq: 7,
  at: '2026-11-28T17:20:03.114Z',
  by: 'p_5c1e09ab0d4e',
  event: 'vote-cast',
  facts: { choice: 'approve', revision: 3, rights: 12 },
  prev: 'b'.repeat(64),
}

const sha256sum = (text: string) => execFileSync('sha256sum', { input: text }).toString().slice(0, 64)

describe('hashes', () => {
  // Leaf hashes that the implementations of certificate transparency test themselves with.
  test.each([
    ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    ['L123456', '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56'],
  ])('the leaf %j', (text, hash) => {
    expect(leafHash(text)).toBe(hash)
  })

  test('an entry and what stands beside it are checked by hand with sha256sum', () => {
    const sealed = sealEntry(entry, { words: 'it can’t wait' }, SALT)
    expect(sealed.hash).toBe(sha256sum(`\0${sealed.text}`))
    expect(readEntry(sealed.text).commit).toBe(sha256sum(`${SALT}\n{"words":"it can’t wait"}`))
    expect(commitTo(SALT, '{}')).toBe(sha256sum(`${SALT}\n{}`))
  })
})

test('an entry is one line with its members in order; nothing beside it, no commit', () => {
  const { text, beside } = sealEntry(entry, {}, SALT)
  expect(text).toBe(
    `{"at":"2026-11-28T17:20:03.114Z","by":"p_5c1e09ab0d4e","event":"vote-cast","facts":{"choice":"approve","revision":3,"rights":12},"prev":"${'b'.repeat(64)}","seq":7,"stream":"PW-3","v":2}`,
  )
  expect(beside).toBeNull()
  expect(sealEntry(entry, { words: undefined }, SALT)).toEqual({ ...sealEntry(entry, {}, SALT) })
})

test('whatever is said, it is read as it was sealed, on one line', () => {
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), fc.boolean(), fc.constant(null))
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), value),
      fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), value, { minKeys: 1 }),
      (facts, words) => {
        const sealed = sealEntry({ ...entry, facts: { ...facts } as Facts }, { ...words }, SALT)
        expect(sealed.text).not.toMatch(/[\n\t]/)
        const read = readEntry(sealed.text)
        expect(read.facts).toEqual(JSON.parse(JSON.stringify(facts)))
        expect(readBeside(sealed.beside?.text ?? null)).toEqual(JSON.parse(JSON.stringify(words)))
        expect(besideProblem(read, sealed.beside)).toBeNull()
        // Erased, it still holds.
        expect(besideProblem(read, null)).toBeNull()
        const other = { salt: SALT, text: `${sealed.beside?.text} ` }
        expect(besideProblem(read, other)).toBe('has something else beside it than what was written')
      },
    ),
  )
})

test('a number that is not whole is no fact, however deep', () => {
  for (const facts of [{ a: 1.5 }, { a: [{ b: 2 ** 53 }] }, { a: Number.NaN }])
    expect(() => sealEntry({ ...entry, facts }, {}, SALT)).toThrow(/whole numbers only/)
})

test.each([
  ['null', 'is not an entry'],
  ['[]', 'is not an entry'],
  ['{"v":1}', 'is of the form 1, which this version does not know'],
  ['{"v":2,"stream":"a","at":"","by":"","event":"","prev":"","seq":1.5,"facts":{}}', 'has no "seq"'],
  ['{"v":2,"stream":"a","at":"","by":"","event":"","prev":"","seq":1,"facts":[]}', 'has no "facts"'],
  [
    '{"v":2,"stream":"a","at":"","by":"","event":"","prev":"","seq":1,"facts":{},"commit":4}',
    'has a "commit" that is not text',
  ],
  ['{"v":2,"at":"","by":"","event":"","prev":"","seq":1,"facts":{}}', 'has no "stream"'],
])('%s is refused', (text, problem) => {
  expect(() => readEntry(text)).toThrow(problem)
})
