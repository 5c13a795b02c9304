import type { Context, ProposalCommand } from './command.ts'
import { comparedEvents } from './compared.ts'
import { ringEvents } from './decide-rollout.ts'
import { accept, after, type Decision, refuse } from './decision.ts'
import { finalStatuses, type ProposalState } from './proposal.ts'
import { changesSince, isHeld } from './since.ts'

/** The decision and its votes stay. What its assets need now says which of them are started, and with which changes. */
export function compareAssets(
  state: ProposalState,
  command: Extract<ProposalCommand, { type: 'compare-assets' }>,
  context: Context,
): Decision {
  const { subject, id, status } = state
  if (subject.kind !== 'patches' || finalStatuses.includes(status) || status === 'verifying')
    return refuse('not now', `${id} is ${status}: nothing more of it begins.`)
  if (!isHeld(state)) return refuse('not now', `Nobody has decided on ${id} yet: what has changed is a revision.`)
  const changed = changesSince(state, subject, command)
  if (changed.length === 0) return refuse('already', `${id} knows this already.`)
  const events = comparedEvents(changed)
  return accept(...events, ...ringEvents(after(state, events, context), context))
}
