/** Who may say that somebody is away, and who stands in for them. */

import type { Absence } from '../deputies.ts'
import { rolesWithout } from '../deputies.ts'
import { isOwn } from '../hands.ts'
import { limits } from '../limits.ts'
import type { Member } from '../policy.ts'
import { DAY_SECONDS, isBefore, plusSeconds } from '../time/instant.ts'
import { someOf } from './names.ts'
import type { Doer } from './row.ts'

/** The role that may do so for every team, because its holders run Patchwarden. */
export const OPERATOR = 'operator'

export interface AwayAsked {
  /** Who is away: a person id. */
  readonly person: string
  /** Person id; `null`: nobody stands in. */
  readonly deputy: string | null
  /** ISO 8601 UTC; empty: what was written is no date. */
  readonly until: string
}

/** A team, with its members without deputies, and the roles to which its policy escalates. */
export interface TeamHere {
  readonly team: string
  readonly members: readonly Member[]
  readonly above: readonly string[]
}

export interface Declaring {
  readonly asked: AwayAsked
  readonly doer: Doer
  readonly teams: readonly TeamHere[]
  /** Everybody of the configuration, by id. */
  readonly names: ReadonlyMap<string, string>
  readonly now: string
}

export type Declared = { readonly absence: Absence } | { readonly refused: string }

/**
 * Whoever goes away names any person as their deputy. For somebody who is absent, those to whom the team's policy
 * escalates do it, or an operator; and then only with a deputy who has a role in that team. Nobody names themselves,
 * and nobody does it by the command line or by a session that a link opened.
 */
export function declareAbsence({ asked, doer, teams, names, now }: Declaring): Declared {
  const { person, deputy, until } = asked
  const nameOf = (id: string) => names.get(id) ?? id
  const unknown = [person, ...(deputy === null ? [] : [deputy])].find((id) => !names.has(id))
  if (!isOwn(doer))
    return no('Not noted: that takes an account of your own, in Slack or Discord, and not a link or the command line.')
  if (unknown !== undefined)
    return no(`Not noted: nobody is called "${unknown}". Write the short name of patchwarden.yaml.`)
  if (!isBefore(now, until) || isBefore(plusSeconds(now, limits.deferralDays * DAY_SECONDS), until))
    return no(`Not noted: say until when, as a date after today and within ${limits.deferralDays} days (2026-12-31).`)
  if (deputy === person) return no(`Not noted: ${nameOf(person)} cannot stand in for themselves. Name somebody else.`)
  const theirs = teams.filter(({ members }) => isIn(members, person))
  if (theirs.length === 0) return no(`Not noted: ${nameOf(person)} holds a role in no team, so nobody has to stand in.`)
  if (person === doer.id) return { absence: { person, deputy, from: now, until, anybody: true } }
  if (deputy === doer.id)
    return no(`Not noted: nobody names themselves. Ask somebody else to name you for ${nameOf(person)}.`)
  const led = theirs.filter((team) => leads(team, doer.id))
  if (led.length === 0)
    return no(`Not noted: that is for ${nameOf(person)} to say, or for ${leadersOf(theirs, person)}.`)
  const places = deputy === null ? led : led.filter(({ members }) => isIn(members, deputy))
  if (places.length === 0)
    return no(
      `Not noted: for somebody else you name a person with a role in the same team, and ${nameOf(deputy ?? '')} has none in ${led.map(({ team }) => team).join(' or ')}.`,
    )
  return { absence: { person, deputy, from: now, until, teams: places.map(({ team }) => team) } }
}

function no(refused: string): Declared {
  return { refused }
}

/** By roles of their own. */
function isIn(members: readonly Member[], person: string): boolean {
  return members.some((member) => member.id === person && rolesWithout(member, () => true).length > 0)
}

/** By their own roles, not by those of somebody for whom they stand in. */
function leads({ members, above }: TeamHere, person: string): boolean {
  const me = members.find(({ id }) => id === person)
  if (me === undefined) return false
  return rolesWithout(me, () => true).some((role) => role === OPERATOR || above.includes(role))
}

/** Who can do it instead. */
function leadersOf(teams: readonly TeamHere[], absent: string): string {
  const able = teams.flatMap((team) =>
    team.members.filter(({ id }) => id !== absent && leads(team, id)).map(({ name }) => name),
  )
  return `a lead of the team or an operator${able.length === 0 ? '' : ` (${someOf([...new Set(able)])})`}`
}
