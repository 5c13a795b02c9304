import { describe, expect, test } from 'vitest'
import type { Member, Policy } from '../../../src/core/policy.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { nextStep, wakeAt } from '../../../src/core/proposal/next-step.ts'
import { isHalted, unfinished } from '../../../src/core/proposal/run.ts'
import { machineFor, members, person, proposalCase } from '../../support/proposal-case.ts'
import { content, testedContent } from '../../support/proposals.ts'

type Case = ReturnType<typeof proposalCase>

/** A proposal with a test ring of two hosts, one after the other, that has begun with the first. */
function testing(policy: Partial<Policy> = {}, more: { readonly members?: readonly Member[] } = {}): Case {
  const one = proposalCase({ content: testedContent(4, 2), policy: { testRing: 'required', ...policy }, ...more })
  one.give({ type: 'start-test' })
  one.give({ type: 'start-batch' })
  return one
}

function end(one: Case, asset: string, state: 'installed' | 'failed' | 'held back' = 'installed') {
  const id = `lab/${asset}`
  const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
  one.give({ type: 'record-outcomes', outcomes: [{ asset: id, outcome }] })
  const verification = { end: state, reason: 'r', packages: [], health: [], at: one.now() }
  return one.give({ type: 'record-verifications', verifications: [{ asset: id, verification }] })
}

const atWork = (one: Case) => unfinished(one.state()).map((asset) => asset.replace('lab/', ''))
const step = (one: Case) => nextStep(one.state(), one.now()).do
const eva = person('noor')

describe('a test ring that is paused', () => {
  test('begins nothing more, ends what has begun, and goes on when the policy lets it', () => {
    const one = testing()
    expect(one.give({ type: 'pause', reason: 'odd graphs' }, person('jonas'))).toEqual(['test-paused'])
    expect(one.state()).toMatchObject({
      status: 'open',
      test: { result: null, stopped: { by: { name: 'Jonas' }, reason: 'odd graphs', how: 'paused' } },
    })
    expect(step(one)).toBe('deploy')
    expect(end(one, 'web1')).toEqual(['verifications-recorded'])
    expect(step(one)).toBe('wait')
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'resume' }, person('jonas'))).toMatchObject({ code: 'not allowed' })
    expect(one.give({ type: 'resume' }, eva)).toEqual(['resume-agreed', 'test-resumed'])
    expect(one.state()).toMatchObject({ status: 'open', test: { stopped: null }, resumeVotes: [] })
    expect(step(one)).toBe('start batch')
    one.give({ type: 'start-batch' })
    expect(end(one, 'web2')).toEqual(['verifications-recorded', 'ring-passed', 'test-ended'])
  })

  test('counts as many agreements to resume as the policy does', () => {
    const two = members.map((member) => ({ ...member, roles: [...member.roles, 'owner'] }))
    const one = testing({ resume: [{ role: 'owner', count: 2 }] }, { members: two })
    one.give({ type: 'pause', reason: null }, eva)
    expect(one.give({ type: 'resume' }, eva)).toEqual(['resume-agreed'])
    expect(one.give({ type: 'resume' }, eva)).toMatchObject({ code: 'already' })
    expect(one.give({ type: 'resume' }, person('tom'))).toEqual(['resume-agreed', 'test-resumed'])
  })

  test('does not pass while it is paused, and does when it is resumed', () => {
    const one = testing()
    end(one, 'web1')
    one.give({ type: 'start-batch' })
    one.give({ type: 'pause', reason: null }, eva)
    expect(end(one, 'web2')).toEqual(['verifications-recorded'])
    expect(one.give({ type: 'resume' }, eva)).toEqual(['resume-agreed', 'test-resumed', 'ring-passed', 'test-ended'])
  })

  test('can be halted, and neither is paused twice', () => {
    const one = testing()
    one.give({ type: 'pause', reason: null }, eva)
    expect(one.give({ type: 'pause', reason: null }, eva)).toMatchObject({ code: 'already' })
    expect(one.give({ type: 'halt', reason: 'no' }, eva)).toEqual(['test-halted'])
    expect(one.give({ type: 'halt', reason: 'no' }, eva)).toMatchObject({ code: 'already' })
    expect(one.give({ type: 'pause', reason: 'no' }, eva)).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'resume' }, eva)).toMatchObject({ code: 'not now' })
  })

  test('keeps what is approved meanwhile from starting, and says why', () => {
    const one = testing({ testRing: 'run' })
    one.give({ type: 'pause', reason: 'odd graphs' }, eva)
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    end(one, 'web1')
    expect(one.give({ type: 'start' })).toEqual(['start-refused'])
    expect(one.state().notStarted).toBe('its test ring is paused by Noor: odd graphs')
    expect(step(one)).toBe('wait')
    expect(one.give({ type: 'halt', reason: 'enough' }, eva)).toEqual(['test-halted', 'test-ended'])
    expect(step(one)).toBe('start')
  })
})

