/** Assets and what is on them: package versions are kept once, equal software is shared. */

import { type SQL, sql } from 'drizzle-orm'
import {
  boolean,
  index,
  integer,
  jsonb,
  type PgColumn,
  pgTable,
  primaryKey,
  serial,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Asset, PendingUpdate } from '../../core/asset.ts'
import { bytes, instant } from './column-types.ts'

export const packageVersions = pgTable(
  'package_versions',
  {
    id: serial('id').primaryKey(),
    platform: text('platform').notNull(),
    name: text('name').notNull(),
    version: text('version').notNull(),
    architecture: text('architecture').notNull(),
    source: text('source').notNull(),
    sourceVersion: text('source_version').notNull(),
    /** Empty: the platform's own vendor. */
    origin: text('origin').notNull(),
    /** Empty: not modular, or it is not said. */
    module: text('module').notNull(),
  },
  (table) => [
    uniqueIndex('package_versions_all').on(
      table.platform,
      table.name,
      table.version,
      table.architecture,
      table.source,
      table.sourceVersion,
      table.origin,
      table.module,
    ),
  ],
)

/** What is installed on an asset; assets with the same software share one. */
export const softwareSets = pgTable('software_sets', {
  id: serial('id').primaryKey(),
  /**
   * The hash of its members, as store/sets.ts says. A set of an earlier version has a hash of ids instead, until it is
   * seen again.
   */
  hash: text('hash').notNull().unique(),
  /** Ids of package versions, packed as store/packed-ids.ts says. */
  packages: bytes('packages').notNull(),
  /** How many. */
  size: integer('size').notNull(),
})

/** A text in the order of its bytes, which is found by its beginning. */
export function inBytes(column: PgColumn | SQL): SQL {
  return sql`${column} collate "C"`
}

/** What package managers said can be installed. */
export const pendingUpdates = pgTable('pending_updates', {
  id: serial('id').primaryKey(),
  /** SHA-256 over the canonical JSON of `item`. */
  hash: text('hash').notNull().unique(),
  item: jsonb('item').$type<PendingUpdate>().notNull(),
})

/** What the package manager of an asset says can be installed; assets with the same list share one. */
export const pendingSets = pgTable('pending_sets', {
  id: serial('id').primaryKey(),
  /** As for software sets. */
  hash: text('hash').notNull().unique(),
  /** Ids of pending updates, packed in their order. */
  updates: bytes('updates').notNull(),
  /** How many, and how many of them are security updates. */
  size: integer('size').notNull(),
  security: integer('security').notNull(),
})

/** Assets as the last good look found them. Written only where that differs from what is there. */
export const assets = pgTable(
  'assets',
  {
    id: text('id').primaryKey(),
    source: text('source').notNull(),
    team: text('team').notNull(),
    asset: jsonb('asset').$type<Asset>().notNull(),
    /** For lists: the name as the asset has it. */
    name: text('name').notNull().generatedAlwaysAs(sql`asset ->> 'name'`),
    platform: text('platform').notNull().generatedAlwaysAs(sql`asset ->> 'platform'`),
    simulated: boolean('simulated').notNull().generatedAlwaysAs(sql`(asset ->> 'simulated')::boolean`),
    /** `null`: there never was a good look. */
    softwareSet: integer('software_set').references(() => softwareSets.id),
    /** `null`: no package manager says anything. */
    pendingSet: integer('pending_set').references(() => pendingSets.id),
    runningKernel: text('running_kernel'),
    bootId: text('boot_id'),
    rebootRequired: boolean('reboot_required').notNull(),
    rebootPackages: text('reboot_packages').array().notNull(),
    staleServices: text('stale_services').array().notNull(),
  },
  (table) => [
    index('assets_team').on(table.team, inBytes(table.name), inBytes(table.id)),
    index('assets_name').on(inBytes(table.name), inBytes(table.id)),
    index('assets_platform').on(table.platform, inBytes(table.name), inBytes(table.id)),
    index('assets_reboot').on(inBytes(table.name), inBytes(table.id)).where(sql`reboot_required`),
    // What is counted for each team.
    index('assets_counted').on(table.team, table.simulated),
    index('assets_software_set').on(table.softwareSet),
    index('assets_pending_set').on(table.pendingSet),
  ],
)

/** When each asset was looked at: the only thing that a look writes if it finds nothing new. */
export const assetLooks = pgTable(
  'asset_looks',
  {
    asset: text('asset').primaryKey(),
    /** Last good look; `null` if there never was one. */
    observedAt: instant('observed_at'),
    listsRefreshedAt: instant('lists_refreshed_at'),
    checkedAt: instant('checked_at').notNull(),
    /** Why the last look failed; `null` when it did not. */
    problem: text('problem'),
  },
  (table) => [index('asset_looks_problem').on(table.asset).where(sql`problem is not null`)],
)

/** Which software each asset had from when to when. Kept when the asset is forgotten. */
export const assetHistory = pgTable(
  'asset_history',
  {
    asset: text('asset').notNull(),
    /** The time of the look that found it. */
    fromAt: instant('from_at').notNull(),
    /** `null`: it still has it. */
    untilAt: instant('until_at'),
    softwareSet: integer('software_set')
      .notNull()
      .references(() => softwareSets.id),
  },
  (table) => [
    primaryKey({ columns: [table.asset, table.fromAt] }),
    index('asset_history_software_set').on(table.softwareSet),
  ],
)
