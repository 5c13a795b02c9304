import { absentFor, membersAt, rolesWithout } from './deputies.ts'
import { addsNothing, type CountedAct, handsOf, isOneOf, isOwn, personAndHands } from './hands.ts'
import type { Member, RoleCount } from './policy.ts'

export interface Fill {
  readonly role: string
  readonly person: string
  /** The absent person whose place it is. Left out: the person's own place. */
  readonly for?: string
}

/** The same fill, with people under other names. */
export function fillWith(fill: Fill, nameOf: (person: string) => string): Fill {
  const absent = fill.for === undefined ? {} : { for: nameOf(fill.for) }
  return { role: fill.role, person: nameOf(fill.person), ...absent }
}

export interface RoleProgress {
  readonly role: string
  readonly need: number
  /** People who fill the role, in the order in which they voted. */
  readonly filledBy: readonly string[]
  /**
   * If places are left: members whose approval would fill one more place. The approval may also free somebody from
   * another role, who then fills this one.
   */
  readonly waitingFor: readonly string[]
}

export interface Quorum {
  readonly satisfied: boolean
  readonly fills: readonly Fill[]
  readonly roles: readonly RoleProgress[]
}

/**
 * Counts approvals per role. Each person and each hand fills at most one place, whatever their roles. People are
 * assigned so that as many places as possible are filled. An approval fills nothing if its person is not a member or
 * has none of the roles, or if `excluded` names its person or one of its hands. Empty `needs` are never satisfied.
 * `answered`: people who said that they do not vote, so nobody waits for them.
 *
 * A deputy has the roles of an absent person only while that person has neither approved nor answered and is not
 * excluded. So the two fill one place between them, and what the absent person does counts first.
 */
export function countQuorum(
  needs: readonly RoleCount[],
  approvals: readonly CountedAct[],
  members: readonly Member[],
  excluded: ReadonlySet<string> = nobody,
  answered: ReadonlySet<string> = nobody,
): Quorum {
  const counting = countingOf(needs, approvals, members, excluded, answered)
  const fills = fillPlaces(counting).map((fill) => inWhosePlace(counting, fill))
  const { places } = counting
  const filledBy = (role: string) => fills.filter((fill) => fill.role === role).map(({ person }) => person)
  const complete = fills.length === places.length
  const candidates = members.filter(
    ({ id, awayUntil }) => !excluded.has(id) && !answered.has(id) && awayUntil === undefined,
  )
  const gains = complete ? [] : gainsOf(counting, fills, candidates)
  const roles = needs.map(({ role, count }) => {
    const filled = filledBy(role)
    const waiting = filled.length < count ? gains : []
    return {
      role,
      need: count,
      filledBy: filled,
      waitingFor: waiting
        .filter(({ member, gain }) => gain === role || counting.rolesOf.get(member.id)?.has(role) === true)
        .map(({ member }) => member.id),
    }
  })
  return { satisfied: places.length > 0 && complete, fills, roles }
}

/** The people whose approval would fill one more place. */
export function missingIn({ roles }: Quorum): readonly string[] {
  return [...new Set(roles.flatMap(({ waitingFor }) => waitingFor))]
}

/** Whether the person's approval by their own account would fill one more place. `me` has their roles of now. */
export function wouldFill(
  { needs, approvals }: { readonly needs: readonly RoleCount[]; readonly approvals: readonly CountedAct[] },
  me: Pick<Member, 'id' | 'roles'>,
  members: readonly Member[],
): boolean {
  const known = members.find(({ id }) => id === me.id)
  const all = [...members.filter(({ id }) => id !== me.id), { name: me.id, ...known, ...me }]
  const counting = countingOf(needs, approvals, all, nobody, nobody)
  return fillPlaces(withApproval(counting, me.id)).length > fillPlaces(counting).length
}

const nobody: ReadonlySet<string> = new Set()

/** What the counting needs. */
interface Counting {
  /** One role per place. */
  readonly places: readonly string[]
  readonly counted: readonly CountedAct[]
  /** For deputies, without the roles of people who are out. */
  readonly rolesOf: RolesOf
  readonly members: readonly Member[]
  /** People who acted or are excluded: nobody takes their place any more. */
  readonly out: ReadonlySet<string>
}

function countingOf(
  needs: readonly RoleCount[],
  approvals: readonly CountedAct[],
  members: readonly Member[],
  excluded: ReadonlySet<string>,
  answered: ReadonlySet<string>,
): Counting {
  const out = new Set([...excluded, ...answered, ...approvals.map(({ person }) => person)])
  const rolesOf = rolesOfAll(members, out)
  const latest = [...new Map(approvals.map((approval) => [approval.person, approval])).values()]
  return {
    places: needs.flatMap((need) => Array.from({ length: need.count }, () => need.role)),
    counted: latest.filter((approval) => rolesOf.has(approval.person) && !isOneOf(approval, excluded)),
    rolesOf,
    members,
    out,
  }
}

