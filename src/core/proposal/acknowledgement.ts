/**
 * Acknowledging: whether somebody on call knows of a rollout that is about to start. Who is asked, when, and what
 * silence means.
 */

import { presentOf } from '../deputies.ts'
import { holders, onCall } from '../permission/roles.ts'
import { isBefore, plusSeconds } from '../time/instant.ts'
import { handedOverAt } from '../window.ts'
import { bypassesWindow } from './approval.ts'
import type { Context } from './command.ts'
import type { ProposalState } from './proposal.ts'

/** Must somebody still acknowledge? Not after a break-glass or for a roll back: then a person has just decided. */
export function wantsAcknowledgement(
  state: Pick<ProposalState, 'policy' | 'acknowledgedBy' | 'approvedBy' | 'status'>,
): boolean {
  return (
    state.policy.acknowledgement !== null &&
    state.acknowledgedBy === null &&
    !(state.approvedBy && bypassesWindow(state.approvedBy)) &&
    state.status === 'scheduled'
  )
}

/** Must the rollout wait until somebody acknowledges? */
export function waitsForAcknowledgement(state: ProposalState): boolean {
  return wantsAcknowledgement(state) && state.policy.acknowledgement?.otherwise === 'wait'
}

/** When the people on call are asked next (ISO 8601); `null`: they are not asked any more. */
export function nextAsk(state: ProposalState): string | null {
  const { schedule, asked } = state
  const rule = state.policy.acknowledgement
  if (rule === null || schedule === null || !wantsAcknowledgement(state)) return null
  const at = asked === null ? plusSeconds(handedOverAt(schedule), -rule.askBeforeSeconds) : afterFirst()
  return isBefore(at, schedule.end) ? at : null

  function afterFirst(): string {
    const reminder = plusSeconds(asked?.lastAt ?? '', rule?.remindEverySeconds ?? 0)
    const escalation = plusSeconds(asked?.firstAt ?? '', rule?.escalateAfterSeconds ?? 0)
    return asked?.escalated !== true && isBefore(escalation, reminder) ? escalation : reminder
  }
}

export interface Asking {
  /** Person ids. */
  readonly people: readonly string[]
  /** True if the people above those on call are asked, too. */
  readonly escalated: boolean
}

/** The people to ask at this moment. If nobody is on call, the people above are asked at once. */
export function askedNow(state: ProposalState, { members, now }: Pick<Context, 'members' | 'now'>): Asking {
  const rule = state.policy.acknowledgement
  const holding = (roles: readonly string[]) => presentOf(holders(members, roles)).map(({ id }) => id)
  const awake = holding(onCall)
  const due =
    rule !== null && state.asked !== null && !isBefore(now, plusSeconds(state.asked.firstAt, rule.escalateAfterSeconds))
  const escalated = due || state.asked?.escalated === true || awake.length === 0
  const above = rule !== null && escalated ? holding(rule.escalateTo) : []
  return { people: [...new Set([...awake, ...above])], escalated }
}
