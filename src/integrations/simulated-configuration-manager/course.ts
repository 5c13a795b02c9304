/**
 * What the machines of a simulated site do as time goes by. Everything follows from the state and the clock, so it does not matter
 * how often or when somebody looks.
 */

import { DAY_MS, MINUTE_MS, toIso } from '../../core/time/instant.ts'
import { windowsThatCount } from '../configuration-manager/maintenance.ts'
import { openings, scheduleOf } from '../configuration-manager/schedule.ts'
import type { Pace } from '../simulated-system/pace.ts'
import { collectionsOf } from './members.ts'
import type { SimulatedDeployment, SimulatedMachine, SimulatedUpdate, SiteState } from './state.ts'

/** A client asks for its policy every hour. */
export const ASKS_EVERY_HOURS = 1
/** It scans again after so many hours, and after it installed something. */
const SCANS_EVERY_HOURS = 6
/** How long it fetches what it was told, and how long it installs, with its restart. */
const FETCHES_HOURS = 0.25
const INSTALLS_HOURS = 0.5
const RESTART_MINUTES = 15
/** ERROR_INSTALL_FAILURE as an HRESULT, 0x80070643. */
const FAILURE = -2147023293

/** The state at `now`. A clock that went back changes nothing. */
export function advance(state: SiteState, pace: Pace, now: Date): SiteState {
  const to = now.getTime()
  if (state.at === null) return asFound(state, pace, to)
  const from = Date.parse(state.at)
  if (to <= from) return state
  return { ...state, at: toIso(to), machines: state.machines.map((one) => livedUntil(one, state, pace, from, to)) }
}

/** Machines of a new file have asked and scanned before, and updates were released. */
function asFound(state: SiteState, pace: Pace, to: number): SiteState {
  const updates = state.updates.map((one) => ({
    ...one,
    releasedAt: one.releasedAt ?? toIso(to - one.daysAgo * DAY_MS),
  }))
  const world = { ...state, updates }
  const machines = state.machines.map((one) => {
    if (one.said !== null || one.fault === 'silent' || !one.hasClient) return one
    const at = toIso(pace.askedBefore(String(one.id), to))
    return { ...one, said: wordOf(one, world, at), contactedAt: at }
  })
  return { ...world, machines, at: toIso(to) }
}

function livedUntil(
  machine: SimulatedMachine,
  world: SiteState,
  pace: Pace,
  from: number,
  to: number,
): SimulatedMachine {
  if (!machine.hasClient || machine.obsolete) return machine
  let one = machine
  let at = from
  for (;;) {
    const next = nextEvent(one, world, pace, at)
    if (next.at > to) return one
    at = next.at
    if (next.what === 'ends') one = finished(one, world, at)
    else if (next.what === 'asks') one = asks(one, world, pace, at)
    else one = begins(one, world, pace, at)
  }
}

/** The earliest event after `at`. Of two at the same instant, the ask comes first: it would be passed over otherwise. */
function nextEvent(
  machine: SimulatedMachine,
  world: SiteState,
  pace: Pace,
  at: number,
): { at: number; what: 'ends' | 'asks' | 'begins' } {
  const asked = pace.asksAfter(String(machine.id), at)
  if (machine.working !== null) {
    const ends = Math.max(Date.parse(machine.working.endsAt), at)
    return ends < asked ? { at: ends, what: 'ends' } : { at: asked, what: 'asks' }
  }
  const due = Math.min(...machine.told.map((one) => dueAt(one, machine, world, pace, at)))
  return due < asked ? { at: due, what: 'begins' } : { at: asked, what: 'asks' }
}

function deploymentOf({ deployments }: SiteState, wanted: number): SimulatedDeployment | undefined {
  return deployments.find(({ id }) => id === wanted)
}

function updatesOf(world: SiteState, deployment: SimulatedDeployment): readonly SimulatedUpdate[] {
  const group = world.groups.find(({ id }) => id === deployment.group)
  return world.updates.filter(({ id }) => group?.updates.includes(id) === true)
}

