import { type CountedAct, isOwn } from '../hands.ts'
import type { PersonsContext, ProposalCommand } from './command.ts'
import { confirmResume } from './decide-control.ts'
import { confirmVote } from './decide-vote.ts'
import { type Decision, refuse } from './decision.ts'
import { LINKED_LATER } from './proof.ts'
import type { ProposalState } from './proposal.ts'

/**
 * A person confirms, by an account of their own, a vote or an agreement that was made in their name. Then it counts as
 * their own.
 */
export function confirm(
  state: ProposalState,
  { act }: Extract<ProposalCommand, { type: 'confirm' }>,
  context: PersonsContext,
): Decision {
  const { actor } = context
  const waits = (one: CountedAct & { readonly seq?: number }) =>
    one.person === actor.id && !isOwn(one) && (act === null || one.seq === act)
  const vote = state.votes.find(waits)
  const agreed = state.resumeVotes.find(waits)
  if (vote === undefined && agreed === undefined) {
    const what = `Nothing of yours on ${state.id} waits for a confirmation`
    return refuse('not now', act === null ? `${what}.` : `${what} any more: look at the card.`)
  }
  if (vote !== undefined && agreed !== undefined)
    return refuse(
      'incomplete',
      `A vote and an agreement to resume wait for you on ${state.id}: press Confirm on the one you mean.`,
    )
  const decision = vote ? confirmVote(state, vote, context) : agreed ? confirmResume(state, agreed, context) : null
  return decision ?? refuse('not own', LINKED_LATER)
}
