import type { PatchSubject } from '../../src/core/proposal/proposal.ts'

/** Of a cluster: worked on, of those such as were up before, and down without being worked on. */
interface Count {
  busy: number
  busyUp: number
  down: number
}

/** Which assets are worked on or down, and how many of each ring and cluster, counted along. */
export function createAway({ rings, clusters = [] }: PatchSubject) {
  const ringOf = new Map(rings.flatMap((ring, index) => ring.assets.map((asset) => [asset, index] as const)))
  const clustersOf = new Map<string, number[]>()
  for (const [index, cluster] of clusters.entries())
    for (const asset of cluster.assets) clustersOf.set(asset, [...(clustersOf.get(asset) ?? []), index])
  const working = new Set<string>()
  const down = new Set<string>()
  const inRing = rings.map(() => 0)
  const inCluster = clusters.map((): Count => ({ busy: 0, busyUp: 0, down: 0 }))

  function count(asset: string, step: 1 | -1): void {
    const ring = ringOf.get(asset)
    if (ring !== undefined && working.has(asset)) inRing[ring] = (inRing[ring] ?? 0) + step
    for (const index of clustersOf.get(asset) ?? []) {
      const away = inCluster[index]
      if (away === undefined) continue
      if (working.has(asset)) away.busy += step
      if (working.has(asset) && !down.has(asset)) away.busyUp += step
      if (!working.has(asset) && down.has(asset)) away.down += step
    }
  }

  return {
    ringOf: (asset: string) => ringOf.get(asset),
    clustersOf: (asset: string): readonly number[] => clustersOf.get(asset) ?? [],
    isWorkedOn: (asset: string) => working.has(asset),
    isDown: (asset: string) => down.has(asset),
    inRing: (ring: number) => inRing[ring] ?? 0,
    inCluster: (index: number): Readonly<Count> => inCluster[index] ?? { busy: 0, busyUp: 0, down: 0 },

    put(asset: string, is: { readonly working: boolean; readonly down: boolean }): void {
      count(asset, -1)
      if (is.working) working.add(asset)
      else working.delete(asset)
      if (is.down) down.add(asset)
      else down.delete(asset)
      count(asset, 1)
    },

    /** Counts all of it again: the first ring or cluster of which that gives something else, or `null`. */
    miscounted(): string | null {
      for (const [ring, { name, assets }] of rings.entries())
        if (assets.filter((asset) => working.has(asset)).length !== inRing[ring]) return name
      for (const [index, { name, assets }] of clusters.entries()) {
        const busy = assets.filter((asset) => working.has(asset))
        const up = busy.filter((asset) => !down.has(asset))
        const idle = assets.filter((asset) => !working.has(asset) && down.has(asset))
        const away = inCluster[index]
        if (away?.busy !== busy.length || away.busyUp !== up.length || away.down !== idle.length) return name
      }
      return null
    },
  }
}
