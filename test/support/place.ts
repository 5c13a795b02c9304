import type { Place } from '../../src/core/permission/place.ts'
import type { Member } from '../../src/core/policy.ts'
import { glanceOf } from '../../src/core/proposal/glance.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'

/** Where the question is asked who may do something. `now`: as it was opened, unless told. */
export function placeOf(state: ProposalState, members: readonly Member[], now: string = state.openedAt): Place {
  return { glance: glanceOf(state), members, now, freezes: [] }
}
