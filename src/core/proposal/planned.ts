import { remembered } from '../remembered.ts'
import type { PatchSubject, PlannedAsset } from './proposal.ts'

const byId = remembered(
  (subject: PatchSubject): ReadonlyMap<string, PlannedAsset> =>
    new Map(subject.assets.map((planned) => [planned.asset.id, planned])),
)

/** What is planned for an asset, by its id; `null`: it is not part of the proposal. */
export function plannedOf(subject: PatchSubject, asset: string): PlannedAsset | null {
  return byId(subject).get(asset) ?? null
}
