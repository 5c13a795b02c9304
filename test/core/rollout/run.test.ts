import { describe, expect, test } from 'vitest'
import type { LeftOut, RingState, Rollout } from '../../../src/core/proposal/proposal.ts'
import { withChanges, withDeployments } from '../../../src/core/rollout/deployments.ts'
import {
  emptyRing,
  endedBadly,
  freshRing,
  isHalted,
  ringNow,
  testRunning,
  without,
} from '../../../src/core/rollout/run.ts'
import { begun, idOf, ringOf } from '../../support/begun.ts'
import { scenes } from '../../support/permission-scene.ts'
import { person } from '../../support/proposal-case.ts'
import { emptyRun } from '../../support/proposals.ts'

const inTurn = () => begun(2, () => ({ rings: [ringOf('first', ['web1']), ringOf('rest', ['web2'])] }))

test('a test runs until it has a result, and no longer than until the rollout begins', () => {
  const test = { stopped: null, result: null }
  expect(testRunning({ rollout: null, test })).toBe(true)
  expect(testRunning({ rollout: {}, test })).toBe(false)
  expect(testRunning({ rollout: null, test: null })).toBe(false)
})

test('a rollout is halted where its status says so, whatever became of its test', () => {
  const test = { stopped: null, result: null }
  expect(isHalted({ status: 'halted', rollout: {}, test })).toBe(true)
  expect(isHalted({ status: 'rolling out', rollout: {}, test })).toBe(false)
  expect(isHalted({ status: 'completed', rollout: {}, test })).toBe(false)
})

describe('the ring that is under way', () => {
  test('is the first that has not passed, and none when all have', () => {
    const one = inTurn()
    expect(ringNow(one.state())?.index).toBe(0)
    one.finishBatch()
    expect(ringNow(one.state())?.index).toBe(1)
    one.finishBatch()
    expect(ringNow(one.state())).toBeNull()
  })

  test('of a test is its only one: none comes after it before the vote', () => {
    const state = scenes['test runs']().state()
    expect(ringNow(state)?.index).toBe(0)
    const { test } = state
    if (test === null) throw new Error('no test')
    const rings = test.rings.map((ring, index): RingState => (index === 0 ? { ...ring, status: 'passed' } : ring))
    expect(ringNow({ ...state, test: { ...test, rings } })).toBeNull()
  })
})

describe('a ring shows nothing', () => {
  const gone: LeftOut = { reason: 'gone' }
  const by = { by: { person: 'noor', name: 'Noor' }, reason: 'r' }
  const of = <Value>(value: Value, ...assets: readonly string[]) =>
    Object.fromEntries(assets.map((asset) => [idOf(asset), value]))

  function empty(
    assets: readonly string[],
    {
      out = [],
      skipped = [],
      started = [],
      status = 'waiting',
    }: {
      readonly out?: readonly string[]
      readonly skipped?: readonly string[]
      readonly started?: readonly string[]
      readonly status?: RingState['status']
    } = {},
  ) {
    const startedAt = '2026-11-21T02:01:00.000Z'
    const deployments = started.map((asset) => ({
      asset: idOf(asset),
      ring: 0,
      batch: 0,
      key: 'PW-1.r1.1.1',
      startedAt,
      outcome: null,
      verification: null,
      doneAt: null,
    }))
    const run: Rollout = withChanges(withDeployments(emptyRun, deployments), { skipped: of(by, ...skipped) })
    const ring = { ...freshRing(), status }
    return emptyRing({ index: 0, planned: ringOf('rest', assets), title: 'rest', ring, run, leftOut: of(gone, ...out) })
  }

  test('where all are left out since the vote, by that or by hand', () => {
    expect(empty(['web1', 'web2'], { out: ['web1', 'web2'] })).toBe(
      'Ring rest is empty, so it would show nothing: 2 gone',
    )
    expect(empty(['web1', 'web2'], { out: ['web1'], skipped: ['web2'] })).toBe(
      'Ring rest is empty, so it would show nothing: 1 gone',
    )
    expect(empty(['web1', 'web2'], { out: ['web1', 'web2'], skipped: ['web2'] })).toBe(
      'Ring rest is empty, so it would show nothing: 1 gone',
    )
  })

  test('where it has no server', () => {
    expect(empty([])).toBe('Ring rest has no server, so it would show nothing')
  })

  test.each<[string, Parameters<typeof empty>[1]]>([
    ['none is left out', {}],
    ['one is still to come', { out: ['web1'] }],
    ['one was started', { out: ['web1', 'web2'], started: ['web1'] }],
    ['people took all of them out by hand', { out: ['web1', 'web2'], skipped: ['web1', 'web2'] }],
    ['it runs already', { out: ['web1', 'web2'], status: 'running' }],
  ])('but not where %s', (_, how) => {
    expect(empty(['web1', 'web2'], how)).toBeNull()
  })
})

test('what people left out did not end badly', () => {
  const one = begun(3, () => ({ rings: [ringOf('all', ['web1', 'web2', 'web3'])] }))
  one.finishBatch('failed')
  one.finishBatch('failed')
  const failed = () => [...endedBadly(one.state().rollout ?? emptyRun)]
  expect(failed()).toEqual(['lab/web1', 'lab/web2'])
  one.give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, person('noor'))
  expect(failed()).toEqual(['lab/web2'])
})

test.each([
  [['a', 'b', 'c'], ['a', 'b'], ['c']],
  [['a', 'b', 'c'], ['b'], ['a', 'c']],
  [['a', 'b', 'c'], ['b', 'a'], ['c']],
  [
    ['a', 'b', 'c'],
    ['x', 'c'],
    ['a', 'b'],
  ],
  [['a'], [], ['a']],
])('%j without %j is %j', (list, taken, rest) => {
  expect(without(list, taken)).toEqual(rest)
})
