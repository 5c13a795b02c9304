import type { DeployEngine, DeploymentReport } from '../../core/ports.ts'
import { createSshEngine, type SshEngineOptions } from '../ssh/index.ts'
import type { PatienceOptions } from '../upgrade-journal/patience.ts'
import { createPlaybookCarrier } from './carrier.ts'
import { checkPlaybook, type PlaybookSettings } from './playbook.ts'

export interface AnsibleEngineOptions
  extends PlaybookSettings,
    PatienceOptions,
    Pick<SshEngineOptions, 'name' | 'managers'> {
  /** Seconds between two polls of running upgrades. Each poll is a run of the playbook. */
  readonly lookEverySeconds: number
}

/** The number of batches whose last reports are kept. */
const REMEMBERED = 100

/**
 * Upgrades hosts through the operator's inventory and playbook. As with the SSH engine, the upgrade journal runs on the
 * host, detached. So when the controller is lost, the upgrade neither stops nor runs twice.
 */
export function createAnsibleEngine(options: AnsibleEngineOptions): DeployEngine {
  const { lookEverySeconds, clock, ...rest } = options
  const engine = createSshEngine({
    ...rest,
    clock,
    target: () => null,
    carrier: createPlaybookCarrier(options),
    // Ansible itself limits the number of hosts at the same time (`forks`).
    concurrency: Number.POSITIVE_INFINITY,
  })
  const seen = new Map<string, { readonly at: number; readonly reports: Promise<readonly DeploymentReport[]> }>()

  return {
    ...engine,
    check: (signal) => checkPlaybook(options, signal),

    poll(handle, signal) {
      const last = seen.get(handle.key)
      const now = clock().getTime()
      if (last !== undefined && now - last.at < lookEverySeconds * 1_000) return last.reports
      const reports = engine.poll(handle, signal)
      seen.delete(handle.key)
      seen.set(handle.key, { at: now, reports })
      reports.catch(() => seen.delete(handle.key))
      const [oldest] = seen.keys()
      if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest)
      return reports
    },

    cancel(handle, signal) {
      seen.delete(handle.key)
      return engine.cancel(handle, signal)
    },
  }
}
