import { describe, expect, test } from 'vitest'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { type HandOver, handOver } from '../../../src/core/rollout/hand-over.ts'
import { begun } from '../../support/begun.ts'
import { type CaseOptions, person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'
import { nights } from '../../support/windows.ts'

/** One canary that was started at 01:00 and not begun. */
function started(options: CaseOptions = {}) {
  const one = proposalCase({ content: content(4, nights), ...options })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.pass(1)
  one.give({ type: 'start' })
  expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
  return { ...one, since: one.now(), asset: Object.keys(one.state().rollout?.deployments ?? {})[0] ?? '' }
}

type Started = ReturnType<typeof started>

function asked({ state, asset, since, now, setting }: Started, from = since): HandOver | undefined {
  return handOver(state(), [asset], from, { now: now(), ...setting }).get(asset)
}

function notBegun(one: Started, notBefore?: string) {
  const reason = 'The rollout was stopped before its turn came'
  const outcome = { state: 'not begun', reason, log: '', ...(notBefore === undefined ? {} : { notBefore }) } as const
  one.give({ type: 'record-outcomes', outcomes: [{ asset: one.asset, outcome }] })
  const verification = { end: 'not touched', reason, packages: [], health: [], at: one.now() } as const
  return one.give({ type: 'record-verifications', verifications: [{ asset: one.asset, verification }] })
}

describe('asked again directly before it begins, an asset', () => {
  test('may begin until its window ends', () => {
    expect(asked(started())).toEqual({ notAfter: '2026-11-20T04:00:00.000Z' })
  })

  test.each<[string, (one: Started) => unknown, RegExp]>([
    ['its window has ended', (one) => one.pass(3), /window was not open/],
    ['two days have passed', (one) => one.pass(48 + 12), /window was not open/],
    [
      'too little of its window is left',
      (one) => {
        one.setting.estimates = { canary: 3_600 }
        one.pass(2.5)
      },
      /window was not open any more, or too short/,
    ],
    [
      'somebody halted it',
      (one) => one.give({ type: 'halt', reason: 'no' }, person('jonas')),
      /Jonas stopped the rollout: no/,
    ],
    [
      'somebody paused it',
      (one) => one.give({ type: 'pause', reason: 'no' }, person('jonas')),
      /Jonas stopped the rollout: no/,
    ],
    [
      'a freeze was declared',
      (one) => {
        one.setting.freezes = [{ name: 'sale', from: '2026-11-20T00:30:00Z', to: '2026-11-22T00:00:00Z', teams: null }]
      },
      /Nothing of web may be touched now: sale/,
    ],
    [
      'who approved it has left',
      (one) => {
        one.setting.members = one.setting.members.filter(({ id }) => id !== 'tom')
      },
      /approval does not hold any more: approval is incomplete: security 0 of 1/,
    ],
  ])('may not where %s', (_, change, why) => {
    const one = started()
    change(one)
    const now = one.now()
    expect(asked(one, now)).toMatchObject({ problem: expect.stringMatching(why) })
  })

  test('is not expected to take once more the time that preparing it took', () => {
    const one = started()
    one.setting.estimates = { canary: 2.5 * 3_600 }
    one.pass(1)
    expect(asked(one)).toEqual({ notAfter: '2026-11-20T04:00:00.000Z' })
    expect(asked(one, one.now())).toHaveProperty('problem')
  })

  test('does not fit because a little of the time that it takes is over', () => {
    const one = started()
    one.setting.estimates = { canary: 3.5 * 3_600 }
    one.pass(0.25)
    expect(asked(one)).toEqual({ problem: 'Its window was not open any more, or too short by then.', over: true })
  })

  test('may not where it was never started, or the rollout has come to its end', () => {
    const one = started()
    expect(asked({ ...one, asset: 'lab/web4' })).toEqual({
      problem: 'PW-1 does not work on it any more.',
      over: false,
    })
    const other = begun(1, () => ({}))
    other.finishBatch()
    expect(other.state().status).toBe('verifying')
    expect(asked({ ...other, since: other.now(), asset: 'lab/web1' })).toEqual({
      problem: 'PW-1 is verifying.',
      over: false,
    })
  })

  test('is told the reason of a stop as it was said, with one full stop', () => {
    const one = started()
    one.give({ type: 'halt', reason: 'not with 1.2 of it. Ask me.' }, person('jonas'))
    expect(asked(one)).toEqual({
      problem: 'Jonas stopped the rollout: not with 1.2 of it. Ask me.',
      over: false,
    })
  })

  test('may begin until the extended window ends, and never in a freeze', () => {
    const one = started()
    one.pass(2.9)
    const extend: ProposalCommand = { type: 'extend-window', until: '2026-11-20T06:00:00Z', reason: 'nearly done' }
    expect(one.give(extend, person('noor'))).toEqual(['window-extended'])
    one.pass(1)
    expect(asked(one)).toEqual({ notAfter: '2026-11-20T06:00:00.000Z' })
    one.setting.freezes = [{ name: 'sale', from: '2026-11-20T05:00:00Z', to: '2026-11-22T00:00:00Z', teams: null }]
    expect(asked(one)).toEqual({ notAfter: '2026-11-20T05:00:00.000Z' })
  })

  test('may begin until a freeze that cuts its window', () => {
    const one = started({
      freezes: [{ name: 'sale', from: '2026-11-20T02:00:00Z', to: '2026-11-20T03:00:00Z', teams: null }],
    })
    expect(asked(one)).toEqual({ notAfter: '2026-11-20T02:00:00.000Z' })
  })

  test('may begin for a day after break-glass, whatever its window and a freeze say', () => {
    const one = proposalCase({
      content: content(4, nights),
      policy: { breakGlass: { roles: ['owner'], reviewWithinSeconds: 86_400 } },
    })
    one.pass(6)
    one.give({ type: 'break-glass', reason: 'it is exploited' }, person('noor'))
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    const [asset = ''] = Object.keys(one.state().rollout?.deployments ?? {})
    const answer = handOver(one.state(), [asset], one.now(), { now: one.now(), ...one.setting }).get(asset)
    expect(answer).toEqual({ notAfter: '2026-11-21T06:00:00.000Z' })
    const freezes = [{ name: 'sale', from: '2026-11-20T01:00:00Z', to: '2026-11-22T00:00:00Z', teams: null }]
    const frozen = handOver(one.state(), [asset], one.now(), { now: one.now(), ...one.setting, freezes }).get(asset)
    expect(frozen).toEqual({ notAfter: '2026-11-21T06:00:00.000Z' })
  })

  test('of the test ring may begin before anybody voted, at any time but in a freeze, and not once it is over', () => {
    const all = content(4, nights)
    if (all.subject.kind !== 'patches') throw new Error('not patches')
    const rings = all.subject.rings.map((ring, index) => (index === 0 ? { ...ring, beforeVote: true as const } : ring))
    const one = proposalCase({ content: { ...all, subject: { ...all.subject, rings } }, policy: { testRing: 'run' } })
    one.give({ type: 'start-test' })
    one.give({ type: 'start-batch' })
    const [asset = ''] = Object.keys(one.state().test?.deployments ?? {})
    const ask = () => handOver(one.state(), [asset], one.now(), { now: one.now(), ...one.setting }).get(asset)
    expect(ask()).toEqual({ notAfter: null })
    one.setting.freezes = [{ name: 'sale', from: '2026-11-20T01:00:00Z', to: '2026-11-20T03:00:00Z', teams: null }]
    expect(ask()).toEqual({ notAfter: '2026-11-20T01:00:00.000Z' })
    one.pass(2)
    expect(ask()).toEqual({ problem: 'Nothing of web may be touched now: sale.', over: false })
    one.pass(2)
    one.give({ type: 'pause', reason: 'odd graphs' }, person('jonas'))
    expect(ask()).toEqual({ problem: 'Jonas stopped the test: odd graphs.', over: false })
    one.give({ type: 'withdraw', reason: 'a mistake' }, person('noor'))
    expect(ask()).toEqual({ problem: 'PW-1 is withdrawn.', over: false })
  })
})

describe('what was started and not begun', () => {
  test('is as if its turn had not come, counts nowhere, and is started again under another key', () => {
    const one = started()
    expect(notBegun(one)).toEqual(['verifications-recorded'])
    expect(one.state()).toMatchObject({ status: 'rolling out', rollout: { deployments: {}, retried: {}, skipped: {} } })
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    const { deployments, notBegun: left } = one.state().rollout ?? {}
    expect(deployments?.[one.asset]?.key).toMatch(/^PW-1\.r1\.1\.2\.[0-9a-f]{8}$/)
    expect(left).toEqual({})
  })

  test('waits where its engine refuses it before its time is over', () => {
    const one = started()
    notBegun(one, '2026-11-20T04:00:00.000Z')
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'outside window' })
    one.pass(24)
    one.give({ type: 'reschedule' })
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
  })

  test('joins what waits of its batch', () => {
    const all = content(4, nights)
    if (all.subject.kind !== 'patches') throw new Error('not patches')
    const ring = {
      ...(all.subject.rings[1] ?? {
        name: 'broad',
        soakSeconds: 0,
        gate: { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' as const },
      }),
      assets: all.subject.assets.map(({ asset }) => asset.id),
      batchSize: 4,
      concurrency: 1,
    }
    const one = started({ content: { ...all, subject: { ...all.subject, rings: [ring] } } })
    notBegun(one)
    expect(one.state().rollout?.rings[0]?.waiting).toEqual(ring.assets)
    expect(one.give({ type: 'start-batch' })).toEqual(['assets-started'])
  })

  test('begins nothing more where the approval does not hold: the rollout is stopped and says so', () => {
    const one = started()
    notBegun(one)
    one.setting.members = one.setting.members.filter(({ id }) => id !== 'tom')
    expect(one.give({ type: 'start-batch' })).toEqual(['halted'])
    expect(one.state().stopped?.reason).toMatch(/approval does not hold any more/)
  })
})
