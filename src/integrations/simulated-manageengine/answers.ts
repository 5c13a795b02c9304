/** The answers of a simulated ManageEngine server to questions, in the envelopes and with the oddities of both generations. */

import { type Asked, error, json } from './envelope.ts'
import type { ManageEngineState, PatchWord, SimulatedConfiguration, SimulatedMachine, SimulatedPatch } from './state.ts'

type Row = Readonly<Record<string, unknown>>

const severityNames = ['Unrated', 'Low', 'Moderate', 'Important', 'Critical'] as const
const typeNames = [
  'Security Updates',
  'Critical Updates',
  'Third Party Updates',
  'Updates',
  'Definition Updates',
  'Service Packs',
] as const

function ms(at: string | null): number | '--' {
  return at === null ? '--' : Date.parse(at)
}

/** Rows of `allpatches`: in the older generation every field is a text. */
function patchRow(patch: SimulatedPatch, asText: boolean): Row {
  const row: Row = {
    patch_id: Number(patch.id),
    bulletin_id: patch.bulletin,
    sqnumber: patch.kb ?? '--',
    patch_name: patch.file,
    patch_description: patch.title,
    update_name: typeNames[patch.type] ?? '--',
    patch_type: patch.type,
    platform: 1,
    platform_name: 'Windows',
    severity: patch.severity,
    severity_name: `dc.common.${severityNames[patch.severity]?.toUpperCase()}`,
    'pmseverity.name': severityNames[patch.severity],
    vendor_name: 'Microsoft',
    patch_released_time: ms(patch.releasedAt),
    patch_noreboot: patch.restart ? 0 : 1,
    patch_uninstall_status: patch.removable ? 1 : 0,
    superceded_by: patch.supersededBy ?? 'NA',
    status_id: patch.declined ? 212 : 0,
    status_label: patch.declined ? 'dc.common.DECLINED' : 'dc.common.NOT_APPROVED',
  }
  if (!asText) return row
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value)]))
}

const REBOOT_REMARK = 'dc.db.agent.config.patch.install.success.reboot_required'

function stateRow(
  state: ManageEngineState,
  machine: SimulatedMachine,
  patch: SimulatedPatch,
  word: PatchWord,
  failedAs: number,
): Row {
  const did = state.configurations.find(({ id }) => id === word.configuration)
  // Until somebody has tried, the one that is to do it stands there.
  const will = state.configurations.find(
    (one) => isActive(one) && one.machines.includes(machine.id) && one.patches.includes(patch.id),
  )
  return {
    patch_id: Number(patch.id),
    update_id: 0,
    resource_id: Number(machine.id),
    resource_id_string: machine.id,
    'resource.name': shortName(machine),
    bulletin_id: patch.bulletin,
    sqnumber: patch.kb ?? '--',
    patch_description: patch.title,
    patch_status: patch.declined ? 212 : 0,
    affected_patch_status: { installed: 201, missing: 202, failed: failedAs }[word.state],
    install_error_code: word.error ?? (word.state === 'installed' ? -1 : '--'),
    deploy_remarks: word.waits ? REBOOT_REMARK : '--',
    'collection.collection_name': (did ?? will)?.name ?? '--',
  }
}

function shortName({ name }: SimulatedMachine): string {
  return name.split('.')[0]?.toUpperCase() ?? name
}

function isActive({ suspended, trashed }: SimulatedConfiguration): boolean {
  return !suspended && !trashed
}

function* statesOf(
  state: ManageEngineState,
  machine: string | null,
  patch: string | null,
  failedAs: number,
): Generator<Row> {
  for (const one of state.machines) {
    if (machine !== null && one.id !== machine) continue
    for (const [id, word] of Object.entries(one.said?.states ?? {})) {
      const found = patch !== null && id !== patch ? undefined : state.patches.find((two) => two.id === id)
      if (found !== undefined) yield stateRow(state, one, found, word, failedAs)
    }
  }
}

