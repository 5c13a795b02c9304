/**
 * Reads proposals for pages: first the ids on the page, then only what it shows. Whole states are read only for rows of
 * earlier versions.
 */

import { desc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { placesWith } from '../core/permission/asks.ts'
import type { PlacesToFill } from '../core/permission/row.ts'
import type { Member } from '../core/policy.ts'
import type { Brief } from '../core/proposal/brief.ts'
import { type Glance, glanceOf } from '../core/proposal/glance.ts'
import type { LightState } from '../core/proposal/light.ts'
import type { Status } from '../core/proposal/proposal.ts'
import { entriesSaid, withPersons } from '../core/proposal/said.ts'
import { wouldFill } from '../core/quorum.ts'
import type { Tally } from '../core/rollout/tally.ts'
import { storable, storableAsJson } from '../core/storable.ts'
import { listOf } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { readBesides } from './events.ts'
import { readRegister, registerAt, registerVersion } from './persons.ts'
import { findProposal, PERSONLESS } from './proposals.ts'
import {
  asked,
  carried,
  findingsRecorded,
  isOpen,
  newest,
  openPatches,
  proposalBriefs,
  proposals,
  results,
  votes,
} from './schema.ts'

// ---------------------------------------------------------------- lists

export interface ProposalFilter {
  readonly teams: readonly string[]
  /** `open first`: open proposals, and then those that are over. */
  readonly status: 'open' | 'over' | 'open first'
  /** Only proposals with this text in the title or the id; empty: all. */
  readonly text: string
  /** Only in these states. Left out: in any. */
  readonly states?: readonly Status[]
  /** A CVE, an advisory or a package, in exact case. Of past proposals their briefs and advisories are searched. */
  readonly about?: string | null
  /** Only proposals that did something to this asset, or are among these open ones. */
  readonly asset?: { readonly id: string; readonly open: readonly string[] } | null
  /** Opened in this time, ISO 8601 UTC; `null`: at any time. */
  readonly from?: string | null
  readonly to?: string | null
}

/** The last proposal of a page. */
export interface ProposalPlace {
  readonly open: boolean
  readonly number: number
}

export interface Listed {
  readonly id: string
  readonly number: number
  readonly open: boolean
}

/**
 * The next proposals after a place, newest first; `null`: from the first on. A proposal that ends meanwhile may come
 * twice.
 */
export async function listProposals(
  db: Queryable,
  filter: ProposalFilter,
  after: ProposalPlace | null,
  most: number,
): Promise<readonly Listed[]> {
  const { teams, status } = filter
  if (filter.asset) return listOfAsset(db, filter, filter.asset, after, most)
  const called = conditions(filter)
  const section = (open: boolean): SQL => {
    const behind = after?.open === open ? sql`and ${newest} > ${-after.number}` : sql``
    // The index gives the proposals of each team in order, so that a team's long past is not read.
    return sql`(select id, number, ${open}::boolean as open from unnest(${listOf(teams)}::text::text[]) as wanted (name)
      cross join lateral (select id, number from ${proposals}
        where team = wanted.name and ${open ? isOpen : isOver} ${behind} ${called}
        order by ${newest} limit ${most}) as mine
      order by number desc limit ${most})`
  }
  const sections: SQL[] = []
  if (status !== 'over' && after?.open !== false) sections.push(section(true))
  if (status !== 'open') sections.push(section(false))
  if (sections.length === 0) return []
  return db.execute<Listed & Record<string, unknown>>(
    sql`select * from (${sql.join(sections, sql` union all `)}) as found order by open desc, number desc limit ${most}`,
  )
}

/** What happened to one asset is little, so its proposals are found first. */
async function listOfAsset(
  db: Queryable,
  filter: ProposalFilter,
  asset: NonNullable<ProposalFilter['asset']>,
  after: ProposalPlace | null,
  most: number,
): Promise<readonly Listed[]> {
  const wanted = filter.status === 'open' ? sql`and ${isOpen}` : filter.status === 'over' ? sql`and ${isOver}` : sql``
  const behind = after === null ? sql`` : sql`and (${isOpen}, number) < (${after.open}::boolean, ${after.number})`
  return db.execute<Listed & Record<string, unknown>>(sql`
    select id, number, (${isOpen}) as open from ${proposals}
    where id in (select unnest(${listOf(asset.open)}::text::text[])
        union select proposal from ${results} where asset = ${asset.id})
      and team = any(${listOf(filter.teams)}::text::text[]) ${wanted} ${behind} ${conditions(filter)}
    order by open desc, number desc limit ${most}`)
}

const isOver = sql`not (${isOpen})`

function conditions({ text, states, about = null, from = null, to = null }: ProposalFilter): SQL {
  const all = [
    text === '' ? null : sql`(title ilike ${contains(text)} or id ilike ${contains(text)})`,
    states === undefined ? null : sql`status = any(${listOf(states)}::text::text[])`,
    about === null ? null : isAbout(storable(about)),
    from === null ? null : sql`opened_at >= ${from}`,
    to === null ? null : sql`opened_at < ${to}`,
  ].filter((one) => one !== null)
  return all.length === 0 ? sql`` : sql`and ${sql.join(all, sql` and `)}`
}

function isAbout(name: string): SQL {
  const brief = (patch: object) => sql`b.brief -> 'patches' @> ${storableAsJson([patch])}::text::jsonb`
  return sql`(id in (select proposal from ${openPatches} where source = ${name} or patch = ${name}
        or patch in (select jsonb_array_elements_text(patches) from ${findingsRecorded} where flaw = ${name}))
    or exists (select from ${carried} c where c.proposal = ${proposals}.id and ${name} in (c.advisory, c.family))
    or exists (select from ${proposalBriefs} b where b.proposal = ${proposals}.id
        and (${brief({ source: name })} or ${brief({ cves: [name] })})))`
}

/** How many proposals of these teams are in each state; those that are over are not counted. */
export async function countedByState(db: Queryable, teams: readonly string[]): Promise<ReadonlyMap<Status, number>> {
  const rows = await db.execute<{ status: Status; count: number }>(sql`
    select status, count(*)::int as count from ${proposals}
    where ${isOpen} and team = any(${listOf(teams)}::text::text[]) group by status`)
  return new Map(rows.map(({ status, count }) => [status, count]))
}

/** Proposals of these teams that run, are stopped or planned, or are overdue, newest first. */
export async function currentIn(
  db: Queryable,
  teams: readonly string[],
  now: string,
  most: number,
): Promise<readonly string[]> {
  const rows = await db.execute<{ id: string }>(sql`
    select id from ${proposals} where ${isOpen} and (under_way or due_at < ${now})
      and team = any(${listOf(teams)}::text::text[]) order by ${newest} limit ${most}`)
  return rows.map(({ id }) => id)
}

/** Proposals of these teams that ended after an instant, the last first. */
export async function closedSince(
  db: Queryable,
  teams: readonly string[],
  since: string,
  most: number,
): Promise<readonly string[]> {
  const rows = await db.execute<{ id: string }>(sql`
    select id from ${proposals} where closed_at >= ${since} and team = any(${listOf(teams)}::text::text[])
    order by closed_at desc limit ${most}`)
  return rows.map(({ id }) => id)
}

/** How many proposals of a team with these priorities people still vote on, and the first of them, oldest first. */
export async function votedOn(
  db: Queryable,
  team: string,
  priorities: readonly string[],
  most: number,
): Promise<{ readonly count: number; readonly first: readonly ProposalLine[] }> {
  const wanted = sql`team = ${team} and ${isOpen} and status = 'open'
    and priority = any(${listOf(priorities)}::text::text[])`
  const rows = await db.execute<{ id: string; count: number }>(sql`
    select id, count(*) over ()::int as count from ${proposals} where ${wanted} order by number limit ${most}`)
  const first = await readLines(
    db,
    rows.map(({ id }) => id),
  )
  return { count: rows[0]?.count ?? 0, first }
}

/** Teams that have open proposals. */
export async function openTeams(db: Queryable): Promise<readonly string[]> {
  const rows = await db.selectDistinct({ team: proposals.team }).from(proposals).where(isOpen)
  return rows.map(({ team }) => team)
}

/** A pattern for `ilike` that finds this text anywhere. */
export function contains(text: string): string {
  return `%${storable(text).replace(/[\\%_]/g, '\\$&')}%`
}

/** What one line shows of a proposal. */
export interface ProposalLine {
  readonly id: string
  readonly team: string
  readonly title: string
  readonly status: Status
  readonly priority: string
  readonly revision: number
  readonly expiresAt: string
}

/** In the order of the ids; ids that are not found are left out. */
export async function readLines(db: Queryable, ids: readonly string[]): Promise<readonly ProposalLine[]> {
  const rows = await db
    .select({
      id: proposals.id,
      team: proposals.team,
      title: proposals.title,
      status: sql<Status>`${proposals.status}`,
      priority: proposals.priority,
      revision: sql<number>`(${proposals.state} ->> 'revision')::int`,
      expiresAt: sql<string>`${proposals.state} ->> 'expiresAt'`,
    })
    .from(proposals)
    .where(inArray(proposals.id, [...ids]))
  return inOrderOf(ids, rows)
}

function inOrderOf<Row extends { readonly id: string }>(ids: readonly string[], rows: readonly Row[]): readonly Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

// ---------------------------------------------------------------- at a glance

export async function findGlance(db: Queryable, id: string): Promise<Glance | null> {
  const [glance] = await readGlances(db, [storable(id)])
  return glance ?? null
}

/** In the order of the ids; ids that are not found are left out. */
export async function readGlances(db: Queryable, ids: readonly string[]): Promise<readonly Glance[]> {
  if (ids.length === 0) return []
  const rows = await db
    .select({
      id: proposals.id,
      seq: proposals.seq,
      format: proposals.format,
      tallySeq: proposals.tallySeq,
      state: proposals.state,
      tally: proposals.tally,
      brief: proposalBriefs.brief,
      version: registerVersion,
    })
    .from(proposals)
    .leftJoin(proposalBriefs, eq(proposalBriefs.proposal, proposals.id))
    .where(inArray(proposals.id, [...ids]))
  const kept = rows.flatMap((row) => (isKept(row) ? row : []))
  const besides = await readBesides(
    db,
    kept.flatMap(({ id, state }) => entriesSaid(state, []).map((seq) => ({ stream: id, seq }))),
  )
  const glances: (Glance & { readonly id: string })[] = []
  for (const { id, state, brief, tally, version } of kept) {
    const light = withPersons(state, await registerAt(db, version), besides.get(id) ?? new Map())
    glances.push({ ...light, subject: brief, tally })
  }
  // A row of an earlier version is read without carrying it over, because a page writes nothing.
  for (const row of rows) {
    const state = isKept(row) ? null : await findProposal(db, row.id)
    if (state !== null) glances.push(glanceOf(state))
  }
  return inOrderOf(ids, glances)
}

interface GlanceRow {
  readonly seq: number
  readonly format: number
  readonly tallySeq: number | null
  readonly state: LightState
  readonly tally: Tally | null
  readonly brief: Brief | null
}

function isKept<Row extends GlanceRow>(row: Row): row is Row & { readonly tally: Tally; readonly brief: Brief } {
  return row.format === PERSONLESS && row.tallySeq === row.seq && row.tally !== null && row.brief !== null
}

// ---------------------------------------------------------------- whom proposals wait for

/**
 * A person, with their roles in each of their teams, and the members of these teams. A deputy is asked in two places: their
 * own, and that of the absent person.
 */
export interface Asker {
  readonly id: string
  readonly roles: ReadonlyMap<string, readonly string[]>
  readonly membersOf: (team: string) => readonly Member[]
}

/** Teams in which somebody is asked for something. */
export async function teamsAsked(db: Queryable): Promise<readonly string[]> {
  return (await db.selectDistinct({ team: asked.team }).from(asked)).map(({ team }) => team)
}

/** Which proposals ask one person for something. */
interface AskedOf {
  /**
   * By proposal and team: whether the person is certainly asked (`certain`). If not, `places`: the person is asked if
   * they would fill one more of these.
   */
  readonly asking: SQL
  readonly fills: (team: string, places: PlacesToFill) => boolean
}

async function askedOf(db: Queryable, { id, roles, membersOf }: Asker): Promise<AskedOf> {
  const register = await readRegister(db)
  const me = register.has(id) ? register.pseudonymOf(id) : ''
  const teams = storableAsJson(
    [...roles].flatMap(([team, held]) => {
      const { own = held, for: absent = [] } = membersOf(team).find((member) => member.id === id) ?? {}
      const places = absent.filter((one) => register.has(one.id))
      return [
        { team, roles: own, place: me },
        ...places.map((one) => ({ team, roles: one.roles, place: register.pseudonymOf(one.id) })),
      ]
    }),
  )
  const byName = sql`a.people @> array[${me}]::text[]`
  const byRole = sql`(a.roles && mine.roles and not a.unasked && array[${me}, mine.place]::text[])`
  return {
    asking: sql`select mine.team, a.proposal, a.number, bool_or(${byName} or a.places is null) as certain,
        array_to_json(array_agg(a.places) filter (where not ${byName} and a.places is not null)) as places
      from jsonb_to_recordset(${teams}::text::jsonb) as mine (team text, roles text[], place text)
        join ${asked} a on a.team = mine.team where ${byName} or ${byRole}
      group by mine.team, a.proposal, a.number`,
    fills: (team, places) => {
      const named = placesWith(places, (pseudonym) => register.personOf(pseudonym).id)
      return wouldFill(named, { id, roles: roles.get(team) ?? [] }, membersOf(team))
    },
  }
}

export interface Badge {
  readonly open: number
  readonly waiting: number
}

/** For each team, how many proposals are open, and how many of them wait for the person. */
export async function badgesOf(
  db: Queryable,
  teams: readonly string[],
  person: Asker,
): Promise<ReadonlyMap<string, Badge>> {
  const { asking, fills } = await askedOf(db, person)
  const rows = await db.execute<{ team: string; open: number; waiting: number; perhaps: PlacesToFill[][] | null }>(sql`
    with open as (select team, count(*)::int as count from ${proposals}
        where team = any(${listOf(teams)}::text::text[]) and ${isOpen} group by team),
      waiting as (select team, count(*) filter (where certain)::int as count,
          json_agg(places) filter (where not certain) as perhaps from (${asking}) as asking group by team)
    select wanted.name as team, coalesce(open.count, 0) as open, coalesce(waiting.count, 0) as waiting, waiting.perhaps
    from unnest(${listOf(teams)}::text::text[]) as wanted (name)
      left join open on open.team = wanted.name left join waiting on waiting.team = wanted.name`)
  return new Map(
    rows.map(({ team, open, waiting, perhaps }) => {
      const more = (perhaps ?? []).filter((all) => all.some((places) => fills(team, places)))
      return [team, { open, waiting: waiting + more.length }]
    }),
  )
}

/** Proposals of these teams that are paused or halted, newest first. */
export async function stoppedIn(
  db: Queryable,
  teams: readonly string[],
  most: number,
): Promise<readonly Pick<ProposalLine, 'id' | 'team' | 'title'>[]> {
  return db.execute<Pick<ProposalLine, 'id' | 'team' | 'title'> & Record<string, unknown>>(sql`
    select id, team, title from ${proposals}
    where ${isOpen} and status in ('paused', 'halted') and team = any(${listOf(teams)}::text::text[])
    order by ${newest} limit ${most}`)
}

/** Proposals that are read at once. Some of them may not wait for the person. */
const READ_AT_ONCE = 100

/** The newest proposals that wait for the person. */
export async function waitingFor(db: Queryable, person: Asker, most: number): Promise<readonly string[]> {
  const { asking, fills } = await askedOf(db, person)
  const found: string[] = []
  let before = FAR_AHEAD
  while (found.length < most) {
    const rows = await db.execute<{
      team: string
      proposal: string
      number: number
      certain: boolean
      places: PlacesToFill[] | null
    }>(sql`select * from (${asking}) as asking where number < ${before} order by number desc limit ${READ_AT_ONCE}`)
    for (const { team, proposal, certain, places } of rows)
      if (certain || (places ?? []).some((one) => fills(team, one))) found.push(proposal)
    before = rows.at(-1)?.number ?? before
    if (rows.length < READ_AT_ONCE) break
  }
  return found.slice(0, most)
}

/** Higher than every number of a proposal. The first page begins below it. */
const FAR_AHEAD = 2_147_483_647

/** The newest proposals whose rollout or test is under way, stopped half way, or planned. */
export async function underWay(db: Queryable, most: number): Promise<readonly string[]> {
  const rows = await db
    .select({ id: proposals.id })
    .from(proposals)
    .where(sql`under_way`)
    .orderBy(desc(proposals.number))
    .limit(most)
  return rows.map(({ id }) => id)
}

/** The proposals that the person voted on last. */
export async function votedBy(db: Queryable, person: string, most: number): Promise<readonly string[]> {
  const register = await readRegister(db)
  if (!register.has(person)) return []
  const rows = await db
    .select({ proposal: votes.proposal })
    .from(votes)
    .where(eq(votes.person, register.pseudonymOf(person)))
    .orderBy(desc(votes.at))
    .limit(most)
  return rows.map(({ proposal }) => proposal)
}
