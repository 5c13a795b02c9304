import { and, asc, desc, eq, gte, inArray, not, notInArray, type SQL, sql } from 'drizzle-orm'
import { canonicalJson } from '../core/canonical-json.ts'
import { errorText } from '../core/error-text.ts'
import { contentHash, subjectHashes } from '../core/proposal/decision-content.ts'
import { isUnderWay } from '../core/proposal/glance.ts'
import {
  type LightState,
  lightOf,
  partNumbers,
  partOf,
  type ResultKey,
  type ResultRow,
  resultChanges,
  wholeState,
} from '../core/proposal/light.ts'
import { finalStatuses, type ProposalState, type Status } from '../core/proposal/proposal.ts'
import { entriesSaid, rowWithoutPersons, rowWithPersons, withoutPersons, withPersons } from '../core/proposal/said.ts'
import { type Register, registerOf } from '../core/record/register.ts'
import { grown } from '../core/rollout/deployments.ts'
import { tallyOf } from '../core/rollout/tally.ts'
import { storable } from '../core/storable.ts'
import { renewAtWork, saveAtWork } from './at-work.ts'
import { saveBesides } from './beside.ts'
import { linesOf, listOf, slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { newestRights } from './entries.ts'
import { readBesides } from './events.ts'
import { renewContent, saveContent } from './live-contents.ts'
import { registerAt, registerVersion, type VersionedRegister } from './persons.ts'
import { createRecent } from './recent.ts'
import { proposals, results, votes } from './schema.ts'
import { ofBeforeEntries, rowOfBefore, stateOfBefore } from './states-of-before.ts'
import { readSubjects, rememberSubject } from './subjects.ts'
import { together } from './transaction.ts'

/** Values of `format`: the whole state; its small part, with names and words; the small part without them. */
const WHOLE = 1
const LIGHT = 2
export const PERSONLESS = 3

export interface StoredProposal {
  readonly state: ProposalState
  /** Hash of the last event of its stream. */
  readonly headHash: string
  /** The `format` of its row. A row of an earlier format is carried over before it is written. */
  readonly format: number
  /** Whether the rows beside the state belong to its last event. The version before did not write such rows. */
  readonly tallied: boolean
  /** The names for the pseudonyms in the state. */
  readonly register: VersionedRegister
  /** The result of `rightsInForce` when the proposal was read. */
  readonly rights: number | null
}

/** False: an earlier version wrote the proposal, and it is carried over before anything else happens to it. */
export function isCarried({ format, tallied }: StoredProposal): boolean {
  return format === PERSONLESS && tallied
}

/** True: the stored state also has what the proposal asks for. */
export function isWhole({ format }: StoredProposal): boolean {
  return format === WHOLE
}

/** The team of a proposal, which never changes. */
export async function teamOf(db: Queryable, id: string): Promise<string | null> {
  const [row] = await db
    .select({ team: proposals.team })
    .from(proposals)
    .where(eq(proposals.id, storable(id)))
  return row?.team ?? null
}

/** Whether an earlier version wrote the proposal's row, so that it must be carried over. */
export async function isOfBefore(db: Queryable, id: string): Promise<boolean> {
  const rows = await db
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(eq(proposals.id, storable(id)), ofBefore))
  return rows.length > 0
}

/** True for a row that an earlier version wrote, or whose rows beside it do not belong to its last event. */
const ofBefore = sql`(format <> ${sql.raw(String(PERSONLESS))} or tally_seq is distinct from seq)`

/**
 * Locks a proposal until the transaction ends, so that commands on it come one after another, and reads it. `null`:
 * there is none.
 */
export async function lockProposal(tx: Tx, id: string): Promise<StoredProposal | null> {
  const locked = await tx
    .select({ id: proposals.id })
    .from(proposals)
    .where(eq(proposals.id, storable(id)))
    .for('no key update')
  // Read by a second statement, which sees what the last holder of the lock wrote.
  return locked.length === 0
    ? null
    : ((await storedWhere(tx, eq(proposals.id, storable(id)), known.find(id) ?? []))[0] ?? null)
}

export async function findProposal(db: Queryable, id: string): Promise<ProposalState | null> {
  const [stored] = await storedWhere(db, eq(proposals.id, storable(id)), known.find(id) ?? [])
  return stored?.state ?? null
}

