import { limits } from '../limits.ts'
import { plusSeconds } from '../time/instant.ts'
import type { PersonsContext, ProposalCommand } from './command.ts'
import { AT_ONCE_SECONDS, accept, type Decision, refuse } from './decision.ts'
import type { ProposalState } from './proposal.ts'

/** Approves at once and outside the window, on one person's written reason. Other people review it afterwards. */
export function breakGlass(
  state: ProposalState,
  command: Extract<ProposalCommand, { type: 'break-glass' }>,
  context: PersonsContext,
): Decision {
  const { actor, now } = context
  const rule = state.policy.breakGlass
  if (rule === null) return refuse('not allowed', `The policy "${state.policy.name}" has no break-glass.`)
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

export function reviewBreakGlass({ actor }: Pick<PersonsContext, 'actor'>): Decision {
  return accept({ type: 'break-glass-reviewed', person: actor.id, name: actor.name })
}
