import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Absence, membersAt, presentOf, rolesWithout, withDeputies } from '../../src/core/deputies.ts'
import type { Member, RoleCount } from '../../src/core/policy.ts'
import { countQuorum, decidableFrom, missingIn, wouldFill } from '../../src/core/quorum.ts'

const now = '2026-11-30T12:00:00.000Z'
const friday = '2026-12-04T23:00:00.000Z'

function away(person: string, deputy: string | null, until = friday): Absence {
  return { person, deputy, from: '2026-11-30T00:00:00.000Z', until }
}

const eva = { id: 'eva', name: 'Eva', roles: ['owner'] }
const sam = { id: 'sam', name: 'Sam', roles: ['security'] }
const tom = { id: 'tom', name: 'Tom', roles: ['security'] }
const team: readonly Member[] = [eva, sam, tom]
const both: readonly RoleCount[] = [
  { role: 'owner', count: 1 },
  { role: 'security', count: 1 },
]
const nobody: ReadonlySet<string> = new Set()

function by(...people: readonly string[]) {
  return people.map((person) => ({ person }))
}

describe('the members', () => {
  test('include who is away, and who has the roles of somebody who is', () => {
    expect(withDeputies(team, [away('eva', 'sam')], now)).toEqual([
      { ...eva, awayUntil: friday },
      { ...sam, roles: ['security', 'owner'], own: ['security'], for: [eva] },
      tom,
    ])
  })

  test('are as usual before and after the absence', () => {
    const absences = [away('eva', 'sam')]
    expect(withDeputies(team, absences, '2026-11-29T23:59:59.999Z')).toBe(team)
    expect(withDeputies(team, absences, friday)).toBe(team)
  })

  test('do not appoint themselves, nor does somebody of another team take a place', () => {
    expect(withDeputies(team, [away('eva', 'eva')], now)).toEqual([{ ...eva, awayUntil: friday }, sam, tom])
    expect(withDeputies(team, [away('eva', 'priya')], now)).toEqual([{ ...eva, awayUntil: friday }, sam, tom])
  })

  test('make no chains: whoever stands in for a deputy has the own roles of the deputy only', () => {
    const found = withDeputies(team, [away('eva', 'sam'), away('sam', 'tom')], now)
    expect(found.find(({ id }) => id === 'tom')?.roles).toEqual(['security'])
    expect(found.find(({ id }) => id === 'sam')).toMatchObject({ awayUntil: friday, for: [eva] })
  })

  test('have one deputy each: the absence that stands last counts', () => {
    const found = withDeputies(team, [away('eva', 'sam'), away('eva', 'tom')], now)
    expect(found.map((member) => member.for?.map(({ id }) => id))).toEqual([undefined, undefined, ['eva']])
  })
})

describe('counting', () => {
  const members = withDeputies(team, [away('eva', 'sam')], now)

  test('lets a deputy fill the place of the absent person, and says whose place it is', () => {
    expect(countQuorum(both, by('sam', 'tom'), members)).toMatchObject({
      satisfied: true,
      fills: [
        { role: 'owner', person: 'sam', for: 'eva' },
        { role: 'security', person: 'tom' },
      ],
    })
  })

  test('counts the deputy once, in one place', () => {
    expect(countQuorum(both, by('sam'), members)).toMatchObject({ satisfied: false, fills: [{ person: 'sam' }] })
  })

  test('counts what the absent person does first, and then the deputy only for themselves', () => {
    expect(countQuorum([{ role: 'owner', count: 2 }], by('eva', 'sam'), members).fills).toEqual([
      { role: 'owner', person: 'eva' },
    ])
    expect(countQuorum(both, by('eva', 'sam'), members)).toMatchObject({
      satisfied: true,
      fills: [
        { role: 'owner', person: 'eva' },
        { role: 'security', person: 'sam' },
      ],
    })
  })

  test('leaves the deputy out where the absent person is left out', () => {
    expect(countQuorum(both, by('sam', 'tom'), members, new Set(['eva'])).satisfied).toBe(false)
    expect(countQuorum(both, by('sam', 'tom'), members, nobody, new Set(['eva'])).satisfied).toBe(false)
  })

  test('waits for the deputy, and not for who is away', () => {
    expect(missingIn(countQuorum(both, by('tom'), members))).toEqual(['sam'])
    expect(wouldFill({ needs: both, approvals: by('tom') }, sam, members)).toBe(false)
    expect(wouldFill({ needs: both, approvals: by('tom') }, { ...sam, roles: ['security', 'owner'] }, members)).toBe(
      true,
    )
  })
})

describe('when it can be decided', () => {
  const saturday = '2026-12-05T00:00:00.000Z'

  test('is once the first person is back with whom the policy can be satisfied', () => {
    const absences = [away('sam', null), away('tom', null, saturday), away('eva', null)]
    expect(decidableFrom(both, [], withDeputies(team, absences, now), nobody, nobody)).toBe(friday)
    const longer = [away('sam', null, saturday), away('tom', null, saturday)]
    expect(decidableFrom(both, [], withDeputies(team, longer, now), nobody, nobody)).toBe(saturday)
  })

  test('is now where a deputy is there, or who is away has voted', () => {
    expect(decidableFrom(both, [], withDeputies(team, [away('eva', 'sam')], now), nobody, nobody)).toBeNull()
    const alone = withDeputies(team, [away('eva', null)], now)
    expect(decidableFrom(both, [], alone, nobody, nobody)).toBe(friday)
    expect(decidableFrom(both, by('eva'), alone, nobody, nobody)).toBeNull()
  })

  test('is not known where everybody together would not be enough', () => {
    const alone = withDeputies([sam, tom], [away('sam', null)], now)
    expect(decidableFrom(both, [], alone, nobody, nobody)).toBeNull()
  })
})

