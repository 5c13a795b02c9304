/** One start of a proposal, and which of its assets may still begin. */

import type { Asset, AssetSnapshot, Observation } from '../../core/asset.ts'
import { GONE } from '../../core/away.ts'
import { leftToDo } from '../../core/change.ts'
import { heldBack } from '../../core/held-back.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { Batch, DeploymentOutcome, HealthResult } from '../../core/ports.ts'
import type { RecordedOutcome } from '../../core/proposal/event.ts'
import type { Deployment, PatchSubject, ProposalState } from '../../core/proposal/proposal.ts'
import { plannedNow } from '../../core/proposal/since.ts'
import type { HandOver } from '../../core/rollout/hand-over.ts'
import { readSnapshots } from '../../store/inventory.ts'
import type { Execute } from '../commands/execute.ts'
import type { WorkflowParts } from '../ports.ts'
import type { Silences } from '../silence.ts'
import type { RunBook, RunNotes } from './run-book.ts'

export type DeployParts = Pick<
  WorkflowParts,
  'db' | 'clock' | 'engines' | 'health' | 'hooks' | 'silences' | 'sources' | 'pollSeconds' | 'log'
>

/** What brings assets to their end, for whoever holds the lease of their proposal. */
export interface Deploying {
  readonly parts: DeployParts
  readonly commands: Pick<Execute, 'execute' | 'askHandOver'>
  readonly book: RunBook
  readonly silences: Silences
}

/** Its assets that have not come to their end. */
export interface Start {
  readonly state: ProposalState
  readonly subject: PatchSubject
  readonly key: string
  readonly mine: readonly Deployment[]
  readonly notes: RunNotes
  /** Its assets as the inventory had them when work on it began here, by id: where to reach them. */
  readonly present: ReadonlyMap<string, Asset>
  /** Why nothing may be begun on some of them any more, by id. */
  readonly away: ReadonlyMap<string, string>
  /** Whether each of them may begin at this moment. */
  readonly ask: () => Promise<ReadonlyMap<string, HandOver>>
  readonly signal: AbortSignal
}

/** `looks`: what assets said of themselves when they had ended, by id. */
export type Finish = (ended: readonly RecordedOutcome[], looks?: ReadonlyMap<string, Observation>) => Promise<void>

/** A start that is being brought to its end. */
export interface Work extends Start {
  readonly deploying: Deploying
  /** Records what became of assets, and has them verified. */
  readonly finish: Finish
  /** How healthy assets were before they were touched, by id; whoever prepares them adds what it sees. */
  readonly before: Map<string, readonly HealthResult[]>
  /** Has somebody, or a gate, stopped the rollout or the test, as it was last read? */
  readonly stopped: () => boolean
  /** Says until when there is nothing to do for this start, ISO 8601 UTC; `null`: there is. */
  readonly rests: (until: string | null) => void
  /** Is none of its assets being verified? */
  readonly idle: () => boolean
}

/** From these assets, those that are as the decision left them; the others have come to their end. */
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

/**
 * From what was about to be started before a crash: the assets for which it can be asked whether they were. The rest
 * has come to its end.
 */
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

/** From these assets, those that may begin; the others have come to their end. */
export async function allowed(
  { ask, finish }: Work,
  assets: readonly string[],
  outcome: (problem: string) => DeploymentOutcome = notBegun,
): Promise<readonly string[]> {
  if (assets.length === 0) return []
  const answers = await ask()
  const refused = assets.flatMap((asset): RecordedOutcome[] => {
    const answer = answers.get(asset)
    if (answer === undefined || 'notAfter' in answer) return []
    return [{ asset, outcome: outcome(answer.problem) }]
  })
  await finish(refused)
  const out = new Set(refused.map(({ asset }) => asset))
  return assets.filter((asset) => !out.has(asset))
}

/** With the present time limit of each asset: none is left where it may not begin any more. */
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
    return [{ asset, changes, transaction, reboot, restartServices, notAfter }]
  })
  return { key, deployments }
}

/** The last look at those of the assets that somebody asked to try again, by id. */
async function triedAgain(
  { db }: Pick<DeployParts, 'db'>,
  { rollout, test }: ProposalState,
  assets: readonly string[],
): Promise<ReadonlyMap<string, AssetSnapshot>> {
  const retried = (rollout ?? test)?.retried ?? {}
  const ids = assets.filter((id) => retried[id] !== undefined)
  if (ids.length === 0) return new Map()
  return new Map((await readSnapshots(db, { ids })).map((snapshot) => [snapshot.asset.id, snapshot]))
}
