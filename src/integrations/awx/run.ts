import type { PackageRequest } from '../package-engine.ts'
import { apt } from '../upgrade-journal/apt.ts'
import type { EngineRun } from '../upgrade-journal/engine-calls.ts'
import type { HostSilence } from '../upgrade-journal/host-silence.ts'
import { planLines } from '../upgrade-journal/plan.ts'
import type { JobHost } from './handle.ts'
import { findPlace, type Jobs, jobsOfRun, limitOf } from './jobs.ts'
import type { HostRequest } from './playbook.ts'
import type { AskHost } from './preview.ts'
import type { Job } from './schema.ts'

/** The parts of the engine, and its state in memory. */
export interface AwxEngine {
  readonly jobs: Jobs
  readonly askHost: AskHost
  readonly silence: HostSilence
  readonly lockSeconds: number
  readonly silenceSeconds: number
  readonly clock: () => Date
  /**
   * For each key and limit, the job that was launched to ask about an earlier job. After a restart, the engine finds
   * the job again.
   */
  readonly inquiries: Map<string, number>
}

/** One call of the engine for one batch. */
export type Run = EngineRun<AwxEngine>

/** The request for one host. Throws a sentence for text that no package manager would print. */
export function requestFor({ lockSeconds }: AwxEngine, deployment: PackageRequest): HostRequest {
  const { changes, transaction, reboot, notAfter } = deployment
  for (const { name, architecture, to } of changes) apt.checkPackage(name, architecture, to)
  planLines(apt, transaction) // refuses what no package manager would print
  return { changes, transaction, reboot: reboot === 'if required', lockSeconds, notAfter }
}

/** Finds the job whose launch got no answer; `null`: there is none. */
export async function lostJob({ engine, key, signal }: Run, hosts: readonly JobHost[]): Promise<Job | null> {
  const limit = limitOf(hosts.map((host) => host.name))
  const place = await findPlace(engine.jobs, signal)
  const found = await jobsOfRun(engine.jobs, place, { mode: 'apply', key }, signal)
  return found.find((job) => job.limit === limit) ?? null
}