test('who is there is named before who is away', () => {
  const members = withDeputies(team, [away('eva', null)], now)
  expect(presentOf(members).map(({ id }) => id)).toEqual(['sam', 'tom'])
  expect(presentOf(members.slice(0, 1)).map(({ id }) => id)).toEqual(['eva'])
})

// ---------------------------------------------------------------- whatever the people, absences and approvals

const ids: readonly string[] = ['a', 'b', 'c', 'd', 'e']
const anyId = fc.constantFrom(...ids)
const anyRoles = fc.subarray(['owner', 'security', 'lead'])
const anyMembers = fc
  .tuple(anyRoles, anyRoles, anyRoles, anyRoles, anyRoles)
  .map((all) => all.map((roles, index): Member => ({ id: ids[index] ?? '', name: ids[index] ?? '', roles })))
const anyAbsences = fc.array(
  fc.record({ person: anyId, deputy: fc.option(anyId) }).map(({ person, deputy }) => away(person, deputy)),
  { maxLength: 4 },
)
const anyNeeds = fc.array(
  fc.record({ role: fc.constantFrom('owner', 'security', 'lead'), count: fc.constantFrom(1, 2) }),
  {
    minLength: 1,
    maxLength: 3,
  },
)
const anyCase = fc.record({
  members: anyMembers,
  absences: anyAbsences,
  needs: anyNeeds,
  approvals: fc.subarray([...ids]),
  excluded: fc.subarray([...ids]),
})
type Case = typeof anyCase extends fc.Arbitrary<infer Value> ? Value : never

/** The places that can be taken, counted by trying every choice: each person sits once, in their own place or an absent one's. */
function mostPlaces({ members, absences, needs, approvals, excluded }: Case): number {
  const deputyOf = new Map(absences.map(({ person, deputy }) => [person, deputy]))
  const open = needs.flatMap(({ role, count }) => Array.from({ length: count }, () => role))

  function best(index: number, taken: ReadonlySet<string>, left: readonly string[]): number {
    const person = approvals[index]
    if (person === undefined) return 0
    let most = best(index + 1, taken, left)
    if (excluded.includes(person)) return most
    const places = members.filter(
      ({ id }) => id === person || (deputyOf.get(id) === person && !approvals.includes(id) && !excluded.includes(id)),
    )
    for (const place of places) {
      if (taken.has(place.id)) continue
      for (const role of place.roles) {
        const at = left.indexOf(role)
        if (at < 0) continue
        most = Math.max(most, 1 + best(index + 1, new Set([...taken, place.id]), left.toSpliced(at, 1)))
      }
    }
    return most
  }
  return best(0, nobody, open)
}

function counted({ members, absences, needs, approvals, excluded }: Case) {
  return countQuorum(needs, by(...approvals), withDeputies(members, absences, now), new Set(excluded))
}

test('counting with deputies is counting of places', () => {
  fc.assert(fc.property(anyCase, (given) => counted(given).fills.length === mostPlaces(given)))
})

test('a deputy never widens what counts: the absent people by themselves would satisfy it, too', () => {
  fc.assert(
    fc.property(anyCase, (given) => {
      if (!counted(given).satisfied) return
      const { members, absences, needs, approvals, excluded } = given
      const represented = withDeputies(members, absences, now)
        .filter(({ id }) => approvals.includes(id))
        .flatMap((member) => member.for ?? [])
      const people = [...new Set([...approvals, ...represented.map(({ id }) => id)])]
      expect(countQuorum(needs, by(...people), members, new Set(excluded)).satisfied).toBe(true)
    }),
  )
})

test('nobody fills two places, and no place of a person is filled twice', () => {
  fc.assert(
    fc.property(anyCase, (given) => {
      const { fills } = counted(given)
      expect(new Set(fills.map(({ person }) => person)).size).toBe(fills.length)
      expect(new Set(fills.map((fill) => fill.for ?? fill.person)).size).toBe(fills.length)
    }),
  )
})

test('who is named as missing would fill one more place', () => {
  fc.assert(
    fc.property(anyCase, (given) => {
      const before = counted(given)
      for (const person of missingIn(before)) {
        const then = counted({ ...given, approvals: [...given.approvals, person] })
        expect(then.fills.length).toBeGreaterThan(before.fills.length)
      }
    }),
  )
})

test('back again, everybody has their own roles and nobody more', () => {
  fc.assert(
    fc.property(anyMembers, anyAbsences, (members, absences) => {
      const later = membersAt(withDeputies(members, absences, now), friday)
      expect(later.map(({ id, roles }) => [id, [...roles].sort()])).toEqual(
        members.map(({ id, roles }) => [id, [...roles].sort()]),
      )
      for (const member of withDeputies(members, absences, now))
        expect(rolesWithout(member, () => true)).toEqual(members.find(({ id }) => id === member.id)?.roles)
    }),
  )
})
