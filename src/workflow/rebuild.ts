/** Rebuilds every table of current state from the events, and says where what is stored differs. */

import { plain } from '../chat/rich-text.ts'
import { storyOf } from '../chat/story.ts'
import type { AuditProblem, OpenedEvent } from '../core/audit.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { errorText } from '../core/error-text.ts'
import { type FreezeAct, type FreezeWitness, freezeDifferences } from '../core/freeze-record.ts'
import type { Member } from '../core/policy.ts'
import { deploymentOf } from '../core/proposal/deployments.ts'
import { outcomesOf, type ProposalEvent } from '../core/proposal/event.ts'
import { evolve } from '../core/proposal/evolve.ts'
import { isProposalId, type ProposalState } from '../core/proposal/proposal.ts'
import type { Register } from '../core/record/register.ts'
import { difference } from '../store/carry-over.ts'
import type { Queryable } from '../store/connection.ts'
import { readStreams, streamNames } from '../store/events.ts'
import { allFreezes, freezeEntries } from '../store/freezes.ts'
import { readRegister } from '../store/persons.ts'
import { type Projection, projections, type Replayed, type Row } from '../store/projections.ts'
import { earlierOf, isCarried, type StoredProposal } from '../store/proposals.ts'
import { assetsOfNoStart, proposalsOfStarts } from '../store/starts.ts'
import {
  consoleThreads,
  differingCopies,
  postsOfNothing,
  sentEntries,
  type ToldEntry,
  toldProposals,
} from '../store/told.ts'
import { measuredEntries } from './entry-pictures.ts'

/** Proposals that are rebuilt at once. */
const AT_ONCE = 100

/** Who belongs to a team, as the configuration says now. */
type MembersOf = (team: string) => readonly Member[]

/** Every difference, in the order of the proposals. Read it on one snapshot. */
export async function* rebuild(db: Queryable, membersOf: MembersOf, now: string): AsyncGenerator<AuditProblem> {
  const register = await readRegister(db)
  const ids = new Set((await streamNames(db)).filter(isProposalId))
  for (const { proposals } of projections) for (const id of await proposals(db)) ids.add(id)
  for (const id of await toldProposals(db)) ids.add(id)
  const sorted = [...ids].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))

  /** By key, of which proposal. */
  const starts = new Map<string, string>()
  const reached = new Set<string>()
  const acts: FreezeAct[] = []
  const witnesses: FreezeWitness[] = []
  for (let from = 0; from < sorted.length; from += AT_ONCE) {
    const page = sorted.slice(from, from + AT_ONCE)
    const streams = await readStreams(db, page)
    const walked = new Map<string, Walked>()
    for (const id of page) {
      const result = walk(streams.get(id) ?? [], register)
      if (typeof result === 'string') yield { record: id, problem: `cannot be rebuilt from its events: ${result}` }
      else walked.set(id, result)
    }
    const readable = [...walked.keys()]
    const earlier = new Set<string>()
    for await (const stored of earlierOf(db, readable)) {
      const { replayed = null, hasEntries = false } = walked.get(stored.state.id) ?? {}
      // One that has entries was carried over: if it says that it was not, somebody changed it, and it is compared like all others.
      if (replayed === null || isCarried(stored) || hasEntries) continue
      earlier.add(stored.state.id)
      yield* compareEarlier(stored, replayed)
    }
    const carried = new Map([...walked].filter(([id]) => !earlier.has(id)))
    for (const projection of projections) {
      const among = projection.ofState ? carried : walked
      yield* compareRows(projection, await projection.stored(db, [...among.keys()]), among, now)
    }
    yield* compareThreads(await consoleThreads(db, readable), walked)
    yield* compareSent(await sentEntries(db, readable), walked)
    for (const [id, { replayed, starts: own, reached: given, acts: freezing }] of walked) {
      for (const key of own) starts.set(key, id)
      for (const key of given) reached.add(key)
      acts.push(...freezing)
      if (replayed !== null) witnesses.push(witness(replayed.state))
    }
  }
  for (const { table, id } of await differingCopies(db))
    yield { record: `${table} ${id}`, problem: 'is not what was told elsewhere: two copies of one entry differ' }
  for (const { platform, key, proposal } of await postsOfNothing(db))
    yield { record: `posts ${platform} ${key}`, problem: `belongs to ${proposal}, of which the record has no event` }
  yield* compareStarts(db, starts, reached)
  const told = { entries: await freezeEntries(db), acts, witnesses }
  const people = { members: membersOf, idOf: (pseudonym: string) => register.personOf(pseudonym).id }
  for (const { record, problem } of freezeDifferences(await allFreezes(db), told, people))
    yield { record: `freezes: ${record}`, problem }
}

