/** How long assets take, from how long they took. */

import { limits } from './limits.ts'
import type { ProposalState } from './proposal/proposal.ts'

/** Below this many nothing is concluded. */
const SAMPLES = 3
/** Of the samples, so many are not slower than what is expected: late is worse than early. */
const SHARE = 0.9
const MOST_SAMPLES = 500

/** Seconds that assets took from their start to their verification, by name of ring, quickest first. */
export type Took = ReadonlyMap<string, readonly number[]>

/** Of earlier rollouts. Assets that never answered tell nothing about how long the work takes. */
export function tookByRing(earlier: readonly ProposalState[]): Took {
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
  for (const list of seconds.values()) list.sort((a, b) => a - b)
  return seconds
}

/**
 * Seconds that one asset of each ring is expected to take, by the name of the ring: what nine of ten took, or a careful
 * value where too little is known.
 */
export function estimatesFor(rings: readonly string[], took: Took): Readonly<Record<string, number>> {
  return Object.fromEntries(
    rings.map((name) => {
      const known = took.get(name) ?? []
      const usual = known[Math.ceil(known.length * SHARE) - 1]
      return [name, known.length < SAMPLES || usual === undefined ? limits.unknownDeploymentSeconds : Math.ceil(usual)]
    }),
  )
}
