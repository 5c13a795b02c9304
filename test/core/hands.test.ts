import { describe, expect, test } from 'vitest'
import {
  COMMAND_LINE,
  type CountedAct,
  handsOf,
  isOneOf,
  isOwn,
  nameAsKnown,
  namesIn,
  personAndHands,
  type Through,
  throughOf,
  throughWords,
} from '../../src/core/hands.ts'

const shell: Through = { kind: 'command line', user: 'deploy', host: 'build01' }
const marasLink: Through = { kind: 'sign-in link', madeBy: ['mara'] }
const shellLink: Through = { kind: 'sign-in link', madeBy: [COMMAND_LINE] }
/** Made by Mara in a session that began with a link of the command line. */
const secondLink: Through = { kind: 'sign-in link', madeBy: ['mara', COMMAND_LINE] }
const example: Through = { kind: 'example' }
const confirmedAt = '2026-11-20T01:00:00.000Z'

function noor(through?: Through, more: Partial<CountedAct> = {}): CountedAct {
  return { person: 'noor', ...(through === undefined ? {} : { through }), ...more }
}

describe('whose hand acted', () => {
  test.each<[string, CountedAct, boolean, readonly string[]]>([
    ['by an account of their own: theirs', noor(), true, ['noor']],
    ['in the labelled example: theirs', noor(example), true, ['noor']],
    ['by the command line: the one hand of all command lines', noor(shell), false, [COMMAND_LINE]],
    ['by a link: whoever made it', noor(marasLink), false, ['mara']],
    ['by a link made in a session of a link: both makers', noor(secondLink), false, ['mara', COMMAND_LINE]],
    ['by the command line, and confirmed: theirs', noor(shell, { confirmedAt }), true, ['noor']],
    ['by a link, and confirmed: theirs', noor(marasLink, { confirmedAt }), true, ['noor']],
  ])('%s', (_, act, own, hands) => {
    expect(isOwn(act)).toBe(own)
    expect(handsOf(act)).toEqual(hands)
    expect([...personAndHands(act)].toSorted()).toEqual([...new Set(['noor', ...hands])].toSorted())
    expect(nameAsKnown({ ...act, name: 'Noor' })).toBe(own ? 'Noor' : 'Noor (not confirmed)')
  })

  test.each<[string, CountedAct, string, boolean]>([
    ['the person', noor(marasLink), 'noor', true],
    ['the maker of the link', noor(marasLink), 'mara', true],
    ['nobody else', noor(marasLink), 'tom', false],
    ['not the maker once it was confirmed', noor(marasLink, { confirmedAt }), 'mara', false],
  ])('is left out with %s', (_, act, left, out) => {
    expect(isOneOf(act, new Set([left]))).toBe(out)
  })

  test('is nobody’s of an empty list', () => {
    expect(isOneOf(noor(), new Set())).toBe(false)
  })
})

test('how it came is kept with what was done, and nothing is where it was by an account of their own', () => {
  expect(throughOf(noor(shell, { confirmedAt }))).toEqual({ through: shell })
  expect(throughOf(noor())).toEqual({})
  expect(Object.keys(throughOf(noor()))).toEqual([])
})

describe('in words', () => {
  const nameOf = namesIn([
    { id: 'mara', name: 'Mara' },
    { id: 'tom', name: 'Tom' },
  ])

  test.each<[Through, string]>([
    [shell, 'the command line (deploy on build01)'],
    [marasLink, 'a sign-in link made by Mara'],
    [{ kind: 'sign-in link', madeBy: ['mara', 'tom'] }, 'a sign-in link made by Mara and Tom'],
    [{ kind: 'sign-in link', madeBy: ['gone'] }, 'a sign-in link made by gone'],
    [shellLink, 'a sign-in link made on the command line'],
    [secondLink, 'a sign-in link made by Mara'],
    [example, 'the labelled example'],
  ])('%j is "%s"', (through, words) => {
    expect(throughWords(through, nameOf)).toBe(words)
  })
})
