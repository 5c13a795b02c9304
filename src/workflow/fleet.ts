import { catalogView } from '../core/assessment.ts'
import { type FleetPatch, judgeFleet, matchFleet } from '../core/fleet.ts'
import { readCatalog } from '../store/catalog.ts'
import { readFleet } from '../store/inventory.ts'
import type { WorkflowParts } from './ports.ts'

export interface FleetSummary {
  readonly assets: number
  readonly packages: number
  readonly versions: number
  /** CVEs on binary packages, over all assets. */
  readonly findings: number
  /** Most urgent first. */
  readonly patches: readonly FleetPatch[]
}

/** The whole fleet in counts, by what feeds say of its packages: seconds for 100,000 assets. */
export function createFleetSummary(parts: WorkflowParts) {
  return async function fleetSummary(): Promise<FleetSummary> {
    const fleet = await readFleet(parts.db)
    const names = new Set<string>()
    for (const { item } of fleet.versions) names.add(item.name).add(item.source)
    const platforms = [...new Set(fleet.versions.map((version) => version.platform))]
    const catalog = catalogView([await readCatalog(parts.db, platforms, [...names])])
    const matches = matchFleet(fleet, catalog)
    const { exposure, criticality, rule } = parts.judgement
    const defaults = { exposure, criticality }
    let findings = 0
    let packages = 0
    for (const set of fleet.setOf) {
      if (set < 0) continue
      findings += matches.findings[set] ?? 0
      packages += (fleet.sets.starts[set + 1] ?? 0) - (fleet.sets.starts[set] ?? 0)
    }
    return {
      assets: fleet.setOf.length,
      packages,
      versions: fleet.versions.length,
      findings,
      patches: judgeFleet(fleet, matches, { catalog, rule, defaults, now: parts.clock().toISOString() }),
    }
  }
}
