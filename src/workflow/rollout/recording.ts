import { limits } from '../../core/limits.ts'
import type { RecordedOutcome, RecordedVerification } from '../../core/proposal/event.ts'
import type { Actor } from '../../core/proposal/proposal.ts'
import { type Collecting, collecting } from '../collecting.ts'
import type { Execute } from '../commands/execute.ts'
import type { WorkflowParts } from '../ports.ts'

const rollout: Actor = { kind: 'system', part: 'rollout' }
const verification: Actor = { kind: 'system', part: 'verification' }

/** How long results are collected before they are written, at most. Shorter if looks come more often. */
const PAUSE_MS = 250

/** Records the results for many assets of a proposal at once, because a commit costs as much as its assets. */
export interface Recording {
  /** Announces outcomes and verifications. Collected results wait only while announced ones are missing. */
  expect(coming: { readonly outcomes: readonly string[]; readonly verifications: readonly string[] }): void
  /** These assets have nothing more to report. */
  forget(assets: readonly string[]): void
  /** Resolves when the outcomes are recorded. After an earlier crash, the engine still has them in its journal. */
  outcomes(ended: readonly RecordedOutcome[]): Promise<void>
  /** Resolves when the verifications are recorded. After an earlier crash the assets are looked at again. */
  verifications(found: readonly RecordedVerification[]): Promise<void>
}

/** `changed`: called after something was recorded. */
export function createRecording(
  { pollSeconds }: Pick<WorkflowParts, 'pollSeconds'>,
  execute: Execute['execute'],
  proposal: string,
  changed: () => void,
  signal: AbortSignal,
): Recording {
  const limit = { most: limits.assetsPerEvent, pauseMs: Math.min(PAUSE_MS, 1_000 * pollSeconds) }
  const coming = { outcomes: new Set<string>(), verifications: new Set<string>() }
  const outcomes = collecting<RecordedOutcome>(
    async (collected) => {
      await execute(proposal, { type: 'record-outcomes', outcomes: collected }, rollout)
      changed()
    },
    limit,
    signal,
  )
  const verifications = collecting<RecordedVerification>(
    async (collected) => {
      await execute(proposal, { type: 'record-verifications', verifications: collected }, verification)
      changed()
    },
    limit,
    signal,
  )

  function add<Item extends { readonly asset: string }>(
    to: Collecting<Item>,
    items: readonly Item[],
    left: Set<string>,
  ): Promise<void> {
    for (const { asset } of items) left.delete(asset)
    const written = to.add(items)
    if (left.size === 0) to.flush()
    return written
  }

  return {
    expect(assets) {
      for (const asset of assets.outcomes) coming.outcomes.add(asset)
      for (const asset of assets.verifications) coming.verifications.add(asset)
    },
    forget(assets) {
      for (const asset of assets) {
        coming.outcomes.delete(asset)
        coming.verifications.delete(asset)
      }
      if (coming.outcomes.size === 0) outcomes.flush()
      if (coming.verifications.size === 0) verifications.flush()
    },
    outcomes: (ended) => add(outcomes, ended, coming.outcomes),
    verifications: (found) => add(verifications, found, coming.verifications),
  }
}