test('break-glass while the test is at work starts when the test has ended, and is not lost', () => {
  const breakGlass = { roles: ['owner'], reviewWithinSeconds: 3_600 }
  const one = testing({ breakGlass })
  expect(one.give({ type: 'break-glass', reason: 'exploited' }, eva)).toEqual([
    'break-glass-used',
    'approved',
    'scheduled',
  ])
  expect(step(one)).toBe('deploy')
  expect(one.give({ type: 'start' })).toEqual(['start-refused'])
  expect(one.state().notStarted).toBe('its test ring is still running')
  one.give({ type: 'halt', reason: 'no time for it' }, eva)
  end(one, 'web1')
  expect(step(one)).toBe('start')
  expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
  one.give({ type: 'start-batch' })
  expect(atWork(one)).toEqual(['web2'])
})

describe('a test ring that is halted', () => {
  const asked = (healthy: boolean) =>
    ({ type: 'record-gate', results: [{ check: 'errors', healthy, detail: '7 %' }] }) as const

  test.each<[string, (one: Case) => unknown, string, string]>([
    ['an asset that failed', (one) => end(one, 'web1', 'failed'), 'verifications-recorded', 'web2'],
    ['its gate', (one) => one.give(asked(false)), 'gate-checked', 'web1'],
  ])('by %s is not over while others of it are at work', (_, stop, told, left) => {
    const { subject, ...rest } = testedContent(4, 2)
    if (subject.kind !== 'patches') throw new Error('not patches')
    const checks = [{ kind: 'metric', source: 'p', query: 'q', atMost: 1, atLeast: null }] as const
    const rings = subject.rings.map((ring) => ({ ...ring, batchSize: 2, gate: { ...ring.gate, checks } }))
    const one = proposalCase({ content: { ...rest, subject: { ...subject, rings } }, policy: { testRing: 'run' } })
    one.give({ type: 'start-test' })
    one.give(asked(true))
    one.give({ type: 'start-batch' })
    one.pass(1)
    expect(stop(one)).toEqual([told, 'gate-failed', 'test-halted'])
    expect(isHalted(one.state())).toBe(true)
    expect(atWork(one)).toContain(left)
    for (const asset of atWork(one).slice(1)) expect(end(one, asset)).toEqual(['verifications-recorded'])
    expect(end(one, left)).toEqual(['verifications-recorded', 'test-ended'])
    expect(one.state().test?.result?.passed).toBe(false)
  })

  test('is brought to its end, did not pass, and what is required is not approved', () => {
    const one = testing()
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    expect(one.give({ type: 'halt', reason: 'odd graphs' }, eva)).toEqual(['test-halted'])
    expect(isHalted(one.state())).toBe(true)
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    expect(step(one)).toBe('deploy')
    expect(end(one, 'web1')).toEqual(['verifications-recorded', 'test-ended'])
    expect(one.state()).toMatchObject({
      status: 'open',
      test: { result: { passed: false, reason: 'Halted by Noor: odd graphs' } },
    })
    expect(isHalted(one.state())).toBe(false)
    expect(step(one)).toBe('wait')
  })

  test('ends at once where nothing is at work', () => {
    const one = testing()
    end(one, 'web1')
    expect(one.give({ type: 'halt', reason: 'odd graphs' }, person('jonas'))).toEqual(['test-halted', 'test-ended'])
  })

  test('by nobody who may not, and not where no test runs', () => {
    expect(testing().give({ type: 'halt', reason: 'x' }, person('tom'))).toMatchObject({ code: 'not allowed' })
    const one = proposalCase({ content: testedContent(4, 2), policy: { testRing: 'run' } })
    for (const type of ['pause', 'halt'] as const)
      expect(one.give({ type, reason: 'x' }, eva)).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'resume' }, eva)).toMatchObject({ code: 'not now' })
  })
})

const vote = { type: 'vote', revision: null, owner: 'tom', until: '2026-12-24' } as const
const closing: readonly [status: string, by: 'person' | 'machine', command: ProposalCommand][] = [
  ['rejected', 'person', { ...vote, choice: 'reject', reason: 'not now' }],
  ['withdrawn', 'person', { type: 'withdraw', reason: 'not now' }],
  ['expired', 'machine', { type: 'expire' }],
  ['superseded', 'machine', { type: 'supersede', by: 'PW-2' }],
]

