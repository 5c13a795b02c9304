import { isOneOf, personAndHands } from '../hands.ts'
import { limits } from '../limits.ts'
import type { Context, ProposalCommand } from './command.ts'
import { AT_ONCE_SECONDS, accept, type Decision, plusSeconds, refuse } from './decision.ts'
import type { ProposalState } from './proposal.ts'

/** Approves at once and outside the window, on one person's written reason; others review it afterwards. */
export function breakGlass(
  state: ProposalState,
  command: Extract<ProposalCommand, { type: 'break-glass' }>,
  context: Context,
): Decision {
  const { actor, now } = context
  const rule = state.policy.breakGlass
  if (rule === null || actor.kind !== 'person') {
    return refuse('not allowed', `The policy "${state.policy.name}" has no break-glass.`)
  }
  if (state.subject.kind !== 'patches')
    return refuse('not allowed', 'A rule is decided by its quorum, never by break-glass.')
  if (state.status !== 'open' && state.status !== 'approved' && state.status !== 'scheduled') {
    return refuse('not now', `${state.id} is ${state.status}.`)
  }
  const reason = command.reason?.trim()
  if (!reason) return refuse('incomplete', 'Write down why this cannot wait: the reason is kept and will be reviewed.')
  const kept = reason.slice(0, limits.reasonCharacters)
  return accept(
    {
      type: 'break-glass-used',
      person: actor.id,
      name: actor.name,
      reason: kept,
      reviewBy: plusSeconds(now, rule.reviewWithinSeconds),
    },
    { type: 'approved', by: { how: 'break-glass', person: actor.id, reason: kept } },
    {
      type: 'scheduled',
      window: { start: now, end: plusSeconds(now, AT_ONCE_SECONDS) },
      reason: `break-glass by ${actor.name}: the window does not apply`,
    },
  )
}

export function reviewBreakGlass(state: ProposalState, context: Context): Decision {
  const { actor } = context
  if (actor.kind !== 'person' || state.breakGlass === null)
    return refuse('not now', `Nobody broke the glass for ${state.id}.`)
  if (state.breakGlass.reviewedBy !== null)
    return refuse('already', `The break-glass of ${state.id} has been reviewed already.`)
  if (state.breakGlass.person === actor.id)
    return refuse('not allowed', 'You broke the glass yourself: somebody else reviews it.')
  if (isOneOf({ ...actor, person: actor.id }, personAndHands(state.breakGlass)))
    return refuse(
      'not allowed',
      'Not reviewed: this came by the same hand as the break-glass. Somebody else reviews it.',
    )
  return accept({ type: 'break-glass-reviewed', person: actor.id, name: actor.name })
}
