import { assertNever } from '../assert-never.ts'
import { forbidden, openingForbidden } from '../permission/forbidden.ts'
import { isOfParts, type PartsCommand, type PeoplesCommand } from '../permission/parts.ts'
import { callsEvents } from '../rollout/results-page.ts'
import { untoldIn } from '../rollout/taken-back.ts'
import type { Context, PersonsContext, ProposalCommand } from './command.ts'
import { confirm } from './confirm.ts'
import { acknowledge, askAcknowledgement } from './decide-acknowledgement.ts'
import { ask } from './decide-ask.ts'
import { breakGlass, reviewBreakGlass } from './decide-break-glass.ts'
import { compareAssets } from './decide-compare.ts'
import { endWaiting, extendWindow, go, halt, pause, resume, retry, skip } from './decide-control.ts'
import { comment, endNotice, expire, open, remind, revise, supersede, withdraw } from './decide-life.ts'
import { endRollBack } from './decide-roll-back.ts'
import {
  announceWindow,
  complete,
  endSoak,
  noteDrift,
  noteLateWord,
  recordGate,
  recordOutcomes,
  recordVerifications,
  reschedule,
  start,
  startBatch,
  startTest,
} from './decide-rollout.ts'
import { freeze, postpone, unfreeze } from './decide-schedule.ts'
import { takeOver, yieldAssets } from './decide-take-over.ts'
import { vote, withdrawVote } from './decide-vote.ts'
import { accept, type Decision, refuse } from './decision.ts'
import type { ProposalState } from './proposal.ts'

/**
 * The effect of a command on a proposal: the events that it causes, or the reason why it is refused. This function is
 * pure: the same state, command and context always give the same answer. `state`: `null` for a proposal that does not
 * exist yet.
 */
export function decide(state: ProposalState | null, command: ProposalCommand, context: Context): Decision {
  if (command.type === 'open') {
    if (state !== null) return refuse('already', `${command.id} exists already.`)
    const refusal = openingForbidden(command.team, context)
    return refusal === null ? open(command, context) : { ok: false, refusal }
  }
  if (state === null) return refuse('unknown', 'There is no such proposal.')
  const refusal = forbidden(state, command, context)
  if (refusal !== null) return { ok: false, refusal }
  if (isOfParts(command)) return decidePart(state, command, context)
  const { actor } = context
  // For the compiler only: `forbidden` lets no part of Patchwarden give a command of people.
  if (actor.kind !== 'person') return refuse('not allowed', `${command.type} is for people.`)
  return decidePerson(state, command, { ...context, actor })
}

function decidePart(
  state: ProposalState,
  command: Exclude<PartsCommand, { type: 'open' }>,
  context: Context,
): Decision {
  switch (command.type) {
    case 'revise':
      return revise(state, command, context)
    case 'compare-assets':
      return compareAssets(state, command, context)
    case 'remind':
      return remind(state, context)
    case 'expire':
      return expire(state, context)
    case 'end-notice':
      return endNotice(state, context)
    case 'reschedule':
      return reschedule(state, context)
    case 'ask-acknowledgement':
      return askAcknowledgement(state, context)
    case 'start':
      return start(state, context)
    case 'start-batch':
      return startBatch(state, context)
    case 'yield':
      return yieldAssets(state, command, context)
    case 'take-over':
      return takeOver(state, command)
    case 'start-test':
      return startTest(state, context)
    case 'announce-window':
      return announceWindow(state, context)
    case 'record-outcomes':
      return recordOutcomes(state, command)
    case 'record-verifications':
      return recordVerifications(state, command, context)
    case 'record-gate':
      return recordGate(state, command, context)
    case 'note':
      return accept({ type: 'noted', text: command.text })
    case 'record-calls':
      return accept(...callsEvents(command.key, command.calls))
    case 'note-taken-back': {
      const { goesOn, ...reached } = command
      return accept({ ...reached, type: 'taken-back', untold: goesOn ? 0 : untoldIn(state) })
    }
    case 'note-late-word':
      return noteLateWord(state, command)
    case 'note-drift':
      return noteDrift(state, command)
    case 'end-soak':
      return endSoak(state, context)
    case 'complete':
      return complete(state)
    case 'follow-up':
      return accept({ ...command, type: 'followed-up' })
    case 'end-roll-back':
      return endRollBack(state, command)
    case 'supersede':
      return supersede(state, command, context)
    default:
      return assertNever(command)
  }
}

function decidePerson(state: ProposalState, command: PeoplesCommand, context: PersonsContext): Decision {
  switch (command.type) {
    case 'vote':
      return vote(state, command, context)
    case 'withdraw-vote':
      return withdrawVote(state, context)
    case 'comment':
      return comment(command, context)
    case 'ask':
      return ask(state, command, context)
    case 'confirm':
      return confirm(state, command, context)
    case 'postpone':
      return postpone(state, command, context)
    case 'freeze':
      return freeze(state, command, context)
    case 'unfreeze':
      return unfreeze(state, context)
    case 'acknowledge':
      return acknowledge(context)
    case 'go':
      return go(state, context)
    case 'skip':
      return skip(state, command, context)
    case 'retry':
      return retry(state, command, context)
    case 'extend-window':
      return extendWindow(state, command, context)
    case 'pause':
      return pause(state, command, context)
    case 'end-waiting':
      return endWaiting(state, command, context)
    case 'halt':
      return halt(state, command, context)
    case 'resume':
      return resume(state, context)
    case 'withdraw':
      return withdraw(state, command, context)
    case 'open-roll-back':
      return accept({ type: 'roll-back-opened', proposal: command.by })
    case 'break-glass':
      return breakGlass(state, command, context)
    case 'review-break-glass':
      return reviewBreakGlass(context)
    default:
      return assertNever(command)
  }
}
