import { type Member, votingRoles } from '../core/policy.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import type { ActionName, CardAction } from './card.ts'

type Asks = CardAction['asks']

/** Buttons of the card: what makes sense in this state, for this reader. Whether it is allowed is decided on the click. */
export function cardActions(state: ProposalState, viewer: Member | null): readonly CardAction[] {
  const actions: CardAction[] = []
  const add = (name: ActionName, label: string, style: CardAction['style'] = 'plain', asks: Asks = 'nothing') =>
    actions.push({ name, label, style, asks, revision: state.revision })
  const has = (roles: readonly string[]) => viewer === null || viewer.roles.some((role) => roles.includes(role))
  const voter = has(votingRoles(state.policy.approval))
  const stopper = has(state.policy.stop)
  const mine = state.votes.find((vote) => vote.person === viewer?.id)

  switch (state.status) {
    case 'open':
      if (voter) {
        if (mine?.choice !== 'approve') add('approve', 'Approve', 'primary')
        add('reject', 'Reject…', 'danger', 'deferral')
        if (mine) add('withdraw-vote', 'Withdraw my vote')
        else add('abstain', 'Abstain')
      }
      break
    case 'approved':
    case 'scheduled':
      if (state.acknowledgedBy === null && has(['on-call', ...state.policy.stop]) && state.subject.kind === 'patches')
        add('acknowledge', 'Acknowledge', 'primary')
      if (mine) add('withdraw-vote', 'Withdraw my vote')
      if (stopper) add('withdraw', 'Withdraw…', 'danger', 'reason')
      break
    case 'rolling out':
      if (stopper) {
        add('pause', 'Pause')
        add('halt', 'Halt', 'danger', 'reason')
      }
      break
    case 'paused':
    case 'halted':
      if (has(state.policy.resume.map((need) => need.role))) add('resume', 'Resume', 'primary')
      if (stopper && state.status === 'paused') add('halt', 'Halt', 'danger', 'reason')
      if (stopper) add('withdraw', 'End it here…', 'danger', 'reason')
      break
    default:
      break
  }
  if (state.breakGlass !== null && state.breakGlass.reviewedBy === null) add('review-break-glass', 'Review break-glass')
  const early = state.status === 'open' || state.status === 'approved' || state.status === 'scheduled'
  if (early && state.policy.breakGlass !== null && has(state.policy.breakGlass.roles))
    add('break-glass', 'Break glass…', 'danger', 'reason')
  if (state.subject.kind === 'patches') {
    add('explain', 'Explain')
    add('assets', `${state.subject.assets.length} assets`)
    add('plan', 'Plan')
  }
  add('report', 'Report')
  return actions
}
