/**
 * What is asked of a ManageEngine server, in our words, over whichever generation of its API it has. Newer servers answer at
 * /dcapi; older ones, and some products, only at /api/1.4. What only /dcapi can do is `null` on the others.
 */

import { type Client, ManageEngineError } from './client.ts'
import { dcapiPaging, type Listed, legacyPaging, pagesOf, readAll } from './pages.ts'
import { idOf, instantIn, isRow, numberOf, type Row, textOf, yesOrNoOf } from './rows.ts'

export type Generation = 'dcapi' | 'legacy'

export interface Machine {
  readonly id: string
  /** As the server writes it, perhaps without a domain. */
  readonly name: string
  readonly domain: string | null
  readonly office: string | null
  readonly address: string | null
  readonly os: string
  /** As many numbers of the version as the server knows. */
  readonly version: string | null
  readonly isWindows: boolean
  readonly hasAgent: boolean
  /** When its agent last asked the server. */
  readonly contactedAt: string | null
  /** When it last said what it has: its last scan that succeeded. `null`: never. */
  readonly scannedAt: string | null
}

export interface Patch {
  readonly id: string
  /** Digits only; `null`: it has none, as most of other vendors. */
  readonly kb: string | null
  readonly title: string
  readonly isWindows: boolean
  /** The number of its class; `null`: the answer does not say it. */
  readonly type: number | null
  /** The name of its class, in the server's words. */
  readonly typeName: string | null
  /** 0 Unrated to 4 Critical. */
  readonly severity: number | null
  readonly releasedAt: string | null
  /** By what it is superseded, in the server's words; `null`: by nothing. */
  readonly supersededBy: string | null
  readonly declined: boolean
  /** `null`: the answer does not say it. */
  readonly uninstallable: boolean | null
  readonly cves: readonly string[]
}

export interface PatchState {
  readonly machine: string
  readonly patch: string
  readonly state: 'missing' | 'installed' | 'failed' | 'unknown'
  /** The remark speaks of a restart that is missing. */
  readonly waitsForReboot: boolean
  readonly error: string | null
  readonly remark: string | null
  /** Name of the configuration that last worked on it; `null`: none, or the answer does not say it. */
  readonly configuration: string | null
}

export interface Policy {
  readonly id: string
  readonly name: string
  readonly isAlive: boolean
  /** What the server says of its reboots; `null`: nothing. */
  readonly reboot: string | null
}

export interface Configuration {
  readonly id: string
  readonly name: string
  /** The last word of the server's label: `in_progress`, `executed`, `suspended`. */
  readonly status: string
  readonly targets: number | null
}

export interface Execution {
  readonly machine: string
  readonly status: 'yet to deploy' | 'in progress' | 'succeeded' | 'failed' | 'unknown'
  readonly remark: string | null
}

/** A task that installs by itself what is released or approved. */
export interface Task {
  readonly id: string
  readonly name: string
  readonly isActive: boolean
}

export interface Installing {
  readonly name: string
  readonly description: string
  readonly patches: readonly string[]
  readonly machines: readonly string[]
  readonly policy: string
  /** True: they are taken off. */
  readonly undone: boolean
}

export interface Api {
  readonly server: string
  readonly isCloud: boolean
  generation(signal: AbortSignal): Promise<Generation>
  machines(signal: AbortSignal): Promise<readonly Machine[]>
  /** `only`: these ids; left out: all. */
  patches(only: readonly string[] | null, signal: AbortSignal): Promise<readonly Patch[]>
  /** What machines said: all about one patch, or one about all its patches. */
  statesOfPatch(patch: string, signal: AbortSignal): Promise<readonly PatchState[]>
  statesOfMachine(machine: string, signal: AbortSignal): Promise<readonly PatchState[]>
  /**
   * What all machines said of all patches, a page at a time: together they may be millions. `null`: this generation gives only one
   * machine after another.
   */
  allStates(signal: AbortSignal): Promise<AsyncIterable<readonly PatchState[]> | null>
  policies(signal: AbortSignal): Promise<readonly Policy[]>
  configurations(signal: AbortSignal): Promise<readonly Configuration[]>
  /** The machines of a configuration, by id. */
  targets(configuration: string, signal: AbortSignal): Promise<readonly string[] | null>
  executions(configuration: string, signal: AbortSignal): Promise<readonly Execution[] | null>
  tasks(signal: AbortSignal): Promise<readonly Task[]>
  /** Names of tasks by the machine on which they install. */
  taskMachines(signal: AbortSignal): Promise<readonly { readonly machine: string; readonly task: string }[] | null>
  /** Throws if a list is empty, because an empty one means all. */
  install(asked: Installing, signal: AbortSignal): Promise<void>
  /** False: this generation cannot suspend. */
  suspend(configuration: string, signal: AbortSignal): Promise<boolean>
  /** False: this generation cannot remove it. */
  moveToTrash(configurations: readonly string[], signal: AbortSignal): Promise<boolean>
}

