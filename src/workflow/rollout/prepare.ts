import { checksFor } from '../../core/health-checks.ts'
import type { Batch, DeployEngine, HealthResult, HookMoment } from '../../core/ports.ts'
import { bypassesWindow } from '../../core/proposal/approval.ts'
import type { RecordedOutcome } from '../../core/proposal/event.ts'
import type { PatchSubject, ProposalState } from '../../core/proposal/proposal.ts'
import { liveRun } from '../../core/rollout/run.ts'
import type { WorkflowParts } from '../ports.ts'

export interface Prepared {
  readonly ready: readonly string[]
  /** Outcomes of assets that ended here. */
  readonly refused: readonly RecordedOutcome[]
  /** By asset id. */
  readonly before: ReadonlyMap<string, readonly HealthResult[]>
}

const BEFORE: readonly HookMoment[] = ['drain', 'snapshot', 'pre-check']

type PrepareParts = Pick<WorkflowParts, 'health' | 'hooks'>

/** The operator's hooks put snapshots back. The engine does nothing. */
export async function restore(
  { hooks }: PrepareParts,
  subject: PatchSubject,
  batch: Batch,
  signal: AbortSignal,
): Promise<readonly RecordedOutcome[]> {
  const steps = (subject.hooks ?? []).filter(({ moment }) => moment === 'restore')
  const ended = batch.deployments.map(async ({ asset, changes }): Promise<RecordedOutcome> => {
    const log: string[] = []
    for (const hook of steps) {
      const result = await hooks.run(hook, asset, subject.rollsBack?.keys?.[asset.id] ?? batch.key, signal)
      log.push(result.log)
      if (result.ok) continue
      const reason = `Its snapshot could not be put back: ${result.detail}`
      return { asset: asset.id, outcome: { state: 'failed', reason, log: log.join('\n') } }
    }
    return {
      asset: asset.id,
      outcome: { state: 'succeeded', changed: changes, rebooted: false, log: log.join('\n') },
    }
  })
  return Promise.all(ended)
}

/**
 * The steps before a transaction: the asset's health, the engine's own look, then the hooks drain, snapshot and
 * pre-check. Each step needs the success of the one before. After a refusal nothing was installed, and drained assets
 * are put back into service. `problemOf`: why nothing may begin on an asset any more; asked before each step that
 * changes something.
 */
export async function prepare(
  { health, hooks }: PrepareParts,
  state: ProposalState,
  engine: DeployEngine,
  batch: Batch,
  problemOf: (asset: string) => Promise<string | null>,
  signal: AbortSignal,
): Promise<Prepared> {
  const { subject } = state
  if (subject.kind !== 'patches') return { ready: [], refused: [], before: new Map() }
  const refused: RecordedOutcome[] = []
  const before = new Map<string, readonly HealthResult[]>()
  await Promise.all(
    batch.deployments.map(async ({ asset }) => {
      const checks = checksFor(subject.health, asset)
      if (checks.length > 0) before.set(asset.id, await health.check(asset, checks, signal))
    }),
  )
  signal.throwIfAborted()
  const well = batch.deployments.filter(({ asset }) => {
    const sick = (before.get(asset.id) ?? []).filter((result) => !result.healthy)
    if (sick.length === 0 || mayPatchUnhealthy(state, asset.id)) return true
    const list = sick.map(({ check, detail }) => `${check}: ${detail}`).join('; ')
    const reason = `It was unhealthy beforehand, so nothing was done: ${list}`
    refused.push({ asset: asset.id, outcome: { state: 'held back', reason, log: '' } })
    return false
  })
  const looked = well.length === 0 ? [] : await engine.preflight({ ...batch, deployments: well }, signal)
  for (const result of looked) if (!result.ready) refused.push({ asset: result.asset, outcome: result.outcome })
  const fit = new Set(looked.flatMap((result) => (result.ready ? [result.asset] : [])))
  const ready = await Promise.all(
    well
      .filter(({ asset }) => fit.has(asset.id))
      .map(async ({ asset }) => {
        for (const hook of (subject.hooks ?? []).filter(({ moment }) => BEFORE.includes(moment))) {
          const problem = await problemOf(asset.id)
          if (problem !== null) {
            refused.push({ asset: asset.id, outcome: { state: 'not begun', reason: problem, log: '' } })
            return []
          }
          const result = await hooks.run(hook, asset, batch.key, signal)
          if (result.ok) continue
          const reason = `The step ${hook.moment} failed, so nothing was installed: ${result.detail}`
          refused.push({ asset: asset.id, outcome: { state: 'held back', reason, log: result.log } })
          return []
        }
        return [asset.id]
      }),
  )
  return { ready: ready.flat(), refused, before }
}

/** True if somebody wants to patch exactly this sick asset: by rollback, retry or break-glass. */
function mayPatchUnhealthy(state: ProposalState, asset: string): boolean {
  if (state.approvedBy !== null && bypassesWindow(state.approvedBy)) return true
  return (liveRun(state)?.retried[asset] ?? 0) > 0
}
