import { describe, expect, test } from 'vitest'
import type { Policy } from '../../../src/core/policy.ts'
import {
  approvalBringsOn,
  approvalNow,
  bypassesWindow,
  excludedVoters,
  quorumNeeds,
  quorumProgress,
  riskyRings,
  standingProblem,
  testProblem,
} from '../../../src/core/proposal/approval.ts'
import type { StandingGrant } from '../../../src/core/proposal/command.ts'
import type { ProposalState, TestRun } from '../../../src/core/proposal/proposal.ts'
import { members, person, proposalCase } from '../../support/proposal-case.ts'
import { content, emptyRun, policy, testedContent } from '../../support/proposals.ts'

const fallback = [{ role: 'security', count: 1 }]
const lazy: Policy['approval'] = { kind: 'lazy consensus', noticeSeconds: 86_400, objectors: ['owner'] }
const standing: Policy['approval'] = {
  kind: 'standing',
  rule: 'dev',
  noticeSeconds: 86_400,
  objectors: ['owner'],
  fallback,
}
const grant: StandingGrant = {
  rule: 'dev',
  proposal: 'PW-0',
  expiresAt: '2026-12-01T00:00:00.000Z',
  tags: ['dev', 'lab'],
  types: ['security'],
}

function stateOf(rules: Partial<Policy> = {}, more: Partial<ProposalState> = {}): ProposalState {
  return { ...proposalCase({ policy: rules }).state(), ...more }
}

/** The same with every asset tagged. */
function tagged(tags: readonly string[], more: Partial<ProposalState> = {}): ProposalState {
  const state = stateOf({ approval: standing }, more)
  if (state.subject.kind !== 'patches') throw new Error('not patches')
  const assets = state.subject.assets.map((planned) => ({ ...planned, asset: { ...planned.asset, tags } }))
  return { ...state, subject: { ...state.subject, assets } }
}

test('an approval brings on what misses one, and what nobody needs to approve; not what all have approved', () => {
  const votes = (...who: readonly string[]) => {
    const one = proposalCase({ content: testedContent(4, 2), policy: { testRing: 'required' } })
    for (const id of who) one.vote(id, 'approve')
    return one.state()
  }
  expect(approvalBringsOn(votes(), members)).toBe(true)
  expect(approvalBringsOn(votes('noor'), members)).toBe(true)
  // Both places are filled, and its test has not run.
  expect(votes('noor', 'tom').status).toBe('open')
  expect(approvalBringsOn(votes('noor', 'tom'), members)).toBe(false)
  expect(approvalBringsOn(stateOf({ approval: lazy }), members)).toBe(true)
})

describe('who has to agree', () => {
  test('the quorum of the policy; nobody while a notice runs; the fallback where the rule does not cover it', () => {
    expect(quorumNeeds(stateOf())).toEqual([
      { role: 'owner', count: 1 },
      { role: 'security', count: 1 },
    ])
    expect(quorumNeeds(stateOf({ approval: lazy }))).toBeNull()
    expect(quorumProgress(stateOf({ approval: lazy }), members)).toBeNull()
    expect(quorumNeeds(stateOf({ approval: standing }))).toBeNull()
    expect(quorumNeeds(stateOf({ approval: standing }, { standingRefused: 'it expired' }))).toEqual(fallback)
  })

  test('the proposer is left out with the hand, unless the policy lets people approve their own; a machine is nobody', () => {
    const through = { kind: 'sign-in link', madeBy: ['mara'] } as const
    const proposer = { kind: 'person', id: 'noor', name: 'Noor', via: 'console', through } as const
    expect([...excludedVoters(stateOf({}, { proposer }))].toSorted()).toEqual(['mara', 'noor'])
    expect([...excludedVoters(stateOf({}, { proposer: person('noor') }))]).toEqual(['noor'])
    expect(excludedVoters(stateOf({ selfApproval: 'allowed' }, { proposer })).size).toBe(0)
    expect(excludedVoters(stateOf()).size).toBe(0)
  })

  test('the rings that the policy names ask for more proof, and a rule has none', () => {
    const stepUpRings = ['broad', 'other']
    expect(riskyRings(stateOf({ stepUpRings }))).toEqual(['broad'])
    expect(riskyRings(stateOf())).toEqual([])
    expect(riskyRings({ policy: { ...policy, stepUpRings }, subject: { kind: 'standing rule' } })).toEqual([])
  })

  test('where they do, only what came by an account of their own counts; an abstention never does', () => {
    const votes = (through?: { readonly kind: 'sign-in link'; readonly madeBy: readonly string[] }) => {
      const one = proposalCase()
      one.vote('noor', 'approve')
      one.vote('tom', 'abstain')
      return one.state().votes.map((vote) => (through && vote.person === 'noor' ? { ...vote, through } : vote))
    }
    const link = { kind: 'sign-in link', madeBy: ['jonas'] } as const
    const filled = (state: ProposalState) => quorumProgress(state, members)?.fills.map((fill) => fill.person)
    expect(filled(stateOf({}, { votes: votes(link) }))).toEqual(['noor'])
    expect(filled(stateOf({ stepUpRings: ['broad'] }, { votes: votes(link) }))).toEqual([])
    expect(filled(stateOf({ stepUpRings: ['broad'] }, { votes: votes() }))).toEqual(['noor'])
    expect(filled(stateOf({}, { votes: votes(), proposer: person('noor') }))).toEqual([])
  })

  test('break-glass and the way back are decided at once, all else is not', () => {
    expect(bypassesWindow({ how: 'break-glass', person: 'tom', reason: 'now' })).toBe(true)
    expect(bypassesWindow({ how: 'roll back', person: 'tom', proposal: 'PW-0', reason: 'bad' })).toBe(true)
    expect(bypassesWindow({ how: 'quorum', fills: [] })).toBe(false)
    expect(bypassesWindow({ how: 'lazy consensus', noticeEndedAt: '2026-11-21T00:00:00.000Z' })).toBe(false)
  })
})

