import { describe, expect, test } from 'vitest'
import type { EndState, Gate } from '../../../src/core/proposal/proposal.ts'
import { countEndState, type GateCount, gateProblem, tally } from '../../../src/core/rollout/gate.ts'

describe('an end state counts', () => {
  test.each<[EndState, GateCount]>([
    ['installed', 'good'],
    ['waiting for reboot', 'good'],
    ['rebooted and re-scanned', 'good'],
    ['rolled back', 'good'],
    ['still missing', 'bad'],
    ['held back', 'bad'],
    ['failed', 'bad'],
    ['unreachable', 'unreachable'],
    ['silent', 'unreachable'],
    ['not known', 'unreachable'],
    ['not touched', 'undecided'],
  ])('%s as %s', (end, count) => {
    expect(countEndState(end)).toBe(count)
  })
})

test('a ring is counted by those that did not end well; what has not ended may still', () => {
  const ended = (end: EndState) => ({
    verification: { end, reason: '', packages: [], health: [], at: '2026-11-20T00:00:00.000Z' },
  })
  const failed = [
    ended('failed'),
    ended('held back'),
    ended('unreachable'),
    ended('not touched'),
    { verification: null },
  ]
  expect(tally(10, failed)).toEqual({ total: 10, bad: 2, heldBack: 1, unreachable: 1, owing: 0, hopeful: 7 })
  expect(tally(3, [])).toEqual({ total: 3, bad: 0, unreachable: 0, owing: 0, hopeful: 3 })
  expect(tally(3, [], 2)).toEqual({ total: 3, bad: 0, unreachable: 0, owing: 2, hopeful: 1 })
})

describe('a gate', () => {
  const strict: Gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' }
  const of = (bad: number, unreachable: number, total = 10, owing = 0) => ({
    total,
    bad,
    unreachable,
    owing,
    hopeful: total - bad - unreachable - owing,
  })

  test.each<[string, Partial<Gate>, ReturnType<typeof of>, string | null]>([
    ['lets a ring go on where all is well', {}, of(0, 0), null],
    ['stops at one failure more than it allows', {}, of(1, 0), '1 of 10 failed, more than the 0 this ring allows'],
    ['lets as many fail as it allows', { maxFailures: 2, minSuccessPercent: 80 }, of(2, 0), null],
    [
      'asks for a share of successes beside that',
      { maxFailures: 2, minSuccessPercent: 90 },
      of(2, 0),
      'at most 80 % can succeed, and this ring asks for 90 %',
    ],
    [
      'names whole percents, and never more than can succeed',
      { maxFailures: 1, minSuccessPercent: 90 },
      of(1, 0, 3),
      'at most 66 % can succeed, and this ring asks for 90 %',
    ],
    [
      'counts who never answered as failures where it says so',
      {},
      of(0, 1),
      '1 of 10 failed (1 never answered, counted as failures), more than the 0 this ring allows',
    ],
    [
      'adds them to the failures',
      { maxFailures: 2 },
      of(2, 1),
      '3 of 10 failed (1 never answered, counted as failures), more than the 2 this ring allows',
    ],
    [
      'takes them from what can succeed',
      { maxFailures: 1 },
      of(0, 1),
      'at most 90 % can succeed (1 never answered, counted as failures), and this ring asks for 100 %',
    ],
    ['leaves them out where it ignores them', { unreachable: 'ignored' }, of(0, 9), null],
    [
      'counts failures of the others alone',
      { unreachable: 'ignored' },
      of(1, 2),
      '1 of 10 failed (2 never answered, counted neither way), more than the 0 this ring allows',
    ],
    [
      'counts the share of the others alone',
      { unreachable: 'ignored', maxFailures: 1 },
      of(1, 5),
      'at most 80 % can succeed (5 never answered, counted neither way), and this ring asks for 100 %',
    ],
    ['never passes by silence alone', { unreachable: 'ignored' }, of(0, 10), 'none of its 10 servers answered'],
    [
      'counts what waits for a restart as failures',
      {},
      of(0, 0, 10, 2),
      '2 of 10 failed (2 wait for a restart and are not fixed until then), more than the 0 this ring allows',
    ],
    [
      'counts it in the share, too',
      { maxFailures: 1 },
      of(0, 0, 10, 1),
      'at most 90 % can succeed (1 waits for a restart and is not fixed until then), and this ring asks for 100 %',
    ],
    ['has nothing against a ring without assets', {}, of(0, 0, 0), null],
  ])('%s', (_, gate, counts, problem) => {
    expect(gateProblem({ ...strict, ...gate }, counts)).toBe(problem)
  })
})
