/**
 * What is known of a console between two questions, shared by its catalog, inventory and engine. It lasts as long as the
 * process: a new one reads all once.
 */

import { DAY_SECONDS, HOUR_SECONDS, plusSeconds } from '../../core/time/instant.ts'
import { remembered } from '../delegating/remembered.ts'
import type { Api } from './api.ts'
import { ConsoleError } from './client.ts'
import { type Machines, machinesOf } from './names.ts'
import type { Deployment, DeploymentMachine, DeployTemplate, PatchRow, Vulnerability } from './schema.ts'
import { createWords, type Words } from './words.ts'

/** Deployments of so many days are looked at. */
const DEPLOYMENT_DAYS = 14

export interface Deploying {
  readonly deployment: Deployment
  readonly machines: readonly DeploymentMachine[]
}

/** What agents do by themselves. */
export interface AgentPolicies {
  /** By the name of an asset: its policy, with what it does; `tasks` `null`: the console does not tell. */
  readonly byAsset: ReadonlyMap<string, AgentPolicy>
  /** Why nobody can tell, as a clause; `null`: it could be read. */
  readonly problem: string | null
}

export interface AgentPolicy {
  readonly name: string
  readonly tasks: readonly string[] | null
}

export interface Known {
  machines(signal: AbortSignal, fresh?: 'fresh'): Promise<Machines>
  /** What scans last found on machines. `only`: names of assets; left out: all. */
  words(signal: AbortSignal, only?: ReadonlySet<string>, fresh?: 'fresh'): Promise<Words>
  /** What the console knows under these numbers, digits only. */
  patches(kbs: readonly string[], signal: AbortSignal, fresh?: 'fresh'): Promise<readonly Vulnerability[]>
  /** The number of a vulnerability that was asked about, digits only; `null`: it is not known. */
  kbOf(vulnerability: number): string | null
  /** Every patch that a scan has shown since this process began, by product and number. */
  shown(): ReadonlyMap<string, PatchRow>
  deployments(signal: AbortSignal, fresh?: 'fresh'): Promise<readonly Deploying[]>
  deployTemplates(signal: AbortSignal, fresh?: 'fresh'): Promise<readonly DeployTemplate[]>
  policies(signal: AbortSignal): Promise<AgentPolicies>
}

/** `scanDays`: scans of so many days are looked at. `hourSeconds`: so many seconds stand for an hour. */
export function createKnown(api: Api, clock: () => Date, scanDays: number, hourSeconds = HOUR_SECONDS): Known {
  const read = remembered(clock, hourSeconds)
  const daysAgo = (days: number) =>
    plusSeconds(clock().toISOString(), (-days * DAY_SECONDS * hourSeconds) / HOUR_SECONDS)
  const words = createWords(api)
  const patches = new Map<string, readonly Vulnerability[]>()
  const deployments = new Map<string, Deploying>()

  const machines: Known['machines'] = (signal, fresh) =>
    read('machines', fresh, async () => machinesOf(await api.machines(signal)))

  return {
    machines,
    async words(signal, only, fresh) {
      const all = await machines(signal)
      const since = daysAgo(scanDays)
      // A list of names is asked for by itself, so what is remembered is what concerns all.
      if (only !== undefined) return words.read(all, since, only, signal)
      return read('words', fresh, () => words.read(all, since, null, signal))
    },
    async patches(kbs, signal, fresh) {
      const asked = [...new Set(kbs)].filter((kb) => fresh !== undefined || !patches.has(kb))
      const found = await api.patches(asked, signal)
      for (const kb of asked)
        patches.set(
          kb,
          found.filter((one) => one.kb === kb),
        )
      return [...new Set(kbs)].flatMap((kb) => patches.get(kb) ?? [])
    },
    kbOf: (id) => [...patches.values()].flat().find((one) => one.id === id)?.kb ?? null,
    shown: () => words.shown,
    deployments: (signal, fresh) =>
      read('deployments', fresh, async () => {
        const listed = await api.deployments(daysAgo(DEPLOYMENT_DAYS), signal)
        for (const deployment of listed) {
          const before = deployments.get(deployment.id)
          if (before?.deployment.isComplete && deployment.updatedAt === before.deployment.updatedAt) continue
          deployments.set(deployment.id, { deployment, machines: await api.deploymentMachines(deployment.id, signal) })
        }
        const ids = new Set(listed.map(({ id }) => id))
        for (const id of deployments.keys()) if (!ids.has(id)) deployments.delete(id)
        return [...deployments.values()]
      }),
    deployTemplates: (signal, fresh) => read('deploy templates', fresh, () => api.deployTemplates(signal)),
    policies: (signal) => read('policies', undefined, async () => policiesOf(api, await machines(signal), signal)),
  }
}

async function policiesOf(api: Api, machines: Machines, signal: AbortSignal): Promise<AgentPolicies> {
  try {
    const agents = (await api.agents(signal)).filter(({ policy }) => policy !== null)
    const names = new Map((await api.policies(signal)).map(({ id, name }) => [id, name]))
    const policies = new Map<string, AgentPolicy>()
    for (const id of new Set(agents.flatMap(({ policy }) => policy ?? [])))
      policies.set(id, { name: names.get(id) ?? id, tasks: await tasksOf(api, id, signal) })
    const byAsset = new Map<string, AgentPolicy>()
    for (const agent of agents) {
      const name = machines.nameOf(agent)
      const policy = policies.get(agent.policy ?? '')
      if (name !== null && policy !== undefined) byAsset.set(name, policy)
    }
    return { byAsset, problem: null }
  } catch (error) {
    if (!(error instanceof ConsoleError) || (error.status !== 404 && error.status !== 403)) throw error
    return {
      byAsset: new Map(),
      problem: 'what agent policies install by themselves, which this console does not tell',
    }
  }
}

async function tasksOf(api: Api, policy: string, signal: AbortSignal): Promise<readonly string[] | null> {
  try {
    return await api.policyTasks(policy, signal)
  } catch (error) {
    if (!(error instanceof ConsoleError) || (error.status !== 404 && error.status !== 403)) throw error
    return null
  }
}
