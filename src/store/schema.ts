/** Every table. Changing this file means `npx drizzle-kit generate --name <what>`; applied migrations are never edited. */

import { type SQL, sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  boolean,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  type PgColumn,
  pgSchema,
  pgTable,
  primaryKey,
  serial,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { ThreadEntry } from '../chat/card.ts'
import type { Asset, PendingUpdate } from '../core/asset.ts'
import type { CveFacts, Lifecycle, PatchType } from '../core/catalog.ts'
import type { ChatPlatformName } from '../core/chat-platforms.ts'
import type { FeedChange } from '../core/feed-change.ts'
import { countEndState } from '../core/gate.ts'
import type { MeasuredWindow, UnusableLoad } from '../core/load.ts'
import type { Ask } from '../core/permission/asks.ts'
import type { HealthResult, TransactionStep } from '../core/ports.ts'
import type { Priority } from '../core/priority/priority.ts'
import type { Brief } from '../core/proposal/brief.ts'
import type { LightState } from '../core/proposal/light.ts'
import { endStates, finalStatuses, type Via } from '../core/proposal/proposal.ts'
import type { Tally } from '../core/proposal/tally.ts'
import type { Coverage } from '../core/record/coverage.ts'
import type { FixDate } from '../core/record/findings.ts'
import type { AssetFacts } from '../core/record/population.ts'
import type { Watched } from '../core/watched.ts'

/** Bytes as they are. */
const bytes = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })

/** An instant, ISO 8601 UTC in the program whatever zone the server prints. */
const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: (value) => new Date(value).toISOString(),
})

// ---------------------------------------------------------------- the audit record: append only

export const audit = pgSchema('audit')

/**
 * Of an entry: it says what people decided and did, and not what was known of feeds, assets and flaws, of which there are
 * very many more. The index is used where this is asked word for word.
 */
export const isDecided = sql`stream !~ '^(assets:|feeds$|findings:)'`

/** What happened, as core/record/entry.ts says. */
export const entries = audit.table(
  'entries',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    stream: text('stream').notNull(),
    seq: integer('seq').notNull(),
    /** Byte for byte what is hashed; never changed. */
    entry: text('entry').notNull(),
    hash: text('hash').notNull(),
    /** What stands beside it, and can be erased with its salt: names, words, accounts, addresses. */
    salt: text('salt'),
    beside: text('beside'),
  },
  (table) => [
    uniqueIndex('entries_stream_seq').on(table.stream, table.seq),
    index('entries_decided').on(table.id).where(isDecided),
  ],
)

/** Whose pseudonyms those in entries are. */
export const persons = pgTable('persons', {
  pseudonym: text('pseudonym').primaryKey(),
  /** Id in the configuration; `null`: erased. */
  person: text('person').unique(),
  name: text('name'),
})

/** One row: another text whenever `persons` has changed, and in no other database the same. */
export const personsVersion = pgTable('persons_version', {
  one: boolean('one').primaryKey().default(true),
  version: text('version').notNull(),
})

/**
 * Events as earlier versions wrote them, to which nothing is added. Times and bodies are text, byte for byte what was
 * hashed.
 */
export const events = audit.table(
  'events',
  {
    position: bigserial('position', { mode: 'number' }).primaryKey(),
    stream: text('stream').notNull(),
    seq: integer('seq').notNull(),
    at: text('at').notNull(),
    actor: text('actor').notNull(),
    event: text('event').notNull(),
    prev: text('prev').notNull(),
    hash: text('hash').notNull(),
  },
  (table) => [uniqueIndex('events_stream_seq').on(table.stream, table.seq)],
)

/** What events name by its hash, as core/content.ts says. Never changed. */
export const content = audit.table(
  'content',
  {
    hash: bytes('hash').primaryKey(),
    kind: smallint('kind').notNull(),
    format: smallint('format').notNull(),
    /** Canonical JSON, byte for byte what was hashed. */
    text: text('text').notNull(),
    madeAt: instant('made_at').notNull(),
    /** `null`: it is kept for ever, as soon as an event names it. */
    expiresAt: instant('expires_at'),
    /** As store/content.ts says. */
    kept: smallint('kept').notNull().default(0),
  },
  (table) => [
    index('content_expires').on(table.expiresAt).where(sql`expires_at is not null`),
    index('content_unkept').on(table.kept, table.madeAt).where(sql`kept < 2 and expires_at is null`),
  ],
)

