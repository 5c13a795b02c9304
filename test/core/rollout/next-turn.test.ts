import { describe, expect, test } from 'vitest'
import type { OtherWork } from '../../../src/core/proposal/command.ts'
import type { LeftOut } from '../../../src/core/proposal/proposal.ts'
import { nextTurn } from '../../../src/core/rollout/turn.ts'
import { begun, end, idOf, lenient, ringOf, working } from '../../support/begun.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { daily } from '../../support/windows.ts'

type Case = ReturnType<typeof proposalCase>

const names = (count: number) => Array.from({ length: count }, (_, index) => `web${index + 1}`)
const turn = (one: Case) => nextTurn(one.state(), { now: one.now(), ...one.setting })
const next = (one: Case) => one.give({ type: 'start-batch' })
const waiting = (one: Case, ring = 0) => one.state().rollout?.rings[ring]?.waiting.map((id) => id.replace('lab/', ''))

/** One ring of `count` servers. */
function ringed(count: number, more: Parameters<typeof ringOf>[2] = {}, clusters: readonly ClusterOf[] = []) {
  return begun(count, () => ({
    rings: [ringOf('all', names(count), more)],
    clusters: clusters.map((cluster) => ({ ...cluster, assets: cluster.assets.map(idOf) })),
  }))
}

interface ClusterOf {
  readonly name: string
  readonly assets: readonly string[]
  readonly atOnce: number
  readonly minHealthy: number
}

function elsewhere(asset: string, ring = 'other'): OtherWork {
  return { asset: idOf(asset), proposal: 'PW-7', ring, until: '2026-11-20T04:00:00.000Z' }
}

function leaveOut(one: Case, assets: readonly string[], leftOut: LeftOut = { reason: 'up to date' }) {
  return one.give({
    type: 'compare-assets',
    departures: assets.map((asset) => ({ asset: idOf(asset), leftOut })),
    newcomers: [],
  })
}

const notNow = (sentence: string) => ({ code: 'not now', sentence })

describe('nothing begins', () => {
  test('where nothing was approved', () => {
    expect(turn(proposalCase())).toEqual({ kind: 'done', why: 'Every ring is done.' })
  })

  test('while a ring is watched', () => {
    const one = ringed(1, { soakSeconds: 60 })
    one.finishBatch()
    expect(next(one)).toEqual(notNow('Ring all is soaking.'))
  })

  test('in a ring that its gate stopped', () => {
    const one = ringed(2, { gate: { ...lenient, maxFailures: 0 } })
    expect(one.finishBatch('failed')).toContain('halted')
    expect(turn(one)).toEqual({ kind: 'stuck', ring: 0, why: 'Ring all is failed.' })
  })

  test('over the budget of the rollout, though nothing stopped it when the assets failed', () => {
    const one = ringed(2)
    expect(one.finishBatch('failed')).not.toContain('halted')
    const state = one.state()
    if (state.subject.kind !== 'patches') throw new Error('not patches')
    const within = (failureBudget: number) =>
      nextTurn(
        { ...state, subject: { ...state.subject, failureBudget } as typeof state.subject },
        { now: one.now(), ...one.setting },
      )
    expect(within(1)).toMatchObject({ kind: 'start' })
    expect(within(0)).toEqual({
      kind: 'stuck',
      ring: 0,
      why: 'The rollout stopped: 1 of its servers failed or never answered, more than the 0 that it allows in all',
    })
  })

  test('in a ring of which all are left out, and nobody is asked for a go', () => {
    const one = begun(3, () => ({
      rings: [ringOf('first', ['web1']), ringOf('rest', ['web2', 'web3'], { gate: { ...lenient, go: ['on-call'] } })],
    }))
    expect(one.finishBatch()).toContain('ring-passed')
    const before = one.state()
    expect(leaveOut(one, ['web2', 'web3'])).toContain('halted')
    const { since = null } = one.state()
    expect(nextTurn({ ...before, since }, { now: one.now(), ...one.setting })).toEqual({
      kind: 'stuck',
      ring: 1,
      why: 'Ring rest is empty, so it would show nothing: 2 are up to date',
    })
  })

  test('before the whole batch before has ended, though there is a free place', () => {
    const one = ringed(3, { batchSize: 2 })
    next(one)
    end(one, 'web1')
    expect(next(one)).toEqual(notNow('The batch before is not finished.'))
  })

  test('more than may be worked on at the same time, though more of the batch wait', () => {
    const one = ringed(3, { batchSize: 3, concurrency: 2 })
    next(one)
    expect(next(one)).toEqual(notNow('As many are being worked on as may be.'))
  })

  test('when all of a ring have ended and only its checks are missing', () => {
    const check = { kind: 'metric', source: 'prom', query: 'errors', atMost: 0.01, atLeast: null } as const
    const one = ringed(1, { gate: { ...lenient, checks: [check] } })
    one.give({ type: 'record-gate', results: [{ check: 'errors', healthy: true, detail: '0' }] })
    one.finishBatch()
    expect(next(one)).toEqual(notNow('Ring all has no further batch.'))
  })
})

