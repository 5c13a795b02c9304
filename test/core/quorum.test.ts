import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMMAND_LINE, type CountedAct, handsOf } from '../../src/core/hands.ts'
import type { Member, RoleCount } from '../../src/core/policy.ts'
import { countQuorum, satisfiable } from '../../src/core/quorum.ts'

const roles = ['owner', 'security', 'on-call'] as const

const someone = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), roles: fc.subarray([...roles]) })
const team: fc.Arbitrary<readonly Member[]> = fc.uniqueArray(
  someone.map((member) => ({ ...member, name: member.id })),
  { selector: (member) => member.id },
)
const needs: fc.Arbitrary<readonly RoleCount[]> = fc.uniqueArray(
  fc.record({ role: fc.constantFrom(...roles), count: fc.integer({ min: 1, max: 3 }) }),
  { selector: (need) => need.role, minLength: 1 },
)
const approvers: fc.Arbitrary<string[]> = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'stranger'), {
  maxLength: 7,
})

/** Approvals by accounts of the people's own. */
const own = (people: readonly string[]): readonly CountedAct[] => people.map((person) => ({ person }))

/** The most places that can be filled, by trying every way. */
function most(places: readonly string[], people: readonly Member[]): number {
  const [place, ...rest] = places
  if (place === undefined) return 0
  let best = most(rest, people)
  for (const one of people) {
    if (!one.roles.includes(place)) continue
    best = Math.max(
      best,
      1 +
        most(
          rest,
          people.filter((other) => other !== one),
        ),
    )
  }
  return best
}

