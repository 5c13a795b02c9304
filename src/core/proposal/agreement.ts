/**
 * Acts that take as many people as resuming: leaving out a failed asset, so that it does not count any more, and
 * extending the window. A person agrees by asking for the act. It happens when enough people have asked.
 */

import { throughOf } from '../hands.ts'
import { withOneMore } from '../quorum.ts'
import { isBefore } from '../time/instant.ts'
import type { PersonsContext } from './command.ts'
import { accept, anyOf, type Decision, refuse } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import { isSame } from './evolve-agreements.ts'
import type { AgreedAct, Agreement, ProposalState } from './proposal.ts'

/** The agreements to an act that still count. An agreement to a longer window ends with the time that it names. */
export function agreedTo(
  { agreements = [] }: Pick<ProposalState, 'agreements'>,
  act: AgreedAct['act'],
  now: string,
): readonly Agreement[] {
  return agreements.filter(({ to }) => to.act === act && (to.act !== 'extend-window' || isBefore(now, to.until)))
}

/**
 * If the people who agreed to exactly this, together with the person who asks now, are enough, the result has the
 * events of `then`. Otherwise the agreement is kept.
 */
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