describe('a standing approval covers what it says, and nothing else', () => {
  const now = '2026-11-21T00:00:00.000Z'

  test.each<[string, ProposalState, StandingGrant | null, string, string | null]>([
    ['all carry one of its tags', tagged(['lab', 'web']), grant, now, null],
    ['the policy has none', stateOf(), grant, now, 'the policy has no standing approval'],
    ['nobody voted it', tagged(['dev']), null, now, 'the rule "dev" has not been voted'],
    ['it is in force until its end', tagged(['dev']), grant, '2026-11-30T23:59:59.000Z', null],
    ['it is over at its end', tagged(['dev']), grant, grant.expiresAt, 'the rule "dev" expired on 2026-12-01'],
    ['assets carry none', tagged(['web']), grant, now, '4 of its servers do not carry dev or lab'],
    [
      'a patch is of another kind',
      tagged(['dev']),
      { ...grant, types: ['bugfix', 'feature'] },
      now,
      'openssl is a security patch, and the rule covers bugfix, feature',
    ],
  ])('%s', (_, state, given, at, problem) => {
    expect(standingProblem(state, given, at)).toBe(problem)
  })

  test('a vote on a rule is covered by none', () => {
    const subject: ProposalState['subject'] = {
      kind: 'standing rule',
      rule: { name: 'dev', team: 'web', tags: ['dev'], types: ['security'], expiresAt: grant.expiresAt },
      window: { name: 'always', rules: [] },
    }
    expect(standingProblem({ ...tagged(['dev']), subject }, grant, now)).toBe('the policy has no standing approval')
  })

  test('one asset without its tags is enough', () => {
    const state = tagged(['dev'])
    if (state.subject.kind !== 'patches') throw new Error('not patches')
    const [first, ...others] = state.subject.assets
    const assets = first === undefined ? [] : [{ ...first, asset: { ...first.asset, tags: [] } }, ...others]
    expect(standingProblem({ ...state, subject: { ...state.subject, assets } }, grant, now)).toBe(
      '1 of its servers do not carry dev or lab',
    )
  })
})

