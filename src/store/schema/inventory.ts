/** Assets and their software. Each package version is stored once; assets with equal software share one set. */

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
import type { Archives, Asset, PendingUpdate } from '../../core/asset.ts'
import type { Identity } from '../../core/identity.ts'
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
    /** Empty: the package is not modular, or the source does not say. */
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

/** What is installed on an asset. Assets with the same software share one row. */
export const softwareSets = pgTable('software_sets', {
  id: serial('id').primaryKey(),
  /**
   * Hash over the members, as store/sets.ts describes it. A set of an earlier version has a hash over ids until a look
   * finds that set again.
   */
  hash: text('hash').notNull().unique(),
  /** Ids of package versions, packed as store/packed-ids.ts says. */
  packages: bytes('packages').notNull(),
  /** Number of packages. */
  size: integer('size').notNull(),
})

/** Orders a text by its bytes, so that an index finds texts by their beginning. */
export function inBytes(column: PgColumn | SQL): SQL {
  return sql`${column} collate "C"`
}

/** Updates that package managers offer, each stored once. */
export const pendingUpdates = pgTable('pending_updates', {
  id: serial('id').primaryKey(),
  /** SHA-256 over the canonical JSON of `item`. */
  hash: text('hash').notNull().unique(),
  item: jsonb('item').$type<PendingUpdate>().notNull(),
})

/** The list of updates that the package manager of an asset offers. Assets with the same list share one row. */
export const pendingSets = pgTable('pending_sets', {
  id: serial('id').primaryKey(),
  /** Hash over the members, as for software sets. */
  hash: text('hash').notNull().unique(),
  /** Ids of pending updates, packed in the order of the list. */
  updates: bytes('updates').notNull(),
  /** Number of updates (`size`), and of security updates among them (`security`). */
  size: integer('size').notNull(),
  security: integer('security').notNull(),
})

/** Assets as the last good look found them. A row is written only if something in it has changed. */
export const assets = pgTable(
  'assets',
  {
    id: text('id').primaryKey(),
    source: text('source').notNull(),
    team: text('team').notNull(),
    asset: jsonb('asset').$type<Asset>().notNull(),
    /** The name in `asset`, as a column for lists. */
    name: text('name').notNull().generatedAlwaysAs(sql`asset ->> 'name'`),
    platform: text('platform').notNull().generatedAlwaysAs(sql`asset ->> 'platform'`),
    simulated: boolean('simulated').notNull().generatedAlwaysAs(sql`(asset ->> 'simulated')::boolean`),
    /** `null`: no look has succeeded yet. */
    softwareSet: integer('software_set').references(() => softwareSets.id),
    /** `null`: the look has nothing from a package manager. */
    pendingSet: integer('pending_set').references(() => pendingSets.id),
    runningKernel: text('running_kernel'),
    bootId: text('boot_id'),
    rebootRequired: boolean('reboot_required').notNull(),
    rebootPackages: text('reboot_packages').array().notNull(),
    staleServices: text('stale_services').array().notNull(),
    /** `null`: the source does not say. */
    archives: jsonb('archives').$type<Archives>(),
  },
  (table) => [
    index('assets_team').on(table.team, inBytes(table.name), inBytes(table.id)),
    index('assets_name').on(inBytes(table.name), inBytes(table.id)),
    index('assets_platform').on(table.platform, inBytes(table.name), inBytes(table.id)),
    index('assets_reboot').on(inBytes(table.name), inBytes(table.id)).where(sql`reboot_required`),
    // For counting the assets of each team.
    index('assets_counted').on(table.team, table.simulated),
    index('assets_software_set').on(table.softwareSet),
    index('assets_pending_set').on(table.pendingSet),
  ],
)

/** When each asset was looked at. A look that finds nothing new writes only this row. */
export const assetLooks = pgTable(
  'asset_looks',
  {
    asset: text('asset').primaryKey(),
    /** Last good look; `null`: there was none. */
    observedAt: instant('observed_at'),
    listsRefreshedAt: instant('lists_refreshed_at'),
    checkedAt: instant('checked_at').notNull(),
    /** Why the last look failed; `null`: it did not fail. */
    problem: text('problem'),
  },
  (table) => [index('asset_looks_problem').on(table.asset).where(sql`problem is not null`)],
)

/**
 * The last word of each asset that claims to be said later than it was read, because a clock is ahead, by the id that the
 * source has for it. The same word may be read again and again, and counts as said when it was first read.
 */
export const earlyWords = pgTable('early_words', {
  id: text('id').primaryKey(),
  claimedAt: instant('claimed_at').notNull(),
  readAt: instant('read_at').notNull(),
})

/** What a look found beside software, in the form in which it is stored. Lists and JSON are texts. */
export interface StoredLook {
  readonly runningKernel: string | null
  readonly bootId: string | null
  readonly rebootRequired: boolean
  readonly rebootPackages: string
  readonly staleServices: string
  readonly archives: string | null
}

/**
 * Assets as their sources list them, by what they are recognised and to which asset they belong. Only those that can be
 * recognised, or belong to an asset of another name. The word of the source stands here where the asset has several
 * witnesses or another name; otherwise it is the asset itself.
 */
export const witnesses = pgTable(
  'witnesses',
  {
    /** `<source>/<name>`, as the source calls it. */
    id: text('id').primaryKey(),
    source: text('source').notNull(),
    name: text('name').notNull(),
    /** Id of the asset. */
    machine: text('machine').notNull(),
    /** Since when the source lists it; `null`: it was there before its ids were asked for. */
    since: instant('since'),
    identity: jsonb('identity').$type<Identity>().notNull(),
    /** The ids in `identity`, as columns for lookups. */
    cloud: text('cloud').generatedAlwaysAs(sql`identity ->> 'cloud'`),
    hardware: text('hardware').generatedAlwaysAs(sql`identity ->> 'hardware'`),
    fqdn: text('fqdn').generatedAlwaysAs(sql`identity ->> 'fqdn'`),
    /** What the configuration said about this id when it was matched; empty: nothing. */
    declared: text('declared').notNull(),
    /** False: two assets at work are one machine. They become one when one of them has ended. */
    settled: boolean('settled').notNull(),
    /** `null`: the word of the source is the asset itself. */
    asset: jsonb('asset').$type<Asset>(),
    softwareSet: integer('software_set').references(() => softwareSets.id),
    pendingSet: integer('pending_set').references(() => pendingSets.id),
    look: jsonb('look').$type<StoredLook>(),
    observedAt: instant('observed_at'),
    listsRefreshedAt: instant('lists_refreshed_at'),
    checkedAt: instant('checked_at'),
    problem: text('problem'),
  },
  (table) => [
    index('witnesses_machine').on(table.machine),
    index('witnesses_cloud').on(table.cloud),
    index('witnesses_hardware').on(table.hardware),
    index('witnesses_fqdn').on(table.fqdn),
    index('witnesses_source').on(table.source),
    index('witnesses_software_set').on(table.softwareSet),
    index('witnesses_pending_set').on(table.pendingSet),
  ],
)

/** From when to when each asset had which software. The rows stay when the asset is forgotten. */
export const assetHistory = pgTable(
  'asset_history',
  {
    asset: text('asset').notNull(),
    /** Time of the look that found this software. */
    fromAt: instant('from_at').notNull(),
    /** `null`: the asset still has it. */
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
