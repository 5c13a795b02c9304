/**
 * Makes everything that decides who may do what to a proposal. Cards, clicks and explanations all use it, so they
 * agree.
 */

import type { Moment, Place } from '../core/permission/place.ts'
import type { Glance } from '../core/proposal/glance.ts'
import type { Queryable } from '../store/connection.ts'
import { unjudgedOf } from '../store/coverage.ts'
import { findGlance } from '../store/proposal-pages.ts'
import { freezesOf } from './commands/context.ts'
import type { Estimates } from './estimates.ts'
import type { WorkflowParts } from './ports.ts'

export interface PlaceParts extends Pick<WorkflowParts, 'clock' | 'teams'> {
  readonly db: Queryable
  /** Left out: the places are not shown as cards, so nobody asks how long it takes, or whom nobody can judge. */
  readonly estimates?: Estimates
}

/** `null`: there is no such proposal. */
export async function placeOf(parts: PlaceParts, proposal: string): Promise<Place | null> {
  const glance = await findGlance(parts.db, proposal)
  if (glance === null) return null
  const [place = null] = await placesOf(parts, [glance])
  return place
}

/** The places of several proposals, in their order. */
export async function placesOf(parts: PlaceParts, glances: readonly Glance[]): Promise<readonly Place[]> {
  const teams = [...new Set(glances.map(({ team }) => team))]
  const moments = new Map(await Promise.all(teams.map(async (team) => [team, await momentOf(parts, team)] as const)))
  const unjudged = parts.estimates === undefined ? [] : await unjudgedOf(parts.db, teams)
  const places: Place[] = []
  for (const glance of glances) {
    const moment = moments.get(glance.team)
    if (moment === undefined) continue
    const mine = unjudged.filter(({ team }) => team === glance.team)
    const estimates = await parts.estimates?.(parts.db, glance.team, glance.subject)
    places.push({
      ...moment,
      glance,
      ...(estimates === undefined ? {} : { estimates }),
      ...(mine.length === 0 ? {} : { unjudged: mine }),
    })
  }
  return places
}

export async function momentOf({ db, clock, teams }: PlaceParts, team: string): Promise<Moment> {
  const now = clock().toISOString()
  return {
    now,
    members: teams.membersOf(team),
    freezes: await freezesOf(db, { teams }, team, now),
    teamPolicy: teams.policyOf(team),
  }
}