function systemRow(machine: SimulatedMachine): Row {
  return {
    resource_id: Number(machine.id),
    resource_id_string: machine.id,
    resource_name: shortName(machine),
    full_name: machine.name,
    ip_address: machine.address ?? '--',
    os_name: machine.os,
    os_version: machine.said?.version ?? '--',
    os_platform: machine.platform,
    os_platform_name: ['Windows', 'Mac', 'Linux'][machine.platform - 1],
    domain_netbios_name: machine.domain,
    branch_office_name: machine.office,
    agent_last_contact_time: ms(machine.contactedAt),
    installation_status: machine.hasAgent ? 22 : 21,
    last_patched_time: '--',
  }
}

function scanRow(machine: SimulatedMachine, isNew: boolean): Row {
  const at = machine.said?.at ?? null
  const common = {
    resource_id: Number(machine.id),
    resource_id_string: machine.id,
    last_successful_scan: ms(at),
    scan_status: at === null ? '229' : '228',
  }
  return isNew ? { ...common, ComputerName: shortName(machine) } : { ...common, 'resource.name': shortName(machine) }
}

/** Where a configuration is, by what its machines told. */
function statusOf(state: ManageEngineState, { id, machines, suspended }: SimulatedConfiguration): string {
  if (suspended) return 'suspended'
  const ended = machines.every((machine) => {
    const execution = state.machines.find((one) => one.id === machine)?.executions[id]
    return execution === 'succeeded' || execution === 'failed'
  })
  return ended ? 'executed' : 'in_progress'
}

function shownConfigurations(state: ManageEngineState, now: Date): readonly SimulatedConfiguration[] {
  return state.configurations.filter(({ trashed, shownAt }) => !trashed && Date.parse(shownAt) <= now.getTime())
}

function configurationRow(state: ManageEngineState, one: SimulatedConfiguration): Row {
  return {
    config_id: Number(one.id) + 1_000,
    collection_id: Number(one.id),
    'collection.collection_name': one.name,
    statuslabel: `dc.db.config.status.${statusOf(state, one)}`,
    'collectionstatussummary.total_target_count': one.machines.length,
    platform: 1,
  }
}

/** `null`: there is nothing at this address. */
export function legacyAnswer(state: ManageEngineState, { path, query }: Asked, now: Date): Response | null {
  const name = /^\/api\/1\.[34]\/patch\/(\w+)$/.exec(path)?.[1] ?? ''
  const patch = query.get('patchid')
  const rows = (): readonly Row[] | null => {
    switch (name) {
      case 'allpatches':
        return state.patches.filter(({ id }) => patch === null || id === patch).map((one) => patchRow(one, true))
      case 'allpatchdetails':
        return [...statesOf(state, null, patch, 206)]
      case 'systemreport':
        // It is asked about one machine, and does not repeat which one.
        return [...statesOf(state, query.get('resid'), null, 206)].map(
          ({ resource_id: _, resource_id_string: __, ...row }) => row,
        )
      case 'allsystems':
        return state.machines.map(systemRow)
      case 'scandetails':
        return state.machines.map((one) => scanRow(one, false))
      case 'deploymentpolicies':
        return state.policies.map(({ id, name: called, isAlive }) => ({
          template_id: Number(id),
          template_name: called,
          is_template_alive: isAlive,
        }))
      case 'viewconfig':
        return shownConfigurations(state, now).map((one) => configurationRow(state, one))
      case 'apdTaskListdetails':
        return state.tasks.map((one) => ({
          task_id: one.id,
          task_name: one.name,
          collection_status: one.isActive ? '2' : '3',
        }))
      default:
        return null
    }
  }
  const all = rows()
  if (all === null) return null
  if (name === 'allpatchdetails' && patch === null) return error('INVALID_INPUT', 'patchid is needed')
  const { page, limit, cut } = paged(state, all, query, 'pagelimit')
  const list = name === 'apdTaskListdetails' ? 'apdtasklistdetails' : name
  return json({
    message_type: name,
    message_response: { total: all.length, limit, page, [list]: cut },
    message_version: '1.4',
    status: 'success',
  })
}

