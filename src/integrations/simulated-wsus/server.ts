/**
 * A WSUS server that is kept in a JSON file, and answers the calls of `wsus/calls.ts` as far as we know how a real one
 * does. It refuses what a real one refuses, and its machines report late.
 */

import { createHash } from 'node:crypto'
import { HOUR_MS, toIso } from '../../core/time/instant.ts'
import type { Pace } from '../simulated-system/pace.ts'
import type { StateStore } from '../simulated-system/store.ts'
import {
  ALL_COMPUTERS,
  type Answered,
  type Asked,
  UNASSIGNED_COMPUTERS,
  type WsusAnswer,
  type WsusApproval,
  WsusError,
  type WsusMachine,
  type WsusOp,
  type WsusServer,
  type WsusUpdate,
} from '../wsus/calls.ts'
import { advance, isFetched } from './course.ts'
import { effectiveApproval, groupsOf } from './effective.ts'
import type { SimulatedApproval, SimulatedMachine, SimulatedUpdate, WsusState } from './state.ts'

interface World {
  readonly state: WsusState
  readonly pace: Pace
  readonly now: Date
}

/** What a call makes of the state, and its answer. */
type Work<Op extends WsusOp> = (world: World, data: Asked<Op>) => readonly [WsusState, Answered<Op>]
type Look<Op extends WsusOp> = (world: World, data: Asked<Op>) => Answered<Op>

export function createSimulatedWsus(store: StateStore<WsusState>, pace: Pace, clock: () => Date): WsusServer {
  return {
    describe: 'a simulated WSUS that is kept in a file',
    async call<Op extends WsusOp>(op: Op, data: Asked<Op>, signal: AbortSignal): Promise<WsusAnswer<Op>> {
      signal.throwIfAborted()
      const look = (looks as Partial<{ [One in WsusOp]: Look<One> }>)[op] as Look<Op> | undefined
      if (look !== undefined) {
        const now = clock()
        const state = advance(await store.read(), pace, now)
        refuse(state, now)
        return cut(look({ state, pace, now }, data), state)
      }
      return changed(store, pace, clock, (works as unknown as { [One in WsusOp]: Work<One> })[op], data)
    },
  }
}

async function changed<Op extends WsusOp>(
  store: StateStore<WsusState>,
  pace: Pace,
  clock: () => Date,
  work: Work<Op>,
  data: Asked<Op>,
): Promise<WsusAnswer<Op>> {
  const { lost, answer } = await store.change((before) => {
    const now = clock()
    const state = advance(before, pace, now)
    refuse(state, now)
    if (state.server.replica)
      throw refused('This server is a replica: approvals and groups come from the server above it')
    if (state.server.role !== 'Administrator') throw refused('Access denied: the account is no WSUS administrator')
    const [next, answer] = work({ state, pace, now }, data)
    const { loseAnswers } = next.server
    const server = loseAnswers > 0 ? { ...next.server, loseAnswers: loseAnswers - 1 } : next.server
    return [
      { ...next, server },
      { lost: loseAnswers > 0, answer },
    ]
  })
  if (lost) throw new WsusError('The simulated WSUS did not answer: nobody knows whether it did it', { sent: true })
  return { data: answer, truncated: false }
}

/** The server has answered, so nothing was done. */
function refused(sentence: string): WsusError {
  return new WsusError(sentence, { sent: false })
}

function refuse({ server }: WsusState, now: Date): void {
  const at = now.getTime()
  if (server.away.some(({ from, until }) => Date.parse(from) <= at && at < Date.parse(until)))
    throw refused('The simulated WSUS cannot be reached: it is away until later')
  if (server.role === 'Unauthorized') throw refused('Access denied: the account has no rights in WSUS')
}

function cut<Op extends WsusOp>(data: Answered<Op>, { server }: WsusState): WsusAnswer<Op> {
  if (!Array.isArray(data) || data.length <= server.mostRows) return { data, truncated: false }
  return { data: data.slice(0, server.mostRows) as Answered<Op>, truncated: true }
}

