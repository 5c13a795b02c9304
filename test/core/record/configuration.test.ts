import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plain } from '../../../src/chat/rich-text.ts'
import { rightsTold } from '../../../src/chat/rights-told.ts'
import { type RecordedConfiguration, teamChanges } from '../../../src/core/record/configuration.ts'

const before: RecordedConfiguration = {
  roles: { security: ['p_tom'], 'on-call': ['group:rota'] },
  teams: {
    payments: { channel: 'payments', policy: 'standard', roles: { owner: ['p_tom', 'p_priya'] } },
    web: { channel: 'web', policy: 'relaxed', roles: { owner: ['p_mara'] } },
  },
  groups: {
    rota: { kind: 'rota', people: ['p_jonas', 'p_mara'] },
    unused: { kind: 'calendar', fallback: ['p_jonas'] },
  },
  policies: {
    standard: { kind: 'quorum', approvals: { owner: 2, security: 1 }, stop: ['owner'], selfApproval: 'forbidden' },
    relaxed: { kind: 'lazy consensus', notice: 86_400, objectors: ['owner'] },
  },
}

const names = new Map([
  ['p_tom', 'Tom Berg'],
  ['p_noor', 'Noor Haddad'],
  ['p_priya', 'Priya Nair'],
  ['p_mara', 'Mara Keller'],
])

/** What is said, by team. */
function told(after: RecordedConfiguration): Readonly<Record<string, string>> {
  const nameOf = (pseudonym: string) => names.get(pseudonym) ?? pseudonym
  return Object.fromEntries(
    teamChanges(before, after).map((change) => [
      change.team,
      plain(rightsTold(change, { nameOf, channel: change.team }).text),
    ]),
  )
}

const payments = (change: object): RecordedConfiguration => ({
  ...before,
  teams: { ...before.teams, payments: { ...before.teams?.payments, ...change } },
})
const policies = (change: object): RecordedConfiguration => ({ ...before, policies: { ...before.policies, ...change } })
const standard = before.policies?.standard

