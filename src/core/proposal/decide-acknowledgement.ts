import { isBefore } from '../time/instant.ts'
import { askedNow, nextAsk } from './acknowledgement.ts'
import type { Context, PersonsContext } from './command.ts'
import { accept, type Decision, refuse } from './decision.ts'
import type { ProposalState } from './proposal.ts'

export function askAcknowledgement(state: ProposalState, context: Context): Decision {
  const at = nextAsk(state)
  if (at === null) return refuse('already', `Nobody needs to acknowledge ${state.id} any more.`)
  if (isBefore(context.now, at)) return refuse('not now', `Those on call are asked at ${at}.`)
  return accept({ type: 'acknowledgement-asked', ...askedNow(state, context) })
}

export function acknowledge({ actor }: Pick<PersonsContext, 'actor'>): Decision {
  return accept({ type: 'acknowledged', person: actor.id, name: actor.name })
}
