import { describe, expect, test } from 'vitest'
import type { Policy } from '../../../src/core/policy.ts'
import { decide } from '../../../src/core/proposal/decide.ts'
import type { Gate } from '../../../src/core/proposal/proposal.ts'
import { deploymentsOf } from '../../../src/core/rollout/deployments.ts'
import { type CaseOptions, machineFor, members, person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'
import { nights } from '../../support/windows.ts'

function approved(options: CaseOptions = {}) {
  const one = proposalCase(options)
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  return one
}

function withGate(count: number, gate: Gate) {
  const all = content(count)
  if (all.subject.kind !== 'patches') throw new Error('not patches')
  const rings = all.subject.rings.map((ring) => ({ ...ring, gate, soakSeconds: 0 }))
  return { ...all, subject: { ...all.subject, rings } }
}

describe('the window', () => {
  test('is waited for: nothing starts before it, and what was missed waits for the next', () => {
    const one = approved({ content: content(4, nights) })
    expect(one.state().schedule).toEqual({ start: '2026-11-20T01:00:00.000Z', end: '2026-11-20T04:00:00.000Z' })
    expect(one.give({ type: 'start' })).toMatchObject({ code: 'outside window' })
    one.pass(5)
    expect(one.give({ type: 'start' })).toMatchObject({ code: 'outside window' })
    expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
    expect(one.state().schedule?.start).toBe('2026-11-21T01:00:00.000Z')
    one.pass(20.5)
    expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
  })

  test('is moved by a freeze, and it is said that it was the freeze', () => {
    const one = approved({ content: content(4, nights) })
    one.pass(1)
    one.give({ type: 'start' })
    const freeze = { name: 'end of year', from: '2026-11-20T00:00:00Z', to: '2026-11-23T00:00:00Z', teams: ['web'] }
    const context = {
      now: one.now(),
      actor: machineFor({ type: 'reschedule' }),
      members,
      freezes: [freeze],
      standing: null,
    }
    expect(decide(one.state(), { type: 'reschedule' }, context)).toMatchObject({
      events: [
        {
          type: 'scheduled',
          window: { start: '2026-11-23T01:00:00.000Z' },
          reason: 'nothing of web may be touched now: end of year',
        },
      ],
    })
  })

  test('closes between two batches: the rest waits for the next one', () => {
    const one = approved({ content: content(4, nights) })
    one.pass(1)
    one.give({ type: 'start' })
    one.finishBatch()
    one.pass(3)
    expect(one.give({ type: 'end-soak' })).toEqual(['ring-passed'])
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'outside window' })
    expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
    one.pass(21)
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
  })

  test('that never comes means never', () => {
    const one = approved({ content: content(4, { name: 'none', rules: [] }) })
    expect(one.state()).toMatchObject({
      status: 'approved',
      schedule: null,
      notStarted: expect.stringContaining('no time in the coming year'),
    })
    expect(one.give({ type: 'start' })).toMatchObject({ code: 'not now' })
  })

  test('does not open in a freeze, also one that was declared after the approval', () => {
    const one = approved({ content: content(4, nights) })
    one.setting.freezes = [{ name: 'year end', from: '2026-11-20T00:00:00Z', to: '2026-11-22T00:00:00Z', teams: null }]
    one.pass(1)
    expect(one.give({ type: 'start' })).toMatchObject({ code: 'outside window' })
    expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
    expect(one.state().schedule?.start).toBe('2026-11-22T01:00:00.000Z')
  })
})

const asking = {
  askBeforeSeconds: 1_800,
  remindEverySeconds: 600,
  escalateAfterSeconds: 1_200,
  escalateTo: ['owner'],
  otherwise: 'wait',
} as const

