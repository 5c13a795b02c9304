import { memoizeByIdentity } from '../memoize-by-identity.ts'
import type { Cluster, PatchSubject, PlannedAsset } from '../proposal/proposal.ts'

const byId = memoizeByIdentity(
  (subject: PatchSubject): ReadonlyMap<string, PlannedAsset> =>
    new Map(subject.assets.map((planned) => [planned.asset.id, planned])),
)

/** The plan for an asset, by its id; `null`: the asset is not part of the proposal. */
export function plannedOf(subject: PatchSubject, asset: string): PlannedAsset | null {
  return byId(subject).get(asset) ?? null
}

const clustersByAsset = memoizeByIdentity((subject: PatchSubject): ReadonlyMap<string, readonly Cluster[]> => {
  const found = new Map<string, Cluster[]>()
  for (const cluster of subject.clusters ?? []) {
    for (const asset of cluster.assets) {
      const before = found.get(asset)
      if (before === undefined) found.set(asset, [cluster])
      else before.push(cluster)
    }
  }
  return found
})

/** The clusters that an asset belongs to. */
export function clustersWith(subject: PatchSubject, asset: string): readonly Cluster[] {
  return clustersByAsset(subject).get(asset) ?? []
}

/** Whether updates of Windows are planned for any of the assets. */
export const hasUpdates = memoizeByIdentity((subject: PatchSubject) =>
  [...new Set(subject.assets.map(({ changes }) => changes))].some((changes) =>
    changes.some(({ kind }) => kind === 'update'),
  ),
)
