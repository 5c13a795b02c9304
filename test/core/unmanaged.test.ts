import { describe, expect, it } from 'vitest'
import { whomToAsk } from '../../src/core/unmanaged.ts'

const person = (name: string, roles: readonly string[], awayUntil?: string) => ({
  ...{ name, roles },
  ...(awayUntil === undefined ? {} : { awayUntil }),
})
const operators = ['Olga']

describe('whom to ask who should manage a machine', () => {
  it.each([
    [
      'its owners',
      [person('Mara', ['owner']), person('Tom', ['owner', 'on-call']), person('Jo', ['on-call'])],
      'Mara, Tom (owner of web)',
    ],
    [
      'the owners who are there',
      [person('Mara', ['owner'], '2026-12-01T00:00:00Z'), person('Tom', ['owner'])],
      'Tom (owner of web)',
    ],
    ['an owner who is away, if all are', [person('Mara', ['owner'], '2026-12-01T00:00:00Z')], 'Mara (owner of web)'],
    ['its people, if it has no owner', [person('Jo', ['on-call'])], 'Jo, because the team web has no owner'],
    ['the operators, if it has nobody', [], 'Olga, because the team web has no owner'],
    [
      'a few of many',
      ['A', 'B', 'C', 'D', 'E'].map((name) => person(name, ['owner'])),
      'A, B, C and 2 more (owner of web)',
    ],
  ])('%s', (_, members, sentence) => {
    expect(whomToAsk('web', { isKnown: true, members, operators })).toBe(sentence)
  })

  it('the operators, if it is of no team of the configuration; nobody, if there is none', () => {
    const nobody = { isKnown: false, members: [] }
    expect(whomToAsk('unassigned', { ...nobody, operators })).toBe('Olga, because it is of no team')
    expect(whomToAsk('unassigned', { ...nobody, operators: [] })).toBe('nobody is known to ask: it is of no team')
  })
})
