/** Sources, and what the feeds among them say. */

import { sql } from 'drizzle-orm'
import { bigint, boolean, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { CveFacts, Lifecycle, PatchType } from '../../core/catalog.ts'
import type { FeedChange } from '../../core/feed-change.ts'
import { instant } from './column-types.ts'

/** Inventory sources and catalog feeds: when they last gave something good, and what is wrong with them now. */
export const sources = pgTable(
  'sources',
  {
    name: text('name').notNull(),
    kind: text('kind', { enum: ['inventory', 'catalog'] }).notNull(),
    cursor: text('cursor'),
    lastGoodAt: instant('last_good_at'),
    checkedAt: instant('checked_at').notNull(),
    problem: text('problem'),
    rejected: integer('rejected').notNull().default(0),
    /** For a feed: the number of its newest row in `feed_changes`; 0: it never had one. */
    version: integer('version').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.kind, table.name] })],
)

/**
 * What each save of a feed changed, as core/feed-change.ts describes it. Versions have no gaps and are committed in
 * order. Rows are kept for a week.
 */
export const feedChanges = pgTable(
  'feed_changes',
  {
    feed: text('feed').notNull(),
    version: integer('version').notNull(),
    at: instant('at').notNull(),
    packages: jsonb('packages').$type<FeedChange['packages']>(),
    cves: jsonb('cves').$type<FeedChange['cves']>(),
    platforms: jsonb('platforms').$type<FeedChange['platforms']>(),
  },
  (table) => [primaryKey({ columns: [table.feed, table.version] })],
)

/**
 * Hash of the row as the feed brought it, by which the row is recognised. 0: not known, in rows of earlier versions.
 */
const hash = () => bigint('hash', { mode: 'bigint' }).notNull().default(sql`0`)

/** What the records of feeds say about packages. `record`: the advisory, else the CVE, else the feed's own id. */
export const fixes = pgTable(
  'fixes',
  {
    feed: text('feed').notNull(),
    record: text('record').notNull(),
    platform: text('platform').notNull(),
    package: text('package').notNull(),
    by: text('by', { enum: ['source', 'binary'] }).notNull(),
    cves: text('cves').array().notNull(),
    fixedVersion: text('fixed_version'),
    introduced: text('introduced'),
    advisory: text('advisory'),
    type: text('type').$type<PatchType>().notNull(),
    module: text('module'),
    subscription: text('subscription'),
    alsoFixed: text('also_fixed').array(),
    hash: hash(),
  },
  (table) => [
    index('fixes_lookup').on(table.platform, table.package),
    index('fixes_feed_record').on(table.feed, table.record),
    // For looking up a flaw.
    index('fixes_cves').using('gin', table.cves),
    index('fixes_advisory').on(table.advisory),
    index('fixes_record').on(table.record),
  ],
)

export const advisories = pgTable(
  'advisories',
  {
    feed: text('feed').notNull(),
    id: text('id').notNull(),
    title: text('title').notNull(),
    published: text('published'),
    cves: text('cves').array().notNull(),
    fixes: jsonb('fixes').$type<readonly { platform: string; source: string; fixedVersion: string }[]>().notNull(),
    /** Names of the packages in `fixes`, for an index. */
    packages: text('packages').array().notNull(),
    type: text('type').$type<PatchType>().notNull(),
    severity: text('severity'),
    hash: hash(),
  },
  (table) => [
    primaryKey({ columns: [table.feed, table.id] }),
    index('advisories_packages').using('gin', table.packages),
    index('advisories_cves').using('gin', table.cves),
    index('advisories_id').on(table.id),
  ],
)

export const windowsUpdates = pgTable(
  'windows_updates',
  {
    feed: text('feed').notNull(),
    platform: text('platform').notNull(),
    kb: text('kb').notNull(),
    title: text('title').notNull(),
    cves: text('cves').array().notNull(),
    supersedes: text('supersedes').array().notNull(),
    fixedBuild: text('fixed_build'),
    type: text('type').$type<PatchType>().notNull(),
    severity: text('severity'),
    restart: boolean('restart'),
    published: text('published'),
    /** The month or file in which the feed says it. */
    record: text('record').notNull(),
    hash: hash(),
  },
  (table) => [
    primaryKey({ columns: [table.feed, table.platform, table.kb, table.record] }),
    index('windows_updates_kb').on(table.kb),
    index('windows_updates_cves').using('gin', table.cves),
  ],
)

/** What each feed says about CVEs themselves: SSVC points, scores, rejection. */
export const cveFacts = pgTable(
  'cve_facts',
  {
    feed: text('feed').notNull(),
    cve: text('cve').notNull(),
    facts: jsonb('facts').$type<CveFacts>().notNull(),
    hash: hash(),
  },
  (table) => [primaryKey({ columns: [table.feed, table.cve] }), index('cve_facts_cve').on(table.cve)],
)

export const lifecycles = pgTable(
  'lifecycles',
  {
    feed: text('feed').notNull(),
    platform: text('platform').notNull(),
    lifecycle: jsonb('lifecycle').$type<Lifecycle>().notNull(),
    hash: hash(),
  },
  (table) => [primaryKey({ columns: [table.feed, table.platform] })],
)

export const kev = pgTable(
  'kev',
  {
    feed: text('feed').notNull(),
    cve: text('cve').notNull(),
    dateAdded: text('date_added').notNull(),
    dueDate: text('due_date').notNull(),
    ransomware: boolean('ransomware').notNull(),
    name: text('name').notNull(),
    hash: hash(),
  },
  (table) => [primaryKey({ columns: [table.feed, table.cve] })],
)

/**
 * EPSS scores, many in one row, because nearly all percentiles change every day. `part`: the CVE without its last three
 * digits. The three lists have the same order.
 */
export const epssParts = pgTable(
  'epss_parts',
  {
    feed: text('feed').notNull(),
    part: text('part').notNull(),
    model: text('model').notNull(),
    date: text('date').notNull(),
    cves: text('cves').array().notNull(),
    scores: doublePrecision('scores').array().notNull(),
    percentiles: doublePrecision('percentiles').array().notNull(),
    hash: hash(),
  },
  (table) => [primaryKey({ columns: [table.feed, table.part, table.model, table.date] })],
)