export const checkpoints = audit.table('checkpoints', {
  number: integer('number').primaryKey(),
  at: text('at').notNull(),
  heads: text('heads').notNull(),
  prev: text('prev').notNull(),
  hash: text('hash').notNull(),
})

// ---------------------------------------------------------------- projections: rebuilt from events at any time

/** Of a proposal: it is not over. An index is used where this is asked word for word. */
export const isOpen = sql.raw(`status not in (${finalStatuses.map((status) => `'${status}'`).join(', ')})`)

/**
 * The order of proposals, newest first, of one team or status: no index of all proposals has it, so that the server never
 * goes through all of them to find those of one.
 */
export const newest = sql`(- number)`

export const proposals = pgTable(
  'proposals',
  {
    id: text('id').primaryKey(),
    number: integer('number').notNull().unique(),
    team: text('team').notNull(),
    status: text('status').notNull(),
    seq: integer('seq').notNull(),
    headHash: text('head_hash').notNull(),
    openedAt: instant('opened_at').notNull(),
    closedAt: instant('closed_at'),
    /**
     * 1: the whole state, as earlier versions wrote it; 2: its small part, with names and words; 3: without them. A trigger
     * refuses to write the former ones.
     */
    format: smallint('format').notNull().default(1),
    state: jsonb('state').$type<LightState>().notNull(),
    /** For lists, as the state has them. */
    title: text('title').notNull().default(''),
    priority: text('priority').$type<Priority>().notNull().default('scheduled'),
    dueAt: instant('due_at'),
    /** Hash of what is voted on, as it is made today; `null`: an earlier version kept it whole. */
    decision: text('decision'),
    /** As core/proposal/glance.ts says. */
    underWay: boolean('under_way').notNull().default(false),
    /** What happened to its assets, in numbers. */
    tally: jsonb('tally').$type<Tally>(),
    /**
     * Of which event the tally is, and what stands beside the state in other tables. Another one than `seq`: it was written
     * by a version that did not know them, and they are made when the service starts.
     */
    tallySeq: integer('tally_seq'),
  },
  (table) => [
    index('proposals_team_status').on(table.team, table.status),
    index('proposals_team_newest').on(table.team, newest),
    index('proposals_open').on(table.team, newest).where(isOpen),
    index('proposals_status').on(table.status, newest).where(isOpen),
    index('proposals_under_way').on(table.number).where(sql`under_way`),
    index('proposals_decision').on(table.decision),
    index('proposals_closed').on(table.closedAt),
    index('proposals_whole').on(table.number).where(sql`format = 1`),
  ],
)

/** What each proposal asks for in short, for lists and cards. */
export const proposalBriefs = pgTable('proposal_briefs', {
  proposal: text('proposal').primaryKey(),
  brief: jsonb('brief').$type<Brief>().notNull(),
})

/** Whom each proposal waits for now, and for what. People are pseudonyms. */
export const asked = pgTable(
  'asked',
  {
    proposal: text('proposal').notNull(),
    what: text('what').$type<Ask['what']>().notNull(),
    number: integer('number').notNull(),
    team: text('team').notNull(),
    /** Whoever holds one of these in the team, and these people. */
    roles: text('roles').array().notNull(),
    people: text('people').array().notNull(),
    /** Not these, whatever their roles. */
    unasked: text('unasked').array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.proposal, table.what] }), index('asked_team').on(table.team)],
)

export const votes = pgTable(
  'votes',
  {
    proposal: text('proposal').notNull(),
    /** Pseudonym. */
    person: text('person').notNull(),
    choice: text('choice').notNull(),
    at: instant('at').notNull(),
    via: text('via').notNull(),
    /** What the person wrote, of votes that an earlier version recorded; today's stands beside the entry. */
    reason: text('reason'),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.person] }),
    index('votes_person').on(table.person, table.at),
  ],
)

/** Of a result: the asset did not end well, or never answered. As above, the index is used where this is asked word for word. */
export const endedBadly = sql.raw(
  `end_state in (${endStates
    .filter((end) => countEndState(end) === 'bad' || countEndState(end) === 'unreachable')
    .map((end) => `'${end}'`)
    .join(', ')})`,
)

