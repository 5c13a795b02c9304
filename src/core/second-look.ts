/**
 * What other sources saw of an asset after it could act. The source of its looks verifies; where another one agrees, that
 * is said, and where it does not, the asset is not verified.
 */

import type { AssetSnapshot } from './asset.ts'
import { type Change, isApplied } from './change.ts'
import type { DeploymentOutcome } from './ports.ts'
import type { PlannedAsset, Verification } from './proposal/proposal.ts'
import { isBefore, minuteOf } from './time/instant.ts'
import { type Look, type VerificationFacts, verify } from './verification.ts'

/** A look of a source that is not the one of the asset's looks. */
export interface SecondLook {
  readonly source: string
  readonly snapshot: AssetSnapshot
}

/**
 * Those that say something about the changes: taken after the asset could act, of the same Windows or distribution, and
 * with software. `since`: ISO 8601 UTC; left out: nobody knows when it could act, so none counts.
 */
function telling(
  looks: readonly SecondLook[],
  { asset, changes }: PlannedAsset,
  since: string | undefined,
): readonly SecondLook[] {
  if (since === undefined) return []
  return looks.filter(
    ({ snapshot }) =>
      !isBefore(snapshot.observedAt, since) &&
      snapshot.asset.platform === asset.platform &&
      changes.some((change) => saidOf(change, snapshot) !== null),
  )
}

/**
 * Whether the snapshot says that the change is there; `null`: it does not say. A list without the package may be one that
 * never had it, so only another version is a no.
 */
function saidOf(change: Change, snapshot: AssetSnapshot): boolean | null {
  const { applied, found } = isApplied(change, snapshot)
  if (applied === 'yes') return true
  return applied === 'no' && found !== null ? false : null
}

/**
 * Without looks that say of a change that it is not there and are older than the look that verified: what had not
 * happened then may have happened since.
 */
function withoutStale(
  looks: readonly SecondLook[],
  { changes }: PlannedAsset,
  verifiedAt: string,
): readonly SecondLook[] {
  return looks.filter(
    ({ snapshot }) =>
      !isBefore(snapshot.observedAt, verifiedAt) || changes.every((change) => saidOf(change, snapshot) !== false),
  )
}

/** Names of the changes about which the other look says the opposite of the verification. */
function against(verification: Verification, { changes }: PlannedAsset, { snapshot }: SecondLook): readonly string[] {
  return changes.flatMap((change, index) => {
    const result = verification.packages[index]?.result
    const other = saidOf(change, snapshot)
    if (other === null || result === 'not known') return []
    return other === (result === undefined) ? [] : [change.name]
  })
}

/** The verification together with what the others say, which must be of `telling`. `by`: the source that verified. */
function withSecondLooks(
  verification: Verification,
  planned: PlannedAsset,
  by: string,
  looks: readonly SecondLook[],
): Verification {
  if (looks.length === 0 || verification.packages.length === 0) return verification
  const witnesses = looks.map((look) => ({
    source: look.source,
    saidAt: look.snapshot.observedAt,
    agrees: against(verification, planned, look).length === 0,
  }))
  const other = looks.find((look) => against(verification, planned, look).length > 0)
  const reason = verification.reason.replace(/\.$/, '')
  if (other === undefined) {
    const saw = witnesses.map(({ source, saidAt }) => `${source} (${minuteOf(saidAt)} UTC)`).join(', ')
    return { ...verification, reason: `${reason}; seen the same by ${saw}`, witnesses }
  }
  const names = against(verification, planned, other)
  const at = minuteOf(other.snapshot.observedAt)
  return {
    ...verification,
    end: 'not known',
    reason: `${by} and ${other.source} do not agree about ${names.join(', ')}. By ${by}: ${reason}. By ${other.source} (${at} UTC) the opposite`,
    packages: verification.packages.map((one) => (names.includes(one.name) ? { ...one, result: 'not known' } : one)),
    witnesses,
  }
}

/** Says by whom the asset was verified, where that is not the source of its looks. */
function seenBy(verification: Verification, { source, snapshot }: SecondLook): Verification {
  const reason = `${verification.reason.replace(/\.$/, '')}, as ${source} saw on ${minuteOf(snapshot.observedAt)} UTC`
  return { ...verification, reason, witnesses: [{ source, saidAt: snapshot.observedAt, agrees: true }] }
}

/** Ends that say nothing about what the asset has now, or say that it is not there. */
const unseen: ReadonlySet<Verification['end']> = new Set(['not known', 'silent', 'unreachable'])

/**
 * The verification by the source of the asset's looks, with what the others say. Where that source knows nothing, the
 * first other one that looked after the asset could act verifies.
 */
export function verifyWithOthers(
  planned: PlannedAsset,
  outcome: DeploymentOutcome,
  look: Look,
  facts: VerificationFacts,
  looks: readonly SecondLook[],
): Verification {
  const own = verify(planned, outcome, look, facts)
  if (outcome.state === 'not begun' || outcome.state === 'held back') return own
  const others = telling(looks, planned, facts.startedAt)
  const [first] = others
  if (first === undefined) return own
  if (!unseen.has(own.end)) {
    if (look.kind !== 'seen') return withSecondLooks(own, planned, '', others)
    const { asset, observedAt } = look.snapshot
    return withSecondLooks(own, planned, asset.source, withoutStale(others, planned, observedAt))
  }
  const snapshot = { ...first.snapshot, asset: { ...first.snapshot.asset, id: planned.asset.id } }
  const by = verify(planned, outcome, { kind: 'seen', snapshot, warnings: [] }, facts)
  if (unseen.has(by.end)) return own
  const rest = withoutStale(others.slice(1), planned, first.snapshot.observedAt)
  return withSecondLooks(seenBy(by, first), planned, first.source, rest)
}