describe('a batch', () => {
  test('is brought to its end before anything of the next begins, under its own number', () => {
    const one = ringed(5, { batchSize: 3, concurrency: 2 })
    expect(next(one)).toEqual(['batch-started'])
    expect(waiting(one)).toEqual(['web3'])
    end(one, 'web1')
    end(one, 'web2')
    expect(next(one)).toEqual(['assets-started'])
    expect(working(one)).toEqual(['web3'])
    end(one, 'web3')
    expect(next(one)).toEqual(['batch-started'])
    const batches = Object.values(one.state().rollout?.deployments ?? {}).map(({ asset, batch }) => [asset, batch])
    expect(Object.fromEntries(batches)).toEqual({
      'lab/web1': 0,
      'lab/web2': 0,
      'lab/web3': 0,
      'lab/web4': 1,
      'lab/web5': 1,
    })
  })

  test('is no larger than its ring says, however many are at work elsewhere', () => {
    const one = ringed(6, { batchSize: 2 })
    one.setting.others = [elsewhere('web1'), elsewhere('app1')]
    next(one)
    expect(working(one)).toEqual(['web2', 'web3'])
    expect(waiting(one)).toEqual([])
  })

  test('goes past the assets whose window is closed', () => {
    const late = daily('late', '12:00', 1)
    const one = begun(3, ({ assets }) => ({
      rings: [ringOf('all', names(3))],
      assets: assets.map((planned, index) => (index < 2 ? { ...planned, window: late } : planned)),
    }))
    next(one)
    expect(working(one)).toEqual(['web3'])
  })

  test('of which the rest was taken by another rollout waits for its own assets at work first, then for that', () => {
    const one = ringed(3, { batchSize: 3, concurrency: 2 })
    next(one)
    end(one, 'web1')
    one.setting.others = [elsewhere('web3')]
    expect(next(one)).toEqual(notNow('Some are being worked on.'))
    end(one, 'web2')
    expect(next(one)).toEqual(['asset-awaited'])
  })

  test('of a later ring that is at work takes no place in an earlier one that runs again', () => {
    const one = begun(3, () => ({ rings: [ringOf('first', ['web1']), ringOf('rest', ['web2', 'web3'])] }))
    expect(one.finishBatch('failed')).toContain('ring-passed')
    next(one)
    expect(working(one)).toEqual(['web2'])
    one.give({ type: 'retry', asset: 'web1' }, person('noor'))
    expect(next(one)).toEqual(['batch-started'])
    expect(working(one)).toEqual(['web2', 'web1'])
  })
})

describe('failures', () => {
  const strict = { ...lenient, maxFailures: 0 }

  test('of an earlier ring do not count at the gate of the next', () => {
    const one = begun(3, () => ({
      rings: [ringOf('first', ['web1']), ringOf('rest', ['web2', 'web3'], { gate: strict })],
    }))
    one.finishBatch('failed')
    expect(one.finishBatch()).not.toContain('halted')
    expect(next(one)).toEqual(['batch-started'])
  })

  test('that people went on with count neither at the gate nor in the budget any more', () => {
    const one = begun(4, () => ({
      failureBudget: 1,
      rings: [
        ringOf('first', ['web1', 'web2']),
        ringOf('rest', ['web3', 'web4'], { gate: { ...lenient, maxFailures: 1 } }),
      ],
    }))
    one.finishBatch('failed')
    expect(one.finishBatch('failed')).toContain('halted')
    expect(one.give({ type: 'resume' }, person('noor'))).toContain('ring-passed')
    expect(one.finishBatch('failed')).not.toContain('halted')
    expect(one.finishBatch('failed')).toContain('halted')
  })

  test('that people went on with do not stop the same gate again', () => {
    const one = ringed(3, { gate: strict })
    expect(one.finishBatch('failed')).toContain('halted')
    expect(one.give({ type: 'resume' }, person('noor'))).toEqual(['resume-agreed', 'resumed'])
    expect(next(one)).toEqual(['batch-started'])
  })

  test('that people left out are neither failures nor assets of the ring', () => {
    const one = ringed(4, { gate: { ...lenient, minSuccessPercent: 70 } })
    expect(one.finishBatch('failed')).not.toContain('halted')
    one.give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, person('noor'))
    expect(one.finishBatch('failed')).toContain('halted')
    expect(one.state().stopped?.reason).toContain('at most 66 % can succeed')
  })

  test('that people left out make room for as many others as the gate allows', () => {
    const one = ringed(4, { gate: { ...lenient, maxFailures: 1 } })
    one.finishBatch('failed')
    one.give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, person('noor'))
    expect(one.finishBatch('failed')).not.toContain('halted')
    expect(one.finishBatch('failed')).toContain('halted')
  })
})

