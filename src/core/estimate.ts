/** Estimates how long assets will take from how long earlier assets took. */

import { limits } from './limits.ts'

/** With fewer samples there is no estimate. */
const SAMPLES = 3
/** This share of the samples took no longer than the estimate. Too short an estimate is worse than too long a one. */
const SHARE = 0.9

/** Seconds from the start of assets to their verification, by name of ring, shortest first. */
export type Took = ReadonlyMap<string, readonly number[]>

/**
 * Seconds that one asset of each ring is expected to take, by name of ring: 90 % of the known assets took no longer.
 * With too few samples: `limits.unknownDeploymentSeconds`.
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