const REPORT = 'application/patchReports.v1+json'
const report = (name: string): Pick<Listed, 'path' | 'accept'> => ({
  path: `/dcapi/patch/reports/${name}`,
  accept: REPORT,
})

/** How a generation is asked. */
interface Asker {
  readonly client: Client
  generation(signal: AbortSignal): Promise<Generation>
  /** A report of patches, under its name in the generation that the server has. */
  list(names: Both, query: Queries | null, signal: AbortSignal): Promise<readonly Row[]>
  onlyNew<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | null>
}

/** `known`: the generation, as the settings say it; `null`: it is found out, once. */
export function createApi(client: Client, known: Generation | null): Api {
  let found: Promise<Generation> | null = known === null ? null : Promise.resolve(known)

  function generation(signal: AbortSignal): Promise<Generation> {
    found ??= detect(client, signal).catch((error) => {
      found = null
      throw error
    })
    return found
  }

  const asker: Asker = {
    client,
    generation,
    async list({ legacy, dcapi }, query, signal) {
      const isNew = (await generation(signal)) === 'dcapi'
      const listed = isNew
        ? { ...report(dcapi), names: [dcapi], query: query?.dcapi ?? {} }
        : { path: `/api/1.4/patch/${legacy}`, names: [legacy], query: query?.legacy ?? {} }
      return readAll(client, listed, isNew ? dcapiPaging : legacyPaging, signal)
    },
    async onlyNew(signal, work) {
      return (await generation(signal)) === 'dcapi' ? work() : null
    },
  }
  return {
    server: client.server,
    isCloud: client.isCloud,
    generation,
    ...reads(asker),
    ...followUps(asker),
    ...writes(asker),
  }
}

function reads({
  client,
  list,
  onlyNew,
}: Asker): Pick<Api, 'machines' | 'patches' | 'statesOfPatch' | 'statesOfMachine' | 'allStates' | 'policies'> {
  return {
    async machines(signal) {
      const scans = await list({ legacy: 'scandetails', dcapi: 'scanDetails' }, null, signal)
      const systems = await list({ legacy: 'allsystems', dcapi: 'allSystems' }, null, signal)
      return joined(scans, systems)
    },

    async patches(only, signal) {
      const names = { legacy: 'allpatches', dcapi: 'allPatches' }
      const windows = { legacy: { platformfilter: 'Windows' }, dcapi: { platform: 1 } }
      if (only === null) return (await list(names, windows, signal)).map(patchOf)
      const rows: Patch[] = []
      for (const id of only) {
        const query = { legacy: { patchid: id }, dcapi: { selectedPatchId: id } }
        // A server that does not know the filter gives all.
        rows.push(...(await list(names, query, signal)).map(patchOf).filter((one) => one.id === id))
      }
      return rows
    },

    async statesOfPatch(patch, signal) {
      const query = { legacy: { patchid: patch }, dcapi: { selectedPatchId: patch } }
      const rows = await list({ legacy: 'allpatchdetails', dcapi: 'allPatchDetails' }, query, signal)
      return rows.map((row) => stateOf(row, { patch })).filter((one) => one.patch === patch)
    },

    async statesOfMachine(machine, signal) {
      const query = { legacy: { resid: machine }, dcapi: { selectedResourceId: machine } }
      const rows = await list({ legacy: 'systemreport', dcapi: 'allPatchDetails' }, query, signal)
      return rows.map((row) => stateOf(row, { machine })).filter((one) => one.machine === machine)
    },

    allStates: (signal) => onlyNew(signal, async () => statesByPage(client, signal)),

    policies: async (signal) =>
      (await list({ legacy: 'deploymentpolicies', dcapi: 'deploymentPolicies' }, null, signal)).map((row) => ({
        id: idOf(row, 'template_id', 'policyId'),
        name: textOf(row, 'template_name', 'policyName') ?? '',
        isAlive: yesOrNoOf(row, 'is_template_alive') ?? true,
        reboot: textOf(row, 'rebootPolicy', 'reboot_policy'),
      })),
  }
}

