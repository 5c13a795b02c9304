import { describe, expect, test } from 'vitest'
import type { Through } from '../../../src/core/hands.ts'
import type { ProposalCommand } from '../../../src/core/proposal/command.ts'
import { person, proposalCase } from '../../support/proposal-case.ts'
import { content, testedContent } from '../../support/proposals.ts'

const marasLink: Through = { kind: 'sign-in link', madeBy: ['mara'] }
const byLink = (id: string, through: Through = marasLink) => ({ ...person(id), through })
const approve: ProposalCommand = {
  type: 'vote',
  choice: 'approve',
  revision: null,
  reason: null,
  owner: null,
  until: null,
}

describe('a vote', () => {
  test('is kept with who, when, how, of which revision and why', () => {
    const one = proposalCase()
    one.pass(1)
    one.vote('noor', 'approve', { reason: '  tested in staging ' })
    expect(one.state().votes).toMatchObject([
      {
        person: 'noor',
        name: 'Noor',
        choice: 'approve',
        reason: 'tested in staging',
        revision: 1,
        at: '2026-11-20T01:00:00.000Z',
        via: 'console',
      },
    ])
  })

  test('of nothing but spaces has no reason', () => {
    const one = proposalCase()
    one.vote('noor', 'abstain', { reason: '   ' })
    expect(one.state().votes).toMatchObject([{ choice: 'abstain', reason: null }])
  })

  test('has a reason of 2000 characters at most', () => {
    const one = proposalCase()
    expect(one.vote('noor', 'approve', { reason: 'x'.repeat(2_001) })).toEqual({
      code: 'incomplete',
      sentence: 'The reason is longer than 2000 characters; shorten it. Nothing was counted.',
    })
    expect(one.vote('noor', 'approve', { reason: ` ${'x'.repeat(2_000)} ` })).toEqual(['vote-cast'])
  })

  test('of lazy consensus approves nothing by itself: silence does', () => {
    const approval = { kind: 'lazy consensus', noticeSeconds: 86_400, objectors: ['owner'] } as const
    const one = proposalCase({ policy: { approval } })
    expect(one.vote('noor', 'approve')).toEqual(['vote-cast'])
    expect(one.state().status).toBe('open')
  })

  test('of lazy consensus approves nothing after the notice, either: that is told when it ends', () => {
    const approval = { kind: 'lazy consensus', noticeSeconds: 3_600, objectors: ['owner', 'security'] } as const
    const one = proposalCase({ policy: { approval } })
    one.give(approve, byLink('tom'))
    one.pass(2)
    expect(one.vote('noor', 'approve')).toEqual(['vote-cast'])
    expect(one.give({ type: 'confirm', act: null }, person('tom'))).toEqual(['act-confirmed'])
    expect(one.give({ type: 'end-notice' })).toContain('approved')
  })

  test('cast again by an account of one’s own confirms the first, where the account was known before', () => {
    const again = (linkedAt?: string, choice: 'approve' | 'abstain' = 'approve') => {
      const one = proposalCase()
      one.give(approve, byLink('tom'))
      one.pass(1)
      return one.give({ ...approve, choice }, { ...person('tom'), ...(linkedAt === undefined ? {} : { linkedAt }) })
    }
    expect(again()).toEqual(['act-confirmed'])
    expect(again('2026-11-20T00:30:00.000Z')).toEqual(['vote-cast'])
    expect(again(undefined, 'abstain')).toEqual(['vote-cast'])
  })

  test('cast again after somebody else’s does not confirm that', () => {
    const approval = { kind: 'quorum', needs: [{ role: 'owner', count: 2 }] } as const
    const one = proposalCase({ policy: { approval } })
    one.give(approve, byLink('noor', { kind: 'sign-in link', madeBy: ['tom'] }))
    one.pass(1)
    expect(one.vote('mara', 'approve')).toContain('vote-cast')
  })

  test('that approves a rule schedules nothing', () => {
    const patches = content(1)
    const rule = {
      name: 'dev',
      team: 'web',
      tags: ['dev'],
      types: ['security'],
      expiresAt: '2027-01-01T00:00:00.000Z',
    } as const
    const window = { name: 'always', rules: [] }
    const one = proposalCase({ content: { ...patches, subject: { kind: 'standing rule', rule, window } } })
    one.vote('noor', 'approve')
    expect(one.vote('tom', 'approve')).toEqual(['vote-cast', 'approved'])
  })

  test('that approves what has no window says once why it does not start', () => {
    const one = proposalCase({ content: content(4, { name: 'never', rules: [] }) })
    one.vote('noor', 'approve')
    expect(one.vote('tom', 'approve')).toEqual(['vote-cast', 'approved', 'start-refused'])
    expect(one.give({ type: 'reschedule' })).not.toContain('start-refused')
  })
})

