/** What is asked of the console, in our words. */

import type { z } from 'zod'
import { type Console, ConsoleError } from './client.ts'
import { readAll } from './pages.ts'
import type {
  Agent,
  Deployment,
  DeploymentMachine,
  DeployTemplate,
  Machine,
  Operation,
  PatchGroup,
  PatchRow,
  Scan,
  ScanMachine,
  ScanTemplate,
  Vulnerability,
} from './schema.ts'
import * as schema from './schema.ts'

export interface ScanAsked {
  readonly name: string
  /** Id of the scan template. */
  readonly template: string
  /** Names of machines. Never empty. */
  readonly machines: readonly string[]
}

export interface DeploymentAsked {
  readonly scan: string
  /** Id of the deployment template. */
  readonly template: string
}

/** `null` in place of one thing: the console does not have it, or does not show it yet. */
export interface Api {
  readonly server: string
  machines(signal: AbortSignal): Promise<readonly Machine[]>
  agents(signal: AbortSignal): Promise<readonly Agent[]>
  policies(signal: AbortSignal): Promise<readonly { readonly id: string; readonly name: string | null }[]>
  /** Names of what a policy does by itself. */
  policyTasks(policy: string, signal: AbortSignal): Promise<readonly string[]>
  /** All that the console knows under these numbers, digits only. */
  patches(kbs: readonly string[], signal: AbortSignal): Promise<readonly Vulnerability[]>
  patch(id: number, signal: AbortSignal): Promise<Vulnerability | null>
  /** `name`: those with exactly this name. `since`: ISO 8601. */
  scans(filter: { readonly name?: string; readonly since?: string }, signal: AbortSignal): Promise<readonly Scan[]>
  scan(id: string, signal: AbortSignal): Promise<Scan | null>
  scanMachines(scan: string, signal: AbortSignal): Promise<readonly ScanMachine[]>
  patchRows(scan: string, machine: number, signal: AbortSignal): Promise<readonly PatchRow[]>
  scanTemplates(signal: AbortSignal): Promise<readonly ScanTemplate[]>
  groups(signal: AbortSignal): Promise<readonly PatchGroup[]>
  /** Ids of vulnerabilities. */
  groupMembers(group: number, signal: AbortSignal): Promise<readonly number[]>
  deployTemplates(signal: AbortSignal): Promise<readonly DeployTemplate[]>
  deployments(since: string, signal: AbortSignal): Promise<readonly Deployment[]>
  deployment(id: string, signal: AbortSignal): Promise<Deployment | null>
  deploymentMachines(id: string, signal: AbortSignal): Promise<readonly DeploymentMachine[]>
  operation(id: string, signal: AbortSignal): Promise<Operation | null>

  /** Lets the console work in the name of the account. Done already is as good. */
  openSession(signal: AbortSignal): Promise<void>
  makeGroup(name: string, signal: AbortSignal): Promise<number>
  addToGroup(group: number, vulnerabilities: readonly number[], signal: AbortSignal): Promise<void>
  removeFromGroup(group: number, vulnerability: number, signal: AbortSignal): Promise<void>
  removeGroup(group: number, signal: AbortSignal): Promise<void>
  makeScanTemplate(name: string, group: number, signal: AbortSignal): Promise<string>
  removeScanTemplate(id: string, signal: AbortSignal): Promise<void>
  /** Throws if the list of machines is empty. Id of the scan. */
  startScan(asked: ScanAsked, signal: AbortSignal): Promise<string>
  removeScan(id: string, signal: AbortSignal): Promise<void>
  /** Id of the deployment; `null`: the answer does not say it. */
  deploy(asked: DeploymentAsked, signal: AbortSignal): Promise<string | null>
  cancelOperation(id: string, signal: AbortSignal): Promise<void>
}

export interface ApiOptions {
  /** Password of the account that signs in; `null`: none is known, and the session was opened by other means. */
  readonly password: string | null
  /** Name of a credential in Security Controls for the machines; `null`: each machine has its own. */
  readonly credential: string | null
}