async function* statesByPage(client: Client, signal: AbortSignal): AsyncGenerator<readonly PatchState[]> {
  const listed = { ...report('allPatchDetails'), names: ['allPatchDetails'], query: { platform: 1 } }
  for await (const page of pagesOf(client, listed, dcapiPaging, signal)) yield page.map((row) => stateOf(row, {}))
}

function followUps({
  client,
  list,
  onlyNew,
}: Asker): Pick<Api, 'configurations' | 'targets' | 'executions' | 'tasks' | 'taskMachines'> {
  return {
    configurations: async (signal) =>
      (await readAll(client, { path: '/api/1.4/patch/viewconfig', names: ['viewconfig'] }, legacyPaging, signal)).map(
        configurationOf,
      ),

    targets: (configuration, signal) =>
      onlyNew(signal, async () => {
        const path = `/dcapi/target/${configuration}/getTargets`
        const query = { useResourceIdFormat: 'true' }
        return targetsIn(
          await client.ask({ path, query, accept: 'application/getTargets.v1+json' }, signal),
          client.server,
        )
      }),

    executions: (configuration, signal) =>
      onlyNew(signal, async () => {
        const path = `/dcapi/configuration/${configuration}/executionStatus`
        return executionsOf(client, path, signal)
      }),

    tasks: async (signal) =>
      (await list({ legacy: 'apdTaskListdetails', dcapi: 'apdTasks' }, null, signal)).map((row) => ({
        id: idOf(row, 'task_id', 'taskId', 'collection_id'),
        name: textOf(row, 'task_name', 'taskName') ?? '',
        isActive: isActive(row),
      })),

    taskMachines: (signal) =>
      onlyNew(signal, async () =>
        (await list({ legacy: '', dcapi: 'apdMappedSystems' }, null, signal)).flatMap((row) => {
          const machine = textOf(row, 'resource_id_string', 'resource_id', 'computerName', 'resource_name')
          const task = textOf(row, 'task_name', 'taskName', 'apdTaskName', 'collection_name')
          return machine === null || task === null ? [] : [{ machine, task }]
        }),
      ),
  }
}

function writes({ client, onlyNew }: Asker): Pick<Api, 'install' | 'suspend' | 'moveToTrash'> {
  return {
    async install(asked, signal) {
      const { name, description, patches, machines, policy, undone } = asked
      // To ManageEngine an empty list is no list, and no list is all of them.
      if (patches.length === 0 || machines.length === 0)
        throw new Error(
          'A configuration without patches or without machines would be one for all of them, so it is not sent',
        )
      const body = {
        PatchIDs: patches.map(wireId),
        ResourceIDs: machines.map(wireId),
        ConfigName: name,
        ConfigDescription: description,
        actionToPerform: 'Deploy',
        DeploymentPolicyTemplateID: wireId(policy),
        isOnlyApproved: 'false',
        // 1 and 2 offer it to users in a portal, where it never installs by itself.
        deploymentType: 0,
        // 2 restarts outside the window. The policy says what is done.
        forceRebootOption: 0,
      }
      await client.ask(
        { path: `/api/1.4/patch/${undone ? 'uninstallpatch' : 'installpatch'}`, change: { body } },
        signal,
      )
    },

    suspend: async (configuration, signal) => {
      const done = await onlyNew(signal, () =>
        client.ask(
          {
            path: `/dcapi/configuration/${configuration}/suspend`,
            accept: 'application/suspendCollnDetails.v1+json',
            change: { body: {} },
          },
          signal,
        ),
      )
      return done !== null
    },

    moveToTrash: async (configurations, signal) => {
      if (configurations.length === 0) return true
      const done = await onlyNew(signal, () =>
        client.ask(
          {
            path: '/dcapi/configuration/moveToTrash',
            accept: 'application/moveConfigToTrashStatus.v1+json',
            change: {
              body: { collectionIds: configurations.map(wireId) },
              contentType: 'application/moveConfigToTrash.v1+json',
            },
          },
          signal,
        ),
      )
      return done !== null
    },
  }
}

interface Both {
  readonly legacy: string
  readonly dcapi: string
}
interface Queries {
  readonly legacy?: Readonly<Record<string, string | number>>
  readonly dcapi?: Readonly<Record<string, string | number>>
}

async function detect(client: Client, signal: AbortSignal): Promise<Generation> {
  try {
    await client.ask({ ...report('allPatches'), query: { page: 1, pageLimit: 1 } }, signal)
    return 'dcapi'
  } catch (error) {
    if (error instanceof ManageEngineError && error.notThere) return 'legacy'
    throw error
  }
}