/** What happened to each asset of a proposal, as core/proposal/light.ts says. */
export const results = pgTable(
  'results',
  {
    proposal: text('proposal').notNull(),
    /** Number of the part: the test, the rollout, or the decision since the vote. */
    part: smallint('part').notNull(),
    asset: text('asset').notNull(),
    /** Of an asset that was started. */
    ring: smallint('ring'),
    startedAt: instant('started_at'),
    doneAt: instant('done_at'),
    endState: text('end_state'),
    /** JSON; all that is known. */
    facts: text('facts').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.part, table.asset] }),
    index('results_asset').on(table.asset, table.proposal),
    // Of a rollout, by ring: how long its assets took.
    index('results_done').on(table.proposal, table.ring).where(sql`part = 1 and done_at is not null`),
    index('results_bad').on(table.proposal, table.part, table.asset).where(endedBadly),
  ],
)

/** The patches that each proposal which is not over asks for. What undoes an earlier one goes its own way, and has none. */
export const openPatches = pgTable(
  'open_patches',
  {
    proposal: text('proposal').notNull(),
    patch: text('patch').notNull(),
    team: text('team').notNull(),
    platform: text('platform').notNull(),
    source: text('source').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.patch] }),
    index('open_patches_team').on(table.team, table.platform, table.source),
    index('open_patches_patch').on(table.patch),
    index('open_patches_source').on(table.source),
  ],
)

/** Patches that a team has rejected, or undone, and until when that keeps them from being proposed again. */
export const deferrals = pgTable(
  'deferrals',
  {
    proposal: text('proposal').notNull(),
    patch: text('patch').notNull(),
    team: text('team').notNull(),
    /** As it was then: what became more urgent is proposed all the same. */
    priority: text('priority').$type<Priority>().notNull(),
    until: instant('until').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.patch] }),
    index('deferrals_team').on(table.team, table.until),
  ],
)

/** Standing approvals that were voted and have not ended. */
export const standingRules = pgTable(
  'standing_rules',
  {
    proposal: text('proposal').primaryKey(),
    number: integer('number').notNull(),
    team: text('team').notNull(),
    name: text('name').notNull(),
    tags: text('tags').array().notNull(),
    types: text('types').$type<PatchType>().array().notNull(),
    /** As the rule says it. */
    until: text('until').notNull(),
  },
  (table) => [index('standing_rules_team').on(table.team, table.name)],
)

/** Advisories that proposals carried, by what their editions have in common: `DSA-5356` of `DSA-5356-1`. */
export const carried = pgTable(
  'carried',
  {
    proposal: text('proposal').notNull(),
    family: text('family').notNull(),
    number: integer('number').notNull(),
    team: text('team').notNull(),
    /** The newest edition that it carried, and the advisory of it. */
    edition: integer('edition').notNull(),
    advisory: text('advisory').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.family] }),
    index('carried_team').on(table.team, table.family, table.number),
  ],
)

/** What each proposal that is not over asks for: the same content is one proposal, whoever looks at the same time. */
export const liveContents = pgTable(
  'live_contents',
  {
    proposal: text('proposal').primaryKey(),
    team: text('team').notNull(),
    contentHash: text('content_hash').notNull(),
  },
  (table) => [uniqueIndex('live_contents_once').on(table.team, table.contentHash)],
)

/** Assets that a rollout or a test works on now: one at a time. */
export const atWork = pgTable(
  'at_work',
  {
    asset: text('asset').primaryKey(),
    proposal: text('proposal').notNull(),
    team: text('team').notNull(),
    ring: text('ring').notNull(),
    since: instant('since').notNull(),
  },
  (table) => [index('at_work_team').on(table.team)],
)

// ---------------------------------------------------------------- outbox, timers, starts

/** Of a message: everybody in its channel is to know it, and it is about no proposal. */
export const isNotice = sql`proposal is null and kind = 'entry'`

