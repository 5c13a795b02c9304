/** Whom a proposal waits for now, and for what: kept as rows, so that nobody reads states to know what waits for a person. */

import type { Member } from '../policy.ts'
import { wouldFill } from '../quorum.ts'
import { throughWith } from '../record/register.ts'
import type { Askable } from './place.ts'
import { relation } from './relations.ts'
import { holds } from './roles.ts'
import type { Asked, PlacesToFill } from './row.ts'
import { rows } from './rows.ts'

export interface Ask {
  readonly what: Asked
  /** Whoever holds one of these roles in the team is asked, and so are these people, by id. */
  readonly roles: readonly string[]
  readonly people: readonly string[]
  /** Ids of people who are not, whatever their roles. */
  readonly except: readonly string[]
  /** Of those who hold the roles only they are asked who would fill one more of these places; `null`: all are. */
  readonly places: PlacesToFill | null
}

const wanted = Object.values(rows).flatMap((row) => row.wanted ?? [])

/** What would bring it on now, and who is asked for it, the most pressing first. */
export function asksOf(glance: Askable): readonly Ask[] {
  return wanted
    .filter(({ when }) => when(glance))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ as, who, except, places }) => {
      const asked = who.map(relation)
      return {
        what: as,
        roles: [...new Set(asked.flatMap(({ roles }) => roles?.({ glance }) ?? []))],
        people: [...new Set(asked.flatMap(({ people }) => people?.({ glance }) ?? []))],
        except: [...new Set(except?.(glance) ?? [])],
        places: places?.(glance) ?? null,
      }
    })
}

/** Is this member of the proposal's team asked? `members`: all of them. */
export function isAsked(
  { roles, people, except, places }: Ask,
  me: Pick<Member, 'id' | 'roles'>,
  members: readonly Member[],
): boolean {
  if (people.includes(me.id)) return true
  if (!holds(me, roles) || except.includes(me.id)) return false
  return places === null || fillsOne(places, me, members)
}

/** The same places with other names for people. */
export function placesWith({ needs, approvals }: PlacesToFill, nameOf: (person: string) => string): PlacesToFill {
  return {
    needs,
    approvals: approvals.map(({ person, through }) => ({
      person: nameOf(person),
      ...(through === undefined ? {} : { through: throughWith(through, nameOf) }),
    })),
  }
}

/** Would the person's approval fill one more of these places? */
export function fillsOne(
  { needs, approvals }: PlacesToFill,
  me: Pick<Member, 'id' | 'roles'>,
  members: readonly Member[],
): boolean {
  return wouldFill(needs, approvals, me, members)
}