test('the key of a start is not that of another decision with the same number', () => {
  const keyOf = (count: number) => {
    const one = approved({ content: content(count, nights) })
    one.pass(1)
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    return deploymentsOf(one.state().rollout ?? never())[0]?.key
  }
  expect(keyOf(4)).toMatch(/^PW-1\.r1\.1\.1\./)
  expect(keyOf(4)).toBe(keyOf(4))
  expect(keyOf(4)).not.toBe(keyOf(5))
})

function never(): never {
  throw new Error('nothing was started')
}

describe('before it starts', () => {
  test('the inventory must be fresh enough, and the refusal is told once', () => {
    const one = approved({ policy: { inventoryMaxAgeSeconds: 3_600 } })
    one.pass(2)
    expect(one.give({ type: 'start' })).toEqual(['start-refused'])
    expect(one.state().notStarted).toContain('too old to act on')
    expect(one.give({ type: 'start' })).toMatchObject({ code: 'not satisfied' })
  })

  test('somebody on call acknowledges where the policy asks for it; twice is one', () => {
    const one = approved({ policy: { acknowledgement: asking } })
    expect(one.give({ type: 'start' })).toEqual(['start-refused'])
    expect(one.give({ type: 'acknowledge' }, person('tom'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'acknowledge' }, person('jonas'))).toEqual(['acknowledged'])
    expect(one.give({ type: 'acknowledge' }, person('jonas'))).toMatchObject({ code: 'already' })
    expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
  })

  test('acknowledging what is over changes nothing', () => {
    const one = proposalCase()
    one.pass(7 * 24)
    one.give({ type: 'expire' })
    expect(one.give({ type: 'acknowledge' }, person('jonas'))).toMatchObject({ code: 'not now' })
    expect(one.state().status).toBe('expired')
  })
})

describe('rings', () => {
  test('run one after the other, each soaks, and the end is another look at all', () => {
    const one = approved()
    one.give({ type: 'start' })
    expect(one.finishBatch()).toEqual(['batch-started', 'outcomes-recorded', 'verifications-recorded', 'ring-soaking'])
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'end-soak' })).toMatchObject({ code: 'not now' })
    one.pass(1)
    expect(one.give({ type: 'end-soak' })).toEqual(['ring-passed'])
    one.finishBatch()
    expect(one.finishBatch()).toContain('verifying-started')
    expect(one.give({ type: 'complete' })).toMatchObject({ code: 'not satisfied' })
    for (const asset of Object.keys(one.state().rollout?.deployments ?? {})) {
      const verification = { end: 'installed' as const, reason: 'still', packages: [], health: [], at: one.now() }
      one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
    }
    expect(one.give({ type: 'complete' })).toEqual(['completed'])
  })

  test('a batch does not start while the one before is under way', () => {
    const one = approved()
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
  })

  test('a failed canary halts at once: nothing after it is started', () => {
    const one = approved()
    one.give({ type: 'start' })
    expect(one.finishBatch('failed').slice(-2)).toEqual(['gate-failed', 'halted'])
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    expect(Object.keys(one.state().rollout?.deployments ?? {})).toEqual(['lab/web1'])
  })

  test.each<[string, Gate, 'failed' | 'unreachable', string]>([
    [
      'failures over the limit',
      { minSuccessPercent: 0, maxFailures: 0, unreachable: 'as failure' },
      'failed',
      'halted',
    ],
    [
      'failures within the limit',
      { minSuccessPercent: 0, maxFailures: 1, unreachable: 'as failure' },
      'failed',
      'ring-passed',
    ],
    ['too few successes', { minSuccessPercent: 100, maxFailures: 9, unreachable: 'as failure' }, 'failed', 'halted'],
    [
      'silence that counts as failure',
      { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' },
      'unreachable',
      'halted',
    ],
    [
      'nothing but silence, though it is ignored',
      { minSuccessPercent: 0, maxFailures: 0, unreachable: 'ignored' },
      'unreachable',
      'halted',
    ],
  ])('%s', (_, gate, end, last) => {
    const one = approved({ content: withGate(3, gate) })
    one.give({ type: 'start' })
    expect(one.finishBatch(end).at(-1)).toBe(last)
  })
})

