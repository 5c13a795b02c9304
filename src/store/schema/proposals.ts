/** Proposals and their votes and results: projections, rebuilt from the record at any time. */

import { sql } from 'drizzle-orm'
import { boolean, index, integer, jsonb, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { PatchType } from '../../core/catalog.ts'
import type { Ask } from '../../core/permission/asks.ts'
import type { PlacesToFill } from '../../core/permission/row.ts'
import type { Priority } from '../../core/priority/priority.ts'
import type { Brief } from '../../core/proposal/brief.ts'
import type { LightState } from '../../core/proposal/light.ts'
import { endStates, finalStatuses } from '../../core/proposal/proposal.ts'
import { endsBadly } from '../../core/rollout/gate.ts'
import type { Tally } from '../../core/rollout/tally.ts'
import { instant } from './column-types.ts'

/** True for a proposal that is not over. The server uses the index only for a query that contains exactly this text. */
export const isOpen = sql.raw(`status not in (${finalStatuses.map((status) => `'${status}'`).join(', ')})`)

/**
 * Sorts the proposals of one team or status, newest first. No index over all proposals has this expression, so the
 * server never reads all proposals to find those of one team.
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
     * 1: the whole state; 2: its small part, with names and words; 3: its small part without them. Earlier versions
     * wrote 1 and 2. A trigger refuses to write them now.
     */
    format: smallint('format').notNull().default(1),
    state: jsonb('state').$type<LightState>().notNull(),
    /** The title in `state`, as a column for lists. */
    title: text('title').notNull().default(''),
    priority: text('priority').$type<Priority>().notNull().default('scheduled'),
    dueAt: instant('due_at'),
    /** Hash of what is voted on, made in today's way; `null`: an earlier version stored what is voted on in `state`. */
    decision: text('decision'),
    /** Whether a rollout or a test is under way, stopped half way, or planned, as core/proposal/glance.ts says. */
    underWay: boolean('under_way').notNull().default(false),
    /** What happened to the proposal's assets, in numbers. */
    tally: jsonb('tally').$type<Tally>(),
    /**
     * Number of the event after which `tally` and the rows beside the state in other tables were written. If it differs
     * from `seq`, a version without them wrote the row. The service then makes them when it starts.
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

/** A short form of what each proposal asks for, for lists and cards. */
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
    /** Everybody who has one of these roles in the team is asked; so are the people in `people`. */
    roles: text('roles').array().notNull(),
    people: text('people').array().notNull(),
    /** These people are not asked, whatever their roles. */
    unasked: text('unasked').array().notNull(),
    /** Only people who can fill one more of these places are asked; `null`: all are. */
    places: jsonb('places').$type<PlacesToFill>(),
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
    /** The person's words, in votes that an earlier version recorded. Today they stand beside the entry. */
    reason: text('reason'),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.person] }),
    index('votes_person').on(table.person, table.at),
  ],
)

/**
 * True for a result whose asset ended badly or never answered. The server uses the index only for a query that contains
 * exactly this text.
 */
export const endedBadly = sql.raw(
  `end_state in (${endStates
    .filter(endsBadly)
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
    /** `ring` and `startedAt`: `null` if the asset was not started. */
    ring: smallint('ring'),
    startedAt: instant('started_at'),
    doneAt: instant('done_at'),
    endState: text('end_state'),
    /** JSON with everything that is known about the result. */
    facts: text('facts').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.part, table.asset] }),
    index('results_asset').on(table.asset, table.proposal),
    // For the question how long the assets of each ring took in a rollout.
    index('results_done').on(table.proposal, table.ring).where(sql`part = 1 and done_at is not null`),
    index('results_bad').on(table.proposal, table.part, table.asset).where(endedBadly),
  ],
)

/** The patches that each proposal asks for until it is over. A proposal that undoes an earlier one has no rows here. */
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

/** Patches that a team has rejected or undone. They are not proposed again before `until`. */
export const deferrals = pgTable(
  'deferrals',
  {
    proposal: text('proposal').notNull(),
    patch: text('patch').notNull(),
    team: text('team').notNull(),
    /** The priority at that time. A patch that has become more urgent since is proposed all the same. */
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
    /** The end, as the rule says it. */
    until: text('until').notNull(),
  },
  (table) => [index('standing_rules_team').on(table.team, table.name)],
)

/**
 * Advisories that proposals carried. `family` is the part of the name that all editions share: `DSA-5356` for
 * `DSA-5356-1`.
 */
export const carried = pgTable(
  'carried',
  {
    proposal: text('proposal').notNull(),
    family: text('family').notNull(),
    number: integer('number').notNull(),
    team: text('team').notNull(),
    /** The newest edition that the proposal carried, and its advisory. */
    edition: integer('edition').notNull(),
    advisory: text('advisory').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.family] }),
    index('carried_team').on(table.team, table.family, table.number),
  ],
)

/**
 * The content of each proposal that is not over. A team has only one such proposal with the same content, even if
 * several processes propose at the same time.
 */
export const liveContents = pgTable(
  'live_contents',
  {
    proposal: text('proposal').primaryKey(),
    team: text('team').notNull(),
    contentHash: text('content_hash').notNull(),
  },
  (table) => [uniqueIndex('live_contents_once').on(table.team, table.contentHash)],
)

/** Assets that a rollout or a test works on now. Only one may work on an asset at a time. */
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
