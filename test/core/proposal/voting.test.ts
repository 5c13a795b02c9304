import { describe, expect, test } from 'vitest'
import { members, person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'

describe('a quorum of one owner and one security', () => {
  test('is filled by two different people, and the rollout is scheduled', () => {
    const one = proposalCase()
    expect(one.vote('noor', 'approve')).toEqual(['vote-cast'])
    expect(one.vote('tom', 'approve')).toEqual(['vote-cast', 'approved', 'scheduled'])
    expect(one.state().approvedBy).toEqual({
      how: 'quorum',
      fills: [
        { role: 'owner', person: 'noor' },
        { role: 'security', person: 'tom' },
      ],
    })
  })

  test('is not filled by one person with both roles', () => {
    const one = proposalCase()
    expect(one.vote('mara', 'approve')).toEqual(['vote-cast'])
    expect(one.vote('mara', 'approve')).toMatchObject({
      code: 'already',
      sentence: expect.stringContaining('one person counts once'),
    })
    expect(one.state().status).toBe('open')
  })

  test('gives someone with both roles the one that the others leave open', () => {
    const one = proposalCase()
    one.vote('mara', 'approve')
    expect(one.vote('noor', 'approve')).toContain('approved')
    const two = proposalCase()
    two.vote('mara', 'approve')
    expect(two.vote('tom', 'approve')).toContain('approved')
  })

  test('two owners do not make a security', () => {
    const one = proposalCase({
      members: members.map((member) => ({ ...member, roles: member.id === 'mara' ? ['owner'] : member.roles })),
    })
    one.vote('mara', 'approve')
    expect(one.vote('noor', 'approve')).toEqual(['vote-cast'])
    expect(one.state().status).toBe('open')
  })
})

describe('who may vote', () => {
  test.each([
    ['someone without a voting role', 'jonas', /takes the role owner or security; you have on-call.*Mara/],
    ['someone whom the team does not know', 'stranger', /is not known to team web\. An operator can add people/],
  ])('%s is refused, and told who can', (_, who, sentence) => {
    const one = proposalCase()
    expect(one.vote(who, 'approve')).toMatchObject({ code: 'not allowed', sentence: expect.stringMatching(sentence) })
    expect(one.state().votes).toEqual([])
  })

  test('the proposer may not approve, but may reject', () => {
    const one = proposalCase({ proposer: person('mara') })
    expect(one.vote('mara', 'approve')).toMatchObject({
      code: 'not allowed',
      sentence: expect.stringContaining('You proposed PW-1'),
    })
    expect(one.vote('mara', 'reject', { reason: 'too early', until: '2026-12-01' })).toContain('rejected')
  })

  test('the proposer may approve where the policy says so', () => {
    const one = proposalCase({ proposer: person('mara'), policy: { selfApproval: 'allowed' } })
    expect(one.vote('mara', 'approve')).toEqual(['vote-cast'])
  })

  test('a machine never votes', () => {
    const one = proposalCase()
    const vote = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const
    expect(one.give(vote)).toMatchObject({ code: 'not allowed' })
  })
})

describe('when a vote no longer counts', () => {
  test('after the proposal has expired, even before anybody noticed', () => {
    const one = proposalCase()
    one.pass(7 * 24)
    expect(one.vote('tom', 'approve')).toMatchObject({
      code: 'not now',
      sentence: expect.stringContaining('expired on 2026-11-27'),
    })
    expect(one.give({ type: 'expire' })).toEqual(['expired'])
    expect(one.vote('tom', 'approve')).toMatchObject({ code: 'not now' })
  })

  test('after it was decided', () => {
    const one = proposalCase()
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    expect(one.vote('mara', 'approve')).toMatchObject({
      code: 'not now',
      sentence: expect.stringContaining('already approved'),
    })
  })

  test('when it was given for an older revision: the click gets the new card', () => {
    const one = proposalCase()
    one.give({ type: 'revise', content: content(3), reason: 'web4 is gone' })
    expect(one.vote('tom', 'approve', { revision: 1 })).toMatchObject({
      code: 'old revision',
      sentence: expect.stringContaining('nothing was counted'),
    })
    expect(one.vote('tom', 'approve', { revision: 2 })).toEqual(['vote-cast'])
  })

  test('when something more urgent is asked for; but not for anything else that is new, nor for newer facts', () => {
    const one = proposalCase()
    one.vote('tom', 'approve')
    one.give({ type: 'revise', content: { ...content(4), whyNow: 'listed as exploited' }, reason: 'news' })
    expect(one.state()).toMatchObject({ revision: 1, votes: [{ person: 'tom' }] })
    expect(one.give({ type: 'revise', content: content(5), reason: 'web5 is new' })).toMatchObject({ code: 'not now' })
    expect(one.state()).toMatchObject({ revision: 1, votes: [{ person: 'tom' }] })
    one.give({ type: 'revise', content: { ...content(5), priority: 'immediate' }, reason: 'web5 is open to all' })
    expect(one.state()).toMatchObject({ revision: 2, votes: [] })
  })

  test('when the voter takes it back: an approval that hung on it lapses', () => {
    const one = proposalCase()
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    expect(one.give({ type: 'withdraw-vote' }, person('tom'))).toEqual(['vote-withdrawn', 'approval-lapsed'])
    expect(one.state().status).toBe('open')
    expect(one.give({ type: 'withdraw-vote' }, person('tom'))).toMatchObject({ code: 'already' })
  })

  test('when the voter lost the role before the rollout started', () => {
    const one = proposalCase()
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    one.setting.members = members.filter((member) => member.id !== 'tom')
    expect(one.give({ type: 'start' })).toEqual(['approval-lapsed'])
    expect(one.state().status).toBe('open')
  })
})

describe('a rejection', () => {
  const why = { reason: 'The release is on Friday.', until: '2026-12-01' }

  test('keeps its reason, who looks again and until when', () => {
    const one = proposalCase()
    expect(one.vote('tom', 'reject', { ...why, owner: 'noor' })).toEqual(['vote-cast', 'rejected'])
    expect(one.state().deferral).toEqual({
      by: 'tom',
      reason: why.reason,
      owner: 'noor',
      until: '2026-12-01T00:00:00.000Z',
    })
  })

  test.each([
    ['without a reason', { ...why, reason: '  ' }, /Say why/],
    ['without a date', { ...why, until: null }, /until when/],
    ['until yesterday', { ...why, until: '2026-11-19' }, /still to come/],
    ['until a date that is none', { ...why, until: 'someday' }, /until when/],
    ['until long after everybody has forgotten', { ...why, until: '2036-01-01' }, /days at most/],
    ['owned by a stranger', { ...why, owner: 'nobody' }, /not a person of team web/],
    ['with a reason of a million letters', { ...why, reason: 'x'.repeat(1_000_000) }, /longer than/],
  ])('%s is refused, and nothing is counted', (_, how, sentence) => {
    const one = proposalCase()
    expect(one.vote('tom', 'reject', how)).toMatchObject({
      code: 'incomplete',
      sentence: expect.stringMatching(sentence),
    })
    expect(one.state()).toMatchObject({ status: 'open', votes: [] })
  })
})

test('an abstention counts for nothing, and can become an approval', () => {
  const one = proposalCase()
  one.vote('noor', 'approve')
  expect(one.vote('tom', 'abstain')).toEqual(['vote-cast'])
  expect(one.vote('tom', 'approve')).toContain('approved')
})

test.each([
  ['asks nobody', { kind: 'quorum', needs: [] }],
  ['asks for no people', { kind: 'quorum', needs: [{ role: 'owner', count: 0 }] }],
  ['lets nobody object', { kind: 'lazy consensus', noticeSeconds: 60, objectors: [] }],
] as const)('nothing is opened under a policy that %s', (_, approval) => {
  expect(proposalCase({ policy: { approval } }).opened).toMatchObject({ code: 'incomplete' })
})
