/** An engine without hosts. It changes versions in the state file of the example fleet. docs/example-fleet.md */

import type { Asset } from '../../core/asset.ts'
import type { PackageChange } from '../../core/change.ts'
import { isOver, notBegun } from '../../core/not-begun.ts'
import type {
  DeployEngine,
  DeploymentHandle,
  DeploymentOutcome,
  DeploymentReport,
  PreflightResult,
} from '../../core/ports.ts'
import { type PackageBatch, type PackageRequest, packageEngine } from '../package-engine.ts'
import { courseOf, progressText } from './course.ts'
import { type FleetState, readFleetState, type SimulatedAsset } from './fleet-state.ts'
import { createRunJournal, type Run, type RunDeployment } from './run-journal.ts'
import { applyTransaction, planTransaction, transactionDifference } from './transaction.ts'

export { prepareExample } from './prepare-example.ts'

export interface SimulatedEngineOptions {
  readonly name: string
  /** JSON inventory whose assets are changed in place. The runs are stored in `<stateFile>.runs/`. */
  readonly stateFile: string
  /** Seconds that one asset takes, up to a quarter more or less. 0: no time at all. */
  readonly pace: number
  readonly clock: () => Date
}

/**
 * A run progresses by the clock. At the next poll, the steps until now are written to the state file, in one step with
 * their outcome. So a killed process loses nothing, and nothing is done twice. Only one process may poll at a time; any
 * number may start runs and read.
 */
export function createSimulatedEngine(options: SimulatedEngineOptions): DeployEngine {
  const { name, stateFile, pace, clock } = options
  const journal = createRunJournal(`${stateFile}.runs`)
  const inTurn = createTurns()

  return packageEngine({
    name,
    describe: `Simulated: changes versions in ${stateFile} and touches no host`,
    simulated: true,

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      const plan = planTransaction(reachable(await readFleetState(stateFile), asset), changes)
      if (!plan.possible) throw new Error(plan.reason)
      return plan.steps
    },

    async preflight(batch, signal) {
      signal.throwIfAborted()
      const state = await readFleetState(stateFile)
      return batch.deployments.map((deployment) => checkReady(state, deployment))
    },

    async start(batch: PackageBatch, signal: AbortSignal): Promise<DeploymentHandle> {
      signal.throwIfAborted()
      const run = await inTurn(() => journal.begin(batch, clock()))
      return { key: run.key, data: { startedAt: run.startedAt } }
    },

    async poll(handle, signal) {
      signal.throwIfAborted()
      return inTurn(async () => {
        const run = await journal.read(handle.key)
        const state = await readFleetState(stateFile)
        const reports = run.deployments.map((deployment) => reportOn(run, deployment, state, pace, clock()))
        await state.save()
        return reports
      })
    },

    async cancel(handle, signal) {
      signal.throwIfAborted()
      await inTurn(() => journal.cancel(handle.key, clock()))
    },
  })
}

function reachable(state: FleetState, asset: Asset): SimulatedAsset {
  const record = state.find(asset.name)
  if (record === null) throw new Error(`${asset.name} is not among the simulated servers`)
  if (record.fault === 'unreachable') throw new Error(`${asset.name} does not answer (simulated)`)
  return record
}

function checkReady(state: FleetState, deployment: PackageRequest): PreflightResult {
  const { asset, changes, transaction } = deployment
  const record = state.find(asset.name)
  const problem = record === null ? notThere(asset.name) : obstacle(record, changes, transaction)
  if (problem !== null) return { asset: asset.id, ready: false, outcome: problem }
  const notes = transaction.length === 0 ? ['nothing to do: the approved versions are installed already'] : []
  return { asset: asset.id, ready: true, notes }
}

function notThere(name: string): DeploymentOutcome {
  return { state: 'unreachable', reason: `${name} is not among the simulated servers`, touched: false, log: '' }
}

/** Why the transaction cannot begin; `null` when it can. */
function obstacle(
  record: SimulatedAsset,
  changes: PackageRequest['changes'],
  transaction: PackageRequest['transaction'],
): DeploymentOutcome<PackageChange> | null {
  if (record.fault === 'unreachable') {
    return { state: 'unreachable', reason: `${record.name} does not answer (simulated)`, touched: false, log: '' }
  }
  const plan = planTransaction(record, changes)
  if (!plan.possible) return { state: 'held back', reason: plan.reason, log: '' }
  const difference = transactionDifference(transaction, plan.steps)
  return difference === null ? null : { state: 'held back', reason: difference, log: '' }
}

function reportOn(run: Run, deployment: RunDeployment, state: FleetState, pace: number, now: Date): DeploymentReport {
  const { asset, name } = deployment
  const record = state.find(name)
  const recorded = record?.runs[run.key]
  if (recorded !== undefined) return { asset, outcome: recorded, progress: null }
  const course = courseOf(run, deployment, record, pace)
  if (run.cancelledAt !== null && new Date(run.cancelledAt) < course.beginsAt) {
    return { asset, outcome: notBegun('The rollout was stopped before its turn came'), progress: null }
  }
  if (isOver(deployment.notAfter, course.beginsAt)) {
    return { asset, outcome: notBegun('Its time was over before it could begin'), progress: null }
  }
  if (now < course.endsAt) return { asset, outcome: null, progress: progressText(course, deployment, record, now) }
  if (record === null) return { asset, outcome: notThere(name), progress: null }
  const settled = settle(record, deployment, run.key)
  state.put({ ...settled.asset, runs: { ...record.runs, [run.key]: settled.outcome } })
  return { asset, outcome: settled.outcome, progress: null }
}

interface Settled {
  readonly asset: SimulatedAsset
  readonly outcome: SimulatedAsset['runs'][string]
}

function settle(record: SimulatedAsset, deployment: RunDeployment, key: string): Settled {
  const problem = obstacle(record, deployment.changes, deployment.transaction)
  if (problem !== null) return { asset: record, outcome: problem }
  // The part of the approved transaction that has not been done yet.
  const plan = planTransaction(record, deployment.changes)
  const steps = plan.possible ? plan.steps : []
  if (record.fault === 'install fails' && steps.length > 0) return { asset: record, outcome: failedInstall(steps) }
  const { asset, changed, rebooted } = applyTransaction(record, steps, deployment.reboot, key)
  const log = changed.map((change) => `Setting up ${change.name} (${change.to}) ...`).join('\n')
  const outcome: DeploymentOutcome<PackageChange> = { state: 'succeeded', changed, rebooted, log }
  if (record.fault !== 'unhealthy after' || changed.length === 0) return { asset, outcome }
  return { asset: { ...asset, unhealthy: '503 Service Unavailable (simulated, since the update)' }, outcome }
}

function failedInstall(steps: PackageRequest['transaction']): DeploymentOutcome<PackageChange> {
  const step = steps.at(-1)
  const what = step === undefined ? 'a package' : step.name
  return {
    state: 'failed',
    reason: `dpkg could not set up ${what}: its post-installation script ended with exit status 1 (simulated)`,
    log: [
      `Setting up ${what} (${step?.to ?? ''}) ...`,
      `dpkg: error processing package ${what} (--configure):`,
      ` installed ${what} package post-installation script subprocess returned error exit status 1`,
      'Errors were encountered while processing:',
      ` ${what}`,
      'E: Sub-process /usr/bin/dpkg returned an error code (1)',
    ].join('\n'),
  }
}

/** Runs tasks one after another, so that no two tasks use the state file at the same time. */
function createTurns(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = last.then(task, task)
    last = result.catch(() => undefined)
    return result
  }
}
