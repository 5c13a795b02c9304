/**
 * A console of Ivanti Security Controls that is kept in a JSON file and answers the same requests as a real one, so that all of
 * the client is at work, but for the sign-in of Windows. It refuses what a real one refuses, and has its traps, each with a
 * switch in the file (`traps`).
 *
 * What it rests on, and how sure that is:
 * - In the vendor's documentation (2025 and 2026): the addresses and methods, pages (ten by default, 1,000 at most, a link to the
 *   next page on the last one, too), session credentials, the bodies of scan and deployment, patch groups of integer ids, scan
 *   templates that are limited to groups, PostDeploymentReboot, Operation-Location, DELETE of scans, templates, groups and
 *   operations.
 * - In public sample answers of a real console (2020): numbers with a Q, FoundPatch, one number for several GUIDs, the id of a
 *   scanned machine that is none of the machine, a deployment that is called as its template, VerifiedFixed, times with and
 *   without Z and one of the console's own zone in one answer, short and full names of one domain.
 * - In public scripts of an employee of the vendor: MissingPatch, an operation that says Succeeded although the download failed,
 *   isComplete that never comes, 404 for a while.
 * - Guessed, and asked for by `check` where reading can tell: words for other states of a scan, whether machines stand in a
 *   deployment before anything was sent to them, what cancelling an operation reaches, how a patch that waits for a restart looks
 *   in a scan, bodies of errors, whether deployments may run side by side.
 */

import { toIso } from '../../core/time/instant.ts'
import type { Pace } from '../simulated-system/pace.ts'
import type { StateStore } from '../simulated-system/store.ts'
import { ACCOUNT, BASE, json, notFound, read, scanRow } from './answers.ts'
import { advance, guidOf } from './course.ts'
import type { ConsoleState, SimulatedDeployment, SimulatedScan } from './state.ts'

/** Answers requests as `fetch` would. */
export function createSimulatedConsole(store: StateStore<ConsoleState>, pace: Pace, clock: () => Date): typeof fetch {
  return async (input, init) => {
    init?.signal?.throwIfAborted()
    const url = new URL(input instanceof Request ? input.url : input)
    if (!url.pathname.startsWith(BASE)) return notFound()
    const path = url.pathname.slice(BASE.length)
    const now = clock()
    const method = init?.method ?? 'GET'
    if (method === 'GET') {
      const stored = await store.read()
      // From now on its times are fixed.
      if (stored.at === null) await store.change((state) => [advance(state, pace, now), null])
      const before = advance(stored, pace, now)
      if (isAway(before, now)) throw refusedConnection()
      if (before.traps.busy > 0) return store.change((state) => busy(advance(state, pace, now)))
      return refusal(before) ?? read(before, path, url.searchParams, now) ?? notFound()
    }
    const body: unknown = init?.body === undefined || init.body === null ? null : JSON.parse(String(init.body))
    const { response, lost } = await store.change<Sent>((before) => {
      const state = advance(before, pace, now)
      if (isAway(state, now)) return [state, { response: null, lost: false }]
      if (state.traps.busy > 0) {
        const [next, answer] = busy(state)
        return [next, { response: answer, lost: false }]
      }
      const refused = refusal(state)
      if (refused !== null) return [state, { response: refused, lost: false }]
      const [done, answer] = method === 'DELETE' ? remove(state, path, now) : create(state, path, body, now, pace)
      const next = advance(done, pace, now)
      const { loseAnswers } = next.traps
      if (loseAnswers === 0 || path === '/sessioncredentials') return [next, { response: answer, lost: false }]
      return [
        { ...next, traps: { ...next.traps, loseAnswers: loseAnswers - 1 } },
        { response: answer, lost: true },
      ]
    })
    if (response === null) throw refusedConnection()
    if (lost) throw new TypeError('terminated')
    return response
  }
}

interface Sent {
  readonly response: Response | null
  readonly lost: boolean
}

function isAway({ traps }: ConsoleState, now: Date): boolean {
  return traps.away.some(({ from, until }) => Date.parse(from) <= now.getTime() && now.getTime() < Date.parse(until))
}