export function dcapiAnswer(state: ManageEngineState, { path, query }: Asked, now: Date): Response | null {
  const [, collection, what] = /^\/dcapi\/(?:configuration|target)\/(\d+)\/(\w+)$/.exec(path) ?? []
  if (collection !== undefined) return aboutOne(state, collection, what ?? '', now)
  const all = reportRows(state, /^\/dcapi\/patch\/reports\/(\w+)$/.exec(path)?.[1] ?? '', query)
  if (all === null) return null
  const { page, limit, cut } = paged(state, all, query, 'pageLimit')
  return json({
    metadata: { limit, page },
    // Texts, in this generation.
    totalRecords: String(all.length),
    totalPages: String(Math.ceil(all.length / limit)),
    messageResponse: cut,
    Links: { next: null, prev: null },
    status: 'success',
  })
}

function reportRows(state: ManageEngineState, name: string, query: URLSearchParams): readonly Row[] | null {
  const patch = query.get('selectedPatchId')
  switch (name) {
    case 'allPatches':
      return state.patches.filter(({ id }) => patch === null || id === patch).map((one) => patchRow(one, false))
    case 'allPatchDetails':
      return [...statesOf(state, query.get('selectedResourceId'), patch, 203)]
    case 'allSystems':
      return state.machines.map(systemRow)
    case 'scanDetails':
      return state.machines.map((one) => scanRow(one, true))
    case 'deploymentPolicies':
      // It lists those in use, and says nothing of the others.
      return state.policies
        .filter((one) => one.isAlive)
        .map(({ id, name: called, reboot }) => ({
          policyId: Number(id),
          policyName: called,
          rebootPolicy: reboot === 'never' ? 'Skip Reboot' : 'Reboot if required',
        }))
    case 'apdTasks':
      return state.tasks.map((one) => ({
        taskId: one.id,
        taskName: one.name,
        status: one.isActive ? 'Active' : 'Suspended',
      }))
    case 'apdMappedSystems':
      return state.tasks.flatMap((one) =>
        one.machines.map((machine) => ({ resource_id_string: machine, taskName: one.name })),
      )
    default:
      return null
  }
}

/** Members of a configuration, or how far each of them is. */
function aboutOne(state: ManageEngineState, id: string, what: string, now: Date): Response {
  const found = shownConfigurations(state, now).find((one) => one.id === id)
  if (found === undefined) return error('INVALID_COLLECTION', 'No such configuration', 400)
  if (what === 'getTargets')
    return json({
      collectionId: id,
      resourceIds: found.machines.map((machine) => ({ resourceId: Number(machine), resource_id_string: machine })),
    })
  if (what !== 'executionStatus') return json({ error_code: 'URL_NOT_FOUND' }, 404)
  const executionDetails = found.machines.map((machine) => {
    const status = state.machines.find((one) => one.id === machine)?.executions[id] ?? 'yet_to_deploy'
    return { resourceId: Number(machine), resource_id_string: machine, status, remarks: '--' }
  })
  return json({ collectionId: id, executionDetails })
}

function paged(
  { traps }: ManageEngineState,
  rows: readonly Row[],
  query: URLSearchParams,
  name: string,
): { readonly page: number; readonly limit: number; readonly cut: readonly Row[] } {
  const limit = traps.pagesOf25 ? 25 : Math.min(Number(query.get(name) ?? 25) || 25, 1_000)
  const page = traps.samePage ? 1 : Math.max(Number(query.get('page') ?? 1) || 1, 1)
  return { page, limit, cut: rows.slice((page - 1) * limit, page * limit) }
}
