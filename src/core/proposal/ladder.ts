/**
 * The ladder: what happens while nobody decides, or answers a halt. A reminder, direct messages, an escalation, and at
 * last the expiry.
 */

import { presentOf } from '../deputies.ts'
import { isExploited } from '../follow-up.ts'
import { holders, resumers } from '../permission/roles.ts'
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

/**
 * The rungs of the policy in the order of time, and those of what is urgent beside them. Each revision starts again at
 * the first rung.
 */
export function ladder(state: ProposalState): readonly Rung[] {
  const { remindAfterSeconds, messageAfterSeconds, escalateAfterSeconds, expiresAfterSeconds } = state.policy
  const askedSince = plusSeconds(state.expiresAt, -expiresAfterSeconds)
  const steps: readonly (readonly [LadderStep, number | null])[] = [
    ['reminder', remindAfterSeconds],
    ['direct message', messageAfterSeconds],
    ['escalation', escalateAfterSeconds],
  ]
  const usual = steps.flatMap(([step, after]) => (after === null ? [] : [{ step, at: plusSeconds(askedSince, after) }]))
  const since = urgentSince(state, askedSince)
  return inTime([...usual, ...(since === null ? [] : urgentRungs(state, since, state.expiresAt))], state.expiresAt)
}

/** A due date ends with its day. Whoever is late hears of it in the morning. */
const MORNING_AFTER_SECONDS = 9 * 3_600

/** From when it is urgent; `null`: it is not, or not before it expires. What is exploited is so at once. */
function urgentSince(state: ProposalState, askedSince: string): string | null {
  const { dueAt } = state
  if (isExploited(state)) return askedSince
  if (dueAt === null) return null
  const late = plusSeconds(dueAt, MORNING_AFTER_SECONDS)
  return isBefore(late, askedSince) ? askedSince : late
}

/** What is urgent is reminded of quickly, and again and again, for as long as a proposal of the policy stays open. */
function urgentRungs({ policy: { urgent = null } }: ProposalState, since: string, end: string): readonly Rung[] {
  if (urgent === null) return []
  const { messageAfterSeconds, escalateAfterSeconds, repeatEverySeconds } = urgent
  const lasts = (Date.parse(end) - Date.parse(since)) / 1_000
  const rungs: Rung[] = [
    { step: 'direct message', at: plusSeconds(since, messageAfterSeconds) },
    { step: 'escalation', at: plusSeconds(since, escalateAfterSeconds) },
  ]
  const first = Math.max(messageAfterSeconds, escalateAfterSeconds)
  for (let after = first + repeatEverySeconds; after < lasts; after += repeatEverySeconds)
    rungs.push({ step: 'direct message', at: plusSeconds(since, after) })
  return rungs
}

function inTime(rungs: readonly Rung[], end: string): readonly Rung[] {
  return rungs.filter(({ at }) => isBefore(at, end)).sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/** The rungs that are still to come. Empty: there is none, or a notice runs and silence is consent. */
export function rungsLeft(state: ProposalState): readonly Rung[] {
  if (state.status === 'halted') return haltRungs(state)
  if (state.status !== 'open') return []
  if (state.noticeEndsAt !== null && state.standingRefused === null) return []
  return ladder(state).slice(state.remindersSent)
}

/** The next rung; `null`: there is none. */
export function nextRung(state: ProposalState): Rung | null {
  return rungsLeft(state)[0] ?? null
}

/** People are reminded of a halt until somebody agrees to resume, or does or says something else about it. */
function haltRungs(state: ProposalState): readonly Rung[] {
  const { stopped, afterHalt, policy, resumeVotes } = state
  if (stopped === null || afterHalt === undefined || afterHalt.answered || resumeVotes.length > 0) return []
  const end = plusSeconds(stopped.at, policy.expiresAfterSeconds)
  return inTime(urgentRungs(state, stopped.at, end), end).slice(afterHalt.reminded)
}

/** Ids of the people whom a rung addresses: those who can act, or those above them. */
export function turnsTo(state: ProposalState, step: LadderStep, { members }: Pick<Context, 'members'>): string[] {
  const present = (roles: readonly string[]) => presentOf(holders(members, roles)).map(({ id }) => id)
  if (step === 'escalation') return present(state.policy.escalateTo)
  if (state.status === 'halted') return present(resumers(state))
  const progress = quorumProgress(state, members)
  return progress === null ? [] : [...missingIn(progress)]
}

/** Ids of the people whose vote the policy could count. */
export function voters(state: ProposalState, { members }: Pick<Context, 'members'>): readonly string[] {
  return holders(members, votingRoles(state.policy.approval)).map(({ id }) => id)
}
