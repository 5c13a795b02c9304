import type { DeployEngine, DeploymentReport } from '../../core/ports.ts'
import { guarded } from '../upgrade-journal/engine-calls.ts'
import { createHostSilence } from '../upgrade-journal/host-silence.ts'
import { type AwxOptions, createAwx } from './client.ts'
import { cancel, follow } from './follow.ts'
import { makeHandle, readHandle } from './handle.ts'
import { HOSTS_PER_JOB, type Jobs } from './jobs.ts'
import { preflight, preview } from './look.ts'
import { createPreviews } from './preview.ts'
import type { AwxEngine } from './run.ts'
import { start } from './start.ts'

export interface AwxEngineOptions extends AwxOptions {
  readonly name: string
  /** Name of the job template. */
  readonly template: string
  /** Name of the inventory. Default: the inventory of the template. */
  readonly inventory?: string
  /** Seconds that the playbook waits for another program to release dpkg's lock. Default 300. */
  readonly lockWaitSeconds?: number
  /** Seconds that a preview may take, including the queue of AWX. Default 600. */
  readonly previewSeconds?: number
  /** Seconds to wait for AWX to finish writing down the events of a job. Default 900. */
  readonly silenceSeconds?: number
  /** Seconds between two polls of a job. Default 2. */
  readonly lookSeconds?: number
  readonly clock: () => Date
}

/**
 * Upgrades hosts with jobs of an AWX job template, one job for many hosts. The playbook must keep the contract in
 * playbook.ts.
 */
export function createAwxEngine(options: AwxEngineOptions): DeployEngine {
  const { name, template, inventory = null, clock } = options
  const jobs: Jobs = { awx: createAwx(options), template, inventory, clock }
  const engine: AwxEngine = {
    jobs,
    askHost: createPreviews({
      jobs,
      lookSeconds: options.lookSeconds ?? 2,
      withinSeconds: options.previewSeconds ?? 600,
    }),
    silence: createHostSilence(clock),
    lockSeconds: options.lockWaitSeconds ?? 300,
    silenceSeconds: options.silenceSeconds ?? 900,
    clock,
    inquiries: new Map(),
  }

  return guarded({
    name,
    describe: `Upgrades hosts with the job template ${template} of AWX`,
    simulated: false,
    previewsAtOnce: HOSTS_PER_JOB,

    preview: (asset, changes, signal) => preview(engine, asset, changes, signal),
    async preflight({ key, deployments }, signal) {
      return Promise.all(deployments.map((deployment) => preflight({ engine, key, signal }, deployment)))
    },
    async start({ key, deployments }, signal) {
      return makeHandle(key, await start({ engine, key, signal }, deployments))
    },
    async poll(handle, signal) {
      const started = readHandle(handle)
      const reports = new Map<string, DeploymentReport>()
      for (const { asset, outcome } of started.settled) reports.set(asset, { asset, outcome, progress: null })
      for (const job of started.jobs) {
        for (const report of await follow({ engine, key: handle.key, signal }, job)) reports.set(report.asset, report)
      }
      return started.assets.flatMap((asset) => reports.get(asset) ?? [])
    },
    async cancel(handle, signal) {
      for (const job of readHandle(handle).jobs) await cancel({ engine, key: handle.key, signal }, job)
    },
  })
}
