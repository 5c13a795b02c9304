import { describe, expect, test } from 'vitest'
import type { Policy } from '../../../src/core/policy.ts'
import { members, person, proposalCase } from '../../support/proposal-case.ts'
import { content } from '../../support/proposals.ts'

const DAY = 86_400

describe('lazy consensus', () => {
  const policy: Partial<Policy> = { approval: { kind: 'lazy consensus', noticeSeconds: DAY, objectors: ['owner'] } }

  test('goes ahead when the notice has passed and nobody objected, not a minute before', () => {
    const one = proposalCase({ policy })
    one.pass(23.9)
    expect(one.give({ type: 'end-notice' })).toMatchObject({ code: 'not now' })
    expect(one.give({ type: 'start' })).toMatchObject({ code: 'not now' })
    one.pass(0.1)
    expect(one.give({ type: 'end-notice' })).toEqual(['approved', 'scheduled'])
    expect(one.state().approvedBy).toMatchObject({ how: 'lazy consensus' })
    expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
  })

  test('is ended by one objection of somebody who may', () => {
    const one = proposalCase({ policy })
    expect(one.vote('tom', 'reject', { reason: 'no', until: '2026-12-01' })).toMatchObject({ code: 'not allowed' })
    expect(one.vote('noor', 'reject', { reason: 'no', until: '2026-12-01' })).toContain('rejected')
    one.pass(48)
    expect(one.give({ type: 'end-notice' })).toMatchObject({ code: 'already' })
  })

  test('silence means nothing when nobody is left who could object', () => {
    const one = proposalCase({ policy })
    one.setting.members = members.filter((member) => !member.roles.includes('owner'))
    one.pass(24)
    expect(one.give({ type: 'end-notice' })).toMatchObject({
      code: 'not satisfied',
      sentence: expect.stringContaining('silence means nothing'),
    })
  })

  test('in a fleet that changes every hour it ends all the same: it begins anew twice, then the decision is held', () => {
    const one = proposalCase({ policy })
    for (const [hour, hosts] of [3, 2].entries()) {
      one.pass(1)
      expect(one.give({ type: 'revise', content: content(hosts), reason: `hour ${hour}` })).toEqual(['revised'])
    }
    const { noticeEndsAt } = one.state()
    one.pass(1)
    const revised = { type: 'revise', content: content(4), reason: 'web3 is back' } as const
    expect(one.give(revised)).toMatchObject({ code: 'not now', sentence: expect.stringContaining('next proposal') })
    const newcomers = [{ asset: 'lab/web3', name: 'web3' }]
    expect(one.give({ type: 'compare-assets', departures: [], newcomers })).toEqual(['assets-compared'])
    expect(one.state()).toMatchObject({ noticeEndsAt, since: { waiting: { 'lab/web3': 'web3' } } })
    one.pass(23)
    expect(one.give({ type: 'end-notice' })).toContain('approved')
  })

  test('what is more urgent begins it anew however often', () => {
    const one = proposalCase({ policy })
    for (const hosts of [3, 2]) one.give({ type: 'revise', content: content(hosts), reason: 'changed' })
    one.pass(20)
    const urgent = { ...content(3), priority: 'immediate' } as const
    expect(one.give({ type: 'revise', content: urgent, reason: 'exploited' })).toEqual(['revised'])
    one.pass(5)
    expect(one.give({ type: 'end-notice' })).toMatchObject({ code: 'not now' })
  })

  test('a change of what is proposed begins the notice anew', () => {
    const one = proposalCase({ policy })
    one.pass(23)
    one.give({ type: 'revise', content: content(3), reason: 'web4 is gone' })
    one.pass(2)
    expect(one.give({ type: 'end-notice' })).toMatchObject({ code: 'not now' })
    one.pass(22)
    expect(one.give({ type: 'end-notice' })).toContain('approved')
  })
})

