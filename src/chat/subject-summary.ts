import type { PackageChange } from '../core/catalog.ts'
import type { TransactionStep } from '../core/ports.ts'
import type { PatchSubject, PlannedAsset } from '../core/proposal/proposal.ts'
import { remembered } from '../core/remembered.ts'

/** What cards say of all assets of a decision together. */
export interface SubjectSummary {
  /** All are hosts of the example fleet. */
  readonly simulated: boolean
  /** Versions of the packages of each patch, by its id: before the change, and after it. */
  readonly versions: ReadonlyMap<string, { readonly from: ReadonlySet<string>; readonly to: ReadonlySet<string> }>
  /** How many assets have a preview; the first that has none. */
  readonly previewed: number
  readonly blind: PlannedAsset | null
  /** Names of packages that the previews remove, and that they newly install. */
  readonly removed: ReadonlySet<string>
  readonly added: ReadonlySet<string>
}

/** Worked out once for each decision: very many assets share few lists of changes. */
export const summaryOf = remembered((subject: PatchSubject): SubjectSummary => {
  const patchesOf = new Map<string, string[]>()
  for (const { id, packages } of subject.patches) {
    for (const { name } of packages) {
      const known = patchesOf.get(name)
      if (known === undefined) patchesOf.set(name, [id])
      else known.push(id)
    }
  }
  const versions = new Map(subject.patches.map(({ id }) => [id, { from: new Set<string>(), to: new Set<string>() }]))
  const [removed, added] = [new Set<string>(), new Set<string>()]
  const seen = new Map<readonly PackageChange[], Set<readonly string[]>>()
  const previews = new Set<readonly TransactionStep[]>()
  let simulated = true
  let previewed = 0
  let blind: PlannedAsset | null = null
  for (const planned of subject.assets) {
    simulated &&= planned.asset.simulated
    if (planned.previewProblem === null) {
      previewed++
      previews.add(planned.transaction)
    } else blind ??= planned
    const lists = seen.get(planned.changes) ?? new Set()
    if (lists.has(planned.patches)) continue
    seen.set(planned.changes, lists.add(planned.patches))
    const missing = new Set(planned.patches)
    for (const { name, from, to } of planned.changes) {
      for (const id of patchesOf.get(name) ?? []) {
        if (!missing.has(id)) continue
        if (from !== null) versions.get(id)?.from.add(from)
        versions.get(id)?.to.add(to)
      }
    }
  }
  for (const { action, name, from } of [...previews].flat()) {
    if (action === 'remove') removed.add(name)
    else if (action === 'install' && from === null) added.add(name)
  }
  return { simulated, versions, previewed, blind, removed, added }
})
