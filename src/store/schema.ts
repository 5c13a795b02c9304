/** Every table. Changing this file means `npx drizzle-kit generate --name <what>`; applied migrations are never edited. */

import { sql } from 'drizzle-orm'
import {
  bigserial,
  boolean,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
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
import type { MeasuredWindow, UnusableLoad } from '../core/load.ts'
import type { HealthResult } from '../core/ports.ts'
import type { Priority } from '../core/priority/priority.ts'
import type { LightState } from '../core/proposal/light.ts'
import type { Via } from '../core/proposal/proposal.ts'
import type { Coverage } from '../core/record/coverage.ts'
import type { FixDate } from '../core/record/findings.ts'
import type { AssetFacts } from '../core/record/population.ts'

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
  },
  (table) => [index('proposals_team_status').on(table.team, table.status)],
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
  (table) => [primaryKey({ columns: [table.proposal, table.person] })],
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
  (table) => [index('outbox_waiting').on(table.platform, table.channel, table.id)],
)

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
  (table) => [index('console_messages_proposal').on(table.proposal, table.id)],
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

/** `packages`: ids of package versions, packed as store/packed-ids.ts says. */
export const softwareSets = pgTable('software_sets', {
  id: serial('id').primaryKey(),
  hash: text('hash').notNull().unique(),
  packages: bytes('packages').notNull(),
})

export const assets = pgTable(
  'assets',
  {
    id: text('id').primaryKey(),
    source: text('source').notNull(),
    team: text('team').notNull(),
    asset: jsonb('asset').$type<Asset>().notNull(),
    softwareSet: integer('software_set').references(() => softwareSets.id),
    pending: jsonb('pending').$type<readonly PendingUpdate[]>().notNull(),
    runningKernel: text('running_kernel'),
    bootId: text('boot_id'),
    rebootRequired: boolean('reboot_required').notNull(),
    rebootPackages: text('reboot_packages').array().notNull(),
    staleServices: text('stale_services').array().notNull(),
    listsRefreshedAt: instant('lists_refreshed_at'),
    /** Last good look; `null` if there never was one. */
    observedAt: instant('observed_at'),
    /** Why the last look failed; `null` when it did not. */
    problem: text('problem'),
    checkedAt: instant('checked_at').notNull(),
  },
  (table) => [index('assets_team').on(table.team)],
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
  },
  (table) => [primaryKey({ columns: [table.kind, table.name] })],
)

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
  },
  (table) => [
    index('fixes_lookup').on(table.platform, table.package),
    index('fixes_feed_record').on(table.feed, table.record),
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
  },
  (table) => [
    primaryKey({ columns: [table.feed, table.id] }),
    index('advisories_packages').using('gin', table.packages),
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
  },
  (table) => [primaryKey({ columns: [table.feed, table.platform, table.kb, table.record] })],
)

/** What is known of CVEs themselves, by feed: SSVC points, scores, rejection. */
export const cveFacts = pgTable(
  'cve_facts',
  {
    feed: text('feed').notNull(),
    cve: text('cve').notNull(),
    facts: jsonb('facts').$type<CveFacts>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.feed, table.cve] }), index('cve_facts_cve').on(table.cve)],
)

export const lifecycles = pgTable(
  'lifecycles',
  {
    feed: text('feed').notNull(),
    platform: text('platform').notNull(),
    lifecycle: jsonb('lifecycle').$type<Lifecycle>().notNull(),
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
  },
  (table) => [primaryKey({ columns: [table.feed, table.cve] })],
)

export const epss = pgTable(
  'epss',
  {
    feed: text('feed').notNull(),
    cve: text('cve').notNull(),
    score: doublePrecision('score').notNull(),
    percentile: doublePrecision('percentile').notNull(),
    model: text('model').notNull(),
    date: text('date').notNull(),
  },
  (table) => [primaryKey({ columns: [table.feed, table.cve] })],
)

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
  (table) => [index('assets_recorded_team').on(table.team), index('assets_recorded_source').on(table.source)],
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
    platform: text('platform', { enum: ['slack', 'discord'] }).notNull(),
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
    platform: text('platform', { enum: ['slack', 'discord', 'email'] }).notNull(),
    account: text('account').notNull(),
    person: text('person').notNull(),
    seenAt: instant('seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.platform, table.account, table.person] })],
)

/** Codes that were asked for and not used yet; only their hashes are kept. */
export const linkCodes = pgTable('link_codes', {
  codeHash: text('code_hash').primaryKey(),
  platform: text('platform', { enum: ['slack', 'discord'] }).notNull(),
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
