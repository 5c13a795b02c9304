import { joinAssessments, patchId } from '../core/assessment/assess.ts'
import type { Patch } from '../core/catalog.ts'
import type { Db } from '../store/connection.ts'
import { installedCounts } from '../store/inventory.ts'
import type { Assessor } from './assessing/assessor.ts'
import type { TeamAssessed } from './assessing/known.ts'

export interface FleetSummary {
  readonly assets: number
  readonly packages: number
  readonly versions: number
  /** The number of CVEs on binary packages, over all assets. */
  readonly findings: number
  /** Most urgent first, each with the number of assets that miss it. */
  readonly patches: readonly (Patch & { readonly assets: number })[]
}

/** Makes the counts of the whole fleet. */
export function createFleetSummary(
  { db }: { readonly db: Db },
  assessor: Assessor,
  teamsOf: () => Promise<readonly string[]>,
) {
  return async function fleetSummary(): Promise<FleetSummary> {
    const all: TeamAssessed[] = []
    for (const team of await teamsOf()) all.push(await assessor.assess(team))
    const on = new Map<string, number>()
    let findings = 0
    for (const { alike } of all)
      for (const [missing, assets] of alike) {
        findings += missing.findings * assets.length
        for (const id of new Set(missing.updates.map(patchId))) on.set(id, (on.get(id) ?? 0) + assets.length)
      }
    const { patches } = joinAssessments(all.map(({ assessment }) => assessment))
    return {
      ...(await installedCounts(db)),
      findings,
      patches: patches.map((patch) => ({ ...patch, assets: on.get(patch.id) ?? 0 })),
    }
  }
}
