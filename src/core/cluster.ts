/** Clusters are assets that serve together. Only some of them may be away at the same time. */

import type { Asset } from './asset.ts'
import type { Cluster } from './proposal/proposal.ts'
import { amountOf, type ClusterRule } from './ring-rule.ts'

/**
 * The clusters in `assets`. Pass all assets of the team, also those that are not patched, because `minHealthy` may be a
 * share of the whole cluster. A tag belongs to the first rule that matches it. An asset with several such tags is in
 * several clusters, and each of them limits it.
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
 * How many members may be taken now: work may begin on `free` more members, and `spare` more healthy members may go
 * down. Both may be negative if people allowed more.
 */
export interface ClusterRoom {
  readonly cluster: Cluster
  free: number
  spare: number
}

/**
 * The room in every cluster. `of`: the clusters of an asset. Counts only assets that are away, because they are few.
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
 * How many more members of the cluster may be taken now. A member counts as healthy until it is taken. Never negative;
 * 0 if too few members are healthy already.
 */
export function clusterRoom(cluster: Cluster, use: ClusterUse): number {
  const rooms = clusterRooms([cluster], (asset) => (cluster.assets.includes(asset) ? [cluster] : []), use)
  const { free = 0, spare = 0 } = rooms.get(cluster) ?? {}
  return Math.max(0, Math.min(free, spare))
}

/** Why nobody could work on any member of the cluster, even if all were healthy; `null`: somebody could. */
export function clusterProblem(cluster: Cluster): string | null {
  if (clusterRoom(cluster, { working: new Set(), bad: new Set() }) > 0) return null
  const { name, assets, atOnce, minHealthy } = cluster
  const size = assets.length === 1 ? '1 server' : `${assets.length} servers`
  if (atOnce < 1) return `the cluster ${name} lets none of its ${size} be worked on`
  return `the cluster ${name} has ${size} and keeps ${minHealthy} of them up, so none may be worked on`
}
