/**
 * Carries proposals over that an earlier version kept whole: what they ask for becomes content, what happened to their
 * assets becomes rows. Old events stay as they are. A proposal that is not over gets one event, which names what it asks
 * for by both hashes, so that its votes, approval and rollout hold.
 */

import { seal } from '../core/audit.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { errorText } from '../core/error-text.ts'
import { keepSubject } from '../core/proposal/decision-content.ts'
import { deploymentsOf } from '../core/proposal/deployments.ts'
import type { RecordedEvent } from '../core/proposal/event.ts'
import { stateProblem } from '../core/proposal/event-size.ts'
import { evolve, replay } from '../core/proposal/evolve.ts'
import { wakeAt } from '../core/proposal/next-step.ts'
import { type Actor, finalStatuses, type ProposalState, type Rollout } from '../core/proposal/proposal.ts'
import type { Db, Tx } from './connection.ts'
import { nameContents, storeContents } from './content.ts'
import { appendEvents, readStream } from './events.ts'
import { lockProposal, proposalsOfBefore, renewProposal, type StoredProposal } from './proposals.ts'
import { setTimer } from './timers.ts'
import { inTransaction } from './transaction.ts'

export interface CarriedOver {
  readonly carried: number
  /** A sentence for each proposal that could not be: it stays as it is, and nothing happens to it any more. */
  readonly problems: readonly string[]
}

/** Each in a transaction of its own: any number of processes may do it, and one that was killed goes on where it was. */
export async function carryOver(
  db: Db,
  which: 'live' | 'over',
  now: string,
  signal?: AbortSignal,
): Promise<CarriedOver> {
  let carried = 0
  const problems: string[] = []
  for (const id of await proposalsOfBefore(db, which)) {
    if (signal?.aborted === true) break
    const problem = await inTransaction(db, carryLocked, { id, now })
    if (problem === null) carried++
    else problems.push(problem)
  }
  return { carried, problems }
}

async function carryLocked(tx: Tx, { id, now }: { readonly id: string; readonly now: string }): Promise<string | null> {
  const stored = await lockProposal(tx, id)
  if (stored === null || stored.carried) return null
  const carried = await carry(tx, stored, now)
  return 'problem' in carried ? carried.problem : null
}

const operator: Actor = { kind: 'system', part: 'operator' }

/** Carries one over, whose row is locked; a sentence where it cannot be. */
export async function carry(
  tx: Tx,
  stored: StoredProposal,
  now: string,
): Promise<StoredProposal | { readonly problem: string }> {
  const { id } = stored.state
  const replayed = await replayedOf(tx, id)
  if (typeof replayed === 'string') return { problem: `${id} cannot be carried over: ${replayed}` }
  const other = difference(stored.state, replayed)
  if (other !== null)
    return {
      problem: `${id} cannot be carried over: what is kept of its ${other} is not what its events say. See \`patchwarden audit verify --rebuild\`.`,
    }
  const { subject, contents, decision, evidence } = keepSubject(replayed.subject)
  let state: ProposalState = { ...replayed, subject }
  let headHash = stored.headHash
  if (!finalStatuses.includes(state.status)) {
    const recorded: RecordedEvent = {
      stream: id,
      seq: state.seq + 1,
      at: now,
      actor: operator,
      event: { type: 'content-kept', was: state.contentHash, contentHash: decision, evidence, subject },
    }
    const sealed = seal(recorded, headHash)
    await appendEvents(tx, [sealed])
    state = evolve(state, recorded)
    headHash = sealed.hash
  }
  const problem = stateProblem(state)
  if (problem !== null) return { problem }
  await storeContents(tx, { contents, now })
  await nameContents(tx, [decision, evidence], { contents: [], now })
  await renewProposal(tx, state, headHash)
  // An earlier version followed no test whose proposal was over.
  await setTimer(tx, id, wakeAt(state, now))
  return { state, headHash, carried: true }
}

async function replayedOf(tx: Tx, id: string): Promise<ProposalState | string> {
  try {
    return replay(await readStream(tx, id)) ?? 'it has no event.'
  } catch (error) {
    return errorText(error)
  }
}

/** What people and rollouts have done, as it was kept, against what the events say: the first that differs. */
function difference(kept: ProposalState, replayed: ProposalState): string | null {
  for (const [name, of] of compared) if (canonicalJson(of(kept)) !== canonicalJson(of(replayed))) return name
  return null
}

const compared: readonly (readonly [string, (state: ProposalState) => unknown])[] = [
  ['status', ({ status, revision, seq, closedAt }) => [status, revision, seq, closedAt]],
  ['content', ({ contentHash }) => contentHash],
  ['votes', ({ votes }) => votes.map(({ person, choice, revision, at }) => [person, choice, revision, at])],
  ['approval', ({ approvedBy, approvedAt }) => [approvedBy, approvedAt]],
  ['schedule', ({ schedule, stopped }) => [schedule, stopped]],
  ['test', ({ test }) => ended(test)],
  ['rollout', ({ rollout }) => ended(rollout)],
]

function ended(run: Rollout | null): unknown {
  if (run === null) return null
  const assets = deploymentsOf(run).map(({ asset, key, outcome, verification }) => [
    asset,
    [key, outcome?.state ?? null, verification?.end ?? null],
  ])
  return { starts: run.starts, rings: run.rings.map(({ status }) => status), assets: Object.fromEntries(assets) }
}
