import { describe, expect, test } from 'vitest'
import { nextStep } from '../../../src/core/proposal/next-step.ts'
import { begun, changed, end, lenient, working } from '../../support/begun.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'
import { always, daily } from '../../support/windows.ts'

type Case = ReturnType<typeof proposalCase>

describe('concurrency', () => {
  test('of a batch so many are worked on, and the next begins as soon as one is done', () => {
    const one = begun(4, ({ rings }) => ({ rings: rings.map((ring) => ({ ...ring, concurrency: 2 })) }))
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    expect(working(one)).toEqual(['web1', 'web2'])
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    end(one, 'web2')
    expect(one.give({ type: 'start-batch' })).toEqual(['assets-started'])
    expect(working(one)).toEqual(['web1', 'web3'])
    const keys = Object.values(one.state().rollout?.deployments ?? {}).map(({ key }) => key)
    expect(new Set(keys).size).toBe(2)
  })

  test('a pause takes effect between two assets of a batch', () => {
    const one = begun(4, ({ rings }) => ({ rings: rings.map((ring) => ({ ...ring, concurrency: 1 })) }))
    one.give({ type: 'start-batch' })
    one.give({ type: 'pause', reason: 'alarms' }, person('jonas'))
    end(one, 'web1')
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    one.give({ type: 'resume' }, person('noor'))
    expect(one.give({ type: 'start-batch' })).toEqual(['assets-started'])
  })
})

describe('clusters', () => {
  const pair = { name: 'db', assets: ['lab/web1', 'lab/web2'], atOnce: 1, minHealthy: 1 }

  test('members are never worked on together, though the batch holds both', () => {
    const one = begun(3, () => ({ clusters: [pair] }))
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web1', 'web3'])
    end(one, 'web1')
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web3', 'web2'])
  })

  test('where one failed, the last healthy one is left alone, and it is said why', () => {
    const one = begun(2, () => ({ clusters: [pair] }))
    one.give({ type: 'start-batch' })
    end(one, 'web1', 'failed')
    expect(one.give({ type: 'start-batch' })).toEqual(['gate-failed', 'halted'])
    expect(one.state().stopped?.reason).toBe(
      'Ring all cannot go on: 1 of the 2 of cluster db are down, and 1 must stay up',
    )
    one.give({ type: 'retry', asset: 'web1' }, person('noor'))
    one.give({ type: 'resume' }, person('noor'))
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web1'])
    end(one, 'web1')
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web2'])
  })
})