describe('a rejection', () => {
  const until = '2026-12-01'
  const limit = Date.parse('2026-11-20T00:00:00Z') + 366 * 86_400_000

  test.each<[string, Partial<Extract<ProposalCommand, { type: 'vote' }>>, string]>([
    ['says why', { until, reason: null }, 'Say why you reject PW-1: the reason is kept with it. Nothing was counted.'],
    [
      'says why in words',
      { until, reason: '  ' },
      'Say why you reject PW-1: the reason is kept with it. Nothing was counted.',
    ],
    [
      'names somebody of the team',
      { until, reason: 'no', owner: 'zoe' },
      'The owner "zoe" is not a person of team web; name who will look at it again.',
    ],
    [
      'says until when',
      { until: null, reason: 'no' },
      'Say until when the rejection of PW-1 holds, as a date that is still to come (2026-12-31).',
    ],
    [
      'says until when as a date',
      { until: 'soon', reason: 'no' },
      'Say until when the rejection of PW-1 holds, as a date that is still to come (2026-12-31).',
    ],
    [
      'holds until a date that is to come',
      { until: '2026-11-20T00:00:00.000Z', reason: 'no' },
      'Say until when the rejection of PW-1 holds, as a date that is still to come (2026-12-31).',
    ],
    [
      'holds for 366 days at most',
      { until: new Date(limit + 1_000).toISOString(), reason: 'no' },
      'A rejection holds for 366 days at most; choose an earlier date.',
    ],
  ])('%s', (_, given, sentence) => {
    const one = proposalCase()
    expect(one.vote('tom', 'reject', given)).toEqual({ code: 'incomplete', sentence })
    expect(one.state()).toMatchObject({ status: 'open', votes: [] })
  })

  test('is looked at again by whoever rejects it, unless somebody else is named; as a full date', () => {
    const one = proposalCase()
    expect(one.vote('tom', 'reject', { until: new Date(limit).toISOString(), reason: 'no' })).toEqual([
      'vote-cast',
      'rejected',
    ])
    expect(one.state()).toMatchObject({
      deferral: { by: 'tom', reason: 'no', owner: 'tom', until: '2027-11-21T00:00:00.000Z' },
      votes: [{ choice: 'reject', reason: 'no' }],
    })
  })

  test('ends a test that runs', () => {
    const one = proposalCase({ content: testedContent(4, 2), policy: { testRing: 'run' } })
    one.give({ type: 'start-test' })
    expect(one.vote('tom', 'reject', { until, reason: 'no' })).toEqual(['vote-cast', 'test-ended', 'rejected'])
    expect(one.state().test?.result).toMatchObject({
      passed: false,
      reason: 'It ended early: the proposal was rejected',
    })
  })
})

