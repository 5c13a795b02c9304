import type { Person } from '../chat/desk.ts'
import type { Act } from '../core/permission/acts.ts'
import { type Condition, refusalOf, why } from '../core/permission/answer.ts'
import { findGlance } from '../store/proposal-pages.ts'
import { freezesOf } from './commands/context.ts'
import type { WorkflowParts } from './ports.ts'

export interface MayAnswer {
  /** Why not, in the sentence that a click would get; `null`: it would be accepted. */
  readonly refusal: string | null
  readonly conditions: readonly Condition[]
}

/** Whether somebody may do something to a proposal now, and what decides it; `null`: there is no such proposal. */
export function createMay(parts: Pick<WorkflowParts, 'db' | 'clock' | 'teams'>) {
  return async (act: Act, proposal: string, person: Person): Promise<MayAnswer | null> => {
    const glance = await findGlance(parts.db, proposal)
    if (glance === null) return null
    const now = parts.clock().toISOString()
    const { team } = glance
    const place = {
      glance,
      members: parts.teams.membersOf(team),
      now,
      freezes: await freezesOf(parts.db, parts, team, now),
      teamPolicy: parts.teams.policyOf(team),
    }
    return { refusal: refusalOf(act, person, place)?.sentence ?? null, conditions: why(act, person, place) }
  }
}