/** Messages to deliver, written in the transaction of the event that caused them; delivered in order per conversation. */
export const outbox = pgTable(
  'outbox',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    platform: text('platform').notNull(),
    /** A channel of the configuration, or `@` and a person's id. */
    channel: text('channel').notNull(),
    /** `null`: about no single one, as a digest is. */
    proposal: text('proposal'),
    /** `card`: the proposal's card is to be shown as it is at delivery, so pending edits merge by themselves. */
    kind: text('kind', { enum: ['card', 'entry'] }).notNull(),
    at: instant('at').notNull(),
    /** Waits until then; `null`: for nothing. */
    notBefore: instant('not_before'),
    entry: jsonb('entry').$type<ThreadEntry>(),
    attempts: integer('attempts').notNull().default(0),
    deliveredAt: instant('delivered_at'),
    problem: text('problem'),
  },
  (table) => [
    index('outbox_waiting').on(table.platform, table.channel, table.id).where(sql`delivered_at is null`),
    index('outbox_delivered').on(table.deliveredAt),
    index('outbox_notices').on(table.platform, table.channel, table.id).where(isNotice),
  ],
)

/** Of a message of the console: a picture stands under it. */
export const hasPicture = sql`entry -> 'picture' is not null`

/** The console's own message log: what a chat platform would hold. `id` is the outbox id, so a redelivery changes nothing. */
export const consoleMessages = pgTable(
  'console_messages',
  {
    id: integer('id').primaryKey(),
    channel: text('channel').notNull(),
    proposal: text('proposal').notNull(),
    at: instant('at').notNull(),
    entry: jsonb('entry').$type<ThreadEntry>().notNull(),
  },
  (table) => [
    index('console_messages_proposal').on(table.proposal, table.id),
    index('console_messages_pictures').on(table.proposal, table.id).where(hasPicture),
  ],
)

/** Our messages on chat platforms. `message` is null from just before it is posted until its id is known. */
export const posts = pgTable(
  'posts',
  {
    platform: text('platform').notNull(),
    key: text('key').notNull(),
    proposal: text('proposal'),
    place: text('place').notNull(),
    message: text('message'),
  },
  (table) => [
    primaryKey({ columns: [table.platform, table.key] }),
    index('posts_message').on(table.platform, table.place, table.message),
  ],
)

/** When a proposal wants attention again, one row each. */
export const timers = pgTable(
  'timers',
  { proposal: text('proposal').primaryKey(), dueAt: instant('due_at').notNull() },
  (table) => [index('timers_due').on(table.dueAt)],
)

/** Who does work that only one process does at a time: `holder` is the process, `term` counts who held it. */
export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  term: integer('term').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** Calls of an engine, each for assets of a batch, by idempotency key. */
export const starts = pgTable('starts', {
  key: text('key').primaryKey(),
  proposal: text('proposal').notNull(),
  engine: text('engine').notNull(),
  /** `starting`: just before the engine is called; `started`: it has answered. */
  stage: text('stage', { enum: ['starting', 'started'] }).notNull(),
  /** What the engine needs to find the start again; `null` until it has answered. */
  handle: jsonb('handle').$type<Readonly<Record<string, unknown>>>(),
  startedAt: instant('started_at').notNull(),
  /** The engine is not asked again before then; `null`: it has not said so, or all of its assets have ended. */
  nextLook: instant('next_look'),
})

/** The assets of each start, until the proposal is over for a while. */
export const startAssets = pgTable(
  'start_assets',
  {
    key: text('key').notNull(),
    asset: text('asset').notNull(),
    /** In the order in which the engine is called for them, from 1; `null`: it is not, the asset was refused before. */
    place: integer('place'),
    /** How healthy it was before it was touched; `null`: nobody looked. */
    before: jsonb('before').$type<readonly HealthResult[]>(),
  },
  (table) => [primaryKey({ columns: [table.key, table.asset] })],
)

// ---------------------------------------------------------------- inventory: package versions interned, equal software shared

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
    /** Empty: not modular, or not said. */
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
  /** Over what is in it, as store/sets.ts says; until it is seen again, one of an earlier version has it over ids. */
  hash: text('hash').notNull().unique(),
  /** Ids of package versions, packed as store/packed-ids.ts says. */
  packages: bytes('packages').notNull(),
  /** How many. */
  size: integer('size').notNull(),
})

/** A text in the order of its bytes, by which it is found from its beginning. */
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

