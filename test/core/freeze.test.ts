import { describe, expect, test } from 'vitest'
import { type FreezeRequest, freezeProblem, liftDecision } from '../../src/core/freeze.ts'
import type { CountedAct } from '../../src/core/hands.ts'
import { members } from '../support/proposal-case.ts'
import { policy } from '../support/proposals.ts'

const both = { policy: { ...policy, resume: [{ role: 'owner', count: 2 }] }, members }
const shell = { kind: 'command line', user: 'root', host: 'bastion' } as const

function frozen(...liftAgreed: readonly CountedAct[]) {
  return { name: 'the sale', from: '2026-11-19T00:00:00Z', to: '2026-12-24T00:00:00Z', teams: ['web'], liftAgreed }
}

test('a freeze is lifted by as many as resuming takes', () => {
  expect(liftDecision([frozen()], { person: 'noor' }, { policy, members })).toEqual({ enough: true })
  expect(liftDecision([frozen()], { person: 'noor' }, both)).toEqual({
    enough: false,
    already: false,
    missing: 'owner',
  })
  expect(liftDecision([frozen({ person: 'noor' })], { person: 'mara' }, both)).toEqual({ enough: true })
})

test('nobody counts twice, nor does one hand', () => {
  expect(liftDecision([frozen({ person: 'noor' })], { person: 'noor' }, both)).toMatchObject({ already: true })
  const through = shell
  const byShell = frozen({ person: 'noor', through })
  expect(liftDecision([byShell], { person: 'mara', through }, both)).toEqual({
    enough: false,
    already: false,
    missing: 'owner',
  })
  expect(liftDecision([byShell], { person: 'noor' }, both)).toMatchObject({ already: false })
  expect(liftDecision([byShell], { person: 'mara' }, both)).toEqual({ enough: true })
})

test('whoever agreed before another freeze came has not agreed to lift that', () => {
  const two = [frozen({ person: 'noor' }), frozen()]
  expect(liftDecision(two, { person: 'mara' }, both)).toMatchObject({ enough: false })
  const agreedByOthers = [frozen({ person: 'noor' }), frozen({ person: 'jonas' })]
  expect(liftDecision(agreedByOthers, { person: 'mara' }, both)).toMatchObject({ enough: false })
})

test('who holds no role of those counts for nobody', () => {
  expect(liftDecision([frozen({ person: 'jonas' })], { person: 'mara' }, both)).toMatchObject({ enough: false })
})

describe('freezing', () => {
  const now = '2026-11-20T10:00:00.000Z'
  const christmas = { until: '2026-12-24', reason: 'the sale' }
  const problem = (change: FreezeRequest['change'], person = 'noor') =>
    freezeProblem({ team: 'web', change, now, person, policy, members })

  test('is for whoever may stop, and lifting for whoever may resume', () => {
    expect(problem(christmas)).toBeNull()
    expect(problem(christmas, 'jonas')).toBeNull()
    expect(problem(christmas, 'tom')).toMatch(/^Freezing web takes the role owner or on-call; you have security/)
    expect(problem('lift')).toBeNull()
    expect(problem('lift', 'jonas')).toMatch(/^Lifting the freeze of web takes the role owner; you have on-call/)
  })

  test.each(['', '  '])('says why, not %j', (reason) => {
    expect(problem({ ...christmas, reason })).toBe('Say why: the reason is kept, and everybody reads it.')
  })

  test('has a reason of 2000 characters at most', () => {
    expect(problem({ ...christmas, reason: 'x'.repeat(2_000) })).toBeNull()
    expect(problem({ ...christmas, reason: 'x'.repeat(2_001) })).toBe('Shorten the reason to 2000 characters.')
  })

  const over = 'That is over already; choose a later date.'
  const tooLong = 'A freeze holds for 366 days at most.'
  test.each<[string, string | null]>([
    ['soon', 'Say until when, as a date (2026-12-31).'],
    ['2026-11-19', over],
    // A date alone is meant with its day.
    ['2026-11-20', null],
    ['2026-11-20T10:00:00.000Z', over],
    ['2026-11-20T10:00:01.000Z', null],
    ['2027-11-21', null],
    ['2027-11-21T10:00:00.000Z', null],
    ['2027-11-21T10:00:01.000Z', tooLong],
    ['2027-11-22', tooLong],
  ])('until %s', (until, expected) => {
    expect(problem({ ...christmas, until })).toBe(expected)
  })
})

test('nobody has agreed where no freeze waits for anybody', () => {
  expect(liftDecision([], { person: 'noor' }, both)).toMatchObject({ enough: false, already: false })
  const { liftAgreed: _, ...unasked } = frozen()
  expect(liftDecision([unasked], { person: 'noor' }, both)).toMatchObject({ enough: false, already: false })
})

test('whoever agreed to lift each of several freezes has agreed to lift them all', () => {
  const one = frozen({ person: 'jonas' }, { person: 'noor' })
  const other = frozen({ person: 'noor' })
  expect(liftDecision([one, other], { person: 'mara' }, both)).toEqual({ enough: true })
  expect(liftDecision([other, one], { person: 'mara' }, both)).toEqual({ enough: true })
})