const looks = {
  probe: ({ state, now }: World): Answered<'probe'> => ({
    server: state.server.name,
    version: '10.0.20348.1 (simulated)',
    role: state.server.role,
    replica: state.server.replica,
    targeting: state.server.targeting,
    machines: state.machines.length,
    updates: state.updates.length,
    synchronised: { result: 'Succeeded', startedAt: second(now), endedAt: second(now), error: '' },
    nextSynchronisation: null,
    automatic: state.server.automatic,
    approvals: state.approvals.filter(({ action }) => action === 'Install').length,
    languages: ['en'],
    culture: 'en',
    powershell: 'none (simulated)',
    edition: 'Desktop',
    bits64: true,
    codePage: 65001,
    executionPolicy: [{ scope: 'LocalMachine', policy: 'RemoteSigned' }],
    clock: second(new Date(now.getTime() + state.server.clockAheadHours * HOUR_MS)),
  }),

  groups: ({ state }: World): Answered<'groups'> => [
    { id: ALL_COMPUTERS, name: 'All Computers', parent: null },
    { id: UNASSIGNED_COMPUTERS, name: 'Unassigned Computers', parent: ALL_COMPUTERS },
    ...state.groups,
  ],

  machines({ state }: World, { from, to, ids }: Asked<'machines'>): Answered<'machines'> {
    const wanted = new Set(ids)
    if (ids !== undefined) return state.machines.filter(({ id }) => wanted.has(id)).map(machineRow)
    return state.machines.map(machineRow).filter(({ reportedAt }) => isWithin(reportedAt, from, to))
  },

  members({ state }: World, { group }: Asked<'members'>): Answered<'members'> {
    groupOf(state, group)
    return state.machines
      .filter((one) => groupsOf(one).includes(group))
      .map((one) => ({ id: one.id, name: nameOf(one) }))
  },

  updates({ state, pace, now }: World, { from, to, ids }: Asked<'updates'>): Answered<'updates'> {
    const row = (one: SimulatedUpdate) => updateRow(one, state, pace, now)
    if (ids !== undefined) return state.updates.filter(({ id }) => ids.includes(id)).map(row)
    return state.updates.map(row).filter(({ arrivedAt }) => isWithin(arrivedAt, from, to))
  },

  installations({ state }: World, { machines, updates }: Asked<'installations'>): Answered<'installations'> {
    const wanted = new Set(machines)
    return state.machines
      .filter(({ id }) => wanted.has(id))
      .flatMap((machine) =>
        state.updates.flatMap(({ id }) => {
          if (updates !== undefined && !updates.includes(id)) return []
          // What it was not asked about when it last reported is unknown; what it did not list is not applicable.
          const found = installationState(machine, state, id)
          if (found === 'NotApplicable') return []
          const approval = effectiveApproval(state, machine, id)
          const action = approval?.action ?? ('NotApproved' as const)
          return [{ machine: machine.id, update: id, state: found, action, group: approval?.group ?? ALL_COMPUTERS }]
        }),
      )
  },

  approvals({ state, pace, now }: World, { groups, updates }: Asked<'approvals'>): Answered<'approvals'> {
    return state.approvals
      .filter(({ group }) => groups === null || groups.includes(group))
      .filter(({ update }) => updates === null || updates.includes(update))
      .map((one) => approvalRow(one, state, pace, now))
  },

  events({ state }: World, { machine, updates, from, to }: Asked<'events'>): Answered<'events'> {
    const said = state.machines.find(({ id }) => id === machine)?.said?.events ?? []
    return said
      .filter(({ update, at }) => updates.includes(update) && isWithin(second(new Date(at)), from, to))
      .map((one) => ({ ...one, machine, at: second(new Date(one.at)) }))
      .reverse()
  },
}

