import fc from 'fast-check'
import { expect, test } from 'vitest'
import { proposalCard } from '../../../src/chat/proposal-card.ts'
import { plain } from '../../../src/chat/rich-text.ts'
import { COMMAND_LINE, isOneOf, isOwn, type Through } from '../../../src/core/hands.ts'
import { asksOf, isAsked } from '../../../src/core/permission/asks.ts'
import type { Member, RoleCount } from '../../../src/core/policy.ts'
import { excludedVoters, quorumProgress } from '../../../src/core/proposal/approval.ts'
import { glanceOf } from '../../../src/core/proposal/glance.ts'
import { turnsTo } from '../../../src/core/proposal/ladder.ts'
import type { Actor, ProposalState, Vote } from '../../../src/core/proposal/proposal.ts'
import { countQuorum, missingIn } from '../../../src/core/quorum.ts'
import { placeOf } from '../../support/place.ts'
import { proposalCase } from '../../support/proposal-case.ts'

const ids = ['ada', 'ben', 'cleo', 'dan', 'eve'] as const
const roles = ['owner', 'security', 'lead'] as const
const id = fc.constantFrom(...ids)

const team: fc.Arbitrary<readonly Member[]> = fc.uniqueArray(
  fc.record({ id, roles: fc.subarray([...roles]) }).map((one) => ({ ...one, name: one.id.toUpperCase() })),
  { selector: (one) => one.id, minLength: 1 },
)
const needs: fc.Arbitrary<readonly RoleCount[]> = fc.uniqueArray(
  fc.record({ role: fc.constantFrom(...roles), count: fc.integer({ min: 1, max: 2 }) }),
  { selector: ({ role }) => role, minLength: 1 },
)
const through = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  fc.constant<Through>({ kind: 'command line', user: 'deploy', host: 'build01' }),
  fc.subarray([...ids, COMMAND_LINE], { minLength: 1 }).map((madeBy): Through => ({ kind: 'sign-in link', madeBy })),
)
const votes: fc.Arbitrary<readonly Vote[]> = fc.uniqueArray(
  fc
    .record({ person: id, choice: fc.constantFrom('approve', 'approve', 'approve', 'abstain'), through })
    .map(({ person, choice, through: came }) => ({
      person,
      name: person.toUpperCase(),
      choice,
      reason: null,
      revision: 1,
      at: '2026-11-20T01:00:00.000Z',
      via: 'console' as const,
      ...(came === undefined ? {} : { through: came, seq: 2 }),
    })),
  { selector: ({ person }) => person, maxLength: 4 },
)
const proposer: fc.Arbitrary<Actor> = fc.oneof(
  fc.constant<Actor>({ kind: 'system', part: 'assessment' }),
  fc.record({ id, through }).map(
    ({ id: who, through: came }): Actor => ({
      kind: 'person',
      id: who,
      name: who.toUpperCase(),
      via: 'console',
      ...(came === undefined ? {} : { through: came }),
    }),
  ),
)
const selfApproval = fc.constantFrom('allowed' as const, 'forbidden' as const)
const stepUpRings = fc.constantFrom<readonly string[]>([], ['canary'])

const setting = fc.record({ team, needs, votes, proposer, selfApproval, stepUpRings })

/** How many places these approvals fill. */
function filled(state: ProposalState, members: readonly Member[], given: readonly Vote[]): number {
  const { approval } = state.policy
  if (approval.kind !== 'quorum') throw new Error('no quorum')
  const counted = given.filter(
    (vote) => vote.choice === 'approve' && (state.policy.stepUpRings.length === 0 || isOwn(vote)),
  )
  return countQuorum(approval.needs, counted, members, excludedVoters(state)).fills.length
}

test('somebody is waited for exactly where their approval would fill one more place, and each surface names the same people', () => {
  let waited = 0
  let notWaited = 0
  fc.assert(
    fc.property(
      setting,
      ({ team: members, needs: asked, votes: cast, proposer: by, selfApproval: self, stepUpRings: rings }) => {
        const one = proposalCase({
          members,
          proposer: { kind: 'system', part: 'assessment' },
          policy: { approval: { kind: 'quorum', needs: asked }, selfApproval: self, stepUpRings: rings },
        })
        const state: ProposalState = { ...one.state(), proposer: by, votes: cast }
        const excluded = excludedVoters(state)
        const expected = members.filter((member) => {
          const before = cast.find(({ person }) => person === member.id)
          // Who abstained has answered.
          if (before?.choice === 'abstain' || isOneOf({ person: member.id }, excluded)) return false
          const mine = {
            person: member.id,
            name: member.name,
            choice: 'approve',
            reason: null,
            revision: 1,
            at: state.openedAt,
            via: 'console',
          } as const
          return (
            filled(state, members, [...cast.filter((vote) => vote !== before), mine]) > filled(state, members, cast)
          )
        })
        const names = expected.map(({ id: who }) => who)
        const asking = asksOf(glanceOf(state)).filter(({ what }) => what === 'vote')
        const found = members.filter((member) => asking.some((ask) => isAsked(ask, member, members)))
        expect(found.map(({ id: who }) => who)).toEqual(names)
        expect(turnsTo(state, 'reminder', { members }).toSorted()).toEqual(names.toSorted())
        const progress = quorumProgress(state, members)
        expect([...(progress === null ? [] : missingIn(progress))].sort()).toEqual([...names].sort())
        const said = plain(proposalCard(placeOf(state, members), null).say)
        for (const { name } of expected.slice(0, 3)) expect(said).toContain(name)
        waited += names.length
        notWaited += members.length - names.length
      },
    ),
    { numRuns: 400, seed: 20261129 },
  )
  expect(waited).toBeGreaterThan(100)
  expect(notWaited).toBeGreaterThan(100)
})