describe('beside other rollouts of the team', () => {
  const until = '2026-11-20T04:00:00.000Z'
  const elsewhere = (asset: string, ring = 'other') => ({ asset: `lab/${asset}`, proposal: 'PW-7', ring, until })
  const awaited = (one: Case) => one.state().waitsFor ?? null

  test('an asset that is at work for another proposal is left for later, and the others begin', () => {
    const one = begun(3, () => ({}))
    one.setting.others = [elsewhere('web1')]
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    expect(working(one)).toEqual(['web2', 'web3'])
    end(one, 'web2')
    end(one, 'web3')
    expect(one.give({ type: 'start-batch' })).toEqual(['asset-awaited'])
    expect(awaited(one)).toEqual({ asset: 'lab/web1', proposal: 'PW-7', until })
    expect(one.give({ type: 'start-batch' })).toEqual({
      code: 'not now',
      sentence: 'What comes next is taken: lab/web1 is at work for PW-7.',
    })
    one.setting.others = []
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    expect(awaited(one)).toBeNull()
    expect(working(one)).toEqual(['web1'])
  })

  test('a window of the other one that is over is no time until which it waits', () => {
    const one = begun(1, () => ({}))
    one.setting.others = [{ ...elsewhere('web1'), until: one.now() }]
    expect(one.give({ type: 'start-batch' })).toEqual(['asset-awaited'])
    expect(awaited(one)?.until).toBeNull()
  })

  test('in the next window it is said again', () => {
    const one = begun(1, () => ({}))
    one.setting.others = [elsewhere('web1')]
    expect(one.give({ type: 'start-batch' })).toEqual(['asset-awaited'])
    one.pass(Math.ceil((Date.parse(one.state().schedule?.end ?? '') - Date.parse(one.now())) / 3_600_000))
    expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
    expect(awaited(one)).toBeNull()
  })

  test('the limits of a ring hold over all rollouts together', () => {
    const one = begun(4, ({ rings }) => ({ rings: rings.map((ring) => ({ ...ring, concurrency: 2 })) }))
    one.setting.others = [elsewhere('app1', 'all')]
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web1'])
    one.setting.others = [elsewhere('app1', 'all'), elsewhere('app2', 'all')]
    end(one, 'web1')
    expect(one.give({ type: 'start-batch' })).toEqual(['asset-awaited'])
    expect(awaited(one)).toMatchObject({ asset: 'lab/app1', proposal: 'PW-7', full: 'ring all' })
    // Another ring has limits of its own.
    one.setting.others = [elsewhere('app1'), elsewhere('app2')]
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web2', 'web3'])
  })

  test('a full ring is awaited once, whoever takes its places, and an asset once for each that works on it', () => {
    const one = begun(1, () => ({}))
    const full = (proposal: string) => [{ ...elsewhere('app1', 'all'), proposal }]
    const give = () => one.give({ type: 'start-batch' })
    one.setting.others = full('PW-7')
    expect(give()).toEqual(['asset-awaited'])
    for (const proposal of ['PW-8', 'PW-9']) {
      one.setting.others = full(proposal)
      expect(give()).toMatchObject({ code: 'not now' })
    }
    for (const proposal of ['PW-10', 'PW-11']) {
      one.setting.others = [{ ...elsewhere('web1'), proposal }]
      expect(give()).toEqual(['asset-awaited'])
      expect(awaited(one)).toEqual({ asset: 'lab/web1', proposal, until })
      expect(give()).toMatchObject({ code: 'not now' })
    }
    one.setting.others = full('PW-12')
    expect(give()).toEqual(['asset-awaited'])
    expect(awaited(one)).toMatchObject({ full: 'ring all' })
  })

  test('an asset that reports days later takes no place in a ring, but one in its cluster, and stays claimed', () => {
    const late = (asset: string) => ({ ...elsewhere(asset, 'all'), rests: true })
    const one = begun(2, ({ rings }) => ({ rings: rings.map((ring) => ({ ...ring, concurrency: 1 })) }))
    one.setting.others = [late('app1'), late('web1')]
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web2'])
    end(one, 'web2')
    expect(one.give({ type: 'start-batch' })).toEqual(['asset-awaited'])
    const pair = { name: 'db', assets: ['lab/web1', 'lab/db2'], atOnce: 1, minHealthy: 1 }
    const other = begun(1, () => ({ clusters: [pair] }))
    other.setting.others = [late('db2')]
    expect(other.give({ type: 'start-batch' })).toEqual(['asset-awaited'])
  })

  test('a cluster counts what other rollouts work on, and waits for it; what they broke halts it', () => {
    const pair = { name: 'db', assets: ['lab/web1', 'lab/db2'], atOnce: 1, minHealthy: 1 }
    const one = begun(1, () => ({ clusters: [pair] }))
    one.setting.others = [elsewhere('db2')]
    expect(one.give({ type: 'start-batch' })).toEqual(['asset-awaited'])
    expect(awaited(one)).toMatchObject({ asset: 'lab/db2', proposal: 'PW-7' })
    expect(one.state().status).toBe('rolling out')
    one.setting.others = []
    one.setting.downElsewhere = new Set(['lab/db2'])
    expect(one.give({ type: 'start-batch' })).toEqual(['gate-failed', 'halted'])
    expect(one.state().stopped?.reason).toContain('1 of the 2 of cluster db are down, and 1 must stay up')
  })
})

test('the budget of the whole rollout stops it, whatever the gate of the ring allows', () => {
  const one = begun(4, ({ rings }) => ({ failureBudget: 1, rings: rings.map((ring) => ({ ...ring, batchSize: 1 })) }))
  expect(one.finishBatch('failed')).not.toContain('halted')
  expect(one.finishBatch('failed').slice(-2)).toEqual(['gate-failed', 'halted'])
  expect(one.state().stopped?.reason).toContain('2 of its servers failed or never answered, more than the 1')
})

