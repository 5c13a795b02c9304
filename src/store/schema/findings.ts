/** What the record last said of feeds, assets and flaws: projections of its entries. */

import { boolean, index, integer, jsonb, pgTable, primaryKey, serial, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { Priority } from '../../core/priority/priority.ts'
import type { Coverage } from '../../core/record/coverage.ts'
import type { FixDate } from '../../core/record/findings.ts'
import type { AssetFacts } from '../../core/record/population.ts'
import { instant } from './column-types.ts'

/** What the record last said about feeds. */
export const feedsRecorded = pgTable('feeds_recorded', {
  feed: text('feed').primaryKey(),
  failing: boolean('failing').notNull(),
  /** When it last brought something new; `null`: it never did. */
  readAt: instant('read_at'),
  /** Hashes of the cursor and of what it brought. */
  cursor: text('cursor'),
  said: text('said'),
})

/** Assets that are enrolled, with what their team's stream last said of them. */
export const assetsRecorded = pgTable(
  'assets_recorded',
  {
    asset: text('asset').primaryKey(),
    team: text('team').notNull(),
    source: text('source').notNull(),
    facts: jsonb('facts').$type<AssetFacts>().notNull(),
    coverage: text('coverage').$type<Coverage>().notNull(),
    /** Number of the entry in the stream of the team. */
    entry: integer('entry').notNull(),
  },
  (table) => [
    index('assets_recorded_team').on(table.team, table.coverage),
    index('assets_recorded_source').on(table.source),
  ],
)

/** Platforms whose coverage a team's stream has spoken of. */
export const platformsRecorded = pgTable(
  'platforms_recorded',
  {
    team: text('team').notNull(),
    platform: text('platform').notNull(),
    coverage: text('coverage').$type<Coverage>().notNull(),
    entry: integer('entry').notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.platform] })],
)

/** How far the findings of a team are recorded. */
export const teamsAssessed = pgTable('teams_assessed', {
  team: text('team').primaryKey(),
  /** The moment of the newest assessment that brought an entry. */
  at: instant('at').notNull(),
  /** Counts the assessments: whoever has read an older one begins anew. */
  version: integer('version').notNull(),
})

/** Flaws that a team's stream has spoken of. One that is closed stays, so that its clock goes on where it comes back. */
export const findingsRecorded = pgTable(
  'findings_recorded',
  {
    team: text('team').notNull(),
    flaw: text('flaw').notNull(),
    /** All that entries have named for it. */
    patches: jsonb('patches').$type<readonly string[]>().notNull(),
    feeds: jsonb('feeds').$type<readonly string[]>().notNull(),
    /** As the vendor or we said it: an instant, or a day. */
    fixedAt: text('fixed_at').notNull(),
    fixDate: text('fix_date').$type<FixDate>().notNull(),
    readAt: instant('read_at').notNull(),
    /** On how many assets it is open. */
    open: integer('open').notNull(),
    entry: integer('entry').notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.flaw] }), index('findings_recorded_flaw').on(table.flaw)],
)

/** Sets of flaws that are open together on assets of a team. */
export const findingClasses = pgTable(
  'finding_classes',
  {
    id: serial('id').primaryKey(),
    team: text('team').notNull(),
    hash: text('hash').notNull(),
    flaws: jsonb('flaws').$type<readonly string[]>().notNull(),
  },
  (table) => [uniqueIndex('finding_classes_hash').on(table.team, table.hash)],
)

/** Which set of flaws is open on each asset of a team, as its stream last said; no row: none. */
export const findingAssets = pgTable(
  'finding_assets',
  {
    team: text('team').notNull(),
    asset: text('asset').notNull(),
    class: integer('class').notNull(),
    since: instant('since').notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.asset] }), index('finding_assets_class').on(table.class)],
)

/** How flaws that are open were last judged, by flaw and kind of asset. */
export const judgedRecorded = pgTable(
  'judged_recorded',
  {
    team: text('team').notNull(),
    flaw: text('flaw').notNull(),
    /** Empty: the inventory does not say. */
    exposure: text('exposure').notNull(),
    criticality: text('criticality').notNull(),
    /** Over the facts of the entry, without what was before. */
    hash: text('hash').notNull(),
    priority: text('priority').$type<Priority>().notNull(),
    /** ISO 8601 as in the entry; `null`: no date. */
    dueAt: text('due_at'),
    entry: integer('entry').notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.flaw, table.exposure, table.criticality] })],
)