// ---------------------------------------------------------------- states as they are stored, and in memory

/**
 * Most weight of all states in memory. The weight of a state: its assets, of which those that were started count twice,
 * and a fixed amount.
 */
const WEIGHT_KEPT = 500_000
const WEIGHT_OF_STATE = 500

/**
 * Remembered states, by proposal. A state that is kept under the hash of its last event must be the state that its
 * events lead to.
 */
const known = createRecent<readonly StoredProposal[]>(WEIGHT_KEPT, (states) => {
  // Earlier states of the proposal share nearly all data with the last one.
  const { subject, rollout } = states.at(-1)?.state ?? { subject: null, rollout: null }
  const planned = subject?.kind === 'patches' ? subject.assets.length : 0
  return WEIGHT_OF_STATE + planned + (rollout === null ? 0 : grown(rollout).length)
})

/** States of each proposal: while a command writes the next state, others read the one before. */
const KEPT_OF_EACH = 3

/** The name of a remembered state. Its events and the register determine everything in it. */
function nameOf({ headHash, register }: StoredProposal): string {
  return `${headHash} ${register.version}`
}

function remember(stored: StoredProposal): void {
  const { id } = stored.state
  const others = (known.find(id) ?? []).filter((other) => nameOf(other) !== nameOf(stored))
  known.keep(id, [...others, stored].slice(-KEPT_OF_EACH))
}

/**
 * Proposals, oldest first. A state in `remembered` that has not changed since is not read again. State, results and
 * votes are read by one statement, so that they belong together.
 */
async function storedWhere(
  db: Queryable,
  condition: SQL | undefined,
  remembered: readonly StoredProposal[] = known.values().flat(),
  newest?: number,
): Promise<readonly StoredProposal[]> {
  const before = new Map(remembered.map((stored) => [nameOf(stored), stored]))
  const rows = await readRows(db, condition, [...before.keys()], newest)
  const subjects = await readSubjects(
    db,
    rows.flatMap(({ state }) => (state !== null && 'content' in state ? [state.content] : [])),
  )
  const besides = await readBesides(
    db,
    rows.flatMap((row) =>
      row.state !== null && row.format === PERSONLESS && 'content' in row.state
        ? entriesSaid(row.state, resultsOf(row)).map((seq) => ({ stream: row.id, seq }))
        : [],
    ),
  )
  const versions = new Set(rows.flatMap(({ state, version }) => (state === null ? [] : version)))
  const registers = new Map<string, VersionedRegister>()
  for (const version of versions) registers.set(version, await registerAt(db, version))
  return rows.map((row) => {
    const { id, headHash, state, tallied, version, rights } = row
    if (state !== null) return storedOf({ ...row, state }, registers.get(version) ?? noRegister, subjects, besides)
    const stored = before.get(`${headHash} ${version}`)
    if (stored === undefined) throw new Error(`${id} was not read.`)
    return { ...stored, tallied, rights }
  })
}

type ProposalRow = Awaited<ReturnType<typeof readRows>>[number]

/** `names`: states that are remembered under these names are not read; their `state` is `null`. */
async function readRows(
  db: Queryable,
  condition: SQL | undefined,
  names: readonly string[],
  newest: number | undefined,
) {
  // Rows of earlier versions are always read. The same last event may belong to a remembered state from a transaction
  // that carried the proposal over and was rolled back.
  const isKnown = sql`(format = ${PERSONLESS}
    and head_hash || ' ' || ${registerVersion} = any(${listOf(names)}::text::text[]))`
  const rows = await db
    .select({
      id: proposals.id,
      headHash: proposals.headHash,
      format: proposals.format,
      tallied: sql<boolean>`tally_seq is not distinct from seq`,
      version: registerVersion,
      rights: newestRights,
      state: sql<LightState | ProposalState | null>`case when ${isKnown} then null else state end`,
      results: sql<readonly ResultRow[] | null>`case when ${isKnown} then null else
        (select json_agg(json_build_object('part', part, 'asset', asset, 'facts', facts::json) order by asset)
          from results where results.proposal = proposals.id) end`,
      reasons: sql<readonly (readonly [string, string])[] | null>`case when ${isKnown} then null else
        (select json_agg(json_build_array(person, reason))
          from votes where votes.proposal = proposals.id and reason is not null) end`,
    })
    .from(proposals)
    .where(condition)
    .orderBy(newest === undefined ? asc(proposals.number) : desc(proposals.number))
    .limit(newest ?? Number.MAX_SAFE_INTEGER)
  if (newest !== undefined) rows.reverse()
  return rows
}