describe('a gate that asks', () => {
  const check = { kind: 'metric', source: 'prom', query: 'errors', atMost: 0.01, atLeast: null } as const
  const gate = { ...lenient, go: ['on-call'], checks: [check] }
  const asking = () => begun(2, ({ rings }) => ({ rings: rings.map((ring) => ({ ...ring, batchSize: 1, gate })) }))
  const answer = (one: Case, healthy: boolean) =>
    one.give({
      type: 'record-gate',
      results: [{ check: 'errors', healthy, detail: healthy ? '0' : '0.3 is over 0.01' }],
    })

  test('waits for a person who may say go, then for its checks, before the ring and after each batch', () => {
    const one = asking()
    expect(one.give({ type: 'start-batch' })).toMatchObject({
      code: 'not now',
      sentence: expect.stringContaining('go'),
    })
    expect(one.give({ type: 'go' }, person('tom'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'go' }, person('jonas'))).toEqual(['go-given'])
    expect(one.give({ type: 'go' }, person('jonas'))).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'start-batch' })).toMatchObject({ sentence: expect.stringContaining('checks') })
    expect(answer(one, true)).toEqual(['gate-checked'])
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    end(one, 'web1')
    expect(one.give({ type: 'start-batch' })).toMatchObject({ sentence: expect.stringContaining('checks') })
    answer(one, true)
    one.give({ type: 'start-batch' })
    expect(end(one, 'web2')).toEqual(['verifications-recorded'])
    expect(answer(one, true)).toEqual(['gate-checked', 'ring-passed', 'verifying-started'])
  })

  test('an answer that is old, bad or missing is no yes', () => {
    const one = asking()
    one.give({ type: 'go' }, person('jonas'))
    answer(one, true)
    one.pass(1)
    expect(one.give({ type: 'start-batch' })).toMatchObject({ sentence: expect.stringContaining('checks') })
    expect(answer(one, false)).toEqual(['gate-checked', 'gate-failed', 'halted'])
    expect(one.state().stopped?.reason).toContain('0.3 is over 0.01')
    const other = asking()
    other.give({ type: 'go' }, person('jonas'))
    expect(other.give({ type: 'record-gate', results: [] })).toEqual(['gate-checked', 'gate-failed', 'halted'])
  })
})

describe('people', () => {
  test('skip an asset: it is not touched, its ring passes without it, and the reason is kept', () => {
    const one = begun(2, ({ rings }) => ({ rings: rings.map((ring) => ({ ...ring, batchSize: 1 })) }))
    expect(one.give({ type: 'skip', asset: 'web2', reason: ' ' }, person('noor'))).toMatchObject({ code: 'incomplete' })
    expect(one.give({ type: 'skip', asset: 'web9', reason: 'r' }, person('noor'))).toMatchObject({ code: 'incomplete' })
    expect(one.give({ type: 'skip', asset: 'web2', reason: 'being moved' }, person('tom'))).toMatchObject({
      code: 'not allowed',
    })
    expect(one.give({ type: 'skip', asset: 'web2', reason: 'being moved' }, person('noor'))).toEqual(['asset-skipped'])
    expect(one.give({ type: 'skip', asset: 'web2', reason: 'being moved' }, person('noor'))).toMatchObject({
      code: 'already',
    })
    expect(one.finishBatch()).toContain('verifying-started')
    expect(one.state().rollout?.deployments['lab/web2']).toBeUndefined()
  })

  test('what is being worked on is not skipped, and not tried again', () => {
    const one = begun(2, () => ({}))
    one.give({ type: 'start-batch' })
    expect(one.give({ type: 'skip', asset: 'web1', reason: 'r' }, person('noor'))).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'retry', asset: 'web1' }, person('noor'))).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'retry', asset: null }, person('noor'))).toMatchObject({ code: 'not now' })
  })

  test('try again what failed: under a new key, and only that', () => {
    const one = begun(2, () => ({}))
    one.give({ type: 'start-batch' })
    end(one, 'web1', 'failed')
    const key = one.state().rollout?.deployments['lab/web1']?.key
    expect(one.give({ type: 'retry', asset: null }, person('jonas'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'retry', asset: null }, person('noor'))).toEqual(['retry-asked'])
    end(one, 'web2')
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    expect(working(one)).toEqual(['web1'])
    expect(one.state().rollout?.deployments['lab/web1']?.key).not.toBe(key)
    expect(end(one, 'web1')).toContain('verifying-started')
  })

  test('extend a window by an hour, with a reason, by those who may resume, and never into a freeze', () => {
    const nights = daily('nights', '00:00', 1)
    const one = begun(2, ({ rings }) => ({
      window: nights,
      rings: rings.map((ring) => ({ ...ring, batchSize: 1 })),
    }))
    one.finishBatch()
    one.pass(0.9)
    const extend = { type: 'extend-window', until: null, reason: 'one is left' } as const
    expect(one.give(extend, person('jonas'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ ...extend, reason: null }, person('noor'))).toMatchObject({ code: 'incomplete' })
    one.setting.freezes = [{ name: 'year end', from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z', teams: null }]
    expect(one.give(extend, person('noor'))).toMatchObject({ code: 'not now' })
    one.setting.freezes = []
    expect(one.give(extend, person('noor'))).toEqual(['window-extended'])
    one.pass(0.5)
    expect(one.now()).toBe('2026-11-20T01:24:00.000Z')
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    expect(one.give({ ...extend, until: '2026-11-20T09:00:00Z' }, person('noor'))).toMatchObject({ code: 'incomplete' })
  })
})

