/** One start of a proposal, and which of its assets may still begin. */

import { sentence } from '../../chat/rich-text.ts'
import type { Asset, AssetSnapshot, Observation } from '../../core/asset.ts'
import { GONE } from '../../core/away.ts'
import { leftToDo } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import { MaybeStarted } from '../../core/maybe-started.ts'
import { notAllowed } from '../../core/not-begun.ts'
import type { Batch, DeployEngine, DeploymentOutcome, HealthResult, StopReport } from '../../core/ports.ts'
import type { ProposalCommand } from '../../core/proposal/command.ts'
import type { RecordedOutcome } from '../../core/proposal/event.ts'
import type { Actor, Deployment, PatchSubject, ProposalState } from '../../core/proposal/proposal.ts'
import { plannedNow } from '../../core/proposal/since.ts'
import type { HandOver } from '../../core/rollout/hand-over.ts'
import { readSnapshots } from '../../store/inventory.ts'
import type { Execute } from '../commands/execute.ts'
import type { WorkflowParts } from '../ports.ts'
import type { Silences } from '../silence.ts'
import type { RunBook, RunNotes } from './run-book.ts'
import type { ReadReports } from './shared-poll.ts'

export type DeployParts = Pick<
  WorkflowParts,
  'db' | 'clock' | 'engines' | 'health' | 'hooks' | 'silences' | 'sources' | 'pollSeconds' | 'log'
>

const rollout: Actor = { kind: 'system', part: 'rollout' }

/** The parts that bring assets to their end, for the holder of the proposal's lease. */
export interface Deploying {
  readonly parts: DeployParts
  readonly commands: Pick<Execute, 'execute' | 'askHandOver'>
  readonly book: RunBook
  readonly silences: Silences
  readonly readReports: ReadReports
}

/** The assets of a start that have not ended. */
export interface Start {
  readonly state: ProposalState
  readonly subject: PatchSubject
  readonly key: string
  /** Name of the engine that serves its assets. */
  readonly engine: string
  readonly mine: readonly Deployment[]
  readonly notes: RunNotes
  /** The start's assets by id, as in the inventory when this process began its work. They say where to reach them. */
  readonly present: ReadonlyMap<string, Asset>
  /** Why nothing may begin on some of the assets any more, by id. */
  readonly away: ReadonlyMap<string, string>
  /** Asks whether each asset may begin now. */
  readonly ask: () => Promise<ReadonlyMap<string, HandOver>>
  readonly signal: AbortSignal
}

/** `looks`: what assets said about themselves when they had ended, by id. */
export type Finish = (ended: readonly RecordedOutcome[], looks?: ReadonlyMap<string, Observation>) => Promise<void>

/** A start that is being brought to its end. */
export interface Work extends Start {
  readonly deploying: Deploying
  /** Records outcomes, and has the assets verified. */
  readonly finish: Finish
  /** The health of assets before they were touched, by id. The preparation adds to it. */
  readonly before: Map<string, readonly HealthResult[]>
  /** True if a person or a gate has stopped the rollout or the test, in the state that was last read. */
  readonly stopped: () => boolean
  /** True if somebody has ended the waiting for reports. */
  readonly waitingEnded: () => boolean
  /** Reports until when this start has nothing to do, ISO 8601 UTC; `null`: it has something to do. */
  readonly rests: (until: string | null) => void
  /** True if none of its assets is being verified. */
  readonly idle: () => boolean
  /** Silences the monitoring for work that was told ahead, if its window is open. To be called at each look. */
  readonly quiet: () => Promise<void>
}

/** The assets that are still as the decision expects. The others get an outcome. */
export async function found(
  { away, finish }: Work,
  assets: readonly string[],
  outcome: (problem: string) => DeploymentOutcome = heldBack,
): Promise<readonly string[]> {
  await finish(
    assets.flatMap((asset): RecordedOutcome[] => {
      const problem = away.get(asset)
      return problem === undefined ? [] : [{ asset, outcome: outcome(problem) }]
    }),
  )
  return assets.filter((asset) => !away.has(asset))
}

/** After a crash: the assets that were about to start and can still be asked. The others get an outcome. */
export async function foundAgain(
  { present, finish }: Work,
  starting: readonly string[],
  open: readonly string[],
): Promise<readonly string[]> {
  const about = new Set(starting)
  const outcome = { state: 'unreachable', reason: `It is ${GONE}`, touched: true, log: '' } as const
  await finish(open.filter((asset) => about.has(asset) && !present.has(asset)).map((asset) => ({ asset, outcome })))
  return starting.filter((asset) => present.has(asset))
}

/** The assets that may begin. The others get an outcome. `outcome` `null`: the usual one, that nothing was begun. */
export async function allowed(
  { ask, finish }: Work,
  assets: readonly string[],
  outcome: (problem: string) => DeploymentOutcome | null = () => null,
): Promise<readonly string[]> {
  if (assets.length === 0) return []
  const answers = await ask()
  const refused = assets.flatMap((asset): RecordedOutcome[] => {
    const answer = answers.get(asset)
    if (answer === undefined || 'notAfter' in answer) return []
    return [{ asset, outcome: outcome(answer.problem) ?? notAllowed(answer) }]
  })
  await finish(refused)
  const out = new Set(refused.map(({ asset }) => asset))
  return assets.filter((asset) => !out.has(asset))
}