describe('what a team is told', () => {
  test.each<[string, RecordedConfiguration, Readonly<Record<string, string>>]>([
    ['nothing where nothing changed', before, {}],
    [
      'who is away, and who stands in',
      {
        ...before,
        away: [
          { person: 'p_mara', deputy: 'p_noor', from: '2026-11-30', until: '2026-12-04' },
          { person: 'p_jonas', deputy: null, from: '2026-11-30', until: '2026-12-01' },
        ],
      },
      {
        // Mara takes turns in a group that holds a role there.
        payments:
          'Who may decide for payments has changed: Noor Haddad stands in for Mara Keller from 2026-11-30 until 2026-12-04, p_jonas is away from 2026-11-30 until 2026-12-01.',
        web: 'Who may decide for web has changed: Noor Haddad stands in for Mara Keller from 2026-11-30 until 2026-12-04, p_jonas is away from 2026-11-30 until 2026-12-01.',
      },
    ],
    [
      'roles and the policy',
      {
        ...payments({ roles: { owner: ['p_priya'], 'on-call': ['p_noor'] } }),
        policies: { ...before.policies, standard: { ...standard, approvals: { owner: 1, security: 1 } } },
      },
      {
        payments:
          'Who may decide for payments has changed: Noor Haddad is on-call now, Tom Berg is not owner any more. The policy "standard" asks for 1 owner instead of 2.',
      },
    ],
    [
      'a role of the whole organisation, to every team',
      { ...before, roles: { ...before.roles, security: ['p_tom', 'p_noor'] } },
      {
        payments: 'Who may decide for payments has changed: Noor Haddad is security now.',
        web: 'Who may decide for web has changed: Noor Haddad is security now.',
      },
    ],
    [
      'people of a rota',
      { ...before, groups: { ...before.groups, rota: { kind: 'rota', people: ['p_jonas', 'p_noor'] } } },
      {
        payments:
          'Who may decide for payments has changed: Noor Haddad is in the group rota now, Mara Keller is in the group rota no more.',
        web: 'Who may decide for web has changed: Noor Haddad is in the group rota now, Mara Keller is in the group rota no more.',
      },
    ],
    [
      'another order of a rota',
      { ...before, groups: { ...before.groups, rota: { kind: 'rota', people: ['p_mara', 'p_jonas'] } } },
      {
        payments:
          'Who may decide for payments has changed: the group rota takes turns, or is read, in another way now.',
        web: 'Who may decide for web has changed: the group rota takes turns, or is read, in another way now.',
      },
    ],
    ['nothing of a group that no role names', { ...before, groups: { rota: before.groups?.rota ?? { kind: '' } } }, {}],
    [
      'a group in a role',
      payments({ roles: { owner: ['p_tom', 'p_priya', 'group:unused'] } }),
      { payments: 'Who may decide for payments has changed: everybody in the group unused is owner now.' },
    ],
    [
      'another policy',
      payments({ policy: 'relaxed' }),
      { payments: 'Who may decide for payments has changed. Its policy is "relaxed" instead of "standard".' },
    ],
    [
      'no policy',
      payments({ policy: null }),
      {
        payments: 'Who may decide for payments has changed. It has no policy any more: nothing is proposed for it.',
      },
    ],
    [
      'a policy of another kind',
      policies({ standard: before.policies?.relaxed }),
      {
        payments: 'Who may decide for payments has changed. The policy "standard" is lazy consensus instead of quorum.',
      },
    ],
    [
      'a role more, and other settings',
      policies({ standard: { ...standard, approvals: { owner: 2, 'on-call': 1 }, stop: ['owner', 'on-call'] } }),
      {
        payments:
          'Who may decide for payments has changed. The policy "standard" asks for no security any more, 1 on-call, too. In it changed: stop.',
      },
    ],
    [
      'only other settings',
      policies({ relaxed: { ...before.policies?.relaxed, notice: 60 } }),
      { web: 'Who may decide for web has changed. In the policy "relaxed" changed: notice.' },
    ],
  ])('%s', (_, after, expected) => {
    expect(told(after)).toEqual(expected)
  })

  test('of many, the first ones and how many more', () => {
    const owner = Array.from({ length: 5_000 }, (_, index) => `p_${index}`)
    const { payments: said } = told(payments({ roles: { owner } }))
    expect(said).toMatch(/: p_0 is owner now, p_1 is owner now, .*, p_11 is owner now, and 4990 more\.$/)
  })
})

const people = fc.subarray(['p_1', 'p_2', 'p_3', 'group:g'])
const configuration = fc.record({
  roles: fc.record({ security: people }),
  teams: fc.record({ a: fc.record({ roles: fc.record({ owner: people }), policy: fc.constantFrom('p', 'q', null) }) }),
  groups: fc.record({ g: fc.record({ kind: fc.constant('rota'), people: fc.subarray(['p_1', 'p_2', 'p_3']) }) }),
  policies: fc.record({
    p: fc.record({ kind: fc.constant('quorum'), approvals: fc.record({ owner: fc.integer({ min: 1, max: 3 }) }) }),
    q: fc.record({ kind: fc.constant('quorum'), approvals: fc.record({ owner: fc.integer({ min: 1, max: 3 }) }) }),
  }),
})

/** Who holds which role for the team, and what its policy asks for. */
function decides({ roles, teams, groups, policies: all }: RecordedConfiguration): string {
  const team = teams?.a
  const held = [...Object.entries(roles ?? {}), ...Object.entries(team?.roles ?? {})].flatMap(([role, holders]) =>
    holders.flatMap((holder) =>
      (holder === 'group:g' ? (groups?.g?.people ?? []) : [holder]).map((one) => `${role} ${one}`),
    ),
  )
  return JSON.stringify([[...new Set(held)].sort(), team?.policy && [team.policy, all?.[team.policy]]])
}

test('whoever decides in another way than before is told, and what changes nothing tells nobody', () => {
  fc.assert(
    fc.property(configuration, configuration, (one, other) => {
      if (decides(one) !== decides(other)) expect(teamChanges(one, other)).toHaveLength(1)
      expect(teamChanges(one, one)).toEqual([])
    }),
  )
})