describe('what cannot finish is never started', () => {
  const nights = daily('nights', '00:00', 1)

  test('with too little of the window left it waits for the next', () => {
    const one = begun(2, ({ rings }) => ({ window: nights, rings: rings.map((ring) => ({ ...ring, batchSize: 1 })) }))
    one.setting.estimates = { all: 1_800 }
    one.finishBatch()
    one.pass(0.6)
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'outside window' })
    expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
    expect(one.state().schedule?.start).toBe('2026-11-21T00:00:00.000Z')
  })

  test('what was moved to the next window goes on at once when the window is extended', () => {
    const one = begun(2, ({ rings }) => ({ window: nights, rings: rings.map((ring) => ({ ...ring, batchSize: 1 })) }))
    one.setting.estimates = { all: 1_800 }
    one.finishBatch()
    one.pass(0.6)
    one.give({ type: 'reschedule' })
    expect(one.give({ type: 'extend-window', until: null, reason: 'one is left' }, person('noor'))).toEqual([
      'window-extended',
    ])
    expect(one.state().schedule).toEqual({ start: one.now(), end: '2026-11-20T01:36:00.000Z' })
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
  })

  test('where no window is ever long enough, it says so and does not start', () => {
    const one = proposalCase({ content: changed(2, () => ({ window: nights })) })
    one.setting.estimates = { all: 7_200 }
    one.vote('noor', 'approve')
    expect(one.vote('tom', 'approve')).toEqual(['vote-cast', 'approved', 'start-refused'])
    expect(one.state().notStarted).toContain('never open for as long as a server of ring all takes (about 120 min)')
  })
})

test('assets with windows of their own each wait for theirs', () => {
  const own = {
    name: 'late',
    rules: always.rules.map((rule) => ({ ...rule, start: '12:00', durationSeconds: 3_600 })),
  }
  const one = begun(2, ({ assets }) => ({
    assets: assets.map((planned, index) => (index === 0 ? { ...planned, window: own } : planned)),
  }))
  one.give({ type: 'start-batch' })
  expect(working(one)).toEqual(['web2'])
  end(one, 'web2')
  expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'outside window' })
  expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
  expect(one.state().schedule?.start).toBe('2026-11-20T12:00:00.000Z')
  one.pass(12)
  expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
})