function resultsOf({ results }: Pick<ProposalRow, 'results'>): readonly ResultRow[] {
  return (results ?? []).map((one) => ({ ...one, part: partOf(Number(one.part)) }))
}

/** The proposal that a row holds, whichever version wrote it. */
function storedOf(
  row: ProposalRow & { readonly state: LightState | ProposalState },
  register: VersionedRegister,
  subjects: Awaited<ReturnType<typeof readSubjects>>,
  besides: Awaited<ReturnType<typeof readBesides>>,
): StoredProposal {
  const { id, headHash, state, format, tallied, rights } = row
  if (!('content' in state)) return { state: stateOfBefore(state), headHash, format: WHOLE, tallied, register, rights }
  try {
    const subject = subjects(state.content)
    if (format !== PERSONLESS) {
      const light = ofBeforeEntries(state, new Map(row.reasons ?? []))
      return {
        state: wholeState(light, subject, resultsOf(row).map(rowOfBefore)),
        headHash,
        format: LIGHT,
        tallied,
        register,
        rights,
      }
    }
    const beside = besides.get(id) ?? new Map()
    const light = withPersons(state, register, beside)
    const read = resultsOf(row).map((one) => rowWithPersons(one, register, beside))
    const stored = { state: wholeState(light, subject, read), headHash, format, tallied, register, rights }
    remember(stored)
    return stored
  } catch (error) {
    throw new Error(`${id} ${errorText(error)}.`, { cause: error })
  }
}

/** The register of a database in which nobody was ever named. */
const noRegister: VersionedRegister = { ...registerOf([]), version: '' }

/** The next free number. The lock is held until the transaction ends, so numbers have no gaps. */
export async function nextProposalNumber(tx: Tx): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchwarden:proposal-number', 0))`)
  const [row] = await tx.select({ last: sql<number>`coalesce(max(${proposals.number}), 0)::int` }).from(proposals)
  return (row?.last ?? 0) + 1
}

/**
 * Writes all rows of one state: the proposal, its votes, its results, what it asks for and works on. `before`: the
 * state as it was read, whose rows are stored already. What has not changed since is the same object in both. `freed`:
 * an asset has become free.
 */
export async function saveProposal(
  tx: Queryable,
  { state, headHash, register }: Pick<StoredProposal, 'state' | 'headHash' | 'register'>,
  before: ProposalState | null,
): Promise<{ readonly freed: boolean }> {
  const [, , , freed] = await together(
    saveState(tx, { state, headHash, register }, before),
    saveBesides(tx, state, before, register),
    saveContent(tx, state, before),
    saveAtWork(tx, state, before),
  )
  return { freed }
}

/** Writes all rows of a proposal anew, from the state that its events lead to. */
export async function renewProposal(
  tx: Queryable,
  stored: Pick<StoredProposal, 'state' | 'headHash' | 'register'>,
): Promise<void> {
  const { state } = stored
  await tx.delete(results).where(eq(results.proposal, state.id))
  await saveState(tx, stored, null)
  await saveBesides(tx, state, null, stored.register)
  await renewContent(tx, state)
  await renewAtWork(tx, state)
}

/** Writes the columns and rows beside a state that the version before did not write. */
export async function tallyProposal(tx: Queryable, { state, headHash, register }: StoredProposal): Promise<void> {
  const row = proposalRow(state, headHash, register)
  const tallied = Object.fromEntries(tallyColumns.map((column) => [column, row[column]]))
  await tx.update(proposals).set(tallied).where(eq(proposals.id, state.id))
  await saveBesides(tx, state, null, register)
}

async function saveState(
  tx: Queryable,
  { state, headHash, register }: Pick<StoredProposal, 'state' | 'headHash' | 'register'>,
  before: ProposalState | null,
): Promise<void> {
  const row = proposalRow(state, headHash, register)
  await together(
    tx.insert(proposals).values(row).onConflictDoUpdate({ target: proposals.id, set: row }),
    saveVotes(tx, state, before, register),
    saveResults(tx, state, before, register),
  )
  rememberSubject(state.subject)
  remember({ state, headHash, format: PERSONLESS, tallied: true, register, rights: null })
}