const works = {
  'create-group'({ state }: World, { name }: Asked<'create-group'>): readonly [WsusState, Answered<'create-group'>] {
    if (name.length > 200) throw refused(`"${name.slice(0, 20)}..." is too long for the name of a group`)
    const there = state.groups.find((one) => one.name === name)
    if (there !== undefined) return [state, there]
    const group = { id: guidOf(`group ${state.made + 1}`), name, parent: ALL_COMPUTERS }
    return [{ ...state, groups: [...state.groups, group], made: state.made + 1 }, group]
  },

  'delete-group'(
    { state }: World,
    { group, name }: Asked<'delete-group'>,
  ): readonly [WsusState, Answered<'delete-group'>] {
    const there = state.groups.find(({ id }) => id === group)
    if (there === undefined) return [state, { deleted: false }]
    if (there.name !== name) throw refused(`The group ${group} is called "${there.name}", not "${name}": it is kept`)
    const groups = state.groups.filter(({ id }) => id !== group)
    const approvals = state.approvals.filter((one) => one.group !== group)
    const machines = state.machines.map((one) => ({ ...one, groups: one.groups.filter((id) => id !== group) }))
    return [{ ...state, groups, approvals, machines }, { deleted: true }]
  },

  'add-member'(
    { state }: World,
    { group, machine }: Asked<'add-member'>,
  ): readonly [WsusState, Answered<'add-member'>] {
    refuseIfClient(state)
    groupOf(state, group)
    machineOf(state, machine)
    return [withGroups(state, machine, (groups) => [...groups.filter((id) => id !== group), group]), {}]
  },

  'remove-member'(
    { state }: World,
    { group, machine }: Asked<'remove-member'>,
  ): readonly [WsusState, Answered<'remove-member'>] {
    refuseIfClient(state)
    return [withGroups(state, machine, (groups) => groups.filter((id) => id !== group)), {}]
  },

  approve(
    { state, pace, now }: World,
    { update, group, action, deadline }: Asked<'approve'>,
  ): readonly [WsusState, Answered<'approve'>] {
    const found = updateOf(state, update)
    groupOf(state, group)
    if (found.declined) throw refused(`"${found.title}" is declined, so it cannot be approved`)
    if (found.expired && action === 'Install') throw refused(`"${found.title}" is expired, so it cannot be approved`)
    if (found.licence !== null && !found.licenceAccepted && action === 'Install')
      throw refused(`The licence of "${found.title}" is not accepted, so it cannot be approved`)
    if (action === 'Uninstall' && !found.removable) throw refused(`"${found.title}" cannot be uninstalled`)
    const made: SimulatedApproval = {
      ...{ id: guidOf(`approval ${state.made + 1}`), update, group, action, revision: found.revision },
      deadline: deadline === null ? null : fromWire(deadline),
      createdAt: now.toISOString(),
      by: 'CORP\\svc-patchwarden',
    }
    const others = state.approvals.filter((one) => one.update !== update || one.group !== group)
    const fetching = action === 'Install' ? { [update]: now.toISOString(), ...state.fetching } : state.fetching
    const next = { ...state, approvals: [...others, made], made: state.made + 1, fetching }
    return [next, approvalRow(made, next, pace, now)]
  },

  'delete-approval'(
    { state }: World,
    { approval, update, group }: Asked<'delete-approval'>,
  ): readonly [WsusState, Answered<'delete-approval'>] {
    const isIt = (one: SimulatedApproval) => one.id === approval && one.update === update && one.group === group
    const approvals = state.approvals.filter((one) => !isIt(one))
    return [{ ...state, approvals }, { deleted: approvals.length < state.approvals.length }]
  },

  'accept-licence'(
    { state }: World,
    { update }: Asked<'accept-licence'>,
  ): readonly [WsusState, Answered<'accept-licence'>] {
    updateOf(state, update)
    const updates = state.updates.map((one) => (one.id === update ? { ...one, licenceAccepted: true } : one))
    return [{ ...state, updates }, {}]
  },

  decline({ state }: World, { update }: Asked<'decline'>): readonly [WsusState, Answered<'decline'>] {
    updateOf(state, update)
    const updates = state.updates.map((one) => (one.id === update ? { ...one, declined: true } : one))
    const approvals = state.approvals.filter((one) => one.update !== update)
    return [{ ...state, updates, approvals }, { declined: true }]
  },
}

function installationState(machine: SimulatedMachine, state: WsusState, id: string) {
  const { said } = machine
  if (said === null) return 'Unknown' as const
  const arrivedAt = state.updates.find((one) => one.id === id)?.arrivedAt ?? ''
  return Date.parse(arrivedAt) > Date.parse(said.at) ? ('Unknown' as const) : (said.states[id] ?? 'NotApplicable')
}