describe('a vote that is withdrawn', () => {
  test('changes nothing where others are enough', () => {
    const one = proposalCase()
    one.vote('mara', 'abstain')
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    expect(one.give({ type: 'withdraw-vote' }, person('mara'))).toEqual(['vote-withdrawn'])
    expect(one.state().status).toBe('scheduled')
  })

  test('ends an approval that hung on it, and says what is missing now', () => {
    const one = proposalCase()
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    one.give({ type: 'withdraw-vote' }, person('tom'))
    const last = one.recorded().at(-1)?.event
    expect(last).toEqual({
      type: 'approval-lapsed',
      reason: 'Tom withdrew the vote; approval is incomplete: security 0 of 1',
    })
  })

  test('while it is open simply counts no more', () => {
    const one = proposalCase()
    one.vote('noor', 'approve')
    expect(one.give({ type: 'withdraw-vote' }, person('noor'))).toEqual(['vote-withdrawn'])
    expect(one.state().votes).toEqual([])
  })

  test('takes nothing back that a break-glass decided', () => {
    const one = proposalCase({ policy: { breakGlass: { roles: ['security'], reviewWithinSeconds: 86_400 } } })
    one.vote('noor', 'approve')
    one.give({ type: 'break-glass', reason: 'now' }, person('tom'))
    expect(one.give({ type: 'withdraw-vote' }, person('noor'))).toEqual(['vote-withdrawn'])
    expect(one.state().status).toBe('scheduled')
  })
})

test('a vote that is withdrawn takes nothing back that silence decided', () => {
  const approval = { kind: 'lazy consensus', noticeSeconds: 3_600, objectors: ['owner'] } as const
  const one = proposalCase({ policy: { approval } })
  one.vote('noor', 'approve')
  one.pass(2)
  expect(one.give({ type: 'end-notice' })).toContain('approved')
  one.setting.members = one.setting.members.map((member) => ({ ...member, roles: ['on-call'] }))
  expect(one.give({ type: 'withdraw-vote' }, person('noor'))).toEqual(['vote-withdrawn'])
})

describe('a confirmation', () => {
  const confirm: ProposalCommand = { type: 'confirm', act: null }

  test('of an abstention approves nothing', () => {
    const one = proposalCase()
    one.vote('noor', 'approve')
    one.give({ ...approve, choice: 'abstain' }, byLink('tom'))
    one.pass(1)
    expect(one.give(confirm, person('tom'))).toEqual(['act-confirmed'])
  })

  test('of a vote during a notice approves nothing', () => {
    const approval = { kind: 'lazy consensus', noticeSeconds: 86_400, objectors: ['owner'] } as const
    const one = proposalCase({ policy: { approval } })
    one.give(approve, byLink('noor'))
    expect(one.give(confirm, person('noor'))).toEqual(['act-confirmed'])
  })

  test('of a vote that was approved meanwhile changes nothing else', () => {
    const one = proposalCase()
    one.give(approve, byLink('noor'))
    one.vote('mara', 'approve')
    one.vote('tom', 'approve')
    expect(one.state().status).toBe('scheduled')
    expect(one.give(confirm, person('noor'))).toEqual(['act-confirmed'])
  })

  test.each<[ProposalCommand, string]>([
    [confirm, 'Nothing of yours on PW-1 waits for a confirmation.'],
    [{ type: 'confirm', act: 99 }, 'Nothing of yours on PW-1 waits for a confirmation.'],
  ])('where nothing waits: %j', (command, sentence) => {
    const one = proposalCase()
    one.vote('noor', 'approve')
    expect(one.give(command, person('noor'))).toEqual({ code: 'not now', sentence })
  })

  test('of another act than the one that waits, and by an account that came later, is none', () => {
    const one = proposalCase()
    one.give(approve, byLink('tom'))
    expect(one.give({ type: 'confirm', act: 99 }, person('tom'))).toEqual({
      code: 'not now',
      sentence: 'Nothing of yours on PW-1 waits for a confirmation any more: look at the card.',
    })
    const later = { ...person('tom'), linkedAt: '2026-11-20T00:00:01.000Z' }
    expect(one.give(confirm, later)).toEqual({
      code: 'not own',
      sentence:
        'Not confirmed: this account was linked after that was done. Confirm it by an account that was known before.',
    })
  })
})
