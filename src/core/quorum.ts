import { addsNothing, type CountedAct, handsOf, isOneOf, isOwn } from './hands.ts'
import type { Member, RoleCount } from './policy.ts'

export interface Fill {
  readonly role: string
  readonly person: string
}

export interface RoleProgress {
  readonly role: string
  readonly need: number
  /** People who fill the role, in the order they voted. */
  readonly filledBy: readonly string[]
  /** Members who hold the role and have not voted: they could still fill it. */
  readonly waitingFor: readonly string[]
}

export interface Quorum {
  readonly satisfied: boolean
  readonly fills: readonly Fill[]
  readonly roles: readonly RoleProgress[]
}

/**
 * Counts approvals per role. Each person and each hand fills at most one place, whatever roles they hold; who fills
 * which is chosen so that as many places as possible are filled. Approvals of people who are not members, or hold none
 * of the roles, fill nothing; neither do approvals whose person or hand is in `excluded`. With no needs at all it is
 * never satisfied.
 */
export function countQuorum(
  needs: readonly RoleCount[],
  approvals: readonly CountedAct[],
  members: readonly Member[],
  excluded: ReadonlySet<string> = new Set(),
): Quorum {
  const rolesOf = new Map(members.map((member) => [member.id, new Set(member.roles)]))
  const places = needs.flatMap((need) => Array.from({ length: need.count }, () => need.role))
  const latest = [...new Map(approvals.map((approval) => [approval.person, approval])).values()]
  const counted = latest.filter((approval) => rolesOf.has(approval.person) && !isOneOf(approval, excluded))
  const fills = fillPlaces(places, counted, rolesOf)
  const roles = needs.map((need) => ({
    role: need.role,
    need: need.count,
    filledBy: fills.filter((fill) => fill.role === need.role).map((fill) => fill.person),
    waitingFor: members
      .filter(
        ({ id, roles }) =>
          roles.includes(need.role) &&
          !excluded.has(id) &&
          !fills.some(({ person }) => person === id) &&
          !latest.some((approval) => approval.person === id && isOwn(approval)),
      )
      .map((member) => member.id),
  }))
  return { satisfied: places.length > 0 && fills.length === places.length, fills, roles }
}

/** Whether the people who agreed, with whoever agrees now, meet the needs. */
export type Agreeing =
  | { readonly enough: true }
  /** `already`: whoever agrees now had done so before. `missing`: roles that still have open places. */
  | { readonly enough: false; readonly already: boolean; readonly missing: readonly string[] }

export function withOneMore(
  needs: readonly RoleCount[],
  before: readonly CountedAct[],
  me: CountedAct,
  members: readonly Member[],
): Agreeing {
  const mine = before.find(({ person }) => person === me.person)
  const { satisfied, roles } = countQuorum(needs, [...before.filter((one) => one !== mine), me], members)
  if (satisfied) return { enough: true }
  const missing = roles.filter(({ filledBy, need }) => filledBy.length < need).map(({ role }) => role)
  return { enough: false, already: mine !== undefined && addsNothing(me, mine), missing }
}

type RolesOf = ReadonlyMap<string, ReadonlySet<string>>

/** How many places can be filled by approvals, no two of which share a hand. */
function fillPlaces(places: readonly string[], counted: readonly CountedAct[], rolesOf: RolesOf): readonly Fill[] {
  const own = counted.filter(isOwn)
  const shared = counted.filter((approval) => !isOwn(approval))

  /** The most places that any of `shared` from `index` on can fill together with `chosen`, whose hands are `taken`. */
  function best(index: number, chosen: readonly CountedAct[], taken: ReadonlySet<string>): readonly Fill[] {
    const approval = shared[index]
    if (approval === undefined) {
      const free = own.filter(({ person }) => !taken.has(person))
      const order = [...free, ...chosen]
      return matchPlaces(places, order, rolesOf)
    }
    const without = best(index + 1, chosen, taken)
    const hands = handsOf(approval)
    if (without.length === places.length || hands.some((hand) => taken.has(hand))) return without
    const withIt = best(index + 1, [...chosen, approval], new Set([...taken, ...hands]))
    return withIt.length > without.length ? withIt : without
  }
  return best(0, [], new Set())
}

/** A maximum bipartite matching (Kuhn 1955), in voting order. */
function matchPlaces(places: readonly string[], voters: readonly CountedAct[], rolesOf: RolesOf): readonly Fill[] {
  const holder = new Array<string | null>(places.length).fill(null)

  function seat(person: string, tried: Set<number>): boolean {
    for (const [index, role] of places.entries()) {
      if (tried.has(index) || !rolesOf.get(person)?.has(role)) continue
      tried.add(index)
      const sitting = holder[index] ?? null
      if (sitting !== null && !seat(sitting, tried)) continue
      holder[index] = person
      return true
    }
    return false
  }
  for (const { person } of voters) seat(person, new Set())
  return places.flatMap((role, index) => {
    const person = holder[index]
    return person ? [{ role, person }] : []
  })
}

/** Could these members, all approving, ever fill the needs? A policy for which this is false is refused. */
export function satisfiable(
  needs: readonly RoleCount[],
  members: readonly Member[],
  excluded: ReadonlySet<string> = new Set(),
): boolean {
  return countQuorum(
    needs,
    members.map(({ id }) => ({ person: id })),
    members,
    excluded,
  ).satisfied
}
