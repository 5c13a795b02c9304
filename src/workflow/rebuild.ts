/** Rebuilds all tables of the present state from the events, and reports differences to the stored tables. */

import { storyOf } from '../chat/story/story.ts'
import type { AuditProblem, OpenedEvent } from '../core/audit.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { errorText } from '../core/error-text.ts'
import { type FreezeAct, type FreezeWitness, freezeDifferences } from '../core/freeze-record.ts'
import { createPersonsCheck } from '../core/person-record.ts'
import type { Member } from '../core/policy.ts'
import { outcomesOf, type ProposalEvent } from '../core/proposal/event.ts'
import { evolve } from '../core/proposal/evolve.ts'
import { isProposalId, type ProposalState } from '../core/proposal/proposal.ts'
import type { Register } from '../core/record/register.ts'
import { deploymentOf } from '../core/rollout/deployments.ts'
import { difference } from '../store/carry-over.ts'
import type { Queryable } from '../store/connection.ts'
import { readStreams, type StreamSize, streamSizes } from '../store/events.ts'
import { allFreezes, freezeEntries } from '../store/freezes.ts'
import { allPersons, personEntries, readRegister } from '../store/persons.ts'
import { type Projection, projections, type Replayed, type Row } from '../store/projections.ts'
import { earlierOf, isCarried, type StoredProposal } from '../store/proposals.ts'
import { assetsOfNoStart, proposalsOfStarts, type StartOf, startsOf } from '../store/starts.ts'
import { consoleThreads, differingCopies, postsOfNothing, sentEntries, toldProposals } from '../store/told.ts'
import { measuredEntries } from './entry-pictures.ts'
import { createThreadCheck, type ThreadCheck, type ThreadLine } from './rebuild-thread.ts'

/** Limits for small proposals that are rebuilt together: by number, events, bytes and assets. */
const TOGETHER = { proposals: 100, events: 1_000, bytes: 4 * 1024 * 1024, assets: 20_000 }

export interface RebuildOptions {
  /** Members of a team, from the present configuration. */
  readonly membersOf: (team: string) => readonly Member[]
  readonly now: string
}

/** What could not be compared, because it was erased. */
export interface NotCompared {
  /** Entries whose words were erased. Copies of the words may still exist. */
  erased: number
}

/**
 * Yields every difference, in the order of the proposals. Use it on one snapshot. In memory it keeps one large proposal
 * or several small ones, some hundred of their events, and about 1 KB for every proposal: its id and data to compare
 * freezes. Counts `notCompared` up.
 */
export async function* rebuild(
  db: Queryable,
  { membersOf, now }: RebuildOptions,
  notCompared: NotCompared,
): AsyncGenerator<AuditProblem> {
  const register = await readRegister(db)
  const sizes = new Map((await streamSizes(db)).map((size) => [size.stream, size]))
  const ids = new Set([...sizes.keys()].filter(isProposalId))
  for (const { proposals } of projections) for (const id of await proposals(db)) ids.add(id)
  const told = await toldProposals(db)
  for (const id of [...told.thread, ...told.sent, ...(await proposalsOfStarts(db))]) ids.add(id)
  const sorted = [...ids].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))

  const startsCheck = createStartsCheck()
  const acts: FreezeAct[] = []
  const witnesses: FreezeWitness[] = []
  for (const group of groupsOf(sorted, sizes)) {
    let walked = new Map<string, Walked>()
    for await (const walk of walkAll(db, group, register, told.sent)) {
      notCompared.erased += walk.erased
      if (walk.problem !== null) {
        yield { record: walk.id, problem: `cannot be rebuilt from its events: ${walk.problem}` }
        continue
      }
      walked.set(walk.id, walk)
      acts.push(...walk.acts)
      if (walk.replayed !== null) witnesses.push(witness(walk.replayed.state))
      if (assetsOf(walked) < TOGETHER.assets) continue
      yield* compareGroup(db, walked, startsCheck, now)
      walked = new Map()
    }
    yield* compareGroup(db, walked, startsCheck, now)
  }
  for (const { table, id } of await differingCopies(db))
    yield { record: `${table} ${id}`, problem: 'is not what was told elsewhere: two copies of one entry differ' }
  for (const { platform, key, proposal } of await postsOfNothing(db))
    yield { record: `posts ${platform} ${key}`, problem: `belongs to ${proposal}, and the record has no event of it` }
  yield* startsCheck.differences()
  for (const key of await assetsOfNoStart(db))
    yield { record: `start_assets ${key}`, problem: 'belongs to a start that is not kept' }
  const { told: entries, problems } = await freezeEntries(db)
  yield* problems
  const freezing = { entries, acts, witnesses }
  const people = { members: membersOf, idOf: (pseudonym: string) => register.personOf(pseudonym).id }
  for (const { record, problem } of freezeDifferences(await allFreezes(db), freezing, people))
    yield { record: `freezes: ${record}`, problem }
  yield* comparePersons(db)
}

