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
 * Counts approvals per role. Each person fills at most one role, once, whatever roles they hold; who fills which is
 * chosen so that as many places as possible are filled (a maximum bipartite matching, Kuhn 1955, in voting order).
 * Votes of people who are not members, or hold none of the roles, fill nothing. No needs at all is never satisfied.
 */
export function countQuorum(
  needs: readonly RoleCount[],
  approvers: readonly string[],
  members: readonly Member[],
  excluded: ReadonlySet<string> = new Set(),
): Quorum {
  const rolesOf = new Map(members.map((member) => [member.id, new Set(member.roles)]))
  const places = needs.flatMap((need) => Array.from({ length: need.count }, () => need.role))
  const voters = [...new Set(approvers)].filter((person) => rolesOf.has(person) && !excluded.has(person))
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
  for (const person of voters) seat(person, new Set())

  const fills: Fill[] = []
  for (const [index, role] of places.entries()) {
    const person = holder[index]
    if (person) fills.push({ role, person })
  }
  const roles = needs.map((need) => ({
    role: need.role,
    need: need.count,
    filledBy: fills.filter((fill) => fill.role === need.role).map((fill) => fill.person),
    waitingFor: members
      .filter(
        (member) => member.roles.includes(need.role) && !excluded.has(member.id) && !approvers.includes(member.id),
      )
      .map((member) => member.id),
  }))
  return { satisfied: places.length > 0 && fills.length === places.length, fills, roles }
}

/** Could these members, all approving, ever fill the needs? A policy for which this is false is refused. */
export function satisfiable(
  needs: readonly RoleCount[],
  members: readonly Member[],
  excluded: ReadonlySet<string> = new Set(),
): boolean {
  return countQuorum(
    needs,
    members.map((member) => member.id),
    members,
    excluded,
  ).satisfied
}
