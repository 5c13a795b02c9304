/**
 * What takes as many people as resuming does: letting a failed asset not count any more, and letting a rollout run on
 * after its window. People agree by asking for it; it happens when enough have asked.
 */

import { throughOf } from '../hands.ts'
import { withOneMore } from '../quorum.ts'
import { isBefore } from '../time/instant.ts'
import type { PersonsContext } from './command.ts'
import { accept, anyOf, type Decision, refuse } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import { isSame } from './evolve-agreements.ts'
import type { AgreedAct, Agreement, ProposalState } from './proposal.ts'

/** The people who agreed to exactly this, and whose agreement still counts. */
export function agreedTo(
  { agreements = [] }: Pick<ProposalState, 'agreements'>,
  act: AgreedAct['act'],
  now: string,
): readonly Agreement[] {
  return agreements.filter(({ to }) => to.act === act && (to.act !== 'extend-window' || isBefore(now, to.until)))
}

/** Gives `then` if those who agreed to it, with whoever asks now, are enough; otherwise keeps the agreement. */
export function agree(
  state: ProposalState,
  to: AgreedAct,
  reason: string,
  context: PersonsContext,
  then: () => readonly ProposalEvent[],
): Decision {
  const { actor, members, now } = context
  const before = agreedTo(state, to.act, now).filter((one) => isSame(one.to, to))
  const me = { person: actor.id, ...throughOf(actor) }
  const found = withOneMore(state.policy.resume, before, me, members)
  if (found.enough) return accept(...then())
  if (found.already)
    return refuse(
      'already',
      `Counted already: you agreed to it. Missing: somebody else with the role ${anyOf(found.missing)}.`,
    )
  return accept({ type: 'agreed', to, reason, person: actor.id, name: actor.name })
}