describe('where the policy requires a test', () => {
  const required: Partial<Policy> = { testRing: 'required' }
  const tested = (test: Partial<TestRun> | null, rule = required): ProposalState => ({
    ...proposalCase({ content: testedContent(4, 2), policy: rule }).state(),
    test: test && { ...emptyRun, stopped: null, result: null, ...test },
  })
  const at = '2026-11-21T00:00:00.000Z'
  const by = { person: 'jonas', name: 'Jonas' }

  test.each<[string, ProposalState, string | null]>([
    ['it passed', tested({ result: { passed: true, reason: null, at } }), null],
    ['it did not pass', tested({ result: { passed: false, reason: 'bad', at } }), 'the test ring test did not pass'],
    ['it has not run', tested(null), 'the test ring test has not run'],
    ['it runs', tested({}), 'the test ring test is still running'],
    ['it is paused', tested({ stopped: { how: 'paused', by, reason: 'look', at } }), 'the test ring test is paused'],
    ['it is halted', tested({ stopped: { how: 'halted', by, reason: 'bad', at } }), 'the test ring test is halted'],
    ['no asset is in one', stateOf(required), 'its policy asks for a test ring, and no server is in one'],
    ['it is not required', tested(null, { testRing: 'run' }), null],
  ])('%s', (_, state, problem) => {
    expect(testProblem(state)).toBe(problem)
  })

  test('a rule needs none', () => {
    const subject: ProposalState['subject'] = {
      kind: 'standing rule',
      rule: { name: 'dev', team: 'web', tags: ['dev'], types: ['security'], expiresAt: grant.expiresAt },
      window: { name: 'always', rules: [] },
    }
    expect(testProblem({ ...stateOf(required), subject })).toBeNull()
  })

  test('without rings there is no test to wait for, and no approval', () => {
    const state = stateOf(required)
    const subject = state.subject.kind === 'patches' ? { ...state.subject, rings: [] } : state.subject
    expect(testProblem({ ...state, subject })).toBe('its policy asks for a test ring, and no server is in one')
  })

  test('votes alone do not approve it', () => {
    const one = proposalCase({ content: testedContent(4, 2), policy: required })
    one.vote('noor', 'approve')
    expect(one.vote('tom', 'approve')).toEqual(['vote-cast'])
    expect(approvalNow(one.state(), { members, standing: null, now: one.now() })).toEqual({
      missing: 'the test ring test has not run',
    })
  })
})

describe('how it is approved now', () => {
  const now = '2026-11-21T00:00:00.000Z'
  const noticeEndsAt = now
  const ask = (state: ProposalState, more: Partial<Parameters<typeof approvalNow>[1]> = {}) =>
    approvalNow(state, { members, standing: null, now, ...more })

  test('by break-glass whatever else is missing', () => {
    const by = { how: 'break-glass', person: 'tom', reason: 'now' } as const
    expect(ask(stateOf({ testRing: 'required' }, { approvedBy: by }))).toEqual({ by })
  })

  test('by the quorum of now, and not by an approval of before', () => {
    const one = proposalCase({ content: content(4) })
    one.vote('noor', 'approve')
    expect(ask(one.state())).toEqual({ missing: 'approval is incomplete: security 0 of 1' })
    one.vote('tom', 'approve')
    const fills = [
      { role: 'owner', person: 'noor' },
      { role: 'security', person: 'tom' },
    ]
    expect(ask(one.state())).toEqual({ by: { how: 'quorum', fills } })
    expect(ask(one.state(), { members: [] })).toEqual({
      missing: 'approval is incomplete: owner 0 of 1, security 0 of 1',
    })
  })

  test('never where the policy names nobody', () => {
    expect(ask(stateOf({}, { policy: { ...policy, approval: { kind: 'quorum', needs: [] } } }))).toEqual({
      missing: 'the policy names no approvers',
    })
  })

  test('by silence once the notice is over, if somebody could have objected', () => {
    const state = stateOf({ approval: lazy }, { noticeEndsAt })
    expect(ask(state)).toEqual({ by: { how: 'lazy consensus', noticeEndedAt: noticeEndsAt } })
    expect(ask(state, { now: '2026-11-20T23:59:59.000Z' })).toEqual({ missing: 'the notice period has not passed' })
    expect(ask(stateOf({ approval: lazy }, { noticeEndsAt: null }))).toEqual({
      missing: 'the notice period has not passed',
    })
    expect(ask(state, { members: members.filter(({ roles }) => !roles.includes('owner')) })).toEqual({
      missing: 'nobody holds a role that could object, so silence means nothing',
    })
  })

  test('by a rule that was voted and covers it, once the notice is over', () => {
    const state = tagged(['dev'], { noticeEndsAt })
    expect(ask(state, { standing: grant })).toEqual({
      by: { how: 'standing approval', rule: 'dev', proposal: 'PW-0', expiresAt: grant.expiresAt },
    })
    expect(ask(state)).toEqual({ missing: 'the rule "dev" has not been voted' })
    expect(ask(tagged(['web'], { noticeEndsAt }), { standing: grant })).toEqual({
      missing: '4 of its servers do not carry dev or lab',
    })
    expect(ask(tagged(['dev'], { noticeEndsAt, standingRefused: 'no' }), { standing: grant })).toEqual({
      missing: 'approval is incomplete: security 0 of 1',
    })
  })
})