/** Ids go out as numbers where a number holds them exactly. */
function wireId(id: string): number | string {
  const number = Number(id)
  return Number.isSafeInteger(number) ? number : id
}

/** Machines of both lists, by id: one has the scan, the other one the name and the version. */
function joined(scans: readonly Row[], systems: readonly Row[]): readonly Machine[] {
  const byId = new Map<string, Row>()
  for (const row of [...scans, ...systems]) {
    const id = idOf(row, 'resource_id_string', 'resource_id', 'ResourceID')
    const before = byId.get(id) ?? {}
    const fresh = Object.fromEntries(Object.entries(row).filter(([key, value]) => value !== '--' || !(key in before)))
    byId.set(id, { ...before, ...fresh })
  }
  return [...byId].map(([id, row]) => machineOf(id, row))
}

/** `platform`: 1 Windows, 2 Mac, 3 Linux. */
function isWindowsRow(row: Row, ...fields: readonly string[]): boolean {
  const number = numberOf(row, ...fields)
  return number === null
    ? /windows/i.test(textOf(row, 'os_platform_name', 'platform_name', 'os_name') ?? '')
    : number === 1
}

const AGENT_NOT_INSTALLED = 21

function machineOf(id: string, row: Row): Machine {
  const os = textOf(row, 'os_name', 'osName') ?? ''
  return {
    id,
    name: textOf(row, 'full_name', 'fqdn_name', 'resource_name', 'resource.name', 'ComputerName') ?? id,
    domain: textOf(row, 'domain_netbios_name', 'domainName'),
    office: textOf(row, 'branch_office_name', 'BranchOffice'),
    address: textOf(row, 'ip_address', 'IPAddress')?.split(',')[0]?.trim() ?? null,
    os,
    version: textOf(row, 'os_version', 'osVersion', 'build_number'),
    isWindows: isWindowsRow(row, 'os_platform', 'platform'),
    hasAgent: numberOf(row, 'installation_status', 'agent_status') !== AGENT_NOT_INSTALLED,
    contactedAt: instantIn(row, 'agent_last_contact_time', 'lastContactTime'),
    scannedAt: instantIn(row, 'last_successful_scan', 'lastSuccessfulScan', 'last_successful_scan_time'),
  }
}

const DECLINED = 212

function patchOf(row: Row): Patch {
  const title = textOf(row, 'patch_description', 'patchDescription') ?? textOf(row, 'patch_name', 'patchName') ?? ''
  const file = textOf(row, 'patch_name', 'patchName') ?? ''
  const uninstall = numberOf(row, 'patch_uninstall_status', 'uninstallStatus')
  const approval = numberOf(row, 'status_id', 'approval_status', 'approvestatus', 'approvalStatus')
  return {
    id: idOf(row, 'patch_id', 'patchId'),
    kb: digitsOfKb(textOf(row, 'sqnumber', 'kb_number', 'kbnumber', 'kbNumber'), title, file),
    title,
    isWindows: isWindowsRow(row, 'platform'),
    type: numberOf(row, 'patch_type', 'patchType'),
    typeName: textOf(row, 'patch_type_name', 'update_name', 'updateType'),
    severity: numberOf(row, 'severity', 'severity_id'),
    releasedAt: instantIn(row, 'patch_released_time', 'releasedTime'),
    supersededBy: supersederIn(row),
    declined: approval === DECLINED,
    uninstallable: uninstall === null ? null : uninstall === 1,
    cves: (textOf(row, 'cveids', 'cve_ids', 'cveId', 'cve_id') ?? '').match(/CVE-\d{4}-\d{4,}/g) ?? [],
  }
}

/** The server's own spelling of the word comes first. A flag alone says that something supersedes it, and not what. */
function supersederIn(row: Row): string | null {
  const by = textOf(row, 'superceded_by', 'superseded_by', 'supercededBy')
  if (by !== null && by !== '0') return by
  return yesOrNoOf(row, 'is_superceded', 'is_superseded', 'isSuperceded') === true ? 'a newer patch' : null
}

/** `sqnumber` is the KB, where it is one; titles and names of files have it, too. */
function digitsOfKb(number: string | null, ...texts: readonly string[]): string | null {
  const own = /^(?:KB|Q)?(\d{6,8})$/i.exec(number ?? '')?.[1]
  return own ?? texts.map((text) => /\bkb(\d{6,8})\b/i.exec(text)?.[1]).find((kb) => kb !== undefined) ?? null
}

