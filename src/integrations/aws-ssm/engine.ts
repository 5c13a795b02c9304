import type { DeployEngine } from '../../core/ports.ts'
import { packageEngine } from '../package-engine.ts'
import { createPatience, type PatienceOptions } from '../upgrade-journal/patience.ts'
import { checkKey } from '../upgrade-journal/script.ts'
import { createSsm, INSTANCES_PER_CALL, type SsmOptions } from './client.ts'
import { createCourier } from './courier.ts'
import { cancel, poll } from './follow.ts'
import { makeHandle, readHandle } from './handle.ts'
import { preflight, preview } from './look.ts'
import type { SsmEngine } from './run.ts'
import { start } from './start.ts'

export interface SsmEngineOptions extends SsmOptions, PatienceOptions {
  readonly name: string
  /** Runs the parameter `commands` as root on Linux. Default `AWS-RunShellScript`. */
  readonly document?: string
  /** Seconds between two looks at a command that is waited for. Default 2. */
  readonly lookSeconds?: number
}

/** Systems Manager waits no shorter for an agent. */
const DELIVERY_SECONDS = 60
/** Start waits up to 30 s for the runner, look up to 90 s for slow package lists. */
const RUN_SECONDS = 180

/**
 * Upgrades instances with apt through Run Command of AWS Systems Manager: the same scripts and the same journal on the
 * host as over SSH, so that the approved transaction runs, exactly and once, and the agent only carries words.
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
  return packageEngine({
    name,
    describe: `Upgrades Debian and Ubuntu instances with apt through AWS Systems Manager in ${region}`,
    simulated: false,
    previewsAtOnce: INSTANCES_PER_CALL,

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      return preview(engine, asset, changes, signal)
    },
    async preflight({ key, deployments }, signal) {
      signal.throwIfAborted()
      checkKey(key)
      return preflight({ engine, key, signal }, deployments)
    },
    async start({ key, deployments }, signal) {
      signal.throwIfAborted()
      checkKey(key)
      return makeHandle(key, await start({ engine, key, signal }, deployments))
    },
    async poll(handle, signal) {
      signal.throwIfAborted()
      return poll({ engine, key: handle.key, signal }, readHandle(handle))
    },
    async cancel(handle, signal) {
      signal.throwIfAborted()
      await cancel({ engine, key: handle.key, signal }, readHandle(handle))
    },
  })
}