/** `told`: by key, of which proposal events tell it. `reached`: what certainly reached an engine. */
async function* compareStarts(
  db: Queryable,
  told: ReadonlyMap<string, string>,
  reached: ReadonlySet<string>,
): AsyncGenerator<AuditProblem> {
  const kept = await proposalsOfStarts(db)
  for (const [key, proposal] of kept) {
    const record = `starts ${key}`
    const teller = told.get(key)
    if (teller === undefined) yield { record, problem: 'is a start of which no event tells' }
    else if (teller !== proposal)
      yield { record, problem: `is kept for ${proposal}, but events of ${teller} tell of it` }
  }
  for (const key of reached)
    if (!kept.has(key)) yield { record: `starts ${key}`, problem: 'is missing: an engine was given this start' }
  for (const key of await assetsOfNoStart(db))
    yield { record: `start_assets ${key}`, problem: 'belongs to a start that is not kept' }
}

function witness({ id, team, openedAt, closedAt, policy: { stop, resume } }: ProposalState): FreezeWitness {
  return { id, team, openedAt, closedAt, policy: { stop, resume } }
}

interface Told {
  /** Person id; `null`: Patchwarden itself. */
  readonly author: string | null
  /** What they wrote, word for word; `null` where the words are ours and change with the version. */
  readonly text: string | null
}

interface Walked {
  /** `null`: there is no event of it. */
  readonly replayed: Replayed | null
  /** This version has written something of it. */
  readonly hasEntries: boolean
  /** By instant, in milliseconds, what the thread was told. */
  readonly told: ReadonlyMap<number, readonly Told[]>
  readonly starts: readonly string[]
  /** Of these, what certainly reached an engine. */
  readonly reached: readonly string[]
  readonly acts: readonly FreezeAct[]
}

/** One stream from its first event on; a sentence where it cannot be followed. */
function walk(events: readonly OpenedEvent[] | string, register: Register): Walked | string {
  if (typeof events === 'string') return events
  const told = new Map<number, Told[]>()
  const starts: string[] = []
  const reached = new Set<string>()
  const acts: FreezeAct[] = []
  let state: ProposalState | null = null
  try {
    for (const recorded of events) {
      const before: ProposalState | null = state
      state = evolve(before, recorded)
      const at = Date.parse(recorded.at)
      const entries = told.get(at) ?? []
      told.set(at, entries)
      entries.push(...toldBy(recorded, before, state))
      const { event } = recorded
      if (event.type === 'batch-started' || event.type === 'assets-started') starts.push(event.key)
      for (const key of handedOver(state, event)) reached.add(key)
      if (event.type === 'frozen' || event.type === 'unfrozen') acts.push(actOf(recorded, state.team, event))
    }
  } catch (error) {
    return errorText(error)
  }
  const last = events.at(-1)
  const replayed = state === null || !last ? null : { state, headHash: last.hash, register, lastAt: last.at }
  const hasEntries = events.some(({ inItself }) => inItself !== true)
  return { replayed, hasEntries, told, starts, reached: [...reached], acts }
}

/** Keys of the starts that an engine certainly was given: it said how an asset ended that it worked on. */
function handedOver({ rollout, test }: ProposalState, event: ProposalEvent): readonly string[] {
  return outcomesOf(event).flatMap(({ asset, outcome }) => {
    if (outcome.state !== 'succeeded' && outcome.state !== 'failed') return []
    const run = rollout ?? test
    return (run && deploymentOf(run, asset)?.key) ?? []
  })
}

function toldBy(recorded: OpenedEvent, before: ProposalState | null, state: ProposalState): readonly Told[] {
  const { event } = recorded
  const text = event.type === 'commented' ? event.text : null
  const entries: Told[] = storyOf(recorded, before, state).map(({ author }) => ({ author: author?.id ?? null, text }))
  if (event.type === 'opened' && event.subject.kind === 'patches' && event.subject.rollsBack === undefined)
    entries.push(...measuredEntries(event.subject).map(() => ({ author: null, text: null })))
  return entries
}

