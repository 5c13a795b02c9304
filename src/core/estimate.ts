/** Estimates how long assets will take from how long earlier assets took. */

import { limits } from './limits.ts'
import type { PlannedRing } from './proposal/proposal.ts'
import { engineOfRing, type Lanes } from './rollout/lanes.ts'

/** With fewer samples there is no estimate. */
const SAMPLES = 3
/** This share of the samples took no longer than the estimate. Too short an estimate is worse than too long a one. */
const SHARE = 0.9

/** What the assets of a ring took on one engine. */
export interface RingTook {
  readonly engine: string
  readonly ring: string
  /** Seconds from the start of each asset to its verification, shortest first. */
  readonly seconds: readonly number[]
}

/** Seconds that one asset takes, by `paceOf` its ring. */
export type Estimates = Readonly<Record<string, number>>

/** By what estimates are kept: the name of a ring, and its engine where it is in a further lane. */
export function paceOf({ name, engine }: Pick<PlannedRing, 'name' | 'engine'>): string {
  return engine === undefined ? name : `${name} (${engine})`
}

/**
 * Seconds that one asset of each ring is expected to take: 90 % of those that its engine served in rings of this name
 * took no longer. With too few samples: `limits.unknownDeploymentSeconds`.
 */
export function estimatesFor(lanes: Lanes, took: readonly RingTook[]): Estimates {
  return Object.fromEntries(
    lanes.rings.map((ring, index) => [paceOf(ring), usual(ring.name, engineOfRing(lanes, index), took)]),
  )
}

function usual(name: string, engine: string, took: readonly RingTook[]): number {
  const known = took.find((one) => one.ring === name && one.engine === engine)?.seconds ?? []
  const most = known[Math.ceil(known.length * SHARE) - 1]
  return known.length < SAMPLES || most === undefined ? limits.unknownDeploymentSeconds : Math.ceil(most)
}
