import type { Person } from '../chat/desk.ts'
import type { Act } from '../core/permission/acts.ts'
import { type Condition, refusalOf, why } from '../core/permission/answer.ts'
import type { Place } from '../core/permission/place.ts'
import { findGlance } from '../store/proposal-pages.ts'
import { freezesOf } from './execute.ts'
import type { WorkflowParts } from './ports.ts'

export interface MayAnswer {
  /** Why not, in the sentence that a click would get; `null`: it would be accepted. */
  readonly refusal: string | null
  readonly conditions: readonly Condition[]
}

/** Whether somebody may do something to a proposal now, and what decides it; `null`: there is no such proposal. */
export function createMay(parts: Pick<WorkflowParts, 'db' | 'clock' | 'teams'>) {
  return async (act: Act, proposal: string, person: Person): Promise<MayAnswer | null> => {
    const place = await placeOf(parts, proposal)
    if (place === null) return null
    return { refusal: refusalOf(act, person, place)?.sentence ?? null, conditions: why(act, person, place) }
  }
}

/** All that decides who may do what to a proposal now; `null`: there is no such proposal. */
export async function placeOf(
  parts: Pick<WorkflowParts, 'db' | 'clock' | 'teams'>,
  proposal: string,
): Promise<Place | null> {
  const glance = await findGlance(parts.db, proposal)
  if (glance === null) return null
  const now = parts.clock().toISOString()
  const { team } = glance
  return {
    glance,
    members: parts.teams.membersOf(team),
    now,
    freezes: await freezesOf(parts.db, parts, team, now),
    teamPolicy: parts.teams.policyOf(team),
  }
}
