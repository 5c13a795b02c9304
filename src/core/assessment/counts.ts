/** Counts what assets miss. Whatever shows counts takes them from here, so that all say the same. */

import { type MissingAlike, patchId } from './assess.ts'

export interface Counts {
  /** CVEs on binary packages (or Windows) that a newer version fixes, over all assets. */
  readonly findings: number
  /** How many assets miss each patch, by its id. */
  readonly missedOn: ReadonlyMap<string, number>
  /** To how many assets each patch is not offered, by its id. */
  readonly withheldFrom: ReadonlyMap<string, number>
  /** Packages that their package manager will not move to the newest version, over all assets. */
  readonly heldPackages: number
  /** Packages that others built, over all assets. */
  readonly notAssessedPackages: number
}

export function countMissing(teams: Iterable<MissingAlike>): Counts {
  const missedOn = new Map<string, number>()
  const withheldFrom = new Map<string, number>()
  let [findings, heldPackages, notAssessedPackages] = [0, 0, 0]
  const add = (map: Map<string, number>, ids: Iterable<string>, assets: number) => {
    for (const id of new Set(ids)) map.set(id, (map.get(id) ?? 0) + assets)
  }
  for (const alike of teams)
    for (const [missing, { length: assets }] of alike) {
      findings += missing.findings * assets
      notAssessedPackages += missing.notAssessed.length * assets
      heldPackages += missing.held.filter(({ reason }) => reason !== 'needs a subscription').length * assets
      add(missedOn, missing.updates.map(patchId), assets)
      add(
        withheldFrom,
        missing.withheld.map(({ update }) => patchId(update)),
        assets,
      )
    }
  return { findings, missedOn, withheldFrom, heldPackages, notAssessedPackages }
}
