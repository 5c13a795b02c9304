import { describe, expect, test } from 'vitest'
import type { EndState, LeftOut, PatchSubject, ProposalState, Since } from '../../../src/core/proposal/proposal.ts'
import { assetName, endCounts, tallyOf } from '../../../src/core/rollout/tally.ts'
import { begun, changed, idOf, ringOf, working } from '../../support/begun.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { always } from '../../support/windows.ts'

type Case = ReturnType<typeof proposalCase>

const names = (count: number) => Array.from({ length: count }, (_, index) => `web${index + 1}`)
const together = (count: number) => begun(count, () => ({}))

/** Starts what comes next, and brings it to these ends; what has none is still at work. */
function ended(one: Case, ends: readonly (EndState | null)[]): Case {
  one.give({ type: 'start-batch' })
  const started = working(one)
  for (const [index, end] of ends.entries()) {
    if (end === null) continue
    const asset = idOf(started[index] ?? '')
    const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
    one.give({ type: 'record-outcomes', outcomes: [{ asset, outcome }] })
    const verification = { end, reason: `as ${end}`, packages: [], health: [], at: one.now() }
    one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
  }
  return one
}

function since(...assets: readonly string[]): Since {
  const gone: LeftOut = { reason: 'gone' }
  return {
    leftOut: Object.fromEntries(assets.map((asset) => [idOf(asset), gone])),
    done: {},
    waiting: {},
    toldAt: null,
  }
}

const rule: ProposalState['subject'] = {
  kind: 'standing rule',
  rule: { name: 'dev', team: 'web', tags: ['dev'], types: ['security'], expiresAt: '2027-01-01T00:00:00.000Z' },
  window: always,
}

describe('how all ended', () => {
  test('is counted by what it means, and the rest is untouched', () => {
    const one = ended(together(6), ['installed', 'rebooted and re-scanned', 'failed', 'unreachable', null])
    expect(endCounts(one.state())).toEqual({ good: 2, bad: 1, unreachable: 1, untouched: 2, leftOut: 0 })
  })

  test('counts what is left out since the vote apart, unless it had its end before', () => {
    const one = begun(5, () => ({ rings: [ringOf('all', names(5), { batchSize: 3 })] }))
    ended(one, ['installed', 'failed', null])
    const state = { ...one.state(), since: since('web1', 'web2', 'web3', 'web4') }
    expect(endCounts(state)).toEqual({ good: 1, bad: 1, unreachable: 0, untouched: 1, leftOut: 2 })
  })

  test('is nothing before the rollout, and for a rule', () => {
    const one = proposalCase()
    expect(endCounts(one.state())).toEqual({ good: 0, bad: 0, unreachable: 0, untouched: 4, leftOut: 0 })
    const state = { ...one.state(), subject: rule }
    expect(endCounts(state)).toEqual({ good: 0, bad: 0, unreachable: 0, untouched: 0, leftOut: 0 })
    expect(tallyOf(state).emptyRings).toEqual([])
  })
})

describe('what failed', () => {
  test('is counted, and the first three are named with what became of them', () => {
    const one = ended(together(6), ['installed', 'failed', 'held back', 'unreachable', 'still missing', 'failed'])
    expect(tallyOf(one.state()).failed).toEqual({
      count: 5,
      first: [
        { name: 'web2', end: 'failed', reason: 'as failed' },
        { name: 'web3', end: 'held back', reason: 'as held back' },
        { name: 'web4', end: 'unreachable', reason: 'as unreachable' },
      ],
    })
  })

  test('is not among it any more where people left it out', () => {
    const one = begun(3, () => ({ rings: [ringOf('all', names(3), { batchSize: 2 })] }))
    ended(one, ['failed', 'held back'])
    one.give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, person('noor'))
    const { failed, skipped } = tallyOf(one.state())
    expect({ failed, skipped }).toEqual({
      failed: { count: 1, first: [{ name: 'web2', end: 'held back', reason: 'as held back' }] },
      skipped: 1,
    })
  })

  test('is nothing before a rollout', () => {
    expect(tallyOf(proposalCase().state())).toMatchObject({ failed: { count: 0, first: [] }, skipped: 0, atWork: null })
  })
})

