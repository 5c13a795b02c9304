import { z } from 'zod'
import type { DeployEngine, DeploymentHandle, DeploymentReport } from '../../core/ports.ts'
import { packageEngine } from '../package-engine.ts'
import { checkKey } from '../upgrade-journal/script.ts'
import { createGathering } from './gather.ts'
import { lookTogether, preflight, preview } from './module-look.ts'
import { poll } from './module-poll.ts'
import type { AnsibleModuleEngineOptions, Look, ModuleEngine, Question } from './module-run.ts'
import { start } from './module-start.ts'
import { checkPlaybook } from './playbook.ts'

const handleSchema = z.object({ assets: z.array(z.object({ id: z.string(), name: z.string() })) })

/**
 * Upgrades hosts with the operator's own playbook, which does the work itself with modules of Ansible. The recap says
 * whether a host did well. A key runs once from this machine. If a playbook is killed, nobody knows how far its hosts
 * are.
 */
export function createAnsibleModuleEngine(options: AnsibleModuleEngineOptions): DeployEngine {
  const { name, playbook } = options
  const engine: ModuleEngine = {
    options,
    look: createGathering<Question, Look>({
      together: (a, b) =>
        a.key === b.key && a.mode === b.mode && a.signal === b.signal && a.request.asset.name !== b.request.asset.name,
      ask: (questions) => lookTogether(options, questions),
    }),
  }

  async function pollHandle({ key, data }: DeploymentHandle): Promise<readonly DeploymentReport[]> {
    const handle = handleSchema.safeParse(data)
    if (!handle.success) throw new Error(`The run ${key} is not one that this engine started.`)
    return poll(engine, key, handle.data.assets)
  }

  return packageEngine({
    name,
    describe: `Upgrades hosts with the playbook ${playbook}`,
    simulated: false,
    check: (signal) => checkPlaybook(options, signal),

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
      await start({ engine, key, signal }, deployments)
      return { key, data: { assets: deployments.map(({ asset }) => ({ id: asset.id, name: asset.name })) } }
    },
    async poll(handle, signal) {
      signal.throwIfAborted()
      return pollHandle(handle)
    },
    /** A playbook that runs is never interrupted. */
    async cancel(handle, signal) {
      signal.throwIfAborted()
      await pollHandle(handle)
    },
  })
}