describe('standing approval', () => {
  const policy: Partial<Policy> = {
    approval: {
      kind: 'standing',
      rule: 'dev-wednesdays',
      noticeSeconds: DAY,
      objectors: ['owner'],
      fallback: [{ role: 'owner', count: 1 }],
    },
  }
  const grant = {
    rule: 'dev-wednesdays',
    proposal: 'PW-9',
    expiresAt: '2026-12-31T00:00:00.000Z',
    tags: ['dev'],
    types: ['security'],
  }

  function development(count = 2) {
    const all = content(count)
    if (all.subject.kind !== 'patches') throw new Error('not patches')
    const assets = all.subject.assets.map((item) => ({ ...item, asset: { ...item.asset, tags: ['dev'] } }))
    return { ...all, subject: { ...all.subject, assets } }
  }

  test('goes ahead after the notice under a rule that was itself voted', () => {
    const one = proposalCase({ policy, content: development() })
    one.setting.standing = grant
    expect(one.give({ type: 'end-notice' })).toMatchObject({ code: 'not now' })
    one.pass(24)
    expect(one.give({ type: 'end-notice' })).toEqual(['approved', 'scheduled'])
    expect(one.state().approvedBy).toEqual({
      how: 'standing approval',
      rule: 'dev-wednesdays',
      proposal: 'PW-9',
      expiresAt: grant.expiresAt,
    })
  })

  test.each([
    ['no rule was voted', null, /has not been voted/],
    ['the rule has expired', { ...grant, expiresAt: '2026-11-19T00:00:00.000Z' }, /expired on 2026-11-19/],
    ['an asset is outside of it', { ...grant, tags: ['staging'] }, /do not carry staging/],
    ['a patch is of another type', { ...grant, types: ['bugfix'] }, /security patch, and the rule covers bugfix/],
  ])('where %s, the usual approvals are asked for, and silence is none', (_, standing, reason) => {
    const one = proposalCase({ policy, content: development() })
    one.setting.standing = standing
    expect(one.give({ type: 'end-notice' })).toEqual(['standing-refused'])
    expect(one.state().standingRefused).toMatch(reason)
    one.pass(24)
    expect(one.give({ type: 'end-notice' })).toMatchObject({ code: 'already' })
    expect(one.state().status).toBe('open')
    expect(one.vote('noor', 'approve')).toContain('approved')
  })

  test('is checked again at the start: a rule that ran out meanwhile approves nothing', () => {
    const one = proposalCase({ policy, content: development() })
    one.setting.standing = grant
    one.pass(24)
    one.give({ type: 'end-notice' })
    one.setting.standing = null
    expect(one.give({ type: 'start' })).toEqual(['approval-lapsed'])
    expect(one.state().status).toBe('open')
  })

  test('somebody who may object still can', () => {
    const one = proposalCase({ policy, content: development() })
    one.setting.standing = grant
    expect(one.vote('noor', 'reject', { reason: 'demo day', until: '2026-12-01' })).toContain('rejected')
  })

  test('the rule itself is decided by a quorum, and ends by itself', () => {
    const rule = {
      name: 'dev-wednesdays',
      team: 'web',
      tags: ['dev'],
      types: ['security' as const],
      expiresAt: '2026-12-31T00:00:00.000Z',
    }
    const subject = { kind: 'standing rule' as const, rule, window: { name: 'always', rules: [] } }
    const proposed = { ...content(1), subject, contentHash: 'rule' }
    expect(proposalCase({ policy, content: proposed }).opened).toMatchObject({ code: 'incomplete' })
    const one = proposalCase({ content: proposed })
    one.vote('noor', 'approve')
    expect(one.vote('tom', 'approve')).toEqual(['vote-cast', 'approved'])
    expect(one.give({ type: 'expire' })).toMatchObject({ code: 'not now' })
    one.pass(60 * 24)
    expect(one.give({ type: 'expire' })).toEqual(['expired'])
  })
})

test('nobody but the clock ends a notice', () => {
  const one = proposalCase({
    policy: { approval: { kind: 'lazy consensus', noticeSeconds: 60, objectors: ['owner'] } },
  })
  one.pass(1)
  expect(one.give({ type: 'end-notice' }, person('noor'))).toMatchObject({ code: 'not allowed' })
})