test('servers are called by their names, and what nobody knows by its id', () => {
  const state = proposalCase().state()
  expect(assetName(state, 'lab/web1')).toBe('web1')
  expect(assetName(state, 'lab/web99')).toBe('lab/web99')
  expect(assetName({ subject: rule }, 'lab/web1')).toBe('lab/web1')
})

/** A test ring of so many servers, all at the same time, that has begun; one more comes after the vote. */
function testing(count: number): Case {
  const content = changed(count + 1, (subject: PatchSubject) => ({
    rings: [
      ringOf('test', names(count), { batchSize: count, beforeVote: true }),
      ringOf(
        'rest',
        subject.assets.slice(count).map(({ asset }) => asset.name),
      ),
    ],
  }))
  const one = proposalCase({ content, policy: { testRing: 'run' } })
  one.give({ type: 'start-test' })
  return one
}

describe('a test', () => {
  test('says how many began, were looked at, are well and were rebooted, and names the first of the others', () => {
    const one = ended(testing(5), ['installed', 'rebooted and re-scanned', 'failed', null, null])
    expect(tallyOf(one.state()).test).toEqual({
      started: 5,
      verified: 3,
      good: 2,
      rebooted: 1,
      others: [
        { name: 'web3', end: 'failed', reason: 'as failed' },
        { name: 'web4', end: 'has not ended', reason: '' },
        { name: 'web5', end: 'has not ended', reason: '' },
      ],
    })
  })

  test('that is stopped says what is still at work, and names the first eight in the order of the plan', () => {
    const one = ended(testing(10), [])
    expect(tallyOf(one.state()).atWork).toBeNull()
    one.give({ type: 'pause', reason: 'alarms' }, person('jonas'))
    expect(tallyOf(one.state()).atWork).toEqual({ count: 10, names: names(8) })
    ended(one, [null, 'installed', 'installed'])
    // One of which an outcome came last is no other place in the plan.
    one.give({
      type: 'record-outcomes',
      outcomes: [{ asset: idOf('web1'), outcome: { state: 'succeeded', changed: [], rebooted: false, log: '' } }],
    })
    expect(tallyOf(one.state()).atWork).toEqual({
      count: 8,
      names: ['web1', 'web4', 'web5', 'web6', 'web7', 'web8', 'web9', 'web10'],
    })
  })
})

describe('rings that would show nothing', () => {
  const ringed = () => begun(3, () => ({ rings: [ringOf('first', ['web1']), ringOf('rest', ['web2', 'web3'])] }))
  const nothing = (state: ProposalState) => tallyOf(state).emptyRings

  test('are named, while they are still to come', () => {
    const one = ringed()
    expect(nothing(one.state())).toEqual([])
    expect(nothing({ ...one.state(), since: since('web2') })).toEqual([])
    const state = { ...one.state(), since: since('web2', 'web3') }
    expect(nothing(state)).toEqual(['Ring rest is empty, so it would show nothing: 2 gone'])
    expect(nothing({ ...state, status: 'completed' })).toEqual([])
    expect(nothing({ ...state, rollout: null })).toEqual(['Ring rest is empty, so it would show nothing: 2 gone'])
  })

  test('are those, too, of which people took the others out by hand', () => {
    const one = ringed()
    one.give({ type: 'skip', asset: 'web3', reason: 'it is replaced' }, person('noor'))
    expect(nothing({ ...one.state(), since: since('web2') })).toEqual([
      'Ring rest is empty, so it would show nothing: 1 gone',
    ])
  })

  test('are none that have begun', () => {
    const one = ringed()
    one.give({ type: 'start-batch' })
    expect(nothing({ ...one.state(), since: since('web1') })).toEqual([])
  })
})
