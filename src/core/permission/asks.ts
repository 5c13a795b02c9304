/**
 * Whom a proposal waits for now, and for what. Asks are stored as rows, so that a person's list is made without reading
 * states.
 */

import { rolesWithout } from '../deputies.ts'
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
  /** Members who hold one of these roles are asked, and so are the `people`, by id. */
  readonly roles: readonly string[]
  readonly people: readonly string[]
  /** Ids of people who are not asked, whatever their roles are. */
  readonly except: readonly string[]
  /**
   * If there are places to fill, only those holders of the roles are asked who would fill one more place. `null`: all
   * holders are asked.
   */
  readonly places: PlacesToFill | null
}

const wanted = Object.values(rows).flatMap((row) => row.wanted ?? [])

/**
 * The acts that would bring the proposal on now, each with the people who are asked for it. The most urgent comes
 * first.
 */
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

/** Is this member of the proposal's team asked? `members`: all members of the team. */
export function isAsked(
  { roles, people, except, places }: Ask,
  me: Pick<Member, 'id' | 'roles' | 'own' | 'for'>,
  members: readonly Member[],
): boolean {
  if (people.includes(me.id)) return true
  if (except.includes(me.id)) return false
  if (!holds({ roles: rolesWithout(me, (person) => except.includes(person)) }, roles)) return false
  return places === null || wouldFill(places, me, members)
}

/** The same places, with people under other names. */
export function placesWith({ needs, approvals }: PlacesToFill, nameOf: (person: string) => string): PlacesToFill {
  return {
    needs,
    approvals: approvals.map(({ person, through }) => ({
      person: nameOf(person),
      ...(through === undefined ? {} : { through: throughWith(through, nameOf) }),
    })),
  }
}