/** Compares the register of persons. Without it nobody can say who the pseudonyms are. */
async function* comparePersons(db: Queryable): AsyncGenerator<AuditProblem> {
  const check = createPersonsCheck()
  for await (const entry of personEntries(db)) {
    if ('problem' in entry) yield entry
    else check.entry(entry)
  }
  yield* check.differences(await allPersons(db))
}

/** Groups small proposals. A proposal with many events is alone. */
function* groupsOf(ids: readonly string[], sizes: ReadonlyMap<string, StreamSize>): Generator<readonly string[]> {
  let group: string[] = []
  let [events, bytes] = [0, 0]
  for (const id of ids) {
    const size = sizes.get(id) ?? { events: 0, bytes: 0 }
    events += size.events
    bytes += size.bytes
    if (
      group.length > 0 &&
      (group.length === TOGETHER.proposals || events > TOGETHER.events || bytes > TOGETHER.bytes)
    ) {
      yield group
      group = []
      ;[events, bytes] = [size.events, size.bytes]
    }
    group.push(id)
  }
  if (group.length > 0) yield group
}

function assetsOf(walked: ReadonlyMap<string, Walked>): number {
  let assets = 0
  for (const { replayed } of walked.values())
    if (replayed?.state.subject.kind === 'patches') assets += replayed.state.subject.assets.length
  return assets
}

async function* compareGroup(
  db: Queryable,
  walked: ReadonlyMap<string, Walked>,
  startsCheck: StartsCheck,
  now: string,
): AsyncGenerator<AuditProblem> {
  if (walked.size === 0) return
  const earlier = new Set<string>()
  const untallied = new Set<string>()
  for await (const stored of earlierOf(db, [...walked.keys()])) {
    const { replayed = null, lastIsEarlier = false } = walked.get(stored.state.id) ?? {}
    // The rows beside it are not shown either, until the service has made them again.
    if (!stored.tallied) untallied.add(stored.state.id)
    // If this version wrote the last event, somebody has marked the row as old. It is compared like all others.
    if (replayed === null || !lastIsEarlier || isCarried(stored)) continue
    earlier.add(stored.state.id)
    yield* compareEarlier(stored, replayed)
  }
  const carried = new Map([...walked].filter(([id]) => !earlier.has(id)))
  const tallied = new Map([...carried].filter(([id]) => !untallied.has(id)))
  const among = { state: carried, beside: walked, tally: tallied }
  for (const projection of projections) {
    const some = among[projection.is]
    yield* compareRows(projection, await projection.stored(db, [...some.keys()]), some, { now, untallied })
  }
  for (const { thread } of walked.values()) yield* thread.differences()
  startsCheck.compare(walked, await startsOf(db, [...walked.keys()]))
}

type StartsCheck = ReturnType<typeof createStartsCheck>

