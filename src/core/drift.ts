import type { AssetSnapshot } from './asset.ts'
import { type Change, isApplied } from './change.ts'
import type { ProposalState } from './proposal/proposal.ts'
import { countEndState } from './rollout/gate.ts'
import { plannedOf } from './rollout/planned.ts'

export interface Drift {
  /** Asset id. */
  readonly asset: string
  /** A clause: `openssl is 3.0.20 again, 3.0.22 was verified`. */
  readonly what: string
}

/**
 * Assets that report something older than what was verified on them. Only looks that were made after the verification
 * count. What a rollback of the same proposal has put back is not drift: leave such assets out of `snapshots`.
 */
export function driftOf(state: ProposalState, snapshots: readonly AssetSnapshot[]): readonly Drift[] {
  const { subject, rollout } = state
  if (subject.kind !== 'patches' || subject.rollsBack !== undefined || rollout === null) return []
  return snapshots.flatMap((snapshot) => {
    const { id } = snapshot.asset
    const verification = rollout.deployments[id]?.verification
    if (!verification || countEndState(verification.end) !== 'good') return []
    if (Date.parse(snapshot.observedAt) <= Date.parse(verification.at)) return []
    const older = (plannedOf(subject, id)?.changes ?? []).flatMap((change) => lost(change, snapshot) ?? [])
    const [first, ...more] = older
    if (first === undefined) return []
    return [{ asset: id, what: more.length === 0 ? first : `${first}, and ${more.length} more are older` }]
  })
}

/** What a change that was there has become; `null`: it is there, or the look does not say, or its package is gone. */
function lost(change: Change, snapshot: AssetSnapshot): string | null {
  const { applied, found } = isApplied(change, snapshot)
  if (applied !== 'no') return null
  if (change.kind === 'update') return `${change.name} is not installed any more`
  // What was removed since is not patched any more, and not dangerous either.
  return found === null ? null : `${change.name} is ${found}, ${change.to} was verified`
}
