/** A more urgent approved proposal takes assets over from a less urgent one that waits with them. */

import { limits } from '../limits.ts'
import { priorityRank } from '../priority/priority.ts'
import { unfinishedDeployments } from '../rollout/run.ts'
import { isBefore } from '../time/instant.ts'
import type { Context, ProposalCommand } from './command.ts'
import { accept, type Decision, refuse } from './decision.ts'
import type { ProposalState } from './proposal.ts'

type Of<Type extends ProposalCommand['type']> = Extract<ProposalCommand, { type: Type }>

/**
 * Yields the assets that were told ahead and whose time has not come. What may have begun is not given away: its end is
 * awaited.
 */
export function yieldAssets(
  state: ProposalState,
  { to, priority, assets }: Of<'yield'>,
  { now }: Pick<Context, 'now'>,
): Decision {
  if (priorityRank(priority) >= priorityRank(state.priority))
    return refuse('not now', `${to} is not more urgent than ${state.id}.`)
  const wanted = new Set(assets)
  const waiting = unfinishedDeployments(state)
    .filter(({ asset, notBefore, yieldsTo }) => {
      return wanted.has(asset) && yieldsTo === undefined && notBefore !== undefined && isBefore(now, notBefore)
    })
    .map(({ asset }) => asset)
  if (waiting.length === 0) return refuse('not now', `${state.id} waits with nothing that ${to} needs next.`)
  return accept({ type: 'yielded', to, assets: waiting.slice(0, limits.assetsPerEvent) })
}

/** The assets of the proposal that it yields to another one and that are not taken back yet. */
export function yieldedTo(state: ProposalState, to: string): readonly string[] {
  return unfinishedDeployments(state).flatMap(({ asset, yieldsTo }) => (yieldsTo === to ? [asset] : []))
}

export function takeOver({ id, waitsFor }: ProposalState, { from, assets }: Of<'take-over'>): Decision {
  if (waitsFor?.proposal !== from) return refuse('not now', `${id} does not wait for ${from}.`)
  if (waitsFor.yields === true) return refuse('already', `${id} takes over from ${from} already.`)
  return accept({ type: 'took-over', from, assets: assets.slice(0, limits.assetsPerEvent) })
}