/** What the package manager of an asset says can be installed; assets of which the same is said share one. */
export const pendingSets = pgTable('pending_sets', {
  id: serial('id').primaryKey(),
  /** As of software sets. */
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
    /** For lists, as the asset has them. */
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

/** When each asset was looked at: all that a look writes which finds nothing new. */
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
    /** Of the look that found it. */
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

// ---------------------------------------------------------------- work that is left to do

/** What has changed and was not looked at yet. Whoever does the work deletes the rows that it saw. */
export const dirty = pgTable(
  'dirty',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    /** `null`: not of one team. */
    team: text('team'),
    feed: text('feed'),
    /** Of what `feed` holds. */
    version: integer('version'),
    why: text('why').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [index('dirty_team').on(table.team)],
)

// ---------------------------------------------------------------- sources and catalog

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
    /** Of a feed: number of its newest row in `feed_changes`; 0: there never was one. */
    version: integer('version').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.kind, table.name] })],
)

/** What each save of a feed changed, as core/feed-change.ts says, for a week. Without gaps, and committed in order. */
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

/** Of what the feed brought for the row, by which it knows it again; 0: not known, as of rows of earlier versions. */
const hash = () => bigint('hash', { mode: 'bigint' }).notNull().default(sql`0`)

/** What records of feeds say of packages. `record`: the advisory, else the CVE, else the feed's own id. */
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
    // By which a flaw is looked up.
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
    /** Of `fixes`, to find them by. */
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
    /** The month or file that said it. */
    record: text('record').notNull(),
    hash: hash(),
  },
  (table) => [
    primaryKey({ columns: [table.feed, table.platform, table.kb, table.record] }),
    index('windows_updates_kb').on(table.kb),
    index('windows_updates_cves').using('gin', table.cves),
  ],
)

/** What is known of CVEs themselves, by feed: SSVC points, scores, rejection. */
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
 * Scores of EPSS, many in a row: each day nearly all percentiles are other ones. `part` is the CVE without its last three
 * digits; the lists go together.
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

/** What was last seen to be pending on a team's assets that are watched only. */
export const watched = pgTable('watched', {
  team: text('team').primaryKey(),
  /** Since when it is so. */
  at: instant('at').notNull(),
  facts: jsonb('facts').$type<Watched>().notNull(),
})

/** When each patch was first seen to be missing: due dates count from there. */
export const patchesSeen = pgTable('patches_seen', {
  id: text('id').primaryKey(),
  firstSeenAt: instant('first_seen_at').notNull(),
})

/** The quietest time of each measured window, as last found. */
export const measuredWindows = pgTable('measured_windows', {
  window: text('window').primaryKey(),
  wish: text('wish').notNull(),
  result: jsonb('result').$type<MeasuredWindow | UnusableLoad>(),
  measuredAt: instant('measured_at'),
  problem: text('problem'),
})

// ---------------------------------------------------------------- proposing

/** How far proposing has come with each team, as store/drafted.ts says. */
export const drafted = pgTable('drafted', {
  team: text('team').primaryKey(),
  count: integer('count').notNull(),
  key: text('key').notNull(),
  nextAt: instant('next_at'),
  waitsSince: instant('waits_since'),
})

