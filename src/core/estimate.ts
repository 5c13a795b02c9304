/** How long assets take, from how long they took. */

import { limits } from './limits.ts'

/** Below this many nothing is concluded. */
const SAMPLES = 3
/** This share of the samples is not slower than the estimate: being late is worse than being early. */
const SHARE = 0.9

/** Seconds that assets took from their start to their verification, by name of ring, quickest first. */
export type Took = ReadonlyMap<string, readonly number[]>

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