function groupOf(state: WsusState, group: string): void {
  const known = group === ALL_COMPUTERS || group === UNASSIGNED_COMPUTERS || state.groups.some(({ id }) => id === group)
  if (!known) throw refused(`There is no group ${group}`)
}

function machineOf(state: WsusState, machine: string): void {
  if (!state.machines.some(({ id }) => id === machine)) throw refused(`There is no computer ${machine}`)
}

function updateOf({ updates }: WsusState, id: string): SimulatedUpdate {
  const found = updates.find((one) => one.id === id)
  if (found === undefined) throw refused(`There is no update ${id}`)
  return found
}

function refuseIfClient({ server }: WsusState): void {
  if (server.targeting === 'Client')
    throw refused('A policy of the computers decides their groups (client-side targeting), so nothing was changed')
}

function withGroups(state: WsusState, machine: string, edit: (groups: readonly string[]) => string[]): WsusState {
  const machines = state.machines.map((one) => (one.id === machine ? { ...one, groups: edit(one.groups) } : one))
  return { ...state, machines }
}

/** A machine that was copied has one row, under the name of the copy that asked last. */
function nameOf({ name, copies, contacts }: SimulatedMachine): string {
  const names = [name, ...copies]
  return names[contacts % names.length] ?? name
}

function machineRow(machine: SimulatedMachine): WsusMachine {
  const { id, address, os, version, architecture, role, contactedAt, said } = machine
  return {
    ...{ id, name: nameOf(machine), address, os, architecture, role, downstream: false },
    version: said?.version ?? version,
    contactedAt: contactedAt === null ? null : second(new Date(contactedAt)),
    reportedAt: said === null ? null : second(new Date(said.at)),
    groups: [ALL_COMPUTERS, ...groupsOf(machine)],
  }
}

function updateRow(update: SimulatedUpdate, state: WsusState, pace: Pace, now: Date): WsusUpdate {
  const { id, revision, title, kb, severity, classification, products, kind, expired, declined, supersedes } = update
  const arrivedAt = update.arrivedAt === null ? null : second(new Date(update.arrivedAt))
  const behaviour = { reboot: update.reboot, asksUser: update.asksUser }
  return {
    ...{ id, revision, title, kbs: [kb], severity, classification, products, kind, expired, declined, supersedes },
    releasedAt: arrivedAt,
    arrivedAt,
    superseded: state.updates.some((one) => one.supersedes.includes(id)),
    install: { ...behaviour, supported: true },
    uninstall: { ...behaviour, supported: update.removable },
    licence: { required: update.licence !== null && !update.licenceAccepted, title: update.licence },
    content: isFetched(state, update, pace, now.getTime()) ? 'Ready' : 'NotReady',
    local: false,
  }
}

function approvalRow(one: SimulatedApproval, state: WsusState, pace: Pace, now: Date): WsusApproval {
  const update = state.updates.find(({ id }) => id === one.update)
  const ready = one.action !== 'Install' || update === undefined || isFetched(state, update, pace, now.getTime())
  return {
    ...{ id: one.id, update: one.update, revision: one.revision, group: one.group, action: one.action, by: one.by },
    deadline: one.deadline === null ? null : second(new Date(one.deadline)),
    createdAt: second(new Date(one.createdAt)),
    state: ready ? 'Active' : 'Pending',
    optional: false,
  }
}

/** The server knows whole seconds. */
function second(at: Date): string {
  return toIso(Math.floor(at.getTime() / 1_000) * 1_000)
}

function fromWire(text: string): string {
  const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(text) ?? []
  if (day === undefined || time === undefined) throw refused(`"${text}" is not an instant such as 20261125T020000Z`)
  const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`
  return toIso(Date.parse(`${date}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}.000Z`))
}

/** Both ends count. Without a beginning, what has no time counts, too. */
function isWithin(at: string | null, from: string | null, to: string | null): boolean {
  if (at === null) return from === null
  return (from === null || at >= fromWire(from)) && (to === null || at <= fromWire(to))
}

function guidOf(text: string): string {
  const hex = createHash('sha256').update(`patchwarden ${text}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

/** Ids that follow from the name, for whoever writes a state file by a program. */
export const simulatedId = guidOf