describe('a cluster', () => {
  const cluster = (assets: readonly string[], more: Partial<ClusterOf> = {}): ClusterOf => ({
    name: 'db',
    assets,
    atOnce: 1,
    minHealthy: 0,
    ...more,
  })

  test('lets so many be worked on, however many may be down', () => {
    const one = ringed(3, { batchSize: 3 }, [cluster(names(3))])
    next(one)
    expect(working(one)).toEqual(['web1'])
    expect(next(one)).toEqual(notNow('1 of the 3 of cluster db are down, and 0 must stay up.'))
    end(one, 'web1')
    next(one)
    expect(working(one)).toEqual(['web2'])
  })

  test('keeps so many up, however many may be worked on', () => {
    const one = ringed(3, { batchSize: 3 }, [cluster(names(3), { atOnce: 3, minHealthy: 2 })])
    next(one)
    expect(working(one)).toEqual(['web1'])
    end(one, 'web1', 'failed')
    expect(next(one)).toEqual(['gate-failed', 'halted'])
  })

  test('takes no more than the ring lets be worked on', () => {
    const one = ringed(4, { batchSize: 4, concurrency: 2 }, [cluster(['web1', 'web2', 'web3'], { atOnce: 3 })])
    next(one)
    expect(working(one)).toEqual(['web1', 'web2'])
    end(one, 'web1')
    next(one)
    expect(working(one)).toEqual(['web2', 'web3'])
  })

  test('that is full holds back nobody who waits behind its members', () => {
    const one = ringed(5, { batchSize: 5, concurrency: 2 }, [cluster(['web1', 'web2', 'web3'])])
    next(one)
    expect(working(one)).toEqual(['web1', 'web4'])
    end(one, 'web4')
    next(one)
    expect(working(one)).toEqual(['web1', 'web5'])
  })

  test('is named where it holds back the first, and the work that fills it is waited for, not any other', () => {
    const one = ringed(2, { batchSize: 2 }, [cluster(['web1', 'db1']), cluster(['web2', 'mail1'], { name: 'mail' })])
    one.setting.others = [elsewhere('app1'), elsewhere('mail1'), elsewhere('db1')]
    expect(turn(one)).toEqual({
      kind: 'wait',
      for: 'another proposal',
      on: elsewhere('db1'),
      full: 'cluster db',
      why: '1 of the 2 of cluster db are down, and 0 must stay up: lab/db1 is at work for PW-7.',
    })
  })

  test('counts a member that failed as down until it was tried again, and that takes no room', () => {
    const pair = cluster(['web1', 'web2'], { minHealthy: 1 })
    const early = daily('early', '00:00', 1)
    const one = begun(2, ({ assets }) => ({
      rings: [ringOf('all', names(2))],
      clusters: [{ ...pair, assets: pair.assets.map(idOf) }],
      assets: assets.map((planned, index) => (index === 0 ? { ...planned, window: early } : planned)),
    }))
    one.finishBatch('failed')
    one.give({ type: 'retry', asset: 'web1' }, person('noor'))
    expect(turn(one)).toMatchObject({ kind: 'start', assets: ['lab/web1'] })
    one.pass(2)
    expect(turn(one)).toEqual({
      kind: 'stuck',
      ring: 0,
      why: 'Ring all cannot go on: 1 of the 2 of cluster db are down, and 1 must stay up',
    })
  })

  test('does not count on members that are gone from the inventory', () => {
    const one = ringed(3, {}, [cluster(names(3), { minHealthy: 2 })])
    leaveOut(one, ['web3'], { reason: 'gone' })
    expect(next(one)).toEqual(['gate-failed', 'halted'])
    const other = ringed(3, {}, [cluster(names(3), { minHealthy: 2 })])
    leaveOut(other, ['web3'])
    expect(next(other)).toEqual(['batch-started'])
  })
})
