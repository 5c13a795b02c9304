/** How a simulated console shows what it keeps. */

import type { ConsoleState, SimulatedDeployment, SimulatedMachine, SimulatedScan, Target } from './state.ts'

export const BASE = '/st/console/api/v1.0'
/** Where it is. Nothing is sent there. */
export const SIMULATED_URL = 'https://security-controls.invalid:3121'
/** The account that signs in. */
export const ACCOUNT = 'CORP\\svc-patchwarden'

type Body = Readonly<Record<string, unknown>>

const href = (path: string) => ({ href: `${SIMULATED_URL}${BASE}${path}` })
/** The same instant in two ways: some of the console's times have no zone. */
const withoutZone = (at: string | null) => (at === null ? null : `${at.replace(/\.\d+Z$|Z$/, '')}.0000000`)

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } })
}

export const notFound = () => json({ message: 'Not found' }, 404)

/** The lists and single things that can be read, by their paths; `null`: there is no such address. */
export function read(state: ConsoleState, path: string, query: URLSearchParams, now: Date): Response | null {
  const list = (rows: readonly Body[]) => page(state, path, query, rows)
  const shown = <T extends { readonly shownAt: string }>(all: readonly T[]) =>
    all.filter(({ shownAt }) => Date.parse(shownAt) <= now.getTime())
  switch (path) {
    case '/machines':
      return list(state.machines.map(machineRow))
    case '/agents':
      return state.traps.noAgents ? notFound() : list(state.machines.flatMap(agentRow))
    case '/policies':
      return list(state.policies.map(({ id, name }) => ({ id, name })))
    case '/patches':
      return patches(state, query)
    case '/patch/scans':
      return list(filtered(shown(state.scans), query).map((scan) => scanRow(state, scan)))
    case '/patch/scanTemplates':
      return list(state.scanTemplates.map(templateRow))
    case '/patch/groups':
      return list(state.groups.map(({ id, name }) => ({ id, name })))
    case '/patch/deploytemplates':
      return list(
        state.deployTemplates.map(({ id, name, when }) => ({
          id,
          name,
          PostDeploymentReboot: when === null ? null : { when },
        })),
      )
    case '/patch/deployments':
      return list(filtered(shown(state.deployments), query).map((one) => deploymentRow(state, one)))
    default:
      return one(state, path, list, shown)
  }
}

function one(
  state: ConsoleState,
  path: string,
  list: (rows: readonly Body[]) => Response,
  shown: <T extends { readonly shownAt: string }>(all: readonly T[]) => readonly T[],
): Response | null {
  const [, first = '', id = '', more, row, last] =
    /^\/(patch\/scans|patch\/deployments|patch\/groups|policies|patches|operations)\/([^/]+)(?:\/([a-z]+)(?:\/(\d+)\/([a-z]+))?)?$/.exec(
      path,
    ) ?? []
  if (first === 'policies') {
    const tasks = state.policies.find((policy) => policy.id === id)?.tasks
    return tasks === undefined ? notFound() : list(tasks.map((name, index) => ({ id: `${id}-${index}`, name })))
  }
  if (first === 'patches') {
    const found = state.vulnerabilities.find((vulnerability) => String(vulnerability.id) === id)
    return found === undefined ? notFound() : json(vulnerabilityRow(found))
  }
  if (first === 'patch/groups') {
    const group = state.groups.find((found) => String(found.id) === id)
    return group === undefined ? notFound() : list(group.members.map((member) => ({ id: member })))
  }
  if (first === 'operations') return operation(state, id)
  if (first === 'patch/scans') {
    const scan = shown(state.scans).find((found) => found.id === id)
    if (scan === undefined) return notFound()
    if (more === undefined) return json(scanRow(state, scan))
    return last === 'patches' ? list(patchRows(state, scan, Number(row))) : list(scanMachineRows(state, scan))
  }
  if (first !== 'patch/deployments') return null
  const deployment = shown(state.deployments).find((found) => found.id === id)
  if (deployment === undefined) return notFound()
  return more === undefined ? json(deploymentRow(state, deployment)) : list(targetRows(state, deployment))
}

/** The link to the next page is there on the last one, too, and loses the filters. */
function page({ traps }: ConsoleState, path: string, query: URLSearchParams, rows: readonly Body[]): Response {
  const asked = Math.min(Number(query.get('count') ?? 10), 1_000)
  const size = traps.pagesOf10 ? 10 : asked
  const start = traps.samePage ? 1 : Number(query.get('start') ?? 1)
  const value = rows.slice(start - 1, start - 1 + size)
  const next = href(`${path}?start=${traps.samePage ? 1 : start + Math.max(value.length, 1)}&count=${size}`)
  return json({ count: size, value, links: { self: href(path), first: href(path), next } })
}