/** Compares starts over all proposals. Keeps only those without a match. */
function createStartsCheck() {
  /** Stored starts that no event of their proposal mentions: proposal by key. */
  const kept = new Map<string, string>()
  /** Starts that events mention but that are not stored for that proposal: proposal by key. */
  const told = new Map<string, string>()
  /** Keys of starts that an engine certainly got. */
  const reached = new Set<string>()

  function compare(walked: ReadonlyMap<string, Walked>, rows: readonly StartOf[]): void {
    for (const { key, proposal } of rows)
      if (walked.get(proposal)?.starts.delete(key) !== true) kept.set(key, proposal)
      else walked.get(proposal)?.reached.delete(key)
    for (const [id, { starts, reached: given }] of walked) {
      for (const key of starts) told.set(key, id)
      for (const key of given) reached.add(key)
    }
  }

  function* differences(): Generator<AuditProblem> {
    for (const [key, proposal] of kept) {
      const teller = told.get(key)
      const problem =
        teller === undefined
          ? 'is a start that no event mentions'
          : `is kept for ${proposal}, but events of ${teller} tell of it`
      yield { record: `starts ${key}`, problem }
    }
    for (const key of reached)
      if (!kept.has(key)) yield { record: `starts ${key}`, problem: 'is missing: an engine was given this start' }
  }

  return { compare, differences }
}

function witness({ id, team, openedAt, closedAt, policy: { stop, resume } }: ProposalState): FreezeWitness {
  return { id, team, openedAt, closedAt, policy: { stop, resume } }
}

interface Walked {
  readonly id: string
  /** `null`: the proposal has no events. */
  readonly replayed: Replayed | null
  /** True: an earlier version wrote the last event. */
  readonly lastIsEarlier: boolean
  /** Why the events cannot be replayed; `null`: they can. */
  readonly problem: string | null
  readonly thread: ThreadCheck
  /** Keys of starts that the events mention. */
  readonly starts: Set<string>
  /** Keys of starts that an engine certainly got. */
  readonly reached: Set<string>
  readonly acts: readonly FreezeAct[]
  /** How many entries have words that could not be compared. */
  readonly erased: number
}

/**
 * Replays proposals from their first event on, with their thread entries: small proposals together, a large one in
 * pieces of some hundred events and entries. `sent`: proposals with entries that were sent to chat platforms recently.
 */
async function* walkAll(
  db: Queryable,
  ids: readonly string[],
  register: Register,
  sent: ReadonlySet<string>,
): AsyncGenerator<Walked> {
  const walks = new Map(ids.map((id) => [id, createWalk(id, register)]))
  const recent = ids.filter((id) => sent.has(id))
  if (recent.length > 0)
    for await (const entries of sentEntries(db, recent))
      for (const entry of entries) walks.get(entry.proposal)?.thread.sent(entry)
  const threads = consoleThreads(db, ids)
  let more = true
  async function readThreads(): Promise<void> {
    const next = await threads.next()
    more = next.done !== true
    for (const entry of next.done === true ? [] : next.value) walks.get(entry.proposal)?.thread.entry(entry)
  }
  for await (const events of readStreams(db, ids, register)) {
    for (const { stream, event } of events) walks.get(stream)?.event(event)
    // For a single proposal, read entries in the order of its events, and forget matches.
    const [only] = walks.values()
    if (walks.size > 1 || only === undefined) continue
    while (more && only.thread.behind()) await readThreads()
    only.thread.settle()
  }
  while (more) await readThreads()
  for (const walk of walks.values()) yield walk.end()
}

/** Replays one stream from its first event on. */
function createWalk(id: string, register: Register) {
  const thread = createThreadCheck(id)
  const starts = new Set<string>()
  const reached = new Set<string>()
  const acts: FreezeAct[] = []
  let state: ProposalState | null = null
  let last = { hash: '', at: '', isEarlier: false }
  let problem: string | null = null
  let erased = 0

  /** `recorded`: an event, or a sentence if it cannot be read. */
  function event(recorded: OpenedEvent | string): void {
    if (problem !== null) return
    if (typeof recorded === 'string') {
      problem = recorded
      return
    }
    try {
      follow(recorded)
    } catch (error) {
      problem = errorText(error)
    }
  }

  function follow(recorded: OpenedEvent): void {
    const before = state
    const after = evolve(before, recorded)
    state = after
    thread.event(recorded.at, toldBy(recorded, before, after, register), regrouped.has(recorded.event.type))
    last = { hash: recorded.hash, at: recorded.at, isEarlier: recorded.inItself === true }
    if (recorded.erased === true) erased++
    const { event: told } = recorded
    if (told.type === 'batch-started' || told.type === 'assets-started') starts.add(told.key)
    for (const key of handedOver(after, told)) reached.add(key)
    if (told.type === 'frozen' || told.type === 'unfrozen') acts.push(actOf(recorded, after.team, told, register))
  }

  function end(): Walked {
    const replayed = state === null ? null : { state, headHash: last.hash, register, lastAt: last.at }
    return { id, replayed, lastIsEarlier: last.isEarlier, problem, thread, starts, reached, acts, erased }
  }

  return { event, end, thread }
}