function refusedConnection(): Error {
  return new TypeError('fetch failed', {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  })
}

function busy(state: ConsoleState): readonly [ConsoleState, Response] {
  const left = { ...state, traps: { ...state.traps, busy: state.traps.busy - 1 } }
  return [left, new Response('', { status: 503, headers: { 'retry-after': '1' } })]
}

function refusal({ traps }: ConsoleState): Response | null {
  return traps.signInRefused ? new Response('', { status: 401, headers: { 'www-authenticate': 'NTLM' } }) : null
}

type Done = readonly [ConsoleState, Response]
type Body = Readonly<Record<string, unknown>>

function create(state: ConsoleState, path: string, sent: unknown, now: Date, pace: Pace): Done {
  const body = (Array.isArray(sent) ? {} : (sent ?? {})) as Body
  const members = /^\/patch\/groups\/(\d+)\/patches$/.exec(path)?.[1]
  if (members !== undefined) return addMembers(state, Number(members), Array.isArray(sent) ? sent.map(Number) : [])
  switch (path) {
    case '/sessioncredentials':
      return state.hasSession
        ? [state, json({ message: 'Exists' }, 409)]
        : [{ ...state, hasSession: true }, json({ created: true }, 201)]
    case '/patch/groups':
      return createGroup(state, body)
    case '/patch/scanTemplates':
      return createTemplate(state, body)
    case '/patch/scans':
      return state.hasSession ? createScan(state, body, now, pace) : noSession(state)
    case '/patch/deployments':
      return state.hasSession ? createDeployment(state, body, now, pace) : noSession(state)
    default:
      return [state, notFound()]
  }
}

function noSession(state: ConsoleState): Done {
  return [state, json({ message: 'A session credential is required' }, 400)]
}

function isTaken(all: readonly { readonly name: string }[], name: unknown): boolean {
  return typeof name !== 'string' || name === '' || all.some((one) => one.name === name)
}

const conflict = (state: ConsoleState): Done => [state, json({ message: 'The name is taken' }, 409)]

function createGroup(state: ConsoleState, { name }: Body): Done {
  if (isTaken(state.groups, name)) return conflict(state)
  const group = { id: 70 + state.made, name: String(name), members: [] }
  return [{ ...state, groups: [...state.groups, group], made: state.made + 1 }, json({ id: group.id, name }, 201)]
}

function addMembers(state: ConsoleState, id: number, added: readonly number[]): Done {
  if (!state.groups.some((group) => group.id === id)) return [state, notFound()]
  if (added.some((member) => !state.vulnerabilities.some((one) => one.id === member))) return [state, notFound()]
  const groups = state.groups.map((group) =>
    group.id === id ? { ...group, members: [...new Set([...group.members, ...added])] } : group,
  )
  return [{ ...state, groups }, new Response(null, { status: 204 })]
}

function createTemplate(state: ConsoleState, body: Body): Done {
  if (isTaken(state.scanTemplates, body.name)) return conflict(state)
  const filter = (body.patchFilter ?? {}) as Body
  const groups = Array.isArray(filter.patchGroupIds) ? filter.patchGroupIds.map(Number) : []
  const template = { id: guidOf(state.made + 1), name: String(body.name), groups }
  const next = { ...state, scanTemplates: [...state.scanTemplates, template], made: state.made + 1 }
  return [next, json({ id: template.id, name: template.name, patchFilter: filter }, 201)]
}

function shownAt({ traps }: ConsoleState, now: Date, pace: Pace): string {
  return toIso(now.getTime() + pace.hours(traps.shownAfterMinutes / 60))
}