function filtered<T extends { readonly startedAt: string; readonly name?: string }>(
  all: readonly T[],
  query: URLSearchParams,
): readonly T[] {
  const [name, since] = [query.get('name'), query.get('onOrAfter')]
  return all.filter(
    (one) => (name === null || one.name === name) && (since === null || Date.parse(one.startedAt) >= Date.parse(since)),
  )
}

function machineRow({ id, name, dnsName, domain, address: ipAddress, group: assignedGroup }: SimulatedMachine): Body {
  return {
    id,
    name,
    dnsName,
    domain,
    ipAddress,
    assignedGroup,
    consoleName: 'ISEC01',
    links: { self: href(`/machines/${id}`) },
  }
}

function agentRow({ id, name, domain, policy }: SimulatedMachine): readonly Body[] {
  if (policy === null) return []
  return [
    {
      agentId: `a-${id}`,
      machineName: name,
      domain,
      assignedPolicyId: policy,
      status: 'Installed',
      lastCheckIn: '2026-11-01T00:00:00',
    },
  ]
}

function vulnerabilityRow(found: ConsoleState['vulnerabilities'][number]): Body {
  const { id, kb, bulletin: bulletinId, cves: cve, patches: all, type: patchType, replacedBy, releasedAt } = found
  const patchIds = all.map((patch) => patch.id)
  return {
    id,
    kb: kb === null ? null : `Q${kb}`,
    bulletinId,
    cve,
    patchIds,
    patchType,
    replacedBy,
    releaseDate: withoutZone(releasedAt),
  }
}

/** One row for each number that was asked for, with what belongs to it inside. */
function patches(state: ConsoleState, query: URLSearchParams): Response {
  const asked = (query.get('kbs') ?? '').split(',')
  const value = asked.flatMap((kb) => {
    const vulnerabilities = state.vulnerabilities.filter((found) => `Q${found.kb}` === kb).map(vulnerabilityRow)
    return vulnerabilities.length === 0 ? [] : [{ kb, vulnerabilities }]
  })
  return json({ value })
}

function templateRow({ id, name, groups }: ConsoleState['scanTemplates'][number]): Body {
  return {
    id,
    name,
    patchFilter:
      groups.length === 0
        ? { patchGroupFilterType: 'None', patchGroupIds: [] }
        : { patchGroupFilterType: 'Scan', patchGroupIds: groups },
  }
}

export function scanRow(_: ConsoleState, { id, name, template, machines, startedAt, results }: SimulatedScan): Body {
  return {
    ...{
      id,
      name,
      scanType: 'Patch',
      user: ACCOUNT,
      startedOn: startedAt,
      updatedOn: startedAt,
      isComplete: results !== null,
    },
    ...{ expectedResultTotal: machines.length, receivedResultCount: results?.length ?? 0 },
    links: { self: href(`/patch/scans/${id}`), template: href(`/patch/scantemplates/${template}`) },
  }
}

/** The id of a row is none of the machine. */
function scanMachineRows(state: ConsoleState, { results }: SimulatedScan): readonly Body[] {
  return (results ?? []).flatMap(({ machine: id, at, problem, rows }, index) => {
    const machine = state.machines.find((found) => found.id === id)
    if (machine === undefined) return []
    const count = (word: string) => rows.filter((row) => row.word === word).length
    return [
      {
        ...{ id: 501 + index, name: machine.name, domain: machine.domain, completedOn: at },
        ...{ errorNumber: problem === null ? 0 : 200, errorDescription: problem ?? '' },
        ...{
          installedPatchCount: count('FoundPatch'),
          missingPatchCount: count('MissingPatch'),
          missingServicePackCount: 0,
        },
      },
    ]
  })
}

function patchRows(state: ConsoleState, { results }: SimulatedScan, row: number): readonly Body[] {
  const result = results?.[row - 501]
  return (result?.rows ?? []).flatMap(({ vulnerability, patch, product, word }, index) => {
    const found = state.vulnerabilities.find(({ id }) => id === vulnerability)
    if (found === undefined) return []
    const { kb, bulletin, type, severity } = found
    return [
      {
        ...{
          scanItemId: 9_001 + index,
          kb: kb === null ? '' : `Q${kb}`,
          bulletinId: bulletin,
          patchId: patch.toUpperCase(),
        },
        ...{
          patchType: type,
          productName: product,
          servicePackName: 'Gold',
          vendorSeverity: severity,
          scanState: word,
        },
      },
    ]
  })
}