/** Assets that may not begin any more, by the sentence that says why. */
export function problemsOf(
  answers: ReadonlyMap<string, HandOver>,
  assets: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const problems = new Map<string, string[]>()
  for (const asset of assets) {
    const answer = answers.get(asset)
    if (answer === undefined || 'notAfter' in answer) continue
    const list = problems.get(answer.problem) ?? []
    problems.set(answer.problem, list)
    list.push(asset)
  }
  return problems
}

/** Tells the thread something about the start, unless that was the last thing it was told about it. */
export async function tell({ deploying, state, key }: Work, text: string): Promise<void> {
  if (await deploying.book.noteTold(key, text))
    await deploying.commands.execute(state.id, { type: 'note', text }, rollout)
}

/** Puts what the engine's system was asked for the start into the record. */
export async function recordCalls({ deploying, state, key, signal }: Work, { calls }: DeployEngine): Promise<void> {
  await recordCallsOf(deploying.commands, { proposal: state.id, key }, calls, signal)
}

export async function recordCallsOf(
  { execute }: Pick<Execute, 'execute'>,
  { proposal, key }: { readonly proposal: string; readonly key: string },
  calls: DeployEngine['calls'],
  signal: AbortSignal,
): Promise<void> {
  const made = (await calls?.read(key)) ?? []
  const last = made.at(-1)
  if (last === undefined) return
  await execute(proposal, { type: 'record-calls', key, calls: made }, rollout)
  await calls?.recorded(key, last.n, signal)
}

/** Tells the thread what a stop reached, as far as no earlier stop of the start had reached it. */
export async function tellTakenBack(
  { deploying, state, key }: Work,
  stop: Pick<Extract<ProposalCommand, { type: 'note-taken-back' }>, 'why' | 'goesOn'>,
  reports: readonly StopReport[],
): Promise<void> {
  const reached = await deploying.book.noteStops(key, reports)
  if (reached !== null)
    await deploying.commands.execute(state.id, { type: 'note-taken-back', ...stop, ...reached }, rollout)
}

/**
 * Asks an engine to do something, which is tried again later if it throws. If it delegates, people cannot see by
 * themselves that its system does not answer, so the thread is told. `what`: a clause such as `be told`.
 */
export async function asked<T>(
  work: Work,
  { name, terms }: DeployEngine,
  what: string,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    work.signal.throwIfAborted()
    if (terms !== undefined && !(error instanceof MaybeStarted))
      await tell(work, `${name} could not ${what}: ${sentence(errorText(error))} It is tried again.`)
    throw error
  }
}

/** The batch for an engine, with a time limit for each asset: now, if the asset may not begin any more. */
export async function batchOf(
  { deploying, state, key, present, away, ask }: Work,
  assets: readonly string[],
): Promise<Batch> {
  const { reboot, restartServices } = state.policy
  const answers = await ask()
  const now = deploying.parts.clock().toISOString()
  const again = await triedAgain(deploying.parts, state, assets)
  const deployments = assets.flatMap((id) => {
    const planned = plannedNow(state, id)
    const asset = present.get(id)
    if (planned === null || asset === undefined) return []
    const { transaction } = planned
    const seen = again.get(id)
    const changes = seen === undefined ? planned.changes : leftToDo(planned.changes, seen)
    const answer = answers.get(id)
    const may = answer !== undefined && 'notAfter' in answer && !away.has(id)
    const notAfter = may ? answer.notAfter : now
    const notBefore = may ? answer.notBefore : undefined
    const times = { ...(notBefore === undefined ? {} : { notBefore }), notAfter }
    const voted = planned.terms === undefined ? {} : { licences: planned.terms.licences }
    return [{ asset, changes, transaction, reboot, restartServices, ...times, ...voted }]
  })
  return { key, deployments }
}

/** The last look at the assets with updates of Windows that somebody asked to try again, by id. */
async function triedAgain(
  { db }: Pick<DeployParts, 'db'>,
  state: ProposalState,
  assets: readonly string[],
): Promise<ReadonlyMap<string, AssetSnapshot>> {
  const retried = (state.rollout ?? state.test)?.retried ?? {}
  const ids = assets.filter((id) => retried[id] !== undefined && hasUpdates(state, id))
  if (ids.length === 0) return new Map()
  return new Map((await readSnapshots(db, { ids })).map((snapshot) => [snapshot.asset.id, snapshot]))
}

/** Whether updates of Windows are planned for the asset: only these are asked for one by one. */
function hasUpdates(state: ProposalState, asset: string): boolean {
  return plannedNow(state, asset)?.changes.some(({ kind }) => kind === 'update') === true
}
