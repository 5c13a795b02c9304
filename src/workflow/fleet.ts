import { type Assessment, joinAssessments } from '../core/assessment/assess.ts'
import { type Counts, countMissing } from '../core/assessment/counts.ts'
import type { Patch } from '../core/catalog.ts'
import type { Db } from '../store/connection.ts'
import { installedCounts } from '../store/inventory.ts'
import type { Assessor } from './assessing/assessor.ts'
import type { TeamAssessed } from './assessing/known.ts'

/** A patch with a number of assets. */
type OnAssets = Patch & { readonly assets: number }

export interface FleetSummary extends Pick<Counts, 'findings' | 'heldPackages' | 'notAssessedPackages'> {
  readonly assets: number
  readonly packages: number
  readonly versions: number
  /** Most urgent first, each with the number of assets that miss it. */
  readonly patches: readonly OnAssets[]
  /** What the vendor has fixed, each with the number of assets to which it is not offered. */
  readonly withheld: readonly OnAssets[]
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
    const counts = countMissing(all.map(({ alike }) => alike))
    const joined = joinAssessments(all.map(({ assessment }) => assessment))
    return summaryOf(await installedCounts(db), counts, joined)
  }
}

export function summaryOf(
  installed: Pick<FleetSummary, 'assets' | 'packages' | 'versions'>,
  { findings, missedOn, withheldFrom, heldPackages, notAssessedPackages }: Counts,
  { patches, withheld }: Pick<Assessment, 'patches' | 'withheld'>,
): FleetSummary {
  return {
    ...installed,
    findings,
    heldPackages,
    notAssessedPackages,
    patches: patches.map((patch) => ({ ...patch, assets: missedOn.get(patch.id) ?? 0 })),
    withheld: withheld.map((patch) => ({ ...patch, assets: withheldFrom.get(patch.id) ?? 0 })),
  }
}
