import { limits } from '../core/limits.ts'
import type { RecordedOutcome, RecordedVerification } from '../core/proposal/event.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { collecting } from './collecting.ts'
import type { Execute } from './execute.ts'
import type { WorkflowParts } from './ports.ts'

const rollout: Actor = { kind: 'system', part: 'rollout' }
const verification: Actor = { kind: 'system', part: 'verification' }

/** So long what is known of assets is collected before it is recorded, or from one look to the next where that is shorter. */
const PAUSE_MS = 250

/** Records what became of the assets of one proposal, many at once: each commit costs as much as its assets together. */
export interface Recording {
  /** Comes back when they are recorded. Killed before, the engine is asked again: its journal knows them. */
  outcomes(ended: readonly RecordedOutcome[]): Promise<void>
  /** Comes back when they are recorded. Killed before, the assets are looked at again. */
  verifications(found: readonly RecordedVerification[]): Promise<void>
}

/** `changed`: something was recorded. */
export function createRecording(
  { pollSeconds }: Pick<WorkflowParts, 'pollSeconds'>,
  execute: Execute['execute'],
  proposal: string,
  changed: () => void,
  signal: AbortSignal,
): Recording {
  const limit = { most: limits.assetsPerEvent, pauseMs: Math.min(PAUSE_MS, 1_000 * pollSeconds) }
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
  return { outcomes: outcomes.add, verifications: verifications.add }
}
