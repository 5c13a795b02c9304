import { describe, expect, it } from 'vitest'
import { editDistance, suggest } from '../../src/core/suggest.ts'

describe('did you mean', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['teh', 'the', 1],
    ['', 'abc', 3],
    ['same', 'same', 0],
  ])('%s and %s are %i apart', (a, b, steps) => {
    expect(editDistance(a, b)).toBe(steps)
    expect(editDistance(b, a)).toBe(steps)
  })

  it.each([
    ['expires_after', ['expiresAfter', 'remindAfter'], 'expiresAfter'],
    ['Policies', ['policies', 'people'], 'policies'],
    ['stpo', ['stop', 'resume'], 'stop'],
    ['xyz', ['stop', 'resume'], null],
    ['a', ['b'], null],
    ['', ['b'], null],
  ])('%s of %j: %s', (written, known, expected) => {
    expect(suggest(written, known)).toBe(expected)
  })
})