/** When it begins what it was told: after the deadline, once it has fetched it, in a maintenance window in which it fits. */
function dueAt(
  told: SimulatedMachine['told'][number],
  machine: SimulatedMachine,
  world: SiteState,
  pace: Pace,
  at: number,
): number {
  const deployment = deploymentOf(world, told.deployment)
  if (deployment?.deadline == null) return Number.POSITIVE_INFINITY
  const fetched = Date.parse(told.learnedAt) + pace.hours(FETCHES_HOURS)
  const due = inWindow(machine, world, deployment, Math.max(Date.parse(deployment.deadline), fetched, at))
  const off = machine.off.find((span) => isIn(span, due))
  return off === undefined ? due : inWindow(machine, world, deployment, Date.parse(off.until))
}

function inWindow(machine: SimulatedMachine, world: SiteState, deployment: SimulatedDeployment, from: number): number {
  const all = collectionsOf(world, machine, from).flatMap(({ windows }) => windows)
  const windows = windowsThatCount(all)
  if (windows.length === 0 || deployment.ignoresWindows) return from
  const longest = Math.max(...updatesOf(world, deployment).map(({ longestMinutes }) => longestMinutes))
  const needed = (longest + RESTART_MINUTES) * MINUTE_MS
  const begins = windows.flatMap(({ schedule, minutes, isUtc }) => {
    const read = scheduleOf(schedule)
    const open =
      read === null ? [] : openings(read, minutes, isUtc ? null : 'UTC', { start: from, end: from + 40 * DAY_MS })
    return open
      .map(({ start, end }) => ({ start: Math.max(start, from), end }))
      .filter(({ start, end }) => end - start >= needed)
  })
  return Math.min(...begins.map(({ start }) => start))
}

function isIn({ from, until }: { readonly from: string; readonly until: string }, at: number): boolean {
  return Date.parse(from) <= at && at < Date.parse(until)
}

function isSilent({ fault, quietSince }: SimulatedMachine): boolean {
  return fault === 'silent' || fault === 'old words' || (fault === 'silent after learning' && quietSince !== null)
}

function begins(machine: SimulatedMachine, world: SiteState, pace: Pace, at: number): SimulatedMachine {
  const [told] = machine.told.filter((one) => dueAt(one, machine, world, pace, at) <= at)
  if (told === undefined) return machine
  const working = { deployment: told.deployment, endsAt: toIso(at + pace.hours(INSTALLS_HOURS)) }
  const others = machine.told.filter((one) => one !== told)
  return { ...machine, told: others, working, details: detailed(machine, told.deployment, 1, 2, null, at) }
}

/** A client tells how far it is at once, unless it says nothing any more. */
function detailed(
  machine: SimulatedMachine,
  deployment: number,
  state: number,
  type: number,
  error: number | null,
  at: number,
) {
  if (isSilent(machine)) return machine.details
  return { ...machine.details, [deployment]: { state, type, error, at: toIso(at) } }
}

/** It says that it is there, scans now and then, and learns what is wanted now. What it had learned and is gone is forgotten. */
function asks(machine: SimulatedMachine, world: SiteState, pace: Pace, at: number): SimulatedMachine {
  if (
    machine.fault === 'silent' ||
    machine.off.some((span) => isIn(span, at)) ||
    world.traps.away.some((span) => isIn(span, at))
  )
    return machine
  if (machine.fault === 'silent after learning' && machine.quietSince !== null) return machine
  const told = learned(machine, world, at)
  const quietSince = machine.fault === 'silent after learning' && told.length > 0 ? toIso(at) : machine.quietSince
  if (machine.fault === 'old words') return { ...machine, told, quietSince }
  const scans = machine.said === null || at >= Date.parse(machine.said.at) + pace.hours(SCANS_EVERY_HOURS)
  let details = machine.details
  for (const { deployment } of told)
    if (!machine.told.some((one) => one.deployment === deployment))
      details = detailed({ ...machine, details }, deployment, 8, 2, null, at)
  return {
    ...{ ...machine, told, quietSince, details, contactedAt: toIso(at) },
    said: scans ? wordOf(machine, world, toIso(at)) : machine.said,
  }
}

function learned(machine: SimulatedMachine, world: SiteState, at: number): SimulatedMachine['told'] {
  const mine = new Set(collectionsOf(world, machine, at).map(({ id }) => id))
  return world.deployments.flatMap((one) => {
    if (!one.enabled || one.deadline === null || !mine.has(one.collection) || Date.parse(one.availableAt) > at)
      return []
    if (machine.working?.deployment === one.id || machine.attempts.some(({ deployment }) => deployment === one.id))
      return []
    if (!updatesOf(world, one).some((update) => misses(machine, update, world))) return []
    const known = machine.told.find(({ deployment }) => deployment === one.id)
    return [known ?? { deployment: one.id, learnedAt: toIso(at) }]
  })
}

