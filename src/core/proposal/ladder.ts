/**
 * The ladder: what happens while nobody decides. A reminder, direct messages, an escalation, and at last the expiry.
 */

import { presentOf } from '../deputies.ts'
import { holders } from '../permission/roles.ts'
import { votingRoles } from '../policy.ts'
import { missingIn } from '../quorum.ts'
import { isBefore, plusSeconds } from '../time/instant.ts'
import { quorumProgress } from './approval.ts'
import type { Context } from './command.ts'
import type { LadderStep } from './event.ts'
import type { ProposalState } from './proposal.ts'

export interface Rung {
  readonly step: LadderStep
  /** ISO 8601 UTC. */
  readonly at: string
}

/** The rungs of the policy in the order of time. Each revision starts again at the first rung. */
export function ladder(state: ProposalState): readonly Rung[] {
  const { remindAfterSeconds, messageAfterSeconds, escalateAfterSeconds, expiresAfterSeconds } = state.policy
  const askedSince = plusSeconds(state.expiresAt, -expiresAfterSeconds)
  const steps: readonly (readonly [LadderStep, number | null])[] = [
    ['reminder', remindAfterSeconds],
    ['direct message', messageAfterSeconds],
    ['escalation', escalateAfterSeconds],
  ]
  return steps
    .flatMap(([step, after]) => (after === null ? [] : [{ step, at: plusSeconds(askedSince, after) }]))
    .filter((rung) => isBefore(rung.at, state.expiresAt))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/** The next rung; `null`: there is none, or a notice runs and silence is consent. */
export function nextRung(state: ProposalState): Rung | null {
  if (state.status !== 'open') return null
  if (state.noticeEndsAt !== null && state.standingRefused === null) return null
  return ladder(state)[state.remindersSent] ?? null
}

/** Ids of the people whom a rung addresses: those whose vote is missing, or those above them. */
export function turnsTo(state: ProposalState, step: LadderStep, { members }: Pick<Context, 'members'>): string[] {
  if (step === 'escalation') {
    return presentOf(holders(members, state.policy.escalateTo)).map(({ id }) => id)
  }
  const progress = quorumProgress(state, members)
  return progress === null ? [] : [...missingIn(progress)]
}

/** Ids of the people whose vote the policy could count. */
export function voters(state: ProposalState, { members }: Pick<Context, 'members'>): readonly string[] {
  return holders(members, votingRoles(state.policy.approval)).map(({ id }) => id)
}
