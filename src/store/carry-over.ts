/**
 * Carries over proposals whose state an earlier version wrote. If the whole state was stored, what is asked for becomes
 * content, and what happened to its assets becomes rows. If such a proposal is not over, it also gets one event. The
 * event names what is asked for by the old and the new hash, so that votes, approval and rollout stay valid. People
 * become pseudonyms in every proposal. Old events stay as they are. If only the rows for lists are missing, only these
 * are written.
 */

import { canonicalJson } from '../core/canonical-json.ts'
import { errorText } from '../core/error-text.ts'
import { type KeptSubject, keepSubject } from '../core/proposal/decision-content.ts'
import { entryOf } from '../core/proposal/entry.ts'
import type { RecordedEvent } from '../core/proposal/event.ts'
import { stateProblem } from '../core/proposal/event-size.ts'
import { evolve, replay } from '../core/proposal/evolve.ts'
import { lightOf, resultRows } from '../core/proposal/light.ts'
import { wakeAt } from '../core/proposal/next-step.ts'
import { type Actor, finalStatuses, type ProposalState, type Rollout, type TestRun } from '../core/proposal/proposal.ts'
import { rowWithoutPersons, withoutPersons } from '../core/proposal/said.ts'
import type { SealedEntry } from '../core/record/entry.ts'
import type { Register } from '../core/record/register.ts'
import { deploymentsOf } from '../core/rollout/deployments.ts'
import type { Db, Tx } from './connection.ts'
import { nameContents, storeContents } from './content.ts'
import { insertEntries, sealNext } from './entries.ts'
import { readStream } from './events.ts'
import { type KnownPerson, knowPersonsIn, readRegister } from './persons.ts'
import {
  isCarried,
  isOfBefore,
  isWhole,
  lockProposal,
  PERSONLESS,
  proposalsOfBefore,
  renewProposal,
  type StoredProposal,
  tallyProposal,
} from './proposals.ts'
import { setTimer } from './timers.ts'
import { codeOf, inTransaction } from './transaction.ts'

export interface CarriedOver {
  readonly carried: number
  /** A sentence for each proposal that could not be carried over. It stays as it is, and nothing more happens to it. */
  readonly problems: readonly string[]
}

/**
 * Carries over each proposal in its own transaction. Several processes may do this at the same time. After a process
 * was killed, the next call does the rest.
 */
export async function carryOver(
  db: Db,
  which: 'live' | 'over',
  now: string,
  signal?: AbortSignal,
): Promise<CarriedOver> {
  let carried = 0
  const problems: string[] = []
  for (const id of await proposalsOfBefore(db, which, now)) {
    if (signal?.aborted === true) break
    const done = await inTransaction(db, carryLocked, { id, now })
    if (done === 'carried') carried++
    else if (done !== 'already') problems.push(done.problem)
  }
  return { carried, problems }
}

/**
 * Carries over one proposal if an earlier version wrote its state. Returns a sentence if that fails, otherwise `null`.
 */
export async function carryOverOne(db: Db, id: string, now: string): Promise<string | null> {
  if (!(await isOfBefore(db, id))) return null
  const done = await inTransaction(db, carryLocked, { id, now })
  return typeof done === 'string' ? null : done.problem
}

async function carryLocked(
  tx: Tx,
  { id, now }: { readonly id: string; readonly now: string },
): Promise<'carried' | 'already' | { readonly problem: string }> {
  const stored = await lockProposal(tx, id)
  if (stored === null || isCarried(stored)) return 'already'
  const done = await carry(tx, stored, now)
  return 'problem' in done ? done : 'carried'
}

const operator: Actor = { kind: 'system', part: 'operator' }

/** Carries over one proposal, whose row is locked. Returns a sentence if that fails. */
export async function carry(
  tx: Tx,
  stored: StoredProposal,
  now: string,
): Promise<StoredProposal | { readonly problem: string }> {
  const { id } = stored.state
  if (stored.format === PERSONLESS) {
    await tallyProposal(tx, stored)
    return { ...stored, tallied: true }
  }
  const read = await readFor(tx, stored)
  if ('problem' in read) return { problem: `${id} cannot be carried over: ${read.problem}` }
  const { kept } = read
  const people = peopleIn(read.replayed, read.names, await readRegister(tx))
  const register = await knowPersonsIn(tx, people, now)
  let state = kept === null ? read.replayed : { ...read.replayed, subject: kept.subject }
  let { headHash } = stored
  const added: SealedEntry[] = []
  if (kept !== null && !finalStatuses.includes(state.status)) {
    const recorded: RecordedEvent = {
      stream: id,
      seq: state.seq + 1,
      at: now,
      actor: operator,
      event: {
        type: 'content-kept',
        was: state.contentHash,
        contentHash: kept.decision,
        evidence: kept.evidence,
        subject: kept.subject,
      },
    }
    const sealed = sealNext(id, { seq: state.seq, hash: headHash }, { at: now, ...entryOf(recorded, register, null) })
    added.push(sealed)
    state = evolve(state, recorded)
    headHash = sealed.hash
  }
  const problem = stateProblem(state)
  // Checked before anything is written: a proposal that cannot be carried over stays as it is.
  if (problem !== null) return { problem }
  await insertEntries(tx, added)
  if (kept !== null) {
    await storeContents(tx, { contents: kept.contents, now })
    await nameContents(tx, [kept.decision, kept.evidence], { contents: [], now })
  }
  const carried = { state, headHash, register, format: PERSONLESS, tallied: true, rights: stored.rights }
  await renewProposal(tx, carried)
  // An earlier version did not follow the test of a proposal that was over, and set no timer for it.
  await setTimer(tx, id, wakeAt(state, now))
  return carried
}

