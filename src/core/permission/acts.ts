/** The acts: everything that a person can ask of a proposal. */

import { hasFailed } from '../proposal/named-asset.ts'
import type { ProposalState } from '../proposal/proposal.ts'
import type { PeoplesCommand } from './parts.ts'

export const acts = [
  'comment',
  'ask',
  'approve',
  'abstain',
  'reject',
  'withdraw-vote',
  'confirm',
  'withdraw',
  'postpone',
  'freeze',
  'unfreeze',
  'acknowledge',
  'pause',
  'halt',
  'end-waiting',
  'skip',
  'leave-out',
  'go',
  'retry',
  'resume',
  'extend-window',
  'roll-back',
  'break-glass',
  'review-break-glass',
] as const

export type Act = (typeof acts)[number]

export function isAct(name: string): name is Act {
  return acts.some((act) => act === name)
}

/**
 * The act that a command stands for. For `skip` this depends on the state: an asset that failed is left out, another is
 * skipped.
 */
export function actOf(command: PeoplesCommand, state: ProposalState): Act {
  switch (command.type) {
    case 'vote':
      return command.choice
    case 'skip':
      return hasFailed(state, command.asset) ? 'leave-out' : 'skip'
    case 'open-roll-back':
      return 'roll-back'
    case 'comment':
    case 'ask':
    case 'withdraw-vote':
    case 'confirm':
    case 'withdraw':
    case 'postpone':
    case 'freeze':
    case 'unfreeze':
    case 'acknowledge':
    case 'pause':
    case 'halt':
    case 'end-waiting':
    case 'go':
    case 'retry':
    case 'resume':
    case 'extend-window':
    case 'break-glass':
    case 'review-break-glass':
      return command.type
  }
}
