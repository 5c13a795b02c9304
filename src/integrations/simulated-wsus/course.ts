/**
 * What the machines of a simulated WSUS do as time goes by. Everything follows from the state and the clock, so it does
 * not matter how often or when somebody looks.
 */

import { DAY_MS, toIso } from '../../core/time/instant.ts'
import type { Pace } from '../simulated-system/pace.ts'
import { effectiveApproval, stateNow } from './effective.ts'
import type { Item, SimulatedMachine, Told, WsusState } from './state.ts'

/** How long a machine installs, with its restart. */
const INSTALLS_HOURS = 0.5

/** ERROR_INSTALL_FAILURE, as Windows Installer gives it. */
const FAILURE_CODE = -2147023293

type World = Omit<WsusState, 'machines'>

/** The state at `now`. A clock that went back changes nothing. */
export function advance(state: WsusState, pace: Pace, now: Date): WsusState {
  const to = now.getTime()
  if (state.at === null) return asFound(state, pace, to)
  const from = Date.parse(state.at)
  if (to <= from) return state
  return { ...state, at: toIso(to), machines: state.machines.map((one) => livedUntil(one, state, pace, from, to)) }
}

/** Machines of a new file have asked before, and updates have arrived. */
function asFound(state: WsusState, pace: Pace, to: number): WsusState {
  const updates = state.updates.map((one) => ({ ...one, arrivedAt: one.arrivedAt ?? toIso(to - one.daysAgo * DAY_MS) }))
  const world = { ...state, updates }
  const machines = state.machines.map((one) => {
    if (one.said !== null || one.fault === 'silent') return one
    const at = pace.askedBefore(one.id, to)
    return { ...one, said: wordOf(one, world, at), contactedAt: toIso(at) }
  })
  return { ...world, machines, at: toIso(to) }
}

function livedUntil(machine: SimulatedMachine, world: World, pace: Pace, from: number, to: number): SimulatedMachine {
  let one = machine
  let at = from
  for (;;) {
    const next = nextEvent(one, pace, at)
    if (next.at > to) return one
    at = next.at
    if (next.what === 'ends') one = finished(one, world, at)
    else if (next.what === 'asks') one = asks(one, world, pace, at)
    else one = begins(one, pace, at)
  }
}

/** The earliest event after `at`. Of two at the same instant, the ask comes first: it would be passed over otherwise. */
function nextEvent(
  machine: SimulatedMachine,
  pace: Pace,
  at: number,
): { at: number; what: 'ends' | 'asks' | 'begins' } {
  const asks = pace.asksAfter(machine.id, at)
  if (machine.working !== null) {
    const ends = Math.max(Date.parse(machine.working.endsAt), at)
    return ends < asks ? { at: ends, what: 'ends' } : { at: asks, what: 'asks' }
  }
  const due = Math.max(Math.min(...machine.told.map((one) => dueAt(machine, one))), at)
  return due < asks ? { at: due, what: 'begins' } : { at: asks, what: 'asks' }
}

/** When it begins: at the deadline, or at the hour of its own policy. A machine that is off then does so once it is on. */
export function dueAt(machine: Pick<SimulatedMachine, 'installsAt' | 'off'>, told: Told): number {
  const learned = Date.parse(told.learnedAt)
  const due =
    told.deadline === null ? hourAfter(machine.installsAt, learned) : Math.max(Date.parse(told.deadline), learned)
  const off = machine.off.find(({ from, until }) => Date.parse(from) <= due && due < Date.parse(until))
  return off === undefined ? due : Date.parse(off.until)
}

function hourAfter(time: string, at: number): number {
  const today = Date.parse(`${toIso(at).slice(0, 10)}T${time}:00.000Z`)
  return today > at ? today : today + DAY_MS
}

function begins(machine: SimulatedMachine, pace: Pace, at: number): SimulatedMachine {
  const due = machine.told.filter((one) => dueAt(machine, one) <= at)
  const items = due.map(({ update, action, group }): Item => ({ update, action, group }))
  const endsAt = toIso(at + pace.hours(INSTALLS_HOURS))
  return { ...machine, told: machine.told.filter((one) => !due.includes(one)), working: { items, endsAt } }
}

/** It says how it is, and learns what counts for it now. What it had learned and does not count any more is forgotten. */
function asks(machine: SimulatedMachine, world: World, pace: Pace, at: number): SimulatedMachine {
  const isIn = ({ from, until }: { from: string; until: string }) => Date.parse(from) <= at && at < Date.parse(until)
  if (isSilent(machine, pace, at) || machine.off.some(isIn) || world.server.away.some(isIn)) return machine
  const said = machine.fault === 'old words' ? machine.said : wordOf(machine, world, at)
  const told = learned(machine, world, pace, at)
  const soon = told.some((one) => dueAt(machine, one) < pace.asksAfter(machine.id, at))
  const quiet = machine.fault === 'silent after learning' && machine.quietSince === null && soon
  const quietSince = quiet ? toIso(at) : machine.quietSince
  return { ...machine, said, told, quietSince, contactedAt: toIso(at), contacts: machine.contacts + 1 }
}

