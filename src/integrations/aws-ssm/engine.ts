import type { DeployEngine } from '../../core/ports.ts'
import { guarded } from '../upgrade-journal/engine-calls.ts'
import { createPatience, type PatienceOptions } from '../upgrade-journal/patience.ts'
import { createSsm, INSTANCES_PER_CALL, type SsmOptions } from './client.ts'
import { createCourier } from './courier.ts'
import { cancel, poll } from './follow.ts'
import { makeHandle, readHandle } from './handle.ts'
import { preflight, preview } from './look.ts'
import type { SsmEngine } from './run.ts'
import { start } from './start.ts'

export interface SsmEngineOptions extends SsmOptions, PatienceOptions {
  readonly name: string
  /** A document that runs the parameter `commands` as root on Linux. Default `AWS-RunShellScript`. */
  readonly document?: string
  /** Seconds between two polls of a command. Default 2. */
  readonly lookSeconds?: number
}

/** Seconds until an agent must have taken a command. */
const DELIVERY_SECONDS = 60
/** A start waits up to 30 s for the runner; a look waits up to 90 s for slow package lists. */
const RUN_SECONDS = 180

/**
 * Upgrades instances with apt through Run Command of AWS Systems Manager. It uses the scripts and the upgrade journal
 * of the SSH engine. So the approved transaction runs exactly and once; the agent only carries text.
 */
export function createSsmEngine(options: SsmEngineOptions): DeployEngine {
  const { name, region, clock, document = 'AWS-RunShellScript', lookSeconds = 2 } = options
  const ssm = createSsm(options)
  const engine: SsmEngine = {
    ssm,
    courier: createCourier({
      ssm,
      document,
      deliverySeconds: DELIVERY_SECONDS,
      runSeconds: RUN_SECONDS,
      lookSeconds,
    }),
    document,
    patience: createPatience(options),
    clock,
    following: new Map(),
  }
  return guarded({
    name,
    describe: `Upgrades Debian and Ubuntu instances with apt through AWS Systems Manager in ${region}`,
    simulated: false,
    previewsAtOnce: INSTANCES_PER_CALL,

    preview: (asset, changes, signal) => preview(engine, asset, changes, signal),
    async preflight({ key, deployments }, signal) {
      return preflight({ engine, key, signal }, deployments)
    },
    async start({ key, deployments }, signal) {
      return makeHandle(key, await start({ engine, key, signal }, deployments))
    },
    async poll(handle, signal) {
      return poll({ engine, key: handle.key, signal }, readHandle(handle))
    },
    async cancel(handle, signal) {
      await cancel({ engine, key: handle.key, signal }, readHandle(handle))
    },
  })
}
