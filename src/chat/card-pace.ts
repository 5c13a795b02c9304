/** How soon a card shows what has changed. People act on some changes, and only watch others. */

import type { ProposalState } from '../core/proposal/proposal.ts'
import { failedDeployments } from '../core/rollout/deployments.ts'
import { liveRun } from '../core/rollout/run.ts'

/** A card on which only counts move is edited once in so many seconds. */
const COUNTS_MS = 20_000

/**
 * When the card must show the change, ISO 8601 UTC; `null`: at once. Where servers only begin and end well, the change
 * waits for the next of the instants that all such changes of a card share, so that they are one edit.
 */
export function shownFrom(before: ProposalState | null, state: ProposalState, now: string): string | null {
  if (before === null || !onlyCounts(before, state)) return null
  return new Date((Math.floor(Date.parse(now) / COUNTS_MS) + 1) * COUNTS_MS).toISOString()
}

function onlyCounts(before: ProposalState, state: ProposalState): boolean {
  const [was, is] = [liveRun(before), liveRun(state)]
  if (was === null || is === null) return false
  const rings = (run: typeof is) => run.rings.map(({ status }) => status).join()
  return (
    before.status === state.status &&
    before.revision === state.revision &&
    before.waitsFor === state.waitsFor &&
    before.since === state.since &&
    failedDeployments(was).length === failedDeployments(is).length &&
    rings(was) === rings(is)
  )
}
