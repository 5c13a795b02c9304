import { setTimeout as sleep } from 'node:timers/promises'
import type { Asset } from '../../src/core/asset.ts'
import type { DeployEngine, DeploymentHandle, DeploymentOutcome } from '../../src/core/ports.ts'
import { createSshEngine, type SshEngineOptions, type SshTarget } from '../../src/integrations/ssh/index.ts'
import type { Fleet } from './fleet.ts'

/** The login of a fleet's host that may use sudo. */
export function loginOf(fleet: Fleet, { address }: Asset): SshTarget {
  return {
    host: address,
    user: 'patch',
    identityFile: fleet.identity,
    knownHostsFile: fleet.knownHosts,
    connectTimeoutSeconds: 2,
  }
}

/** The SSH engine on a fleet's hosts, with the patience of a test. */
export function fleetEngine(fleet: Fleet, options: Partial<SshEngineOptions> = {}): DeployEngine {
  return createSshEngine({
    name: 'ssh',
    target: (asset) => loginOf(fleet, asset),
    concurrency: 4,
    lockWaitSeconds: 3,
    rebootWaitSeconds: 30,
    silenceSeconds: 20,
    clock: () => new Date(),
    ...options,
  })
}

/** How the only deployment of a batch ended, when it has. */
export async function outcomeOf(engine: DeployEngine, handle: DeploymentHandle): Promise<DeploymentOutcome> {
  const { signal } = new AbortController()
  for (let poll = 0; poll < 400; poll++) {
    const [report] = await engine.poll(handle, signal)
    if (report?.outcome) return report.outcome
    await sleep(200)
  }
  throw new Error('It came to no end.')
}
