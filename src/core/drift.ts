import type { AssetSnapshot } from './asset.ts'
import { type Change, isApplied } from './change.ts'
import type { LateWord, ProposalState } from './proposal/proposal.ts'
import { countEndState } from './rollout/gate.ts'
import { plannedOf } from './rollout/planned.ts'

export interface Drift {
  /** Asset id. */
  readonly asset: string
  /** A clause, e.g. `openssl is 3.0.20 again, 3.0.22 was verified`. */
  readonly what: string
}

/**
 * Assets that report older versions than those that were verified on them. Only looks made after the verification
 * count. A rollback of the same proposal is not drift: the caller leaves its assets out of `snapshots`.
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

export interface HeardLate {
  /** Asset id. */
  readonly asset: string
  readonly word: LateWord
}

/**
 * Words of assets of which nobody knew how they ended, said after that. A word that does not tell about each change is
 * left out.
 */
export function lateWordsOf(
  { subject, rollout }: ProposalState,
  snapshots: readonly AssetSnapshot[],
): readonly HeardLate[] {
  if (subject.kind !== 'patches' || rollout === null) return []
  return snapshots.flatMap((snapshot): readonly HeardLate[] => {
    const { asset, observedAt: saidAt } = snapshot
    const verification = rollout.deployments[asset.id]?.verification
    if (!verification || countEndState(verification.end) !== 'unreachable') return []
    if (Date.parse(saidAt) <= Date.parse(verification.at)) return []
    const changes = plannedOf(subject, asset.id)?.changes ?? []
    const said = changes.map((change) => ({ change, ...isApplied(change, snapshot) }))
    const missing = said.filter(({ applied }) => applied === 'no').map(({ change }) => change.name)
    if (missing.length > 0)
      return [{ asset: asset.id, word: { applied: false, what: `${listed(missing)} not as promised`, saidAt } }]
    if (said.some(({ applied }) => applied === 'not known')) return []
    return [{ asset: asset.id, word: { applied: true, what: 'all of it is installed', saidAt } }]
  })
}

/** Names with their verb, such as `openssl and 2 more are`. */
function listed(names: readonly string[]): string {
  const [first = ''] = names
  return names.length === 1 ? `${first} is` : `${first} and ${names.length - 1} more are`
}

/**
 * A clause about a change that is lost; `null`: it is still there, the look does not say, or the package was removed.
 */
function lost(change: Change, snapshot: AssetSnapshot): string | null {
  const { applied, found } = isApplied(change, snapshot)
  if (applied !== 'no') return null
  if (change.kind === 'update') return `${change.name} is not installed any more`
  // A removed package is not patched any more, and not dangerous either.
  return found === null ? null : `${change.name} is ${found}, ${change.to} was verified`
}