function rolesOfAll(members: readonly Member[], out: ReadonlySet<string>): RolesOf {
  return new Map(members.map((member) => [member.id, new Set(rolesWithout(member, (person) => out.has(person)))]))
}

function withApproval(counting: Counting, person: string): Counting {
  const { members, out: before } = counting
  const counted = [...counting.counted.filter((one) => one.person !== person), { person }]
  if (before.has(person) || !members.some((one) => one.for?.some(({ id }) => id === person)))
    return { ...counting, counted }
  const out = new Set([...before, person])
  return { ...counting, counted, out, rolesOf: rolesOfAll(members, out) }
}

function inWhosePlace({ members, out }: Counting, fill: Fill): Fill {
  const member = members.find(({ id }) => id === fill.person)
  if (member?.for === undefined) return fill
  const left = { ...member, for: member.for.filter(({ id }) => !out.has(id)) }
  const absent = absentFor(left, fill.role)
  return absent === null ? fill : { ...fill, for: absent }
}

interface Gain {
  readonly member: Member
  /** The role that gets one more filled place. */
  readonly gain: string
}

/**
 * The members whose approval would fill one more place. Members without a counted act give the same result if they have
 * the same roles, so that is computed once.
 */
function gainsOf(counting: Counting, fills: readonly Fill[], candidates: readonly Member[]): readonly Gain[] {
  const { places, counted } = counting
  const wanted = [...new Set(places)]
  const known = new Map<string, string | null>()
  const involved = new Set(counted.flatMap((act) => [...personAndHands(act)]))
  const done = new Set(counted.filter(isOwn).map(({ person }) => person))
  return candidates.flatMap((member) => {
    const mine = wanted.filter((role) => counting.rolesOf.get(member.id)?.has(role))
    if (mine.length === 0 || done.has(member.id)) return []
    const alike = involved.has(member.id) ? `person ${member.id}` : JSON.stringify(mine)
    const gain = known.get(alike) ?? (known.has(alike) ? null : gainOf(counting, fills, member.id))
    known.set(alike, gain)
    return gain === null ? [] : [{ member, gain }]
  })
}

/** The role that the person's approval would fill in one more place; `null`: no role. */
function gainOf(counting: Counting, fills: readonly Fill[], person: string): string | null {
  const then = fillPlaces(withApproval(counting, person))
  if (then.length <= fills.length) return null
  const filled = (all: readonly Fill[], wanted: string) => all.filter(({ role }) => role === wanted).length
  return counting.places.find((role) => filled(then, role) > filled(fills, role)) ?? null
}

/** Whether the people who agreed, together with the person who agrees now, meet the needs. */
export type Agreeing =
  | { readonly enough: true }
  /** `already`: the person who agrees now agreed before. `missing`: roles that still have open places. */
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

/** Fills as many places as possible with approvals. No two of these approvals share a hand. */
function fillPlaces({ places, counted, rolesOf }: Counting): readonly Fill[] {
  const own = counted.filter(isOwn)
  const shared = counted.filter((approval) => !isOwn(approval))

  /** The best result with any of `shared` from `index` on, together with `chosen`. `taken`: the hands of `chosen`. */
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

/**
 * From when on the people who are there can fill the needs, with those who stand in for others (ISO 8601 UTC); `null`:
 * they can now, or even with everybody there they could not.
 */
export function decidableFrom(
  needs: readonly RoleCount[],
  approvals: readonly CountedAct[],
  members: readonly Member[],
  excluded: ReadonlySet<string>,
  answered: ReadonlySet<string>,
): string | null {
  const canNow = (all: readonly Member[]) => {
    const there = all.filter(({ id, awayUntil }) => awayUntil === undefined && !answered.has(id))
    const own = there.map(({ id }) => ({ person: id }))
    const given = approvals.filter(({ person }) => !there.some(({ id }) => id === person))
    return countQuorum(needs, [...given, ...own], all, excluded, answered).satisfied
  }
  if (canNow(members)) return null
  const returns = members.flatMap(({ awayUntil }) => awayUntil ?? []).sort((a, b) => Date.parse(a) - Date.parse(b))
  return returns.find((at) => canNow(membersAt(members, at))) ?? null
}

/** Whether these members could ever fill the needs if all approve. A policy for which this is false is refused. */
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