describe('stopping and going on', () => {
  test('one person stops it; going on takes what the policy says', () => {
    const two: Partial<Policy> = { resume: [{ role: 'owner', count: 2 }] }
    const one = approved({ policy: two })
    one.give({ type: 'start' })
    expect(one.give({ type: 'halt', reason: 'alarms' }, person('tom'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'halt', reason: 'alarms' }, person('jonas'))).toEqual(['halted'])
    expect(one.state().stopped).toMatchObject({ by: { person: 'jonas', name: 'Jonas' }, reason: 'alarms' })
    expect(one.give({ type: 'resume' }, person('jonas'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'resume' }, person('noor'))).toEqual(['resume-agreed'])
    expect(one.give({ type: 'resume' }, person('noor'))).toMatchObject({ code: 'already' })
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'resume' }, person('mara'))).toEqual(['resume-agreed', 'resumed'])
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
  })

  test('a pause lets what runs come to its end, and starts nothing', () => {
    const one = approved()
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    one.give({ type: 'pause', reason: null }, person('noor'))
    const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
    expect(one.give({ type: 'record-outcomes', outcomes: [{ asset: 'lab/web1', outcome }] })).toEqual([
      'outcomes-recorded',
    ])
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
  })

  test('an outcome is recorded once, and only for what was started', () => {
    const one = approved()
    one.give({ type: 'start' })
    one.finishBatch()
    const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
    expect(one.give({ type: 'record-outcomes', outcomes: [{ asset: 'lab/web1', outcome }] })).toMatchObject({
      code: 'already',
    })
    expect(one.give({ type: 'record-outcomes', outcomes: [{ asset: 'lab/web4', outcome }] })).toMatchObject({
      code: 'unknown',
    })
  })

  test('what is being rolled out can be neither changed nor withdrawn', () => {
    const one = approved()
    one.give({ type: 'start' })
    expect(one.give({ type: 'revise', content: content(3), reason: 'r' })).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'withdraw', reason: 'r' }, person('noor'))).toMatchObject({ code: 'not now' })
    one.give({ type: 'halt', reason: 'r' }, person('noor'))
    expect(one.give({ type: 'withdraw', reason: 'r' }, person('noor'))).toEqual(['withdrawn'])
  })
})

describe('break-glass', () => {
  const policy: Partial<Policy> = { breakGlass: { roles: ['on-call'], reviewWithinSeconds: 86_400 } }

  test('approves at once and outside the window, on a written reason, and is reviewed by somebody else', () => {
    const one = proposalCase({ policy, content: content(4, nights) })
    expect(one.give({ type: 'break-glass', reason: ' ' }, person('jonas'))).toMatchObject({ code: 'incomplete' })
    expect(one.give({ type: 'break-glass', reason: 'exploited now' }, person('tom'))).toMatchObject({
      code: 'not allowed',
    })
    expect(one.give({ type: 'break-glass', reason: 'exploited now' }, person('jonas'))).toEqual([
      'break-glass-used',
      'approved',
      'scheduled',
    ])
    expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
    expect(one.give({ type: 'start-batch' })).toEqual(['batch-started'])
    expect(one.state().breakGlass).toMatchObject({ reviewBy: '2026-11-21T00:00:00.000Z', reviewedBy: null })
    expect(one.give({ type: 'review-break-glass' }, person('jonas'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'review-break-glass' }, person('tom'))).toEqual(['break-glass-reviewed'])
    expect(one.give({ type: 'review-break-glass' }, person('mara'))).toMatchObject({ code: 'already' })
  })

  test('is there only where the policy has it', () => {
    const one = proposalCase()
    expect(one.give({ type: 'break-glass', reason: 'exploited now' }, person('jonas'))).toMatchObject({
      code: 'not allowed',
    })
  })
})