describe.each(closing)('a proposal that is %s while its test is at work', (status, by, command) => {
  const actor = by === 'person' ? eva : machineFor(command)

  test('halts the test first, and its assets are followed to their end all the same', () => {
    const one = testing()
    if (status === 'expired') one.pass(8 * 24)
    const events = one.give(command, actor)
    expect(events).toEqual([...(status === 'rejected' ? ['vote-cast'] : []), 'test-halted', status])
    expect(one.state().status).toBe(status)
    expect(atWork(one)).toEqual(['web1'])
    expect(step(one)).toBe('deploy')
    expect(wakeAt(one.state(), one.now())).toBe(one.now())
    expect(isHalted(one.state())).toBe(true)
    expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'not now' })
    expect(end(one, 'web1')).toEqual(['verifications-recorded', 'test-ended'])
    expect(one.state()).toMatchObject({ status, test: { result: { passed: false } } })
    expect(step(one)).toBe('nothing')
  })

  test('ends a test of which nothing is at work, paused or not', () => {
    for (const paused of [false, true]) {
      const one = testing()
      if (paused) one.give({ type: 'pause', reason: null }, eva)
      end(one, 'web1')
      if (status === 'expired') one.pass(8 * 24)
      const events = one.give(command, actor)
      expect(events).toEqual([...(status === 'rejected' ? ['vote-cast'] : []), 'test-ended', status])
      expect(one.state().test?.result?.passed).toBe(false)
      expect(step(one)).toBe('nothing')
    }
  })

  test('cannot be paused, halted or resumed any more', () => {
    const one = testing()
    if (status === 'expired') one.pass(8 * 24)
    one.give(command, actor)
    for (const type of ['pause', 'halt'] as const)
      expect(one.give({ type, reason: 'x' }, eva)).toMatchObject({ code: type === 'pause' ? 'not now' : 'already' })
    expect(one.give({ type: 'resume' }, eva)).toMatchObject({ code: 'not now' })
  })
})

describe('a revision while the test is at work', () => {
  const assessment = { kind: 'system', part: 'assessment' } as const
  const more = { ...content(3), priority: 'immediate' } as const
  const other = { type: 'revise', content: more, reason: 'exploited now' } as const

  test('that changes what is decided waits until its assets are at their end', () => {
    const one = testing()
    expect(one.give(other, assessment)).toMatchObject({ code: 'not now' })
    expect(atWork(one)).toEqual(['web1'])
    end(one, 'web1')
    expect(one.give(other, assessment)).toEqual(['test-ended', 'revised'])
    expect(one.state()).toMatchObject({ revision: 2, test: null })
  })

  test('of the same content leaves the test as it is', () => {
    const one = testing()
    const same = { ...testedContent(4, 2), priority: 'immediate', whyNow: 'exploited now' } as const
    expect(one.give({ type: 'revise', content: same, reason: 'exploited now' }, assessment)).toEqual(['revised'])
    expect(atWork(one)).toEqual(['web1'])
  })
})

test('nothing of a test begins in a freeze', () => {
  const one = testing()
  end(one, 'web1')
  const freeze = { name: 'now', from: one.now(), to: '2026-11-22T00:00:00Z', teams: null }
  one.setting.freezes = [freeze]
  expect(one.give({ type: 'start-batch' })).toMatchObject({ code: 'outside window' })
})

describe('while assets are at work', () => {
  test('people are reminded, and it expires, at their times', () => {
    const one = testing({ remindAfterSeconds: 3_600, escalateAfterSeconds: 7_200, escalateTo: ['owner'] })
    expect(step(one)).toBe('deploy')
    one.pass(1)
    expect(step(one)).toBe('remind')
    expect(wakeAt(one.state(), one.now())).toBe(one.now())
    expect(one.give({ type: 'remind' })).toEqual(['reminded'])
    expect(step(one)).toBe('deploy')
    one.pass(1)
    expect(step(one)).toBe('remind')
    one.give({ type: 'remind' })
    one.pass(7 * 24)
    expect(step(one)).toBe('expire')
  })

  test('a notice ends at its time', () => {
    const approval = { kind: 'lazy consensus', noticeSeconds: 3_600, objectors: ['owner'] } as const
    const one = testing({ testRing: 'run', approval })
    one.pass(1)
    expect(step(one)).toBe('end notice')
    expect(one.give({ type: 'end-notice' })).toEqual(['approved', 'scheduled'])
    expect(step(one)).toBe('deploy')
  })

  test('those on call are asked, and the window that was missed is replaced', () => {
    const acknowledgement = {
      askBeforeSeconds: 3_600,
      remindEverySeconds: 600,
      escalateAfterSeconds: 1_200,
      escalateTo: [],
      otherwise: 'go on',
    } as const
    const one = testing({ testRing: 'run', acknowledgement })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    expect(step(one)).toBe('ask')
    expect(one.give({ type: 'ask-acknowledgement' })).toEqual(['acknowledgement-asked'])
    expect(step(one)).toBe('deploy')
    const { schedule } = one.state()
    one.pass((Date.parse(schedule?.end ?? '') - Date.parse(one.now())) / 3_600_000)
    expect(step(one)).toBe('reschedule')
    expect(one.give({ type: 'reschedule' })).toEqual(['scheduled'])
  })

  test('a reminder comes although the test ring waits for the end of a freeze', () => {
    const one = proposalCase({
      content: testedContent(4, 2),
      policy: { testRing: 'run', remindAfterSeconds: 3_600 },
    })
    one.pass(1)
    expect(step(one)).toBe('remind')
  })
})
