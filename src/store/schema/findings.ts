/** What the record last said about feeds, assets and flaws. These tables follow from its entries. */

import { boolean, index, integer, jsonb, pgTable, primaryKey, serial, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { Coverage } from '../../core/record/coverage.ts'
import type { FixDate } from '../../core/record/findings.ts'
import type { JudgedRecorded } from '../../core/record/judged.ts'
import type { AssetFacts } from '../../core/record/population.ts'
import { instant } from './column-types.ts'

/** What the record last said about feeds. */
export const feedsRecorded = pgTable('feeds_recorded', {
  feed: text('feed').primaryKey(),
  failing: boolean('failing').notNull(),
  /** When the feed last brought something new; `null`: never. */
  readAt: instant('read_at'),
  /** Hashes: of the feed's cursor (`cursor`), and of what the feed brought (`said`). */
  cursor: text('cursor'),
  said: text('said'),
})

/** Enrolled assets, with what the stream of their team last said about them. */
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

/** The coverage of platforms, as the stream of a team last said it. */
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
  /** Number of the assessment. If it has changed since a process read the findings, that process compares again. */
  version: integer('version').notNull(),
})

/**
 * Flaws that the stream of a team has named. A closed flaw keeps its row, so that its times stay if the flaw comes
 * back.
 */
export const findingsRecorded = pgTable(
  'findings_recorded',
  {
    team: text('team').notNull(),
    flaw: text('flaw').notNull(),
    /** All patches (and feeds) that entries have named for the flaw. */
    patches: jsonb('patches').$type<readonly string[]>().notNull(),
    feeds: jsonb('feeds').$type<readonly string[]>().notNull(),
    /**
     * When there was a fix, an instant or a day. `fixDate`: whether the vendor said so, or we first read of it then.
     */
    fixedAt: text('fixed_at').notNull(),
    fixDate: text('fix_date').$type<FixDate>().notNull(),
    readAt: instant('read_at').notNull(),
    /** On how many assets the flaw is open. */
    open: integer('open').notNull(),
    entry: integer('entry').notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.flaw] }), index('findings_recorded_flaw').on(table.flaw)],
)

/** Sets of flaws that are open together on some assets of a team. */
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

/** Which set of flaws is open on each asset of a team, as the team's stream last said. No row: no flaw is open. */
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

/** How open flaws were last judged, in each context of assets (exposure and criticality). */
export const judgedFlaws = pgTable(
  'judged_flaws',
  {
    team: text('team').notNull(),
    flaw: text('flaw').notNull(),
    judged: jsonb('judged').$type<readonly JudgedRecorded[]>().notNull(),
    entry: integer('entry').notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.flaw] })],
)
