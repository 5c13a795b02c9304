import { z } from 'zod'
import type { DeployEngine, DeploymentHandle, DeploymentReport } from '../../core/ports.ts'
import { createGathering } from '../gather.ts'
import { guarded } from '../upgrade-journal/engine-calls.ts'
import { lookTogether, preflight, preview } from './module-look.ts'
import { poll } from './module-poll.ts'
import type { AnsibleModuleEngineOptions, Look, ModuleEngine, Question } from './module-run.ts'
import { start } from './module-start.ts'
import { checkPlaybook, RUNS_AT_ONCE } from './playbook.ts'

const handleSchema = z.object({ assets: z.array(z.object({ id: z.string(), name: z.string() })) })

/**
 * Upgrades hosts with the operator's own playbook, which does the work with Ansible modules. The recap of Ansible says
 * whether a host succeeded. A key runs only once from this machine. If a playbook is killed, nobody knows how far its
 * hosts got.
 */
export function createAnsibleModuleEngine(options: AnsibleModuleEngineOptions): DeployEngine {
  const { name, playbook } = options
  const engine: ModuleEngine = {
    options,
    look: createGathering<Question, Look>({
      together: (a, b) =>
        a.key === b.key && a.mode === b.mode && a.signal === b.signal && a.request.asset.name !== b.request.asset.name,
      ask: (questions) => lookTogether(options, questions),
      runsAtOnce: RUNS_AT_ONCE,
    }),
  }

  async function pollHandle({ key, data }: DeploymentHandle): Promise<readonly DeploymentReport[]> {
    const handle = handleSchema.safeParse(data)
    if (!handle.success) throw new Error(`The run ${key} is not one that this engine started.`)
    return poll(engine, key, handle.data.assets)
  }

  return guarded({
    name,
    describe: `Upgrades hosts with the playbook ${playbook}`,
    simulated: false,
    check: (signal) => checkPlaybook(options, signal),

    preview: (asset, changes, signal) => preview(engine, asset, changes, signal),
    async preflight({ key, deployments }, signal) {
      return preflight({ engine, key, signal }, deployments)
    },
    async start({ key, deployments }, signal) {
      await start({ engine, key, signal }, deployments)
      return { key, data: { assets: deployments.map(({ asset }) => ({ id: asset.id, name: asset.name })) } }
    },
    poll: pollHandle,
    /** A running playbook is never interrupted. */
    async cancel(handle) {
      await pollHandle(handle)
    },
  })
}
