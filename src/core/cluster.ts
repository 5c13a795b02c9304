import type { Cluster } from './proposal/proposal.ts'

/**
 * How many more of a cluster's members may be taken now: at most `atOnce` less those being worked on, and never so many
 * that fewer than `minHealthy` are left which are neither worked on nor in a bad end state.
 */
export function clusterRoom(
  cluster: Cluster,
  { working, bad }: { readonly working: ReadonlySet<string>; readonly bad: ReadonlySet<string> },
): number {
  const busy = cluster.assets.filter((asset) => working.has(asset)).length
  const healthy = cluster.assets.filter((asset) => !working.has(asset) && !bad.has(asset)).length
  return Math.max(0, Math.min(cluster.atOnce - busy, healthy - cluster.minHealthy))
}
