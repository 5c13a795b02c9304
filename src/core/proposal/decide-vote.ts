import { throughOf } from '../hands.ts'
import { limits } from '../limits.ts'
import { nextRun } from '../rollout/touch.ts'
import { DAY_SECONDS, isBefore, plusSeconds } from '../time/instant.ts'
import { approvalNow, quorumNeeds } from './approval.ts'
import type { Context, PersonsContext, ProposalCommand } from './command.ts'
import { accept, after, type Decision, refuse } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import { confirmed } from './proof.ts'
import type { ProposalState, Vote } from './proposal.ts'
import { closeTest } from './stop-test.ts'

type VoteCommand = Extract<ProposalCommand, { type: 'vote' }>

export function vote(state: ProposalState, command: VoteCommand, context: PersonsContext): Decision {
  const { actor, now } = context
  const previous = state.votes.find((item) => item.person === actor.id)
  if (previous?.choice === command.choice) {
    // The earlier vote came by a link or the command line. It now counts as the person's own.
    const decision = confirmVote(state, previous, context)
    if (decision !== null) return decision
  }
  const base = {
    person: actor.id,
    name: actor.name,
    revision: state.revision,
    at: now,
    via: actor.via,
    ...throughOf(actor),
  }
  const reason = command.reason?.trim() || null
  if (reason !== null && reason.length > limits.reasonCharacters) {
    return refuse(
      'incomplete',
      `The reason is longer than ${limits.reasonCharacters} characters; shorten it. Nothing was counted.`,
    )
  }

  if (command.choice === 'reject') return reject(state, command, context, { ...base, choice: 'reject', reason })
  if (command.choice === 'abstain') return accept({ type: 'vote-cast', vote: { ...base, choice: 'abstain', reason } })
  const cast: ProposalEvent = { type: 'vote-cast', vote: { ...base, choice: 'approve', reason } }
  if (quorumNeeds(state) === null) return accept(cast)
  return accept(cast, ...approvalEvents(after(state, [cast], context), context))
}

/** The vote now counts as the person's own. `null`: the person linked the account only after the vote was cast. */
export function confirmVote(state: ProposalState, vote: Vote, context: PersonsContext): Decision | null {
  const event = confirmed('vote', vote, context.actor)
  if (event === null) return null
  if (state.status !== 'open' || quorumNeeds(state) === null) return accept(event)
  return accept(event, ...approvalEvents(after(state, [event], context), context))
}

/** The events `approved` and `scheduled`, if the policy is satisfied now; otherwise empty. */
export function approvalEvents(state: ProposalState, context: Context): readonly ProposalEvent[] {
  const approval = approvalNow(state, context)
  if ('missing' in approval) return []
  const approved: ProposalEvent = { type: 'approved', by: approval.by }
  return [approved, ...scheduleEvents(state, context, null)]
}

/** The event that says in which window the proposal will run, or why there is none. Without a window it never runs. */
export function scheduleEvents(
  state: ProposalState,
  context: Context,
  reason: string | null,
): readonly ProposalEvent[] {
  const { subject } = state
  if (subject.kind !== 'patches') return []
  const next = nextRun(state, context)
  if ('window' in next) return [{ type: 'scheduled', window: next.window, reason }]
  return state.notStarted === next.problem ? [] : [{ type: 'start-refused', reason: next.problem }]
}

function reject(state: ProposalState, command: VoteCommand, context: Context, cast: Vote): Decision {
  const owner = command.owner ?? cast.person
  if (cast.reason === null) {
    return refuse('incomplete', `Say why you reject ${state.id}: the reason is kept with it. Nothing was counted.`)
  }
  if (!context.members.some((member) => member.id === owner)) {
    return refuse(
      'incomplete',
      `The owner "${owner}" is not a person of team ${state.team}; name who will look at it again.`,
    )
  }
  const until = command.until ?? ''
  // This also refuses a text that is not a date: `isBefore` is false for it.
  if (!isBefore(context.now, until)) {
    return refuse(
      'incomplete',
      `Say until when the rejection of ${state.id} holds, as a date that is still to come (2026-12-31).`,
    )
  }
  if (isBefore(plusSeconds(context.now, limits.deferralDays * DAY_SECONDS), until)) {
    return refuse('incomplete', `A rejection holds for ${limits.deferralDays} days at most; choose an earlier date.`)
  }
  const deferral = { by: cast.person, reason: cast.reason, owner, until: new Date(until).toISOString() }
  const closed = closeTest(state, 'the proposal was rejected', context)
  return accept({ type: 'vote-cast', vote: cast }, ...closed, { type: 'rejected', deferral })
}

export function withdrawVote(state: ProposalState, context: PersonsContext): Decision {
  const { actor } = context
  const withdrawn: ProposalEvent = { type: 'vote-withdrawn', person: actor.id, name: actor.name }
  if (state.approvedBy?.how !== 'quorum') return accept(withdrawn)
  const approval = approvalNow(after(state, [withdrawn], context), context)
  if ('by' in approval) return accept(withdrawn)
  return accept(withdrawn, { type: 'approval-lapsed', reason: `${actor.name} withdrew the vote; ${approval.missing}` })
}
