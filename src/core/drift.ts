import type { AssetSnapshot } from './asset.ts'
import type { ProposalState } from './proposal/proposal.ts'
import { countEndState } from './rollout/gate.ts'
import { plannedOf } from './rollout/planned.ts'
import { schemeFor } from './versions/scheme.ts'

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
    const { id, platform } = snapshot.asset
    const verification = rollout.deployments[id]?.verification
    if (!verification || countEndState(verification.end) !== 'good') return []
    if (Date.parse(snapshot.observedAt) <= Date.parse(verification.at)) return []
    const scheme = schemeFor(platform)
    const older = (plannedOf(subject, id)?.changes ?? []).flatMap(({ name, architecture, to }) => {
      const found = snapshot.packages.find((item) => item.name === name && item.architecture === architecture)
      // A package that was removed since is not patched any more, but it is not dangerous either.
      return found !== undefined && scheme.compare(found.version, to) < 0
        ? [`${name} is ${found.version}, ${to} was verified`]
        : []
    })
    const [first, ...more] = older
    if (first === undefined) return []
    return [{ asset: id, what: more.length === 0 ? first : `${first}, and ${more.length} more packages are older` }]
  })
}
