import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
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
        const { fills, satisfied } = countQuorum(wanted, voted, members)
        expect(fills).toHaveLength(most(places, people))
        expect(satisfied).toBe(fills.length === places.length)
      }),
      { numRuns: 500 },
    )
  })

  test('gives each person one place at most, and only in a role they hold', () => {
    fc.assert(
      fc.property(team, needs, approvers, (members, wanted, voted) => {
        const { fills } = countQuorum(wanted, voted, members)
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
        const before = countQuorum(wanted, voted, members).fills.length
        expect(countQuorum(wanted, [...voted, ...more], members).fills.length).toBeGreaterThanOrEqual(before)
      }),
      { numRuns: 300 },
    )
  })

  test('a policy that its people could satisfy is one that all of them together do', () => {
    fc.assert(
      fc.property(team, needs, (members, wanted) => {
        const everybody = members.map((member) => member.id)
        expect(satisfiable(wanted, members)).toBe(countQuorum(wanted, everybody, members).satisfied)
      }),
    )
  })

  test('asking nobody is never satisfied', () => {
    expect(countQuorum([], ['a'], [{ id: 'a', name: 'A', roles: ['owner'] }]).satisfied).toBe(false)
  })
})
