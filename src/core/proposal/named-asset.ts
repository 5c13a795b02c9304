import { deploymentOf } from '../rollout/deployments.ts'
import { countEndState } from '../rollout/gate.ts'
import type { ProposalState } from './proposal.ts'

/** An asset of the proposal by id or name. Gives a sentence instead if there is none, or more than one. */
export function namedAsset(
  { id, subject }: Pick<ProposalState, 'id' | 'subject'>,
  named: string | null,
): { readonly id: string; readonly name: string } | { readonly sentence: string } {
  if (subject.kind !== 'patches' || !named?.trim()) return { sentence: `Name a server of ${id}.` }
  const wanted = named.trim()
  const found = subject.assets.filter(({ asset }) => asset.id === wanted || asset.name === wanted)
  const [first, ...more] = found
  if (first === undefined) return { sentence: `${id} has no server "${wanted.slice(0, 80)}".` }
  if (more.length > 0) return { sentence: `${found.length} servers of ${id} are called ${wanted}; write the whole id.` }
  return { id: first.asset.id, name: first.asset.name }
}

/**
 * Has this asset, named by id or name, ended in the rollout, but not well? An asset that somebody left out does not
 * count.
 */
export function hasFailed(state: ProposalState, named: string | null): boolean {
  const found = namedAsset(state, named)
  if (state.rollout === null || 'sentence' in found) return false
  if (state.rollout.skipped[found.id] !== undefined) return false
  const end = deploymentOf(state.rollout, found.id)?.verification?.end
  return end !== undefined && countEndState(end) !== 'good'
}