/** The row of `proposals` for a state. */
export function proposalRow(state: ProposalState, headHash: string, register: Register): typeof proposals.$inferInsert {
  const { id, number, team, status, seq, openedAt, closedAt, title, priority, dueAt, subject } = state
  return {
    id,
    number,
    team,
    status,
    seq,
    headHash,
    openedAt,
    closedAt,
    format: PERSONLESS,
    state: withoutPersons(lightOf(state), register),
    title,
    priority,
    dueAt,
    decision: subjectHashes(subject).decision,
    underWay: isUnderWay(state),
    tally: tallyOf(state),
    tallySeq: seq,
  }
}

/** Columns that the version before did not write. */
export const tallyColumns = ['title', 'priority', 'dueAt', 'decision', 'underWay', 'tally', 'tallySeq'] as const

/** The rows of `votes` for a state. */
export function voteRows(
  { id, votes: cast }: Pick<ProposalState, 'id' | 'votes'>,
  register: Register,
): readonly (typeof votes.$inferInsert)[] {
  return cast.map(({ person, choice, at, via, reason, said }) => ({
    proposal: id,
    person: register.pseudonymOf(person),
    choice,
    at,
    via,
    reason: said === undefined ? reason : null,
  }))
}

/** The row of `results` for one asset. */
export function resultRow(proposal: string, { part, asset, facts }: ResultRow): typeof results.$inferInsert {
  const { deployment } = facts
  return {
    proposal,
    part: partNumbers[part],
    asset,
    ring: deployment?.ring ?? null,
    startedAt: deployment?.startedAt ?? null,
    doneAt: deployment?.doneAt ?? null,
    endState: deployment?.verification?.end ?? null,
    facts: canonicalJson(facts),
  }
}

/** Writes votes that have changed. */
async function saveVotes(
  tx: Queryable,
  state: ProposalState,
  before: ProposalState | null,
  register: Register,
): Promise<void> {
  if (state.votes === before?.votes) return
  const was = new Map((before?.votes ?? []).map((vote) => [vote.person, vote]))
  const now = new Set(state.votes.map(({ person }) => person))
  const gone = [...was.keys()].filter((person) => !now.has(person)).map(register.pseudonymOf)
  const of = eq(votes.proposal, state.id)
  if (before === null) await tx.delete(votes).where(of)
  else if (gone.length > 0) await tx.delete(votes).where(and(of, inArray(votes.person, gone)))
  const put = state.votes.filter((vote) => was.get(vote.person) !== vote)
  if (put.length === 0) return
  await tx
    .insert(votes)
    .values([...voteRows({ id: state.id, votes: put }, register)])
    .onConflictDoUpdate({
      target: [votes.proposal, votes.person],
      set: { choice: sql`excluded.choice`, at: sql`excluded.at`, via: sql`excluded.via`, reason: sql`excluded.reason` },
    })
}

/** Writes results that have changed. */
async function saveResults(
  tx: Queryable,
  state: ProposalState,
  before: ProposalState | null,
  register: Register,
): Promise<void> {
  const { put, gone } = resultChanges(before, state)
  await deleteResults(tx, state.id, gone)
  await putResults(
    tx,
    state.id,
    put.map((row) => rowWithoutPersons(row, register)),
  )
}

async function deleteResults(tx: Queryable, proposal: string, keys: readonly ResultKey[]): Promise<void> {
  for (const some of slices(keys)) {
    await tx.execute(sql`delete from ${results} using unnest(
        ${listOf(some.map(({ part }) => partNumbers[part]))}::text::smallint[],
        ${listOf(some.map(({ asset }) => storable(asset)))}::text::text[]) as gone (part, asset)
      where results.proposal = ${proposal} and results.part = gone.part and results.asset = gone.asset`)
  }
}