describe('counting a quorum', () => {
  test('fills as many places as any way of sharing them out could', () => {
    fc.assert(
      fc.property(team, needs, approvers, (members, wanted, voted) => {
        const places = wanted.flatMap((need) => Array.from({ length: need.count }, () => need.role))
        const people = members.filter((member) => voted.includes(member.id))
        const { fills, satisfied } = countQuorum(wanted, own(voted), members)
        expect(fills).toHaveLength(most(places, people))
        expect(satisfied).toBe(fills.length === places.length)
      }),
      { numRuns: 500 },
    )
  })

  test('gives each person one place at most, and only in a role they hold', () => {
    fc.assert(
      fc.property(team, needs, approvers, (members, wanted, voted) => {
        const { fills } = countQuorum(wanted, own(voted), members)
        expect(new Set(fills.map((fill) => fill.person)).size).toBe(fills.length)
        for (const { person, role } of fills) {
          expect(voted).toContain(person)
          expect(members.find((member) => member.id === person)?.roles).toContain(role)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('is never hurt by one more approval', () => {
    fc.assert(
      fc.property(team, needs, approvers, approvers, (members, wanted, voted, more) => {
        const before = countQuorum(wanted, own(voted), members).fills.length
        expect(countQuorum(wanted, own([...voted, ...more]), members).fills.length).toBeGreaterThanOrEqual(before)
      }),
      { numRuns: 300 },
    )
  })

  test('a policy that its people could satisfy is one that all of them together do', () => {
    fc.assert(
      fc.property(team, needs, (members, wanted) => {
        const everybody = members.map((member) => member.id)
        expect(satisfiable(wanted, members)).toBe(countQuorum(wanted, own(everybody), members).satisfied)
      }),
    )
  })

  test('asking nobody is never satisfied', () => {
    expect(countQuorum([], own(['a']), [{ id: 'a', name: 'A', roles: ['owner'] }]).satisfied).toBe(false)
  })
})

const through: fc.Arbitrary<CountedAct['through']> = fc.oneof(
  fc.constant(undefined),
  fc.constant({ kind: 'command line', user: 'root', host: 'build01' } as const),
  fc.record({
    kind: fc.constant('sign-in link' as const),
    madeBy: fc.subarray(['a', 'b', 'c', COMMAND_LINE], { minLength: 1 }),
  }),
)
const acts: fc.Arbitrary<readonly CountedAct[]> = fc.uniqueArray(
  fc
    .record({
      person: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      through,
      confirmedAt: fc.option(fc.constant('2026-11-02T10:00:00.000Z'), { nil: undefined }),
    })
    .map(({ person, through: came, confirmedAt }) => ({
      person,
      ...(came === undefined ? {} : { through: came }),
      ...(came === undefined || confirmedAt === undefined ? {} : { confirmedAt }),
    })),
  { selector: ({ person }) => person },
)

/** Every way of leaving approvals out, so that no two of the rest share a hand. */
function withoutSharedHands(given: readonly CountedAct[]): readonly (readonly CountedAct[])[] {
  const [first, ...rest] = given
  if (first === undefined) return [[]]
  const others = withoutSharedHands(rest)
  const free = others.filter((chosen) => {
    const taken = new Set(chosen.flatMap(handsOf))
    return handsOf(first).every((hand) => !taken.has(hand))
  })
  return [...others, ...free.map((chosen) => [first, ...chosen])]
}

describe('hands', () => {
  test('no hand fills two places, and as many are filled as any choice of hands allows', () => {
    fc.assert(
      fc.property(team, needs, acts, (members, wanted, given) => {
        const places = wanted.flatMap((need) => Array.from({ length: need.count }, () => need.role))
        const { fills } = countQuorum(wanted, given, members)
        const hands = fills.flatMap(({ person }) =>
          handsOf(given.find((act) => act.person === person) ?? { person: '' }),
        )
        expect(new Set(hands).size).toBe(hands.length)
        const ways = withoutSharedHands(given).map((chosen) =>
          most(
            places,
            members.filter(({ id }) => chosen.some(({ person }) => person === id)),
          ),
        )
        expect(fills.length).toBe(Math.max(...ways))
      }),
    )
  })

  test('whatever leaves out a person or a hand leaves out all that came by it', () => {
    fc.assert(
      fc.property(team, needs, acts, fc.constantFrom('a', COMMAND_LINE), (members, wanted, given, left) => {
        const { fills } = countQuorum(wanted, given, members, new Set([left]))
        for (const { person } of fills) {
          expect(person).not.toBe(left)
          expect(handsOf(given.find((act) => act.person === person) ?? { person: '' })).not.toContain(left)
        }
      }),
    )
  })
})

/** As people read it: who fills what, and whom each role still waits for. */
describe('what is told of a quorum', () => {
  const mara = { id: 'mara', name: 'Mara', roles: ['owner', 'security'] }
  const noor = { id: 'noor', name: 'Noor', roles: ['owner'] }
  const tom = { id: 'tom', name: 'Tom', roles: ['security'] }
  const jonas = { id: 'jonas', name: 'Jonas', roles: ['on-call'] }
  const everybody = [mara, noor, tom, jonas]
  const oneEach = [
    { role: 'owner', count: 1 },
    { role: 'security', count: 1 },
  ]
  const marasLink = { kind: 'sign-in link', madeBy: ['mara'] } as const

  test('before anybody voted, each role waits for all who hold it', () => {
    expect(countQuorum(oneEach, [], everybody)).toEqual({
      satisfied: false,
      fills: [],
      roles: [
        { role: 'owner', need: 1, filledBy: [], waitingFor: ['mara', 'noor'] },
        { role: 'security', need: 1, filledBy: [], waitingFor: ['mara', 'tom'] },
      ],
    })
  })

  test('who fills one role is waited for in no other; who could let them fill the other is, and a filled one waits for nobody', () => {
    const { satisfied, roles } = countQuorum(oneEach, own(['mara']), everybody)
    expect(satisfied).toBe(false)
    // With Noor as owner, Mara counts as security.
    expect(roles).toEqual([
      { role: 'owner', need: 1, filledBy: ['mara'], waitingFor: [] },
      { role: 'security', need: 1, filledBy: [], waitingFor: ['noor', 'tom'] },
    ])
  })

  test('a second one for a place that is filled is not waited for', () => {
    const { roles } = countQuorum(oneEach, own(['noor']), everybody)
    expect(roles).toEqual([
      { role: 'owner', need: 1, filledBy: ['noor'], waitingFor: [] },
      { role: 'security', need: 1, filledBy: [], waitingFor: ['mara', 'tom'] },
    ])
    expect(countQuorum(oneEach, own(['noor', 'tom']), everybody).roles).toMatchObject([
      { waitingFor: [] },
      { waitingFor: [] },
    ])
  })

  test('who said that they do not vote is not waited for', () => {
    const { roles } = countQuorum(oneEach, [], everybody, new Set(), new Set(['tom']))
    expect(roles).toMatchObject([{ waitingFor: ['mara', 'noor'] }, { waitingFor: ['mara'] }])
  })

  test('who holds two roles makes room for one who holds the first alone', () => {
    expect(countQuorum(oneEach, own(['mara', 'noor']), everybody)).toMatchObject({
      satisfied: true,
      fills: [
        { role: 'owner', person: 'noor' },
        { role: 'security', person: 'mara' },
      ],
    })
  })

  test('a role that counts two waits for nobody once two fill it', () => {
    const { satisfied, roles } = countQuorum([{ role: 'owner', count: 2 }], own(['noor', 'mara']), everybody)
    expect(satisfied).toBe(true)
    expect(roles).toMatchObject([{ role: 'owner', need: 2, waitingFor: [] }])
    expect(roles[0]?.filledBy.toSorted()).toEqual(['mara', 'noor'])
  })

  test('who voted and fills nothing is not waited for', () => {
    const one = [{ role: 'owner', count: 1 }]
    expect(countQuorum(one, own(['noor', 'mara', 'jonas']), everybody).roles).toEqual([
      { role: 'owner', need: 1, filledBy: ['noor'], waitingFor: [] },
    ])
  })

  test('whose vote another hand may have cast is waited for, until it fills a place or is theirs', () => {
    const two = [{ role: 'owner', count: 2 }]
    const shared = { person: 'noor', through: marasLink }
    expect(countQuorum(two, [{ person: 'mara' }, shared], everybody)).toMatchObject({
      satisfied: false,
      roles: [{ filledBy: ['mara'], waitingFor: ['noor'] }],
    })
    // Mara's hand fills one already: nobody fills another before Noor has confirmed.
    expect(countQuorum(two, [shared], everybody).roles).toMatchObject([{ filledBy: ['noor'], waitingFor: [] }])
    const byNoor = { ...shared, confirmedAt: '2026-11-20T01:00:00.000Z' }
    expect(countQuorum(two, [byNoor], everybody).roles).toMatchObject([{ filledBy: ['noor'], waitingFor: ['mara'] }])
    const confirmed = { ...shared, confirmedAt: '2026-11-20T01:00:00.000Z' }
    expect(countQuorum(two, [{ person: 'mara' }, confirmed], everybody)).toMatchObject({
      satisfied: true,
      roles: [{ waitingFor: [] }],
    })
  })

  test('of a hand that acted twice, what it did in its own name counts, unless the other fills more', () => {
    const shared = { person: 'noor', through: marasLink }
    const owners = [{ role: 'owner', count: 2 }]
    expect(countQuorum(owners, [shared, { person: 'mara' }], everybody).fills).toEqual([
      { role: 'owner', person: 'mara' },
    ])
    const tomsLink = { person: 'jonas', through: { kind: 'sign-in link', madeBy: ['tom'] } } as const
    const onCall = [{ role: 'on-call', count: 1 }]
    expect(countQuorum(onCall, [{ person: 'tom' }, tomsLink], everybody).fills).toEqual([
      { role: 'on-call', person: 'jonas' },
    ])
  })

  test('a hand that came for two people fills one place, also where only one of the hands is the same', () => {
    const owners = [{ role: 'owner', count: 2 }]
    const byShell = { kind: 'command line', user: 'deploy', host: 'build01' } as const
    const afterShell = { kind: 'sign-in link', madeBy: ['tom', COMMAND_LINE] } as const
    const typed = { person: 'mara', through: byShell }
    for (const through of [byShell, afterShell])
      for (const given of [
        [typed, { person: 'noor', through }],
        [{ person: 'noor', through }, typed],
      ])
        expect(countQuorum(owners, given, everybody)).toMatchObject({ satisfied: false, fills: [{ role: 'owner' }] })
    const tomsLink = { kind: 'sign-in link', madeBy: ['tom'] } as const
    expect(countQuorum(owners, [typed, { person: 'noor', through: tomsLink }], everybody).satisfied).toBe(true)
  })

  test('of several votes of one person the last counts', () => {
    const before = { person: 'noor', through: marasLink }
    const owners = [{ role: 'owner', count: 2 }]
    expect(countQuorum(owners, [{ person: 'mara' }, before, { person: 'noor' }], everybody).satisfied).toBe(true)
    expect(countQuorum(owners, [{ person: 'mara' }, { person: 'noor' }, before], everybody).satisfied).toBe(false)
  })

  test('who is left out fills nothing and is not waited for, nor does what came by that hand', () => {
    const excluded = new Set(['mara'])
    expect(countQuorum(oneEach, own(['mara']), everybody, excluded)).toEqual({
      satisfied: false,
      fills: [],
      roles: [
        { role: 'owner', need: 1, filledBy: [], waitingFor: ['noor'] },
        { role: 'security', need: 1, filledBy: [], waitingFor: ['tom'] },
      ],
    })
    const shared = { person: 'noor', through: marasLink }
    expect(countQuorum(oneEach, [shared], everybody, excluded).fills).toEqual([])
  })

  test('a policy that only who is left out could satisfy is none that its people can', () => {
    const owners = [{ role: 'owner', count: 2 }]
    expect(satisfiable(owners, everybody)).toBe(true)
    expect(satisfiable(owners, everybody, new Set(['noor']))).toBe(false)
  })
})