/** Keys of starts that an engine certainly got: it reported how an asset ended. */
function handedOver({ rollout, test }: ProposalState, event: ProposalEvent): readonly string[] {
  return outcomesOf(event).flatMap(({ asset, outcome }) => {
    if (outcome.state !== 'succeeded' && outcome.state !== 'failed') return []
    const run = rollout ?? test
    return (run && deploymentOf(run, asset)?.key) ?? []
  })
}

/** Events that earlier versions told in other entries, such as one for each server and batch. */
const regrouped: ReadonlySet<ProposalEvent['type']> = new Set([
  'approved',
  'batch-started',
  'reminded',
  'ring-passed',
  'verification-recorded',
  'verifications-recorded',
  'verifying-started',
])

function toldBy(
  recorded: OpenedEvent,
  before: ProposalState | null,
  state: ProposalState,
  register: Register,
): readonly ThreadLine[] {
  const { event, erased = false } = recorded
  const text = event.type === 'commented' && !erased ? event.text : null
  // The entry of a revision tells its reason, or is missing without one. If the reason was erased, both are right.
  const maybe = erased && event.type === 'revised'
  const entries: ThreadLine[] = storyOf(recorded, before, state).map(({ author }) => {
    const somebody = author !== null && register.isErased(author.id)
    return { author: author?.id ?? null, somebody, text, maybe }
  })
  if (event.type === 'opened' && event.subject.kind === 'patches' && event.subject.rollsBack === undefined)
    for (const _ of measuredEntries(event.subject))
      entries.push({ author: null, somebody: false, text: null, maybe: false })
  return entries
}

function actOf(
  { stream, seq, at, erased = false }: OpenedEvent,
  team: string,
  event: Extract<OpenedEvent['event'], { type: 'frozen' | 'unfrozen' }>,
  register: Register,
): FreezeAct {
  const person = register.isErased(event.person) ? null : event.person
  const freeze = event.type === 'frozen' ? { until: event.until, reason: erased ? null : event.reason } : null
  return { proposal: stream, seq, team, person, at, freeze }
}

/** Compares a row that an earlier version stored and that is not carried over yet. */
function* compareEarlier(stored: StoredProposal, replayed: Replayed): Generator<AuditProblem> {
  const other = stored.headHash === replayed.headHash ? differing(stored, replayed.state) : 'last event'
  if (other === null) return
  const problem = `is as an earlier version kept it, and its ${other} differs from what its events rebuild`
  yield { record: `proposals ${stored.state.id}`, problem }
}

/** Somebody may have changed the store, so the row may have any shape. */
function differing(kept: StoredProposal, replayed: ProposalState): string | null {
  try {
    return difference(kept, replayed)
  } catch {
    return 'state'
  }
}

function* compareRows(
  { table, key, rebuilt, tallied }: Projection,
  stored: ReadonlyMap<string, readonly Row[]>,
  walked: ReadonlyMap<string, Walked>,
  { now, untallied }: { readonly now: string; readonly untallied: ReadonlySet<string> },
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
      else yield* compareColumns(record, found, row, untallied.has(id) ? tallied : [])
    }
    for (const record of left.keys()) {
      const why = replayed === null ? `there is no event of ${id}` : 'its events give no such row'
      yield { record, problem: `is one row too many: ${why}` }
    }
  }
}

function* compareColumns(
  record: string,
  stored: Row,
  rebuilt: Row,
  except: readonly string[],
): Generator<AuditProblem> {
  for (const [column, value] of Object.entries(rebuilt)) {
    if (except.includes(column)) continue
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
