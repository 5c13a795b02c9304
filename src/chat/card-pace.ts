/** How soon a card or a list shows what has changed. People act on some changes, and only watch others. */

import type { ProposalState } from '../core/proposal/proposal.ts'
import { failedDeployments } from '../core/rollout/deployments.ts'
import { liveRun } from '../core/rollout/run.ts'

/** A card on which only counts move is edited once in so many seconds. */
const COUNTS_MS = 20_000
/** What falls due within so many seconds is one list for each person. */
const LISTED_MS = 30_000

/**
 * When the card must show the change, ISO 8601 UTC; `null`: at once. Where servers only begin and end well, the change
 * waits for the next of the instants that all such changes of a card share, so that they are one edit.
 */
export function shownFrom(before: ProposalState | null, state: ProposalState, now: string): string | null {
  return before === null || !onlyCounts(before, state) ? null : nextOf(COUNTS_MS, now)
}

/** When people are told what waits for them, ISO 8601 UTC. What falls due together is told in one message. */
export function listedFrom(now: string): string {
  return nextOf(LISTED_MS, now)
}

/** The next of the instants that lie so far apart, which all who ask share. */
function nextOf(ms: number, now: string): string {
  return new Date((Math.floor(Date.parse(now) / ms) + 1) * ms).toISOString()
}

function onlyCounts(before: ProposalState, state: ProposalState): boolean {
  const [was, is] = [liveRun(before), liveRun(state)]
  if (was === null || is === null) return false
  const rings = (run: typeof is) => run.rings.map(({ status }) => status).join()
  return (
    before.status === state.status &&
    (state.status === 'rolling out' || state.status === 'verifying') &&
    before.revision === state.revision &&
    before.waitsFor === state.waitsFor &&
    before.since === state.since &&
    failedDeployments(was).length === failedDeployments(is).length &&
    rings(was) === rings(is)
  )
}
