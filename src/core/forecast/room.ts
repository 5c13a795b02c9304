/** Which assets a forecast works on at the same time. */

import type { Cluster } from '../proposal/proposal.ts'

/**
 * Called once for assets that are worked on at the same time. The result says for one asset after the other whether its
 * clusters have room for it, and takes that room.
 */
export type ClusterRoom = () => (asset: string) => boolean

export function clusterRoom(clusters: readonly Cluster[]): ClusterRoom {
  const clustersWith = new Map<string, number[]>()
  for (const [index, { assets }] of clusters.entries())
    for (const asset of assets) clustersWith.set(asset, [...(clustersWith.get(asset) ?? []), index])
  const most = clusters.map(({ assets, atOnce, minHealthy }) => Math.min(atOnce, assets.length - minHealthy))
  return () => {
    const left = [...most]
    return (asset) => {
      const mine = clustersWith.get(asset) ?? []
      if (mine.some((index) => (left[index] ?? 0) < 1)) return false
      for (const index of mine) left[index] = (left[index] ?? 0) - 1
      return true
    }
  }
}

/** The first `most` assets that may be taken, and the others in their order. */
export function take(assets: readonly string[], most: number, may: (asset: string) => boolean) {
  const chosen: string[] = []
  const passed: string[] = []
  let index = 0
  for (; index < assets.length && chosen.length < most; index++) {
    const asset = assets[index] ?? ''
    if (may(asset)) chosen.push(asset)
    else passed.push(asset)
  }
  const rest = assets.slice(index)
  return { chosen, rest: passed.length === 0 ? rest : [...passed, ...rest] }
}
