import type { Person } from '../chat/desk.ts'
import type { Act } from '../core/permission/acts.ts'
import { type Condition, refusalOf, why } from '../core/permission/answer.ts'
import { type PlaceParts, placeOf } from './places.ts'

export interface MayAnswer {
  /** The sentence that a click would get; `null`: it would be accepted. */
  readonly refusal: string | null
  readonly conditions: readonly Condition[]
}

/** Whether a person may do something to a proposal now, and what decides that; `null`: there is no such proposal. */
export function createMay(parts: PlaceParts) {
  return async (act: Act, proposal: string, person: Person): Promise<MayAnswer | null> => {
    const place = await placeOf(parts, proposal)
    if (place === null) return null
    return { refusal: refusalOf(act, person, place)?.sentence ?? null, conditions: why(act, person, place) }
  }
}
