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

/** What the engine works with, and what it keeps while it lives. */
export interface AwxEngine {
  readonly jobs: Jobs
  readonly askHost: AskHost
  readonly silence: HostSilence
  readonly lockSeconds: number
  readonly silenceSeconds: number
  readonly clock: () => Date
  /**
   * The job that was sent after a run to ask what became of it, by key and limit. A restarted process finds it again.
   */
  readonly inquiries: Map<string, number>
}

/** One call of the engine about one batch. */
export type Run = EngineRun<AwxEngine>

/** What the playbook is told about one host. Throws a sentence for text that no package manager would print. */
export function requestFor({ lockSeconds }: AwxEngine, deployment: PackageRequest): HostRequest {
  const { changes, transaction, reboot, notAfter } = deployment
  for (const { name, architecture, to } of changes) apt.checkPackage(name, architecture, to)
  planLines(apt, transaction) // refuses what no package manager would print
  return { changes, transaction, reboot: reboot === 'if required', lockSeconds, notAfter }
}

/** The job whose launch was never answered; `null`: there is none. */
export async function lostJob({ engine, key, signal }: Run, hosts: readonly JobHost[]): Promise<Job | null> {
  const limit = limitOf(hosts.map((host) => host.name))
  const place = await findPlace(engine.jobs, signal)
  const found = await jobsOfRun(engine.jobs, place, { mode: 'apply', key }, signal)
  return found.find((job) => job.limit === limit) ?? null
}
