/**
 * The answers of the table of permissions: whether a person may do something now, what they may do, and who else may.
 */

import { presentOf, rolesWithout } from '../deputies.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { Member } from '../policy.ts'
import type { Refusal } from '../proposal/command.ts'
import { proofProblem } from '../proposal/proof.ts'
import { type Act, acts } from './acts.ts'
import { someOf, takesRole } from './names.ts'
import type { Place } from './place.ts'
import { relation } from './relations.ts'
import { holders, holds } from './roles.ts'
import { type Doer, decidesNow, no, type Row } from './row.ts'
import { rows } from './rows.ts'
import { turnProblem } from './turn.ts'

/**
 * Why the act would be refused from this person now; `null`: it would be accepted, if the values given with it are
 * right. `turn`: the number that the button carried (`turnOf`); `null`: a command that names only the proposal.
 */
export function refusalOf(act: Act, doer: Doer, place: Place, turn: number | null = null): Refusal | null {
  const found = judged(act, doer, place, turn)
  if (found === 'not theirs') return notTheirs(act, doer, place)
  if (found?.code !== 'not allowed') return found
  return { ...found, sentence: `${found.sentence} ${othersCan(act, place)}` }
}

/** Why the person may not do this at any time, or not in the way in which it came; `null`: they may. */
export function withoutRole(act: Act, doer: Doer, place: Place): Refusal | null {
  const row = rows[act]
  if (!isTheirs(row, doer.id, place)) return notTheirs(act, doer, place)
  return proofOf(act, doer, place)
}

/** As `refusalOf`, but the sentence names nobody else. */
function judged(act: Act, doer: Doer, place: Place, turn: number | null): Refusal | 'not theirs' | null {
  const row = rows[act]
  if (!isTheirs(row, doer.id, place)) return 'not theirs'
  const absent = absentProblem(act, doer, place)
  if (absent !== null) return absent
  const proof = proofOf(act, doer, place)
  return proof ?? whenRefused(act, place) ?? turnProblem(act, place.glance, turn) ?? row.unless?.(place, doer) ?? null
}

/** Why the act is refused because of the way in which it came; `null`: that way is accepted. */
function proofOf(act: Act, doer: Doer, { glance, members }: Place): Refusal | null {
  return proofProblem(act, decidesNow(rows[act], glance), doer, glance, members)
}

function may(act: Act, { id, name }: Pick<Member, 'id' | 'name'>, place: Place): boolean {
  // Asked for an account of the person's own in the console, because every approval is accepted there.
  return judged(act, { kind: 'person', id, name, via: 'console' }, place, null) === null
}

/**
 * The acts that are offered to this person: those that would be accepted now, and those that would be accepted once the
 * person confirms them in the console.
 */
export function offersTo(doer: Doer, place: Place): ReadonlySet<Act> {
  return new Set(acts.filter((act) => isOfferedTo(act, doer, place)))
}

/**
 * The acts that are offered to at least one person: a member, or somebody who may do the act whatever their roles are.
 */
export function offersToAny(place: Place): ReadonlySet<Act> {
  return new Set(
    acts.filter(
      (act) =>
        place.members.some((member) => may(act, member, place)) ||
        named(rows[act], place).some((id) => may(act, { id, name: id }, place)),
    ),
  )
}

/** Ids of the people who may do the act as persons, for example because they voted. */
function named({ who }: Row, place: Place): readonly string[] {
  return who.flatMap((name) => relation(name).people?.(place) ?? [])
}

/** Is this one of the acts that are offered to the person? */
export function isOfferedTo(act: Act, doer: Doer, place: Place): boolean {
  return isOffered(judged(act, doer, place, null))
}

function isOffered(found: ReturnType<typeof judged>): boolean {
  return found === null || (found !== 'not theirs' && found.code === 'step-up')
}

/** Members from whom the act would be accepted now. */
export const whoMay = oncePerPlace((act, place): readonly Member[] =>
  place.members.filter((member) => may(act, member, place)),
)

/** Why the proposal does not accept the act now from anybody; `null`: it does. */
const whenRefused = oncePerPlace((act, place): Refusal | null => rows[act].when(place))

/** Works the value out once for each act in a place. */
function oncePerPlace<Value>(make: (act: Act, place: Place) => Value): (act: Act, place: Place) => Value {
  const known = memoizeByIdentity((_: Place) => new Map<Act, { readonly value: Value }>())
  return (act, place) => {
    const found = known(place).get(act) ?? { value: make(act, place) }
    known(place).set(act, found)
    return found.value
  }
}