/** Vulnerabilities asked for in one request: the numbers stand in the address. */
const KBS_AT_ONCE = 50

export function createApi(console: Console, options: ApiOptions): Api {
  return { server: console.server, ...reads(console), ...writes(console, options) }
}

type Reads = Omit<Api, 'server' | keyof Writes>
type Writes = Pick<
  Api,
  | 'openSession'
  | 'makeGroup'
  | 'addToGroup'
  | 'removeFromGroup'
  | 'removeGroup'
  | 'makeScanTemplate'
  | 'removeScanTemplate'
  | 'startScan'
  | 'removeScan'
  | 'deploy'
  | 'cancelOperation'
>

function reads(console: Console): Reads {
  const parse = <S extends z.ZodType>(shape: S, row: unknown, path: string): z.output<S> => {
    const parsed = shape.safeParse(row)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new ConsoleError(
      `${console.server} gave a row at ${path} that cannot be read (${issue?.path.join('.')}: ${issue?.message})`,
    )
  }
  const list = async <S extends z.ZodType>(
    shape: S,
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => (await readAll(console, path, query, signal)).map((row) => parse(shape, row, path))
  const one = async <S extends z.ZodType>(shape: S, path: string, signal: AbortSignal) => {
    const found = await ifThere(console.ask({ path }, signal))
    return found === null ? null : parse(shape, found.body, path)
  }
  return {
    machines: (signal) => list(schema.machine, '/machines', {}, signal),
    agents: (signal) => list(schema.agent, '/agents', {}, signal),
    policies: (signal) => list(schema.named, '/policies', {}, signal),
    policyTasks: async (policy, signal) =>
      (await list(schema.named, `/policies/${policy}/tasks`, {}, signal)).map(({ name, id }) => name ?? id),

    async patches(kbs, signal) {
      const found = new Map<number, Vulnerability>()
      for (let at = 0; at < kbs.length; at += KBS_AT_ONCE) {
        const wanted = kbs.slice(at, at + KBS_AT_ONCE)
        const query = { kbs: wanted.map((kb) => `Q${kb}`).join(',') }
        for (const row of await readAll(console, '/patches', query, signal)) {
          // An answer has them nested, and one by itself has none inside.
          const { vulnerabilities } = parse(schema.patchesAnswer, row, '/patches')
          for (const inner of vulnerabilities ?? [row]) {
            const vulnerability = parse(schema.vulnerability, inner, '/patches')
            if (wanted.includes(vulnerability.kb ?? '')) found.set(vulnerability.id, vulnerability)
          }
        }
      }
      return [...found.values()]
    },
    patch: (id, signal) => one(schema.vulnerability, `/patches/${id}`, signal),

    async scans({ name, since }, signal) {
      const query = { ...(name === undefined ? {} : { name }), ...(since === undefined ? {} : { onOrAfter: since }) }
      const all = await list(schema.scan, '/patch/scans', query, signal)
      return name === undefined ? all : all.filter((scan) => scan.name === name)
    },
    scan: (id, signal) => one(schema.scan, `/patch/scans/${id}`, signal),
    scanMachines: (scan, signal) => list(schema.scanMachine, `/patch/scans/${scan}/machines`, {}, signal),
    patchRows: (scan, machine, signal) =>
      list(schema.patchRow, `/patch/scans/${scan}/machines/${machine}/patches`, {}, signal),
    scanTemplates: (signal) => list(schema.scanTemplate, '/patch/scanTemplates', {}, signal),
    groups: (signal) => list(schema.patchGroup, '/patch/groups', {}, signal),
    groupMembers: (group, signal) => list(schema.groupMember, `/patch/groups/${group}/patches`, {}, signal),
    deployTemplates: (signal) => list(schema.deployTemplate, '/patch/deploytemplates', {}, signal),
    deployments: (since, signal) => list(schema.deployment, '/patch/deployments', { onOrAfter: since }, signal),
    deployment: (id, signal) => one(schema.deployment, `/patch/deployments/${id}`, signal),
    async deploymentMachines(id, signal) {
      const path = `/patch/deployments/${id}/machines`
      const rows: DeploymentMachine[] = []
      for (const row of await list(schema.deploymentMachine, path, {}, signal)) {
        // A list may leave out the patches, which only the machine by itself has then.
        const whole = row.patches === null ? await one(schema.deploymentMachine, `${path}/${row.id}`, signal) : row
        rows.push(whole ?? row)
      }
      return rows
    },
    operation: (id, signal) => one(schema.operation, `/operations/${id}`, signal),
  }
}

function writes(console: Console, { password, credential }: ApiOptions): Writes {
  const made = async <S extends z.ZodType>(shape: S, path: string, json: unknown, signal: AbortSignal) => {
    const answer = await console.ask({ path, method: 'POST', json }, signal)
    const parsed = shape.safeParse(answer.body)
    // It may have been made, and its name finds it.
    if (!parsed.success) throw new ConsoleError(`${console.server} did not say what it made at ${path}`, { sent: true })
    return parsed.data
  }
  const removed = async (path: string, signal: AbortSignal) => {
    await ifThere(console.ask({ path, method: 'DELETE' }, signal))
  }

  async function machineLogin(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    if (credential === null) return { useMachineCredential: true }
    return { credentialId: await credentialId(signal) }
  }

  async function credentialId(signal: AbortSignal): Promise<string> {
    const rows = await readAll(console, '/credentials', { name: credential ?? '' }, signal)
    const found = rows.flatMap((row) => schema.named.safeParse(row).data ?? []).find(({ name }) => name === credential)
    if (found === undefined)
      throw new ConsoleError(`${console.server} has no credential called "${credential}" for this account`)
    return found.id
  }

  return {
    async openSession(signal) {
      if (password === null) return
      try {
        await console.ask({ path: '/sessioncredentials', method: 'POST', json: { clearText: password } }, signal)
      } catch (error) {
        // It is open already.
        if (!(error instanceof ConsoleError) || error.status !== 409) throw error
      }
    },
    async makeGroup(name, signal) {
      return (await made(schema.patchGroup, '/patch/groups', { name, path: 'Patchwarden' }, signal)).id
    },
    async addToGroup(group, vulnerabilities, signal) {
      await console.ask({ path: `/patch/groups/${group}/patches`, method: 'POST', json: vulnerabilities }, signal)
    },
    removeFromGroup: (group, vulnerability, signal) =>
      removed(`/patch/groups/${group}/patches/${vulnerability}`, signal),
    removeGroup: (group, signal) => removed(`/patch/groups/${group}`, signal),
    async makeScanTemplate(name, group, signal) {
      const filter = { patchGroupFilterType: 'Scan', patchGroupIds: [group], scanFor: 'NecessaryExplicitlyInstalled' }
      const json = {
        name,
        description: 'Approved in Patchwarden',
        path: 'Patchwarden',
        threadCount: 0,
        patchFilter: filter,
      }
      return (await made(schema.scanTemplate, '/patch/scanTemplates', json, signal)).id
    },
    removeScanTemplate: (id, signal) => removed(`/patch/scanTemplates/${id}`, signal),
    async startScan({ name, template, machines }, signal) {
      if (machines.length === 0) throw new Error('A scan without machines is not asked for')
      const json = { name, templateId: template, endpointNames: machines, ...(await machineLogin(signal)) }
      return (await made(schema.scan, '/patch/scans', json, signal)).id
    },
    removeScan: (id, signal) => removed(`/patch/scans/${id}`, signal),
    async deploy({ scan, template }, signal) {
      const login = credential === null ? {} : { credentialId: await credentialId(signal) }
      const json = { scanId: scan, templateId: template, ...login }
      return (await console.ask({ path: '/patch/deployments', method: 'POST', json }, signal)).operation
    },
    cancelOperation: (id, signal) => removed(`/operations/${id}`, signal),
  }
}

/** `null`: the console does not know it. */
async function ifThere<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ConsoleError && error.status === 404) return null
    throw error
  }
}