function misses(machine: SimulatedMachine, update: SimulatedUpdate, world: SiteState): boolean {
  return (
    isFor(update, machine) && !isThere(machine, update.id) && !isReplaced(machine, update, world) && !update.expired
  )
}

function finished(machine: SimulatedMachine, world: SiteState, at: number): SimulatedMachine {
  const { working } = machine
  const deployment = working === null ? undefined : deploymentOf(world, working.deployment)
  if (working === null || deployment === undefined) return { ...machine, working: null }
  let one: SimulatedMachine = { ...machine, working: null }
  for (const update of updatesOf(world, deployment)) one = did(one, deployment, update, world, at)
  const own = one.attempts.filter((attempt) => attempt.deployment === deployment.id)
  const failed = own.some(({ ok }) => !ok)
  const waits = one.pendingReboot.length > 0
  const details = failed
    ? detailed(one, deployment.id, 6, 5, FAILURE, at)
    : detailed(one, deployment.id, waits ? 5 : 4, waits ? 2 : 1, null, at)
  if (isSilent(one)) return one
  // After its work, and the restart, the client scans.
  return { ...one, details, said: wordOf(one, world, toIso(at)) }
}

function did(
  machine: SimulatedMachine,
  deployment: SimulatedDeployment,
  update: SimulatedUpdate,
  world: SiteState,
  at: number,
): SimulatedMachine {
  if (!misses(machine, update, world)) return machine
  const ok = machine.fault !== 'install fails'
  const one = {
    ...machine,
    attempts: [...machine.attempts, { deployment: deployment.id, update: update.id, at: toIso(at), ok }],
  }
  if (!ok) return enforced(one, update, 11, at)
  const isServer = /server/i.test(machine.os)
  const suppressed = (deployment.suppressed & (isServer ? 2 : 1)) !== 0
  if (update.restart && (suppressed || machine.fault === 'no restart'))
    return enforced(
      { ...one, pendingReboot: [...one.pendingReboot, update.id], nextVersion: update.build ?? one.nextVersion },
      update,
      9,
      at,
    )
  return enforced(
    { ...one, installed: [...one.installed, update.id], version: update.build ?? one.version },
    update,
    10,
    at,
  )
}

function enforced(machine: SimulatedMachine, update: SimulatedUpdate, state: number, at: number): SimulatedMachine {
  if (isSilent(machine)) return machine
  return { ...machine, enforcement: { ...machine.enforcement, [update.id]: { id: state, at: toIso(at) } } }
}

function isThere({ installed, pendingReboot }: SimulatedMachine, id: number): boolean {
  return installed.includes(id) || pendingReboot.includes(id)
}

export function isFor(update: Pick<SimulatedUpdate, 'for'>, { os }: Pick<SimulatedMachine, 'os'>): boolean {
  return update.for.some((name) => os.startsWith(name))
}

/** Whether something that is installed supersedes it. */
function isReplaced(machine: SimulatedMachine, { id }: SimulatedUpdate, { updates }: SiteState): boolean {
  return updates.some((one) => one.supersedes.includes(id) && isThere(machine, one.id))
}

/** What a scan finds now. */
function wordOf(machine: SimulatedMachine, world: SiteState, at: string): NonNullable<SimulatedMachine['said']> {
  const states: NonNullable<SimulatedMachine['said']>['states'] = {}
  for (const update of world.updates) {
    // What is superseded by what is installed, or has expired, is not scanned any more: its state is unknown.
    if (Date.parse(update.releasedAt ?? '') > Date.parse(at) || update.expired) continue
    const isInstalled = machine.installed.includes(update.id)
    if (!isInstalled && isReplaced(machine, update, world)) continue
    const status = isInstalled ? 3 : isFor(update, machine) ? 2 : 1
    const before = machine.said?.states[update.id]
    states[update.id] = { status, changedAt: before?.status === status ? before.changedAt : at }
  }
  return { at, version: machine.version, states }
}
