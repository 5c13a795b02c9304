/** What stands between the assets of a team and an all-clear: what nobody judges, what is not offered, what is held. */

import type { Assessment } from './assessment/assess.ts'
import { whyNotOffered } from './assessment/why-not-offered.ts'
import type { HeldReason } from './asset.ts'
import type { FleetCoverage } from './coverage.ts'

export interface TeamCoverage {
  /** ISO 8601 UTC: when it was so. */
  readonly at: string
  readonly coverage: FleetCoverage
  /** `null`: the assets were not assessed for it. */
  readonly lacks: TeamLacks | null
}

export interface TeamLacks {
  /** What the vendor has fixed and package managers do not offer, most urgent first, for each reason. */
  readonly notOffered: readonly NotOfferedTo[]
  /** Packages with a newer version that package managers will not install. */
  readonly held: readonly HeldOn[]
  /** How many single packages nobody judges, because others built them, and on how many assets. */
  readonly foreign: { readonly packages: number; readonly assets: number }
}

export interface NotOfferedTo {
  readonly source: string
  readonly version: string
  readonly priority: string
  /** ISO date; `null`: no feed says. */
  readonly fixedOn: string | null
  readonly why: string
  /** Names. */
  readonly assets: readonly string[]
}

export interface HeldOn {
  readonly name: string
  readonly reason: HeldReason
  /** Names. */
  readonly assets: readonly string[]
}

/** `at`: ISO 8601 UTC, for the age of package lists. */
export function teamLacks(assessment: Assessment, at: string): TeamLacks {
  const notOffered = new Map<string, NotOfferedTo & { readonly assets: string[] }>()
  const held = new Map<string, HeldOn & { readonly assets: string[] }>()
  const withheld = new Map(assessment.withheld.map((patch) => [patch.id, patch]))
  const foreign = { packages: 0, assets: 0 }
  for (const entry of assessment.assets) {
    const { asset, listsRefreshedAt = null, archives = null } = entry
    for (const own of entry.withheld) {
      const patch = withheld.get(own.patch)
      if (patch === undefined) continue
      const why = whyNotOffered(own.held, { asset, listsRefreshedAt, archives }, at)
      const { source, version, priority, fixedOn = null } = patch
      const one = notOffered.get(`${patch.id} ${why}`) ?? { source, version, priority, fixedOn, why, assets: [] }
      notOffered.set(`${patch.id} ${why}`, one)
      one.assets.push(asset.name)
    }
    for (const { name, reason } of entry.held) {
      const one = held.get(`${name} ${reason}`) ?? { name, reason, assets: [] }
      held.set(`${name} ${reason}`, one)
      one.assets.push(asset.name)
    }
    foreign.packages += entry.notAssessed.length
    foreign.assets += entry.notAssessed.length === 0 ? 0 : 1
  }
  const rank = new Map(assessment.withheld.map(({ source, version }, index) => [`${source} ${version}`, index]))
  const rankOf = ({ source, version }: NotOfferedTo) => rank.get(`${source} ${version}`) ?? 0
  return {
    notOffered: [...notOffered.values()].sort((a, b) => rankOf(a) - rankOf(b)),
    held: [...held.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    foreign,
  }
}
