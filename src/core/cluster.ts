/** Assets that serve together: how many of them may be away at the same time. */

import type { Asset } from './asset.ts'
import type { Cluster } from './proposal/proposal.ts'
import { amountOf, type ClusterRule } from './ring-rule.ts'

/**
 * The clusters that `assets` form: give it all of the team's, not only those that are patched, because what stays up is
 * a share of the whole. A tag belongs to the first rule that fits it; an asset with several such tags is in several
 * clusters, and each of them limits it.
 */
export function clustersOf(rules: readonly ClusterRule[], assets: readonly Asset[]): readonly Cluster[] {
  const found = new Map<string, { readonly rule: ClusterRule; readonly assets: Set<string> }>()
  for (const asset of assets) {
    for (const tag of asset.tags) {
      const rule = rules.find((one) => fits(one, tag))
      if (rule === undefined) continue
      const cluster = found.get(tag) ?? { rule, assets: new Set() }
      cluster.assets.add(asset.id)
      found.set(tag, cluster)
    }
  }
  return [...found].map(([name, { rule, assets: members }]) => ({
    name,
    assets: [...members],
    atOnce: rule.atOnce,
    minHealthy: amountOf(rule.minHealthy, members.size),
  }))
}

function fits({ tag: pattern }: ClusterRule, tag: string): boolean {
  return pattern.endsWith('*') ? tag.startsWith(pattern.slice(0, -1)) : tag === pattern
}

export interface ClusterUse {
  /** Asset ids that are being worked on. */
  readonly working: ReadonlySet<string>
  /** Asset ids in a bad end state. */
  readonly bad: ReadonlySet<string>
}

/**
 * What may be taken now: `free` more members may be worked on, and `spare` of those that are up may go down. Either may be
 * negative where people let it come to that.
 */
export interface ClusterRoom {
  readonly cluster: Cluster
  free: number
  spare: number
}

/**
 * The room in every cluster; `of`: the clusters of an asset. It is counted from what is away, which is little where a
 * fleet is large.
 */
export function clusterRooms(
  clusters: readonly Cluster[],
  of: (asset: string) => readonly Cluster[],
  { working, bad }: ClusterUse,
): ReadonlyMap<Cluster, ClusterRoom> {
  const rooms = new Map(
    clusters.map((cluster): [Cluster, ClusterRoom] => {
      const { assets, atOnce, minHealthy } = cluster
      return [cluster, { cluster, free: atOnce, spare: assets.length - minHealthy }]
    }),
  )
  for (const asset of new Set([...working, ...bad])) {
    for (const cluster of of(asset)) {
      const room = rooms.get(cluster)
      if (room === undefined) continue
      room.spare--
      if (working.has(asset)) room.free--
    }
  }
  return rooms
}

/**
 * How many more members of the cluster may be taken now, each of them counted as healthy until it is taken. Never
 * negative; 0 where too few are healthy already.
 */
export function clusterRoom(cluster: Cluster, use: ClusterUse): number {
  const rooms = clusterRooms([cluster], (asset) => (cluster.assets.includes(asset) ? [cluster] : []), use)
  const { free = 0, spare = 0 } = rooms.get(cluster) ?? {}
  return Math.max(0, Math.min(free, spare))
}

/** Why no member of the cluster could ever be worked on, even with all of them healthy; `null`: some can. */
export function clusterProblem(cluster: Cluster): string | null {
  if (clusterRoom(cluster, { working: new Set(), bad: new Set() }) > 0) return null
  const { name, assets, atOnce, minHealthy } = cluster
  const size = assets.length === 1 ? '1 server' : `${assets.length} servers`
  if (atOnce < 1) return `the cluster ${name} lets none of its ${size} be worked on`
  return `the cluster ${name} has ${size} and keeps ${minHealthy} of them up, so none may be worked on`
}