test('between the decision and the start lies the lead time', () => {
  const one = proposalCase({ content: content(2, { ...always, leadSeconds: 7_200 }) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  expect(one.state().schedule?.start).toBe('2026-11-20T02:00:00.000Z')
  expect(one.give({ type: 'start' })).toMatchObject({ code: 'outside window' })
  one.pass(2)
  expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
})

test('while a ring is watched its window ends on time, and the next one is where the watching is over', () => {
  const one = begun(2, ({ rings, assets }) => ({
    window: { ...daily('nights', '00:00', 2), noticeSeconds: 3_600 },
    rings: assets.map(({ asset }) => ({
      name: asset.name,
      assets: [asset.id],
      batchSize: 1,
      soakSeconds: 30 * 3_600,
      gate: rings[0]?.gate ?? lenient,
    })),
  }))
  one.give({ type: 'start-batch' })
  expect(end(one, 'web1')).toEqual(['verifications-recorded', 'ring-soaking'])
  const step = () => nextStep(one.state(), one.now())
  expect(step()).toEqual({ do: 'wait', until: '2026-11-20T02:00:00.000Z' })
  one.pass(2)
  expect(step().do).toBe('reschedule')
  expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
  expect(one.state().schedule).toEqual({ start: '2026-11-22T00:00:00.000Z', end: '2026-11-22T02:00:00.000Z' })
  expect(step()).toEqual({ do: 'wait', until: '2026-11-21T06:00:00.000Z' })
  one.pass(28)
  expect(one.give({ type: 'end-soak' })).toEqual(['ring-passed'])
  expect(step()).toEqual({ do: 'wait', until: '2026-11-21T23:00:00.000Z' })
  one.pass(17)
  expect(step().do).toBe('announce')
})

describe('the test ring', () => {
  const tested = () =>
    changed(3, ({ rings, assets }) => ({
      rings: [
        {
          ...rings[0],
          name: 'test',
          assets: ['lab/web1'],
          batchSize: 1,
          soakSeconds: 0,
          gate: strict,
          beforeVote: true,
        },
        {
          name: 'rest',
          assets: assets.slice(1).map(({ asset }) => asset.id),
          batchSize: 2,
          soakSeconds: 0,
          gate: strict,
        },
      ],
    }))
  const strict = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const

  test('does not run where the policy does not say so', () => {
    const one = proposalCase({ content: tested() })
    expect(one.give({ type: 'start-test' })).toMatchObject({ code: 'not allowed' })
  })

  test('runs while people vote; where it is required, approval waits for it, and it is not done again', () => {
    const one = proposalCase({ content: tested(), policy: { testRing: 'required' } })
    expect(one.give({ type: 'start-test' })).toEqual(['test-started'])
    expect(one.give({ type: 'start-test' })).toMatchObject({ code: 'already' })
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web1'])
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    one.vote('noor', 'approve')
    expect(one.vote('tom', 'approve')).toEqual(['vote-cast'])
    expect(end(one, 'web1')).toEqual(['verifications-recorded', 'ring-passed', 'test-ended', 'approved', 'scheduled'])
    expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
    one.give({ type: 'start-batch' })
    expect(working(one)).toEqual(['web2', 'web3'])
  })

  test('that fails keeps it from being approved, and touches nothing else', () => {
    const one = proposalCase({ content: tested(), policy: { testRing: 'required' } })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'start-test' })
    one.give({ type: 'start-batch' })
    expect(end(one, 'web1', 'failed')).toEqual(['verifications-recorded', 'gate-failed', 'test-ended'])
    expect(one.state()).toMatchObject({ status: 'open', test: { result: { passed: false } } })
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
  })

  test('whose gate refused it before it touched anything is asked again in the rollout that people approved all the same', () => {
    const check = { kind: 'metric', source: 'prom', query: 'errors', atMost: 0.01, atLeast: null } as const
    const all = tested()
    if (all.subject.kind !== 'patches') throw new Error('not patches')
    const rings = all.subject.rings.map((ring) => ({ ...ring, gate: { ...ring.gate, checks: [check] } }))
    const one = proposalCase({ content: { ...all, subject: { ...all.subject, rings } }, policy: { testRing: 'run' } })
    const answer = (healthy: boolean) =>
      one.give({ type: 'record-gate', results: [{ check: 'errors', healthy, detail: '' }] })
    one.give({ type: 'start-test' })
    expect(answer(false)).toEqual(['gate-checked', 'gate-failed', 'test-ended'])
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'check gate' })
    expect(answer(true)).toEqual(['gate-checked'])
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    expect(working(one)).toEqual(['web1'])
  })

  test('is void when something more urgent is asked for', () => {
    const one = proposalCase({ content: tested(), policy: { testRing: 'run' } })
    one.give({ type: 'start-test' })
    one.give({ type: 'start-batch' })
    end(one, 'web1')
    expect(one.state().test?.result?.passed).toBe(true)
    const other = { ...content(2), priority: 'immediate' } as const
    one.give({ type: 'revise', content: other, reason: 'exploited now' }, { kind: 'system', part: 'assessment' })
    expect(one.state().test).toBeNull()
  })

  test('waits while a freeze holds', () => {
    const freeze = { name: 'year end', from: '2026-11-19T00:00:00Z', to: '2026-11-22T00:00:00Z', teams: null }
    const one = proposalCase({ content: tested(), policy: { testRing: 'run' }, freezes: [freeze] })
    expect(one.give({ type: 'start-test' })).toMatchObject({ code: 'outside window' })
  })
})

test('an asset that changes back after the end is noted once, in the old thread', () => {
  const one = begun(1, () => ({}))
  one.finishBatch()
  one.give({
    type: 'record-verifications',
    verifications: [
      { asset: 'lab/web1', verification: { end: 'installed', reason: 'r', packages: [], health: [], at: one.now() } },
    ],
  })
  expect(one.give({ type: 'complete' })).toEqual(['completed'])
  const drift = { type: 'note-drift', asset: 'lab/web1', what: 'openssl is 3.0.20 again' } as const
  expect(one.give(drift)).toEqual(['drifted'])
  expect(one.give(drift)).toMatchObject({ code: 'already' })
  expect(one.give({ ...drift, asset: 'lab/web9' })).toMatchObject({ code: 'unknown' })
})