const byId = memoizeByIdentity(
  (members: readonly Member[]): ReadonlyMap<string, Member> => new Map(members.map((member) => [member.id, member])),
)

function isTheirs(row: Row, person: string, place: Place): boolean {
  if (named(row, place).includes(person)) return true
  const me = byId(place.members).get(person)
  if (me === undefined) return false
  const roles = rolesOf(row, place)
  return roles === 'any' || holds(me, roles)
}

/**
 * Why the act is refused from a deputy who may do it only for somebody absent: that person has done it already, or may
 * not do it here. `null`: the deputy may do it themselves, or for somebody else.
 */
function absentProblem(act: Act, doer: Doer, place: Place): Refusal | null {
  const me = byId(place.members).get(doer.id)
  const row = rows[act]
  if (me?.for === undefined || row.absentOut === undefined || named(row, place).includes(doer.id)) return null
  const out = new Map(row.absentOut(place.glance).map(({ person, because }) => [person, because]))
  const roles = rolesOf(row, place)
  if (roles === 'any' || holds({ roles: rolesWithout(me, (id) => out.has(id)) }, roles)) return null
  const absent = me.for.find(({ id }) => out.has(id))
  const [name, because] = [absent?.name ?? '', out.get(absent?.id ?? '') ?? '']
  return no('not allowed', `Not counted for ${name}, for whom you stand in: ${name} ${because}.`)
}

/** The roles of which a person needs one; `any`: any role in the team is enough. */
function rolesOf({ who }: Row, place: Place): readonly string[] | 'any' {
  const all = who.map((name) => relation(name).roles?.(place) ?? [])
  return all.includes('any') ? 'any' : [...new Set(all.flat())]
}

function notTheirs(act: Act, doer: Doer, place: Place): Refusal {
  const row = rows[act]
  const { id, team } = place.glance
  const me = byId(place.members).get(doer.id)
  if (me === undefined)
    return no(
      'not allowed',
      `${doer.name} is not known to team ${team}. An operator can add people and roles in patchwarden.yaml.`,
    )
  const roles = rolesOf(row, place)
  const now = whenRefused(act, place)
  // If no role is named (no ring waits, or the policy has no break-glass), nobody lacks a role: the reason is another
  // one.
  if (roles.length === 0 && now !== null) return now
  return no('not allowed', takesRole(`${row.doing} ${id}`, roles, me.roles, namesOfAble(roles, act, place)))
}

/** Names of the people who may do the act now. If nobody may now: names of the people who hold the role. */
function namesOfAble(roles: readonly string[] | 'any', act: Act, place: Place): readonly string[] {
  const now = whoMay(act, place)
  const all = roles === 'any' ? place.members : holders(place.members, roles)
  return presentOf(now.length > 0 ? now : all).map(({ name }) => name)
}

function othersCan(act: Act, place: Place): string {
  const names = presentOf(whoMay(act, place)).map(({ name }) => name)
  return names.length === 0 ? 'Nobody else can either: ask an operator.' : `${someOf(names)} can.`
}

export interface Condition {
  readonly what: string
  readonly holds: boolean
  /** A sentence: why the condition holds, or why it does not. */
  readonly why: string
}

/** All conditions that decide whether the person may do the act now, in the order in which they are checked. */
export function why(act: Act, doer: Doer, place: Place): readonly Condition[] {
  const row = rows[act]
  const theirs = isTheirs(row, doer.id, place)
  const mine = byId(place.members).get(doer.id)?.roles ?? []
  const proof = proofOf(act, doer, place)
  const now = whenRefused(act, place)
  const own = row.unless?.(place, doer) ?? null
  const who = row.who.map((name) => relation(name).words).join('; or ')
  return [
    { what: `Who: ${who}`, holds: theirs, why: `${doer.name} has ${mine.join(', ') || 'no role in the team'}.` },
    { what: 'How it comes', holds: proof === null, why: proof?.sentence ?? 'That counts.' },
    {
      what: `When: ${row.during}`,
      holds: now === null,
      why: now?.sentence ?? `${place.glance.id} is ${place.glance.status}.`,
    },
    { what: 'Nothing in their roles or acts is against it', holds: own === null, why: own?.sentence ?? 'Nothing is.' },
  ]
}
