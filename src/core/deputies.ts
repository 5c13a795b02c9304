/**
 * Deputies: a person takes the place of somebody who is away, for a time. Both together fill one place, and what the
 * absent person does counts before what the deputy does for them. Who stands in for a deputy stands in for nobody else.
 */

import type { Member } from './policy.ts'

export interface Absence {
  /** Person id. */
  readonly person: string
  /** Person id; `null`: nobody stands in. */
  readonly deputy: string | null
  /** ISO 8601 UTC. `until` is not part of the absence any more. */
  readonly from: string
  readonly until: string
  /** The only teams in which it counts. Left out: all teams. */
  readonly teams?: readonly string[]
  /** True: who goes away chose the deputy, who need not have a role in the team already. */
  readonly anybody?: boolean
}

/** Somebody who was away has done something again. */
export interface Return {
  readonly person: string
  /** ISO 8601 UTC. */
  readonly at: string
}

/** The absences, each with its end: its date, or the moment at which the person was back. */
export function untilBack(absences: readonly Absence[], returns: readonly Return[]): readonly Absence[] {
  return absences.map((absence) => {
    const back = returns.filter(
      ({ person, at }) => person === absence.person && at >= absence.from && at < absence.until,
    )
    const [first] = back.map(({ at }) => at).sort()
    return first === undefined ? absence : { ...absence, until: first }
  })
}

/** `null`: nobody of that id is known. */
type NameOf = (person: string) => string | null

/**
 * The members as they are now: who is away, and who has the roles of an absent person too. A deputy must be a member
 * already, unless who goes away chose them: then `nameOf` must know them. Nobody is their own deputy. If somebody has
 * several absences now, the last one counts.
 */
export function withDeputies(
  members: readonly Member[],
  absences: readonly Absence[],
  now: string,
  nameOf: NameOf = () => null,
): readonly Member[] {
  const present = absences.filter(
    ({ from, until }) => Date.parse(from) <= Date.parse(now) && Date.parse(now) < Date.parse(until),
  )
  const away = new Map(present.map((absence) => [absence.person, absence]))
  if (away.size === 0) return members
  const chosen = [...away.values()].filter(({ person, anybody }) => anybody && members.some(({ id }) => id === person))
  const outside = [...new Set(chosen.map(({ deputy }) => deputy ?? ''))].flatMap((id): Member[] => {
    const name = members.some((member) => member.id === id) ? null : nameOf(id)
    return name === null ? [] : [{ id, name, roles: [] }]
  })
  return [...members, ...outside].map((member) => {
    const mine = away.get(member.id)
    const absent = members.filter(({ id }) => id !== member.id && away.get(id)?.deputy === member.id)
    return {
      ...member,
      ...(mine === undefined ? {} : { awayUntil: mine.until }),
      ...(absent.length === 0 ? {} : inPlaceOf(member, absent)),
    }
  })
}

function inPlaceOf({ roles: own }: Member, absent: readonly Member[]): Pick<Member, 'roles' | 'own' | 'for'> {
  const places = absent.map(({ id, name, roles }) => ({ id, name, roles }))
  return { roles: [...new Set([...own, ...places.flatMap(({ roles }) => roles)])], own, for: places }
}

/**
 * The member's roles without those that they have only for somebody who is `out`: who acted already, or who may not act
 * in this matter.
 */
export function rolesWithout(
  member: Pick<Member, 'roles' | 'own' | 'for'>,
  out: (person: string) => boolean,
): readonly string[] {
  const { roles, own, for: absent } = member
  if (own === undefined || absent === undefined || !absent.some(({ id }) => out(id))) return roles
  return [...new Set([...own, ...absent.filter(({ id }) => !out(id)).flatMap((one) => one.roles)])]
}

/** Those who are not away; if all are, all of them. */
export function presentOf<Some extends Pick<Member, 'awayUntil'>>(members: readonly Some[]): readonly Some[] {
  const present = members.filter(({ awayUntil }) => awayUntil === undefined)
  return present.length === 0 ? members : present
}

/** The members as they will be at this time, as far as the absences of now tell. */
export function membersAt(members: readonly Member[], at: string): readonly Member[] {
  const isBack = ({ awayUntil }: Member) => awayUntil === undefined || Date.parse(awayUntil) <= Date.parse(at)
  const back = new Set(members.filter(isBack).map(({ id }) => id))
  return members.map((member) => {
    const { awayUntil: _, ...rest } = member
    const roles = rolesWithout(member, (person) => back.has(person))
    return { ...(back.has(member.id) ? rest : member), roles }
  })
}

/** The absent person for whom the member fills this role; `null`: they hold it themselves. */
export function absentFor(member: Pick<Member, 'roles' | 'own' | 'for'>, role: string): string | null {
  const { own, for: absent = [] } = member
  if (own === undefined || own.includes(role)) return null
  return absent.find(({ roles }) => roles.includes(role))?.id ?? null
}
