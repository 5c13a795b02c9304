/** The one place that says who may do what. Being in a channel is no authority; roles are checked on the person. */

import { votingRoles } from '../policy.ts'
import { ON_CALL } from './acknowledgement.ts'
import type { Context, ProposalCommand, Refusal } from './command.ts'
import { anyOf } from './decision.ts'
import { proofProblem } from './proof.ts'
import type { ProposalState } from './proposal.ts'
import { ringNow } from './run.ts'
import { wantsGo } from './turn.ts'

/** Why the actor may not give this command, or `null`. Says nothing about whether the command makes sense now. */
export function authorize(state: ProposalState, command: ProposalCommand, context: Context): Refusal | null {
  const { actor, members } = context
  const needed = rolesFor(state, command)
  const proof = actor.kind === 'person' ? proofProblem(state, command, actor, members) : null
  if (needed === 'anybody') return null
  if (needed === 'system') {
    if (actor.kind === 'system') return null
    return { code: 'not allowed', sentence: `Only Patchwarden itself does this (${command.type}).` }
  }
  if (actor.kind === 'system') {
    return { code: 'not allowed', sentence: `${command.type} is for people: Patchwarden never does it by itself.` }
  }
  const me = members.find((member) => member.id === actor.id)
  if (!me) {
    return {
      code: 'not allowed',
      sentence: `${actor.name} is not known to team ${state.team}. An operator can add people and roles in patchwarden.yaml.`,
    }
  }
  if (needed === 'member' || me.roles.some((role) => needed.includes(role))) return proof
  if (command.type === 'withdraw' && state.status === 'open' && isProposer(state, actor.id)) return null
  const can = members
    .filter((member) => member.roles.some((role) => needed.includes(role)))
    .map((member) => member.name)
  const who = can.length === 0 ? 'Nobody holds that role now' : `${anyOf(can)} can`
  return {
    code: 'not allowed',
    sentence: `${words(command)} ${state.id} takes the role ${anyOf(needed)}; you have ${me.roles.length === 0 ? 'none' : me.roles.join(', ')}. ${who}.`,
  }
}

function isProposer(state: ProposalState, person: string): boolean {
  return state.proposer.kind === 'person' && state.proposer.id === person
}

function rolesFor(state: ProposalState, command: ProposalCommand): readonly string[] | 'anybody' | 'member' | 'system' {
  const { policy } = state
  const waiting = ringNow(state)
  switch (command.type) {
    case 'open':
    case 'revise':
    case 'comment':
      return 'anybody'
    case 'vote':
      return votingRoles(policy.approval)
    case 'withdraw-vote':
    case 'confirm':
      return 'member'
    case 'acknowledge':
      return [...new Set([ON_CALL, ...policy.stop, ...(policy.acknowledgement?.escalateTo ?? [])])]
    case 'postpone':
      return [...new Set([ON_CALL, ...policy.stop, ...votingRoles(policy.approval)])]
    case 'unfreeze':
      return policy.resume.map((need) => need.role)
    case 'pause':
    case 'halt':
    case 'freeze':
    case 'withdraw':
      return policy.stop
    case 'resume':
    case 'retry':
    case 'extend-window':
      return policy.resume.map((need) => need.role)
    case 'skip':
      return policy.stop
    case 'go':
      return waiting !== null && wantsGo(waiting) ? (waiting.planned.gate.go ?? []) : 'member'
    case 'break-glass':
      return policy.breakGlass?.roles ?? []
    case 'review-break-glass':
      return [...votingRoles(policy.approval), ...policy.stop]
    case 'compare-assets':
    case 'ask-acknowledgement':
    case 'remind':
    case 'expire':
    case 'end-notice':
    case 'reschedule':
    case 'start':
    case 'start-batch':
    case 'record-outcomes':
    case 'record-verifications':
    case 'record-gate':
    case 'start-test':
    case 'announce-window':
    case 'note':
    case 'note-drift':
    case 'end-soak':
    case 'complete':
    case 'follow-up':
    case 'supersede':
      return 'system'
  }
}

function words(command: ProposalCommand): string {
  switch (command.type) {
    case 'vote':
      return command.choice === 'approve' ? 'Approving' : command.choice === 'reject' ? 'Rejecting' : 'Voting on'
    case 'confirm':
      return 'Confirming on'
    case 'acknowledge':
      return 'Acknowledging'
    case 'postpone':
      return 'Postponing'
    case 'freeze':
      return 'Freezing the team of'
    case 'unfreeze':
      return 'Lifting the freeze of'
    case 'pause':
      return 'Pausing'
    case 'halt':
      return 'Halting'
    case 'resume':
      return 'Resuming'
    case 'withdraw':
      return 'Withdrawing'
    case 'retry':
      return 'Trying again in'
    case 'extend-window':
      return 'Extending the window of'
    case 'skip':
      return 'Leaving assets out of'
    case 'go':
      return 'Saying go for'
    case 'break-glass':
      return 'Breaking the glass for'
    case 'review-break-glass':
      return 'Reviewing the break-glass of'
    default:
      return `${command.type} on`
  }
}
