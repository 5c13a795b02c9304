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
import { countEndState } from '../../core/rollout/gate.ts'
import type { Tally } from '../../core/rollout/tally.ts'
import { instant } from './column-types.ts'

/** True for a proposal that is not over. An index is used where this is asked word for word. */
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
    /** For lists: the title as the state has it. */
    title: text('title').notNull().default(''),
    priority: text('priority').$type<Priority>().notNull().default('scheduled'),
    dueAt: instant('due_at'),
    /** Hash of what is voted on, as it is made today; `null`: an earlier version kept what is voted on whole. */
    decision: text('decision'),
    /** As core/proposal/glance.ts says. */
    underWay: boolean('under_way').notNull().default(false),
    /** What happened to its assets, in numbers. */
    tally: jsonb('tally').$type<Tally>(),
    /**
     * The event that the tally, and everything beside the state in other tables, belongs to. If it differs from `seq`,
     * a version that did not know them wrote the row, and they are made when the service starts.
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

/** Whom each proposal waits for now, and what for. People are pseudonyms. */
export const asked = pgTable(
  'asked',
  {
    proposal: text('proposal').notNull(),
    what: text('what').$type<Ask['what']>().notNull(),
    number: integer('number').notNull(),
    team: text('team').notNull(),
    /** Whoever holds one of these roles in the team, and these people. */
    roles: text('roles').array().notNull(),
    people: text('people').array().notNull(),
    /** Not these, whatever their roles. */
    unasked: text('unasked').array().notNull(),
    /** Only who would fill one more of these; `null`: all of them. */
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
    /** What the person wrote, of votes that an earlier version recorded; today's stands beside the entry. */
    reason: text('reason'),
  },
  (table) => [
    primaryKey({ columns: [table.proposal, table.person] }),
    index('votes_person').on(table.person, table.at),
  ],
)

/**
 * True for a result whose asset did not end well, or never answered. As above, the index is used where this is asked
 * word for word.
 */
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
    /** For an asset that was started. */
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
    // For a rollout, by ring: how long its assets took.
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
    /** The priority at that time: what has become more urgent since is proposed all the same. */
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
    /** In the words of the rule. */
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

/**
 * What each proposal that is not over asks for: the same content makes only one proposal, even if several look at the
 * same time.
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
