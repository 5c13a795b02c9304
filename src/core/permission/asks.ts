/** Whom a proposal waits for now, and for what: kept as rows, so that nobody reads states to know what waits for a person. */

import type { Askable } from './place.ts'
import { relation } from './relations.ts'
import { holds } from './roles.ts'
import type { Asked } from './row.ts'
import { rows } from './rows.ts'

export interface Ask {
  readonly what: Asked
  /** Whoever holds one of these roles in the team is asked, and so are these people, by id. */
  readonly roles: readonly string[]
  readonly people: readonly string[]
  /** Ids of people who are not, whatever their roles. */
  readonly except: readonly string[]
}

const wanted = Object.values(rows).flatMap((row) => row.wanted ?? [])

/** What would bring it on now, and who is asked for it, the most pressing first. */
export function asksOf(glance: Askable): readonly Ask[] {
  return wanted
    .filter(({ when }) => when(glance))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ as, who, except }) => {
      const asked = who.map(relation)
      return {
        what: as,
        roles: [...new Set(asked.flatMap(({ roles }) => roles?.({ glance }) ?? []))],
        people: [...new Set(asked.flatMap(({ people }) => people?.({ glance }) ?? []))],
        except: [...new Set(except?.(glance) ?? [])],
      }
    })
}

/** Is this member of the proposal's team asked? */
export function isAsked(
  { roles, people, except }: Ask,
  me: { readonly id: string; readonly roles: readonly string[] },
): boolean {
  return people.includes(me.id) || (holds(me, roles) && !except.includes(me.id))
}
