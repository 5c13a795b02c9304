/** What is known about feeds and assets. It is kept between assessments. */

import type { Assess, Assessment, MissingAlike } from '../../core/assessment/assess.ts'
import { type CatalogView, catalogView } from '../../core/assessment/catalog-view.ts'
import { createMisses, type Misses } from '../../core/assessment/misses.ts'
import type { Missing, Update } from '../../core/assessment/missing.ts'
import type { InstalledPackage, PendingUpdate } from '../../core/asset.ts'
import type { AssetKeys } from '../../store/inventory.ts'

/** What a team misses, with the data it was made from. */
export interface TeamAssessed {
  /** A patch that has not changed stays the same object. */
  readonly assessment: Assessment
  /** Stays the same object until something changes other than the time when assets were looked at. */
  readonly missed: object
  readonly alike: MissingAlike
  /** The team's assets, by id. */
  readonly rows: ReadonlyMap<string, AssetKeys>
  /** When the assets were read, ISO 8601 UTC. */
  readonly at: string
}

/** A software set and a pending set on one platform, with what they miss. */
export interface Pair {
  readonly software: number
  readonly pending: readonly PendingUpdate[] | null
  readonly platform: string
  missing: Missing
}

export interface Team {
  readonly assess: Assess
  /** The day of the judgements, ISO 8601. */
  readonly day: string
  rows: readonly AssetKeys[]
  at: string
  /** The count that was given when `rows` were read; `null`: none was given. */
  count: number | null
  assessed: TeamAssessed | null
  /** `Known.changes` when that was made. */
  changes: number
}

/** Everything that depends on feeds. It is made again if nobody can tell what has changed. */
export interface Known {
  readonly versions: Map<string, number>
  /** How often feeds said something new about software that assets have. */
  changes: number
  readonly catalog: CatalogView
  readonly misses: Misses
  /** Source and binary package names, and platforms, for which the catalog was read. */
  readonly packages: Set<string>
  readonly platforms: Set<string>
  /** Software lists for which the catalog was read. */
  readonly looked: WeakSet<readonly InstalledPackage[]>
  readonly pairs: Map<string, Pair>
  /** How many of the pairs belonged to some asset at the last count. */
  live: number
  readonly teams: Map<string, Team>
  /** Updates whose patches are stored as seen. */
  readonly seen: WeakSet<Update>
}

export function nothingKnown(versions: ReadonlyMap<string, number>): Known {
  const catalog = catalogView([])
  return {
    versions: new Map(versions),
    changes: 0,
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