async function putResults(tx: Queryable, proposal: string, all: readonly ResultRow[]): Promise<void> {
  for (const some of slices(all)) {
    const rows = storable(some.map((row) => resultRow(proposal, row)))
    const list = (key: keyof (typeof rows)[number]) => sql`${listOf(rows.map((row) => row[key] ?? null))}::text`
    await tx.execute(sql`insert into ${results} (proposal, part, asset, ring, started_at, done_at, end_state, facts)
      select ${proposal}, part, asset, ring, started_at, done_at, end_state, facts
      from unnest(${list('part')}::smallint[], ${list('asset')}::text[], ${list('ring')}::smallint[],
        ${list('startedAt')}::timestamptz[], ${list('doneAt')}::timestamptz[], ${list('endState')}::text[],
        ${linesOf(rows.map(({ facts }) => facts))}) as given (part, asset, ring, started_at, done_at, end_state, facts)
      on conflict (proposal, part, asset) do update set ring = excluded.ring, started_at = excluded.started_at,
        done_at = excluded.done_at, end_state = excluded.end_state, facts = excluded.facts`)
  }
}

/**
 * Proposals whose stored state an earlier version wrote, oldest first. `live`: proposals that matter for what is done
 * now, because they are not over, or were rejected for a time that has not passed. `over`: all others.
 */
export async function proposalsOfBefore(
  db: Queryable,
  which: 'live' | 'over',
  now: string,
): Promise<readonly string[]> {
  const deferred = sql`coalesce((${proposals.state} #>> '{deferral,until}')::timestamptz > ${now}::timestamptz, false)`
  const over = sql`(${inArray(proposals.status, [...finalStatuses])} and not ${deferred})`
  const rows = await db
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(ofBefore, which === 'over' ? over : not(over)))
    .orderBy(asc(proposals.number))
  return rows.map(({ id }) => id)
}

/** Ids of a team's proposals that are not over, with the number of the last event of each. */
export async function openHeads(db: Queryable, team: string): Promise<readonly (readonly [string, number])[]> {
  const rows = await db
    .select({ id: proposals.id, seq: proposals.seq })
    .from(proposals)
    .where(and(notInArray(proposals.status, [...finalStatuses]), ofTeam(team)))
    .orderBy(asc(proposals.number))
  return rows.map(({ id, seq }) => [id, seq] as const)
}

/** Proposals that are not over: of every team, or of one. */
export function openProposals(db: Queryable, team?: string): Promise<readonly ProposalState[]> {
  return statesWhere(db, and(notInArray(proposals.status, [...finalStatuses]), ofTeam(team)))
}

/** Proposals with one of the statuses: of every team, or of one; closed since an instant, or at any time. */
export function proposalsWithStatus(
  db: Queryable,
  statuses: readonly Status[],
  { team, closedSince }: { readonly team?: string; readonly closedSince?: string } = {},
): Promise<readonly ProposalState[]> {
  const closed = closedSince === undefined ? undefined : gte(proposals.closedAt, closedSince)
  return statesWhere(db, and(inArray(proposals.status, [...statuses]), closed, ofTeam(team)))
}

/**
 * Whether a proposal of any team, with one of the statuses, asks for exactly this. `decision` is today's hash; it also
 * finds proposals of earlier versions.
 */
export async function hasContent(db: Queryable, decision: string, statuses: readonly Status[]): Promise<boolean> {
  const withStatus = inArray(proposals.status, [...statuses])
  const [row] = await db
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(eq(proposals.decision, decision), withStatus))
    .limit(1)
  if (row !== undefined) return true
  const whole = and(sql`format = 1`, withStatus)
  for await (const { state } of eachStored(db, whole)) if (contentHash(state.subject) === decision) return true
  return false
}

/** Those of these proposals whose rows an earlier version wrote, and that are not carried over yet. */
export function earlierOf(db: Queryable, ids: readonly string[]): AsyncGenerator<StoredProposal> {
  return eachStored(db, and(ofBefore, inArray(proposals.id, [...ids])))
}

/** Reads one proposal at a time, because each may be large. */
async function* eachStored(db: Queryable, condition: SQL | undefined): AsyncGenerator<StoredProposal> {
  const rows = await db.select({ id: proposals.id }).from(proposals).where(condition).orderBy(asc(proposals.number))
  for (const { id } of rows) yield* await storedWhere(db, eq(proposals.id, id), [])
}

function ofTeam(team: string | undefined): SQL | undefined {
  return team === undefined ? undefined : eq(proposals.team, team)
}

/** Oldest first. */
async function statesWhere(db: Queryable, condition: SQL | undefined): Promise<readonly ProposalState[]> {
  return (await storedWhere(db, condition)).map(({ state }) => state)
}

export async function allProposals(db: Db): Promise<readonly StoredProposal[]> {
  return storedWhere(db, undefined)
}