export function isComplete({ traps }: ConsoleState, { targets, downloadFailed }: SimulatedDeployment): boolean {
  if (traps.neverComplete) return false
  return downloadFailed || targets.every(({ isSaid, problem }) => isSaid || problem !== null)
}

/** It is called as its template, and does not say of which scan it is. */
function deploymentRow(state: ConsoleState, deployment: SimulatedDeployment): Body {
  const { id, template, creator, startedAt, targets } = deployment
  const name = state.deployTemplates.find((found) => found.id === template)?.name ?? ''
  return {
    ...{ id, name, creator, startedOn: startedAt, isComplete: isComplete(state, deployment) },
    lastUpdatedOn:
      targets
        .flatMap((target) => (target.isSaid ? (target.endedAt ?? []) : []))
        .sort()
        .at(-1) ?? startedAt,
    ...{ expectedMachineCount: targets.length, completedMachineCount: targets.filter(({ isSaid }) => isSaid).length },
  }
}

/** Machines to which nothing was sent have no row yet, and their domain is written in full here. */
function targetRows(state: ConsoleState, { targets }: SimulatedDeployment): readonly Body[] {
  return targets.flatMap((target, index) => {
    const machine = state.machines.find((found) => found.id === target.machine)
    if (machine === undefined || (target.sentAt === null && target.problem === null)) return []
    const over = target.isSaid || target.problem !== null
    return [
      {
        ...{
          id: 501 + index,
          name: machine.name,
          address: machine.address,
          completedPatches: target.isSaid ? target.patches.length : 0,
        },
        domain: machine.dnsName?.split('.').slice(1).join('.') ?? machine.domain,
        ...{ lastUpdated: target.isSaid ? target.endedAt : target.sentAt, errorCode: 0 },
        overallState: target.problem !== null ? 'Failed' : over ? 'Complete' : 'Executing',
        statusDescription: target.problem ?? (over ? 'Finished' : 'Executing'),
        patchStates: target.patches.map((row) => patchState(state, target, row)),
      },
    ]
  })
}

function patchState(state: ConsoleState, target: Target, { vulnerability, patch }: Target['patches'][number]): Body {
  const found = state.vulnerabilities.find(({ id }) => id === vulnerability)
  const code = target.isSaid ? (target.codes[String(vulnerability)] ?? null) : null
  const failed = code !== null && code !== 0 && code !== 3010
  const isSeenBegun = target.begunAt !== null && (target.isSaid || isTalking(state, target))
  return {
    ...{ patchId: patch, bulletinId: found?.bulletin ?? null, kb: found?.kb == null ? '' : `Q${found.kb}` },
    // In the zone of the console, which nobody knows.
    scheduledOn: withoutZone(target.sentAt)?.replace(/T\d\d/, 'T03'),
    ...{
      startedOn: withoutZone(isSeenBegun ? target.begunAt : null),
      finishedOn: withoutZone(target.isSaid ? target.endedAt : null),
    },
    ...{ hasExecuted: isSeenBegun, nativeCode: code, overallState: target.isSaid ? 'Complete' : 'Pending' },
    status: code === null ? 'Pending' : failed ? 'Failed' : code === 0 ? 'VerifiedFixed' : 'Executed',
    statusDescription:
      code === null ? 'Not installed yet' : failed ? 'The installer ended with an error' : 'Successfully installed',
  }
}

function isTalking({ machines }: ConsoleState, { machine }: Target): boolean {
  return machines.find(({ id }) => id === machine)?.quietSince == null
}

/** It knows only of fetching and sending: what the machines do afterwards is none of its business. */
function operation(state: ConsoleState, id: string): Response {
  const deployment = state.deployments.find((found) => found.id === id)
  if (deployment === undefined || deployment.cancelledAt !== null) return notFound()
  const isOver =
    deployment.downloadFailed || deployment.targets.every(({ sentAt, problem }) => sentAt !== null || problem !== null)
  return json({
    ...{
      operation: isOver ? 'PatchDeployment' : 'PatchDownload',
      status: isOver ? 'Succeeded' : 'Running',
      error: null,
    },
    ...{ percentComplete: isOver ? 100 : 40, created: deployment.startedAt, resourceLocation: null },
  })
}
