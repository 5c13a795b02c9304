/** Assets that serve together: how many of them may be away at the same time. */

import type { Cluster } from './proposal/proposal.ts'

export interface ClusterUse {
  /** Asset ids that are being worked on. */
  readonly working: ReadonlySet<string>
  /** Asset ids in a bad end state. */
  readonly bad: ReadonlySet<string>
}

/**
 * What may be taken now: `free` more members may be worked on, and `spare` of those that are up may go down. Either may
 * be negative where people let it come to that.
 */
export function clusterRoom({ assets, atOnce, minHealthy }: Cluster, { working, bad }: ClusterUse) {
  const busy = assets.filter((id) => working.has(id)).length
  const healthy = assets.filter((id) => !working.has(id) && !bad.has(id)).length
  return { free: atOnce - busy, spare: healthy - minHealthy }
}