function actOf(
  { stream, seq, at }: OpenedEvent,
  team: string,
  event: Extract<OpenedEvent['event'], { type: 'frozen' | 'unfrozen' }>,
): FreezeAct {
  const freeze = event.type === 'frozen' ? { until: event.until, reason: event.reason } : null
  return { proposal: stream, seq, team, person: event.person, at, freeze }
}

/** What an earlier version kept whole, and is not carried over yet. */
function* compareEarlier(stored: StoredProposal, replayed: Replayed): Generator<AuditProblem> {
  const other = stored.headHash === replayed.headHash ? differing(stored, replayed.state) : 'last event'
  if (other === null) return
  const problem = `is as an earlier version kept it, and its ${other} differs from what its events rebuild`
  yield { record: `proposals ${stored.state.id}`, problem }
}

/** What was changed in the store may be of any shape. */
function differing(kept: StoredProposal, replayed: ProposalState): string | null {
  try {
    return difference(kept, replayed)
  } catch {
    return 'state'
  }
}

function* compareRows(
  { table, key, rebuilt }: Projection,
  stored: ReadonlyMap<string, readonly Row[]>,
  walked: ReadonlyMap<string, Walked>,
  now: string,
): Generator<AuditProblem> {
  for (const [id, { replayed }] of walked) {
    const rows = stored.get(id) ?? []
    const nameOf = (row: Row) => [table, id, ...key.map((column) => String(row[column]))].join(' ')
    const left = new Map(rows.map((row) => [nameOf(row), row]))
    for (const row of replayed === null ? [] : rebuilt(replayed, rows, now)) {
      const record = nameOf(row)
      const found = left.get(record)
      left.delete(record)
      if (found === undefined) yield { record, problem: 'is missing: its events give this row' }
      else yield* compareColumns(record, found, row)
    }
    for (const record of left.keys()) {
      const why = replayed === null ? `there is no event of ${id}` : 'its events give no such row'
      yield { record, problem: `is one row too many: ${why}` }
    }
  }
}

function* compareColumns(record: string, stored: Row, rebuilt: Row): Generator<AuditProblem> {
  for (const [column, value] of Object.entries(rebuilt)) {
    const [is, should] = [spelled(stored[column]), spelled(value)]
    if (is === should) continue
    const how = is.length + should.length > 200 ? '' : `: ${is} instead of ${should}`
    yield { record, problem: `differs in "${column}" from what its events rebuild${how}` }
  }
}

function spelled(value: unknown): string {
  try {
    return canonicalJson(value ?? null)
  } catch (error) {
    return errorText(error)
  }
}

/** Instants, how many entries each has, whose they are and what people wrote: the rest of the words are those of a version. */
function* compareThreads(entries: readonly ToldEntry[], walked: ReadonlyMap<string, Walked>): Generator<AuditProblem> {
  const found = new Map<string, ToldEntry[]>()
  for (const entry of entries) {
    const place = `${entry.proposal} ${Date.parse(entry.at)}`
    const same = found.get(place)
    if (same) same.push(entry)
    else found.set(place, [entry])
  }
  for (const [id, { told }] of walked) {
    for (const [at, expected] of told) {
      const left = found.get(`${id} ${at}`) ?? []
      found.delete(`${id} ${at}`)
      const instant = new Date(at).toISOString()
      for (const { author, text } of expected) {
        const index = left.findIndex(
          ({ entry }) => (entry.author?.id ?? null) === author && (text === null || plain(entry.text) === text),
        )
        if (index === -1) {
          const whose = author === null ? 'an entry' : `an entry of ${author}`
          yield { record: `console_messages ${id}`, problem: `lacks ${whose} of ${instant}, or it was changed` }
        } else left.splice(index, 1)
      }
      for (const { table, id: number } of left)
        yield { record: `${table} ${number}`, problem: `is one entry too many: the events of ${id} tell it not` }
    }
  }
  for (const rest of found.values())
    for (const { table, id, proposal, at } of rest)
      yield { record: `${table} ${id}`, problem: `is told of no event: ${proposal} has none of ${at}` }
}

/** Where it went depends on the configuration of that day; when it was told does not. */
function* compareSent(entries: readonly ToldEntry[], walked: ReadonlyMap<string, Walked>): Generator<AuditProblem> {
  for (const { id, proposal, at } of entries) {
    if (walked.get(proposal)?.told.has(Date.parse(at)) === true) continue
    yield { record: `outbox ${id}`, problem: `is told of no event: ${proposal} has none of ${at}` }
  }
}