/** What engines have answered, as store/previews.ts says. */
export const previews = pgTable(
  'previews',
  {
    engine: text('engine').notNull(),
    key: text('key').notNull(),
    steps: jsonb('steps').$type<readonly TransactionStep[]>(),
    problem: text('problem'),
    askedAt: instant('asked_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.engine, table.key] })],
)

// ---------------------------------------------------------------- what the record last said: projections of its entries

/** Feeds of which the record speaks, as it last did. */
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
  /** Of which moment the newest assessment is that brought an entry. */
  at: instant('at').notNull(),
  /** Counts them: whoever has read an older one begins anew. */
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
    /** As the vendor or we said it: an instant or a day. */
    fixedAt: text('fixed_at').notNull(),
    fixDate: text('fix_date').$type<FixDate>().notNull(),
    readAt: instant('read_at').notNull(),
    /** On how many assets. */
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

// ---------------------------------------------------------------- people at the console

/** Only hashes of tokens are kept. */
export const signInLinks = pgTable('sign_in_links', {
  tokenHash: text('token_hash').primaryKey(),
  person: text('person').notNull(),
  issuedBy: text('issued_by').notNull(),
  /** The hands that could keep the link for themselves: people, or the command line. */
  madeBy: text('made_by').array().notNull(),
  /** Made in the labelled example, and worth nothing elsewhere. */
  example: boolean('example').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
})

export const sessions = pgTable('sessions', {
  tokenHash: text('token_hash').primaryKey(),
  /** Who signed in. */
  person: text('person').notNull(),
  /** Who they act as; differs only in the labelled example. */
  actingAs: text('acting_as').notNull(),
  /** As with the link that began it. */
  madeBy: text('made_by').array().notNull(),
  example: boolean('example').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** Whether the database is of the labelled example: one row. Nothing of the one may count in the other. */
export const installation = pgTable('installation', {
  one: boolean('one').primaryKey().default(true),
  example: boolean('example').notNull(),
})

// ---------------------------------------------------------------- people elsewhere

/** Accounts that people linked with themselves by a code, beside those in the configuration. */
export const linkedAccounts = pgTable(
  'linked_accounts',
  {
    platform: text('platform').$type<ChatPlatformName>().notNull(),
    account: text('account').notNull(),
    /** How the account calls itself there; `null`: linked before that was kept. */
    label: text('label'),
    person: text('person').notNull(),
    linkedAt: instant('linked_at').notNull(),
    /** Where the person confirmed it; `null`: linked before that was kept. */
    confirmedIn: text('confirmed_in').$type<Via>(),
  },
  (table) => [
    primaryKey({ columns: [table.platform, table.account] }),
    // One on each platform: the next is refused until the one before is revoked.
    uniqueIndex('linked_accounts_once').on(table.person, table.platform),
  ],
)

/** Accounts and addresses that the configuration names for people, and when that was first seen. */
export const configuredAccounts = pgTable(
  'configured_accounts',
  {
    platform: text('platform').$type<ChatPlatformName | 'email'>().notNull(),
    account: text('account').notNull(),
    person: text('person').notNull(),
    seenAt: instant('seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.platform, table.account, table.person] })],
)

/** Codes that were asked for and not used yet; only their hashes are kept. */
export const linkCodes = pgTable('link_codes', {
  codeHash: text('code_hash').primaryKey(),
  platform: text('platform').$type<ChatPlatformName>().notNull(),
  account: text('account').notNull(),
  /** How the account calls itself there. */
  label: text('label').notNull(),
  /** The person who was last shown whose account it is: only they can confirm it. */
  shownTo: text('shown_to'),
  expiresAt: instant('expires_at').notNull(),
})

/** Who was in a group of another system when it was last asked. */
export const groupsSeen = pgTable('groups_seen', {
  name: text('name').primaryKey(),
  people: text('people').array().notNull(),
  seenAt: instant('seen_at').notNull(),
})

/** Freezes that people declared, lifted ones too. */
export const freezes = pgTable(
  'freezes',
  {
    id: serial('id').primaryKey(),
    team: text('team').notNull(),
    /** Pseudonym; in rows of earlier versions the person's id, as with `lifted_by`. */
    person: text('person').notNull(),
    /** Number of the entry in `rights` that declares it, beside which the reason stands; `null`: of an earlier version. */
    entry: integer('entry'),
    /** What the person wrote, in rows of earlier versions. */
    reason: text('reason'),
    fromAt: instant('from_at').notNull(),
    untilAt: instant('until_at').notNull(),
    liftedAt: instant('lifted_at'),
    liftedBy: text('lifted_by'),
  },
  (table) => [index('freezes_team').on(table.team, table.untilAt)],
)

/** Calendars of freezes: the last text that could be understood, and what is wrong with reading it now. */
export const freezeCalendars = pgTable('freeze_calendars', {
  location: text('location').primaryKey(),
  /** `null`: never read. */
  text: text('text'),
  readAt: instant('read_at'),
  problem: text('problem'),
})

/** Digests that were posted: one a day and channel. `day` is the local date. */
export const digests = pgTable(
  'digests',
  { channel: text('channel').notNull(), day: text('day').notNull() },
  (table) => [primaryKey({ columns: [table.channel, table.day] })],
)

/** Slack workspaces that installed the app by OAuth. `installation` is sealed with the key of the service. */
export const slackInstallations = pgTable('slack_installations', {
  workspace: text('workspace').primaryKey(),
  name: text('name').notNull(),
  installation: text('installation').notNull(),
  installedAt: instant('installed_at').notNull(),
})