function isSilent({ fault, quietSince, silentHours }: SimulatedMachine, pace: Pace, at: number): boolean {
  if (fault === 'silent') return true
  if (fault !== 'silent after learning' || quietSince === null) return false
  return silentHours === null || at < Date.parse(quietSince) + pace.hours(silentHours)
}

/** What is approved for it, is on the server, and is still to be done. A failed attempt is not made again. */
function learned(machine: SimulatedMachine, world: World, pace: Pace, at: number): Told[] {
  return world.updates.flatMap((update): Told[] => {
    const approval = effectiveApproval(world, machine, update.id)
    if (approval === null || approval.action === 'NotApproved') return []
    const { group, action, deadline } = approval
    // Taking off needs no content.
    if (update.declined || (action === 'Install' && !isFetched(world, update, pace, at))) return []
    const tried = machine.attempts.some((one) => one.update === update.id && one.group === group)
    const busy = machine.working?.items.some((one) => one.update === update.id) === true
    const state = stateNow(world.updates, machine, update)
    const needed =
      action === 'Install'
        ? !['Installed', 'InstalledPendingReboot', 'NotApplicable'].includes(state)
        : state === 'Installed'
    if (tried || busy || !needed) return []
    const known = machine.told.find((one) => one.update === update.id && one.group === group)
    return [{ update: update.id, action, group, deadline, learnedAt: known?.learnedAt ?? toIso(at) }]
  })
}

export function isFetched(
  { fetching }: Pick<WsusState, 'fetching'>,
  { id, contentHours }: { readonly id: string; readonly contentHours: number },
  pace: Pace,
  at: number,
): boolean {
  const since = fetching[id]
  return contentHours === 0 || (since !== undefined && at >= Date.parse(since) + pace.hours(contentHours))
}

function finished(machine: SimulatedMachine, world: World, at: number): SimulatedMachine {
  const items = machine.working?.items ?? []
  const ok = machine.fault !== 'install fails'
  const attempts = [...machine.attempts, ...items.map((item) => ({ ...item, at: toIso(at), ok }))]
  const events = [
    ...machine.events,
    ...items.map(({ update, action }) => ({
      update,
      at: toIso(at),
      status: statusOf(action, ok),
      error: !ok,
      code: ok ? null : FAILURE_CODE,
      message: ok ? 'Installation Successful (simulated)' : 'Installation Failure: error 0x80070643 (simulated)',
    })),
  ]
  const idle = { ...machine, working: null, attempts, events }
  return ok ? withItems(idle, world, items) : idle
}

function statusOf(action: Item['action'], ok: boolean): string {
  const what = action === 'Uninstall' ? 'Uninstallation' : ''
  return `${what}${ok ? 'Succeeded' : 'Failed'}`
}

function withItems(machine: SimulatedMachine, { updates }: World, items: readonly Item[]): SimulatedMachine {
  let one = machine
  let wants = false
  for (const { update: id, action } of items) {
    const update = updates.find((item) => item.id === id)
    if (action === 'Uninstall') {
      one = { ...one, installed: one.installed.filter((item) => item !== id) }
      continue
    }
    const restart = update !== undefined && update.reboot !== 'NeverReboots'
    wants ||= restart
    if (restart)
      one = { ...one, pendingReboot: [...one.pendingReboot, id], nextVersion: update.build ?? one.nextVersion }
    else one = { ...one, installed: [...one.installed, id], version: update?.build ?? one.version }
  }
  return wants && machine.fault !== 'no restart' ? restarted(one) : one
}

export function restarted(machine: SimulatedMachine): SimulatedMachine {
  const installed = [...machine.installed, ...machine.pendingReboot]
  return {
    ...machine,
    installed,
    pendingReboot: [],
    version: machine.nextVersion ?? machine.version,
    nextVersion: null,
  }
}

function wordOf(machine: SimulatedMachine, { updates }: Pick<WsusState, 'updates'>, at: number) {
  const states: NonNullable<SimulatedMachine['said']>['states'] = {}
  for (const update of updates) {
    const state = stateNow(updates, machine, update)
    if (state !== 'NotApplicable' && Date.parse(update.arrivedAt ?? '') <= at) states[update.id] = state
  }
  return { at: toIso(at), version: machine.version, states, events: machine.events }
}