/** Legacy answers write a failure as 206, newer ones as 203. */
const states: Readonly<Record<number, PatchState['state']>> = {
  201: 'installed',
  202: 'missing',
  203: 'failed',
  206: 'failed',
}

function stateOf(row: Row, known: { readonly machine?: string; readonly patch?: string }): PatchState {
  const error = textOf(row, 'install_error_code', 'installErrorCode', 'error_code')
  const remark = textOf(row, 'deploy_remarks', 'deployRemarks', 'remarks')
  const status = numberOf(row, 'affected_patch_status', 'affectedPatchStatus', 'patch_affected_status')
  return {
    machine:
      known.machine === undefined
        ? idOf(row, 'resource_id_string', 'resource_id', 'resourceId')
        : machineIn(row, known.machine),
    patch: idOf(row, 'patch_id', 'patchId', 'installpatchstatus.patch_id'),
    state: states[status ?? 0] ?? 'unknown',
    waitsForReboot: remark !== null && /reboot|restart/i.test(remark) && !/not.?required|no.?reboot/i.test(remark),
    error: error === null || error === '0' || error === '-1' ? null : error,
    remark,
    configuration: textOf(row, 'collection.collection_name', 'collection_name', 'configName', 'configurationName'),
  }
}

/** A report about one machine need not repeat which one it is. */
function machineIn(row: Row, asked: string): string {
  return textOf(row, 'resource_id_string', 'resource_id', 'resourceId') ?? asked
}

function configurationOf(row: Row): Configuration {
  const label = textOf(row, 'statuslabel', 'status_label', 'statusLabel', 'status') ?? ''
  return {
    id: idOf(row, 'collection_id', 'collection.collection_id', 'collectionId'),
    name: textOf(row, 'collection.collection_name', 'collection_name', 'configName') ?? '',
    status: label.slice(label.lastIndexOf('.') + 1).toLowerCase(),
    targets: numberOf(row, 'collectionstatussummary.total_target_count', 'total_target_count'),
  }
}

/** Ids of machines, whatever the answer calls the list. Throws if nobody can tell, because none would look like an empty one. */
function targetsIn(answer: Row, server: string): readonly string[] {
  const places = [answer, ...Object.values(answer).filter(isRow)]
  for (const place of places) {
    for (const [key, value] of Object.entries(place)) {
      if (!Array.isArray(value) || (value.length === 0 && !/target|resource/i.test(key))) continue
      return value.map((one) =>
        isRow(one) ? idOf(one, 'resource_id_string', 'resourceId', 'resource_id', 'id') : idOf({ id: one }, 'id'),
      )
    }
  }
  throw new ManageEngineError(`${server} does not say which machines a configuration has, in a form that is known here`)
}

async function executionsOf(client: Client, path: string, signal: AbortSignal): Promise<readonly Execution[]> {
  const found = new Map<string, Execution>()
  for (let offset = 0; ; ) {
    const query = { offset, limit: 1_000 }
    const answer = await client.ask({ path, query, accept: 'application/executionStatus.v1+json' }, signal)
    const rows = answer.executionDetails
    if (!Array.isArray(rows)) throw new ManageEngineError(`${client.server} gave no list at ${path}`)
    const before = found.size
    for (const row of rows.filter(isRow)) {
      const machine = idOf(row, 'resource_id_string', 'resourceId', 'resource_id')
      found.set(machine, {
        machine,
        status: executionStatus(textOf(row, 'status', 'executionStatus', 'statusLabel', 'status_label')),
        remark: textOf(row, 'remarks', 'remark'),
      })
    }
    // A server on premises may give all at once, whatever is asked for.
    if (rows.length < 1_000 || found.size === before) return [...found.values()]
    offset += rows.length
  }
}

function executionStatus(text: string | null): Execution['status'] {
  const word = (text ?? '').toLowerCase().replaceAll(/[^a-z]+/g, ' ')
  if (/yet to|pending|not started/.test(word)) return 'yet to deploy'
  if (/progress|executing|running/.test(word)) return 'in progress'
  if (/fail/.test(word)) return 'failed'
  return /succe|executed|installed/.test(word) ? 'succeeded' : 'unknown'
}

/** Of tasks: 2 is active. */
function isActive(row: Row): boolean {
  const status = textOf(row, 'collection_status', 'status', 'taskStatus') ?? ''
  return !/suspend|disable|inactive|^3$/i.test(status)
}
