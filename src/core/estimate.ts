/** How long assets take, from how long they took. */

import { limits } from './limits.ts'
import type { ProposalState } from './proposal/proposal.ts'

/** Below this many nothing is concluded. */
const SAMPLES = 3
/** Of the samples, so many are not slower than what is expected: late is worse than early. */
const SHARE = 0.9
const MOST_SAMPLES = 500

/**
 * Seconds that one asset of each ring is expected to take from its start to its verification, by the name of the ring:
 * what nine of ten took in earlier rollouts of the team (newest first), or a careful value where too little is known.
 * Assets that never answered tell nothing about how long the work takes.
 */
export function estimatesFor(
  rings: readonly string[],
  earlier: readonly ProposalState[],
): Readonly<Record<string, number>> {
  const seconds = new Map<string, number[]>()
  for (const { rollout, subject } of earlier) {
    if (rollout === null || subject.kind !== 'patches') continue
    for (const { ring, startedAt, outcome, doneAt } of Object.values(rollout.deployments)) {
      const name = subject.rings[ring]?.name
      if (name === undefined || doneAt === null || outcome?.state !== 'succeeded') continue
      const list = seconds.get(name) ?? []
      seconds.set(name, list)
      if (list.length < MOST_SAMPLES) list.push(Math.max(1, (Date.parse(doneAt) - Date.parse(startedAt)) / 1_000))
    }
  }
  return Object.fromEntries(
    rings.map((name) => {
      const known = [...(seconds.get(name) ?? [])].sort((a, b) => a - b)
      const usual = known[Math.ceil(known.length * SHARE) - 1]
      return [name, known.length < SAMPLES || usual === undefined ? limits.unknownDeploymentSeconds : Math.ceil(usual)]
    }),
  )
}
