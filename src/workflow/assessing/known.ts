/** What is known of feeds and assets, kept between assessments. */

import type { Assess, Assessment, MissingAlike } from '../../core/assessment/assess.ts'
import { type CatalogView, catalogView } from '../../core/assessment/catalog-view.ts'
import { createMisses, type Misses } from '../../core/assessment/misses.ts'
import type { Missing, Update } from '../../core/assessment/missing.ts'
import type { InstalledPackage, PendingUpdate } from '../../core/asset.ts'
import type { AssetKeys } from '../../store/inventory.ts'

/** What a team misses, and what that was made from. */
export interface TeamAssessed {
  /** Patches that are as they were are the same objects as before. */
  readonly assessment: Assessment
  /** The same object as before where everything is as it was, apart from when assets were looked at. */
  readonly missed: object
  readonly alike: MissingAlike
  /** Its assets, by id. */
  readonly rows: ReadonlyMap<string, AssetKeys>
  /** When the assets were read, ISO 8601 UTC. */
  readonly at: string
}

/** One pair of a software set and a pending set, on one platform. */
export interface Pair {
  readonly software: number
  readonly pending: readonly PendingUpdate[] | null
  readonly platform: string
  missing: Missing
}

export interface Team {
  readonly assess: Assess
  /** Day of its judgements. */
  readonly day: string
  rows: readonly AssetKeys[]
  at: string
  /** The count that was given with the rows. */
  count: number | null
  assessed: TeamAssessed | null
}

/** Everything that depends on what feeds say; made anew where nobody can tell what has changed. */
export interface Known {
  readonly versions: Map<string, number>
  readonly catalog: CatalogView
  readonly misses: Misses
  /** Source and binary names, and platforms, for which the catalog has been read. */
  readonly packages: Set<string>
  readonly platforms: Set<string>
  /** Lists of software for which the catalog has been read. */
  readonly looked: WeakSet<readonly InstalledPackage[]>
  readonly pairs: Map<string, Pair>
  /** How many of the pairs some asset had when that was last looked at. */
  live: number
  readonly teams: Map<string, Team>
  /** Updates whose patches are remembered as seen. */
  readonly seen: WeakSet<Update>
}

export function nothingKnown(versions: ReadonlyMap<string, number>): Known {
  const catalog = catalogView([])
  return {
    versions: new Map(versions),
    catalog,
    misses: createMisses(catalog),
    packages: new Set(),
    platforms: new Set(),
    looked: new WeakSet(),
    pairs: new Map(),
    live: 0,
    teams: new Map(),
    seen: new WeakSet(),
  }
}