/** Everybody whom a state names. If the register has no name for a person, the newest name in the events is taken. */
function peopleIn(state: ProposalState, names: ReadonlyMap<string, string>, known: Register): readonly KnownPerson[] {
  const found = new Map<string, KnownPerson>()
  const register = {
    pseudonymOf: (id: string) => {
      const isNamed = known.has(id) && known.personOf(known.pseudonymOf(id)).name !== id
      found.set(id, { id, name: isNamed ? null : (names.get(id) ?? null) })
      return id
    },
  }
  withoutPersons(lightOf(state), register)
  for (const row of resultRows(state)) rowWithoutPersons(row, register)
  return [...found.values()]
}

interface Read {
  readonly replayed: ProposalState
  /** Names of the people who acted on the proposal, by id. The newest name of each. */
  readonly names: ReadonlyMap<string, string>
  /** `null`: what is asked for is content already. */
  readonly kept: KeptSubject | null
}

/**
 * Reads the events of a proposal. If its whole state was stored, also turns what is asked for into content. Returns a
 * sentence if the events cannot be read, or differ from the stored state.
 */
async function readFor(tx: Tx, stored: StoredProposal): Promise<Read | { readonly problem: string }> {
  const { state } = stored
  try {
    const stream = await readStream(tx, state.id)
    const replayed = replay(stream)
    if (replayed === null) return { problem: 'it has no event.' }
    const other = difference(stored, replayed)
    if (other !== null)
      return {
        problem: `what is kept of its ${other} is not what its events say. See \`patchwarden audit verify --rebuild\`.`,
      }
    const names = new Map(stream.flatMap(({ actor }) => (actor.kind === 'person' ? [[actor.id, actor.name]] : [])))
    return { replayed, names, kept: isWhole(stored) ? keepSubject(replayed.subject) : null }
  } catch (error) {
    // An error of the database may pass, so it says nothing about the proposal.
    if (codeOf(error) !== null) throw error
    return { problem: `${errorText(error)}.` }
  }
}

/**
 * Compares what people and rollouts have done, as an earlier version stored it, with the events. Returns the name of
 * the first part that differs; `null`: none does.
 */
export function difference(stored: StoredProposal, replayed: ProposalState): string | null {
  const { state } = stored
  const keys = hasKeys(state.rollout)
  for (const [name, of] of isWhole(stored) ? compared : [...compared, ...comparedOfRows])
    if (canonicalJson(of(state, keys)) !== canonicalJson(of(replayed, keys))) return name
  return null
}

type Compared = readonly (readonly [string, (state: ProposalState, keys: boolean) => unknown])[]

const compared: Compared = [
  ['status', ({ status, revision, seq, closedAt }) => [status, revision, seq, closedAt]],
  ['content', ({ contentHash }) => contentHash],
  ['votes', ({ votes }) => votes.map(({ person, choice, revision, at }) => [person, choice, revision, at])],
  ['approval', ({ approvedBy, approvedAt }) => [approvedBy, approvedAt]],
  ['schedule', ({ schedule, stopped }) => [schedule, stopped && [stopped.reason, stopped.at]]],
  ['test', ({ test }, keys) => ended(test, keys)],
  ['rollout', ({ rollout }, keys) => ended(rollout, keys)],
]

/**
 * Parts that only the version before stored as rows, or in full. They are compared member by member, so that a member
 * that a later version adds does not count as a difference.
 */
const comparedOfRows: Compared = [
  ['votes', ({ votes, resumeVotes }) => [votes.map(({ via, reason }) => [via, reason]), resumeVotes.map(agreed)]],
  ['deferral', ({ deferral }) => deferral && [deferral.by, deferral.owner, deferral.until, deferral.reason]],
  ['break-glass', ({ breakGlass: used }) => used && [used.person, used.reason, used.reviewBy, used.reviewedBy]],
  [
    'test',
    ({ test }) => test && [halted(test), test.result && [test.result.passed, test.result.reason, test.result.at]],
  ],
  ['assets that were left out', ({ test, rollout }) => [leftOut(test), leftOut(rollout)]],
  ['drift', ({ drifted }) => drifted],
]

const halted = ({ stopped }: TestRun) => stopped && [stopped.how, stopped.by.name, stopped.reason, stopped.at]

const agreed = ({ person }: { readonly person: string }) => person

function leftOut(run: Rollout | null): unknown {
  const skipped = Object.entries(run?.skipped ?? {})
  return Object.fromEntries(skipped.map(([asset, { by, reason }]) => [asset, [by.name, reason]]))
}

/** Whether the starts of a run have keys. In the oldest states they have none, and are not counted. */
function hasKeys(run: Rollout | null): boolean {
  return run === null || deploymentsOf(run).every(({ key }) => key !== '')
}

function ended(run: Rollout | null, keys: boolean): unknown {
  if (run === null) return null
  const assets = deploymentsOf(run).map(({ asset, key, outcome, verification }) => [
    asset,
    [keys ? key : '', outcome?.state ?? null, verification?.end ?? null],
  ])
  const starts = keys ? run.starts : 0
  return { starts, rings: run.rings.map(({ status }) => status), assets: Object.fromEntries(assets) }
}
