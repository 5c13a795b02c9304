import { type Member, votingRoles } from '../core/policy.ts'
import { ON_CALL } from '../core/proposal/acknowledgement.ts'
import type { ProposalState } from '../core/proposal/proposal.ts'
import { endedBadly, goesOn, isHalted, ringNow, testRunning, waitingForResume } from '../core/proposal/run.ts'
import { wantsGo } from '../core/proposal/turn.ts'
import { type ActionName, actions } from './actions.ts'
import type { CardAction } from './card.ts'

/** A button as the table of actions describes it. */
export function cardAction(
  name: ActionName,
  revision: number,
  label: string = actions[name].label,
  rare = false,
): CardAction {
  const { style, asks, optional = [] } = actions[name]
  return { name, label, style, asks, optional, revision, rare }
}

/**
 * Buttons of the card: what makes sense in this state, for this reader, the safe and likely ones first. Whether it is
 * allowed is decided on the click.
 */
export function cardActions(state: ProposalState, viewer: Member | null): readonly CardAction[] {
  const buttons: CardAction[] = []
  const seldom: CardAction[] = []
  function add(name: ActionName, label?: string): void {
    buttons.push(cardAction(name, state.revision, label))
  }
  function addRare(name: ActionName, label?: string): void {
    seldom.push(cardAction(name, state.revision, label, true))
  }
  const has = (roles: readonly string[]) => viewer === null || viewer.roles.some((role) => roles.includes(role))
  const voter = has(votingRoles(state.policy.approval))
  const stopper = has(state.policy.stop)
  const resumer = has(state.policy.resume.map((need) => need.role))
  const failed = state.rollout !== null && endedBadly(state.rollout).size > 0
  const { proposer } = state
  const mineToWithdraw = viewer === null || (proposer.kind === 'person' && proposer.id === viewer.id)
  const mine = state.votes.find((vote) => vote.person === viewer?.id)
  const current = ringNow(state)
  const waitsForGo = goesOn(state) && current !== null && wantsGo(current) && has(current.planned.gate.go ?? [])

  /** What stops the test that runs, or lets it go on. */
  function addTest(): void {
    if (!testRunning(state) || isHalted(state)) return
    // The vote is what is expected here: only its button is coloured.
    if (resumer && waitingForResume(state) !== null)
      buttons.push({ ...cardAction('resume', state.revision), style: 'plain' })
    if (stopper && goesOn(state)) add('pause')
    if (stopper) add('halt')
  }

  switch (state.status) {
    case 'open':
      if (voter) {
        if (mine?.choice !== 'approve') add('approve')
        add('reject')
        if (mine) add('withdraw-vote')
        else addRare('abstain')
      }
      if (waitsForGo) add('go')
      addTest()
      if (stopper || mineToWithdraw) addRare('withdraw')
      break
    case 'approved':
    case 'scheduled':
      addTest()
      if (state.acknowledgedBy === null && has([ON_CALL, ...state.policy.stop]) && state.subject.kind === 'patches')
        add('acknowledge')
      if (state.status === 'scheduled' && (voter || stopper || has([ON_CALL]))) add('postpone')
      if (mine) addRare('withdraw-vote')
      if (stopper && state.status === 'scheduled') addRare('freeze')
      if (stopper) addRare('withdraw')
      break
    case 'rolling out':
      if (waitsForGo) add('go')
      if (stopper) {
        add('pause')
        add('halt')
        addRare('skip')
      }
      if (resumer && failed) addRare('retry')
      if (resumer) addRare('extend')
      break
    case 'paused':
    case 'halted':
      if (resumer && failed) add('retry')
      if (resumer) add('resume')
      if (stopper && state.status === 'paused') add('halt')
      if (stopper) addRare('skip')
      if (stopper) addRare('withdraw', 'End it here…')
      break
    default:
      break
  }
  const changed = Object.values(state.rollout?.deployments ?? {}).some(({ outcome }) => outcome?.state === 'succeeded')
  const still = state.status === 'paused' || state.status === 'halted' || state.status === 'completed'
  const forward = state.subject.kind === 'patches' && state.subject.rollsBack === undefined
  if (still && changed && stopper && forward) add('roll-back')
  if (state.breakGlass !== null && state.breakGlass.reviewedBy === null) add('review-break-glass')
  const early = state.status === 'open' || state.status === 'approved' || state.status === 'scheduled'
  if (early && state.policy.breakGlass !== null && has(state.policy.breakGlass.roles)) addRare('break-glass')
  if (state.subject.kind === 'patches') {
    add('explain')
    add('assets', `${state.subject.assets.length} assets`)
    add('plan')
  }
  addRare('report')
  return [...buttons, ...seldom]
}