function createScan(state: ConsoleState, body: Body, now: Date, pace: Pace): Done {
  const named = Array.isArray(body.endpointNames) ? body.endpointNames.map((name) => String(name).toLowerCase()) : []
  const template = state.scanTemplates.find(({ id }) => id === body.templateId)
  if (named.length === 0 || template === undefined)
    return [state, json({ message: 'A template and targets are needed' }, 400)]
  const wanted = state.machines.filter(
    ({ name, dnsName }) => named.includes(name.toLowerCase()) || named.includes(dnsName?.toLowerCase() ?? ''),
  )
  const ids = wanted.map(({ id }) => id)
  const { adds } = state.traps
  const scan: SimulatedScan = {
    ...{ id: guidOf(state.made + 1), name: String(body.name), template: template.id },
    machines: adds === null || ids.includes(adds) ? ids : [...ids, adds],
    ...{ startedAt: now.toISOString(), endsAt: toIso(now.getTime() + pace.hours(state.scanMinutes / 60)) },
    ...{ shownAt: shownAt(state, now, pace), results: null },
  }
  const next = { ...state, scans: [...state.scans, scan], made: state.made + 1 }
  return [
    next,
    json(scanRow(next, scan), 201, { 'operation-location': `https://isec01:3121${BASE}/operations/${scan.id}` }),
  ]
}

/** All that the scan found missing is deployed. */
function createDeployment(state: ConsoleState, body: Body, now: Date, pace: Pace): Done {
  const scan = state.scans.find(({ id }) => id === body.scanId)
  const template = state.deployTemplates.find(({ id }) => id === body.templateId)
  if (scan === undefined || template === undefined || scan.results === null) return [state, notFound()]
  const id = guidOf(state.made + 1)
  const targets = scan.results.flatMap(({ machine, rows }) => {
    const patches = rows.filter(({ word }) => word !== 'FoundPatch')
    const fresh = { sentAt: null, begunAt: null, endedAt: null, problem: null, codes: {}, isSaid: false }
    return patches.length === 0 ? [] : [{ machine, patches, ...fresh }]
  })
  const deployment: SimulatedDeployment = {
    ...{ id, scan: scan.id, template: template.id, creator: ACCOUNT, targets, cancelledAt: null },
    ...{ startedAt: now.toISOString(), shownAt: shownAt(state, now, pace), downloadFailed: state.traps.downloadFails },
  }
  const next = { ...state, deployments: [...state.deployments, deployment], made: state.made + 1 }
  const location = {
    location: `https://isec01:3121${BASE}/patch/deployments/${id}`,
    'operation-location': `https://isec01:3121${BASE}/operations/${id}`,
  }
  return [next, json({}, 202, state.traps.noOperation ? {} : location)]
}

function remove(state: ConsoleState, path: string, now: Date): Done {
  const gone = new Response(null, { status: 204 })
  const member = /^\/patch\/groups\/(\d+)\/patches\/(\d+)$/.exec(path)
  if (member !== null) {
    const groups = state.groups.map((group) =>
      String(group.id) === member[1]
        ? { ...group, members: group.members.filter((one) => String(one) !== member[2]) }
        : group,
    )
    return [{ ...state, groups }, gone]
  }
  const [, what = '', id = ''] =
    /^\/(patch\/groups|patch\/scanTemplates|patch\/scans|operations)\/([^/]+)$/.exec(path) ?? []
  if (what === 'patch/groups')
    return without(state, { groups: state.groups.filter((one) => String(one.id) !== id) }, state.groups.length)
  if (what === 'patch/scanTemplates')
    return without(
      state,
      { scanTemplates: state.scanTemplates.filter((one) => one.id !== id) },
      state.scanTemplates.length,
    )
  if (what === 'patch/scans')
    return without(state, { scans: state.scans.filter((one) => one.id !== id) }, state.scans.length)
  const open = state.deployments.some((one) => one.id === id && one.cancelledAt === null)
  if (what !== 'operations' || !open) return [state, notFound()]
  const deployments = state.deployments.map((one) => (one.id === id ? { ...one, cancelledAt: now.toISOString() } : one))
  return [{ ...state, deployments }, gone]
}

function without(state: ConsoleState, left: Partial<ConsoleState>, before: number): Done {
  const [list = []] = Object.values(left) as (readonly unknown[])[]
  return list.length === before ? [state, notFound()] : [{ ...state, ...left }, new Response(null, { status: 204 })]
}
