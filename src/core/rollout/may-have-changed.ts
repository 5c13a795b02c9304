/** Whether our own work may have changed an asset. What may have been changed is ours to report and to roll back. */

import { type Change, canBeReversed } from '../change.ts'
import type { DeploymentOutcome } from '../ports.ts'
import type { Deployment, EarlierStart } from '../proposal/proposal.ts'

/** A failed, interrupted or silent start counts, because nobody knows how far it came. */
export function mayHaveChanged(outcome: DeploymentOutcome | null): outcome is DeploymentOutcome {
  switch (outcome?.state) {
    case 'succeeded':
    case 'failed':
    case 'silent':
      return true
    case 'unreachable':
      return outcome.touched
    default:
      return false
  }
}

/** What the outcome says was changed; `null`: it does not say, so everything that was planned may have been. */
export function changedBy(outcome: DeploymentOutcome): readonly Change[] | null {
  return outcome.state === 'succeeded' && outcome.changed.length > 0 ? outcome.changed : null
}

/** Whether something of it could be changed back. There is no older version of a package that was newly installed. */
export function leavesSomethingToUndo(changed: readonly Change[] | null): boolean {
  return changed === null || changed.some(canBeReversed)
}

/** The deployment as an earlier start, when the asset is tried again; `null`: it has certainly changed nothing. */
export function asEarlier({ key, startedAt, outcome, undoneBy }: Deployment): EarlierStart | null {
  if (undoneBy !== undefined || !mayHaveChanged(outcome)) return null
  return { key, startedAt, changed: changedBy(outcome) }
}
