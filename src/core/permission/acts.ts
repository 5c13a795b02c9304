/** What a person can ask of a proposal: a closed list. */

import type { ProposalCommand } from '../proposal/command.ts'
import { hasFailed } from '../proposal/named-asset.ts'
import type { ProposalState } from '../proposal/proposal.ts'

export const acts = [
  'comment',
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

/** What a person can ask of a proposal. */
export type Act = (typeof acts)[number]

export function isAct(name: string): name is Act {
  return acts.some((act) => act === name)
}

/** The act that a command is for this state; `null`: parts of Patchwarden give it, and never people. */
export function actOf(command: ProposalCommand, state: ProposalState): Act | null {
  switch (command.type) {
    case 'vote':
      return command.choice
    case 'skip':
      return hasFailed(state, command.asset) ? 'leave-out' : 'skip'
    case 'open-roll-back':
      return 'roll-back'
    case 'comment':
    case 'withdraw-vote':
    case 'confirm':
    case 'withdraw':
    case 'postpone':
    case 'freeze':
    case 'unfreeze':
    case 'acknowledge':
    case 'pause':
    case 'halt':
    case 'go':
    case 'retry':
    case 'resume':
    case 'extend-window':
    case 'break-glass':
    case 'review-break-glass':
      return command.type
    case 'open':
    case 'revise':
    case 'compare-assets':
    case 'supersede':
    case 'follow-up':
    case 'end-roll-back':
    case 'remind':
    case 'expire':
    case 'end-notice':
    case 'ask-acknowledgement':
    case 'reschedule':
    case 'announce-window':
    case 'start':
    case 'start-test':
    case 'start-batch':
    case 'end-soak':
    case 'complete':
    case 'record-outcomes':
    case 'record-gate':
    case 'record-verifications':
    case 'note-drift':
    case 'note':
      return null
  }
}
