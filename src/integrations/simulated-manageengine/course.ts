/**
 * What the machines of a simulated ManageEngine do as time goes by. Everything follows from the state and the clock, so it
 * does not matter how often or when somebody looks.
 */

import { DAY_MS, toIso } from '../../core/time/instant.ts'
import type { Pace } from '../simulated-system/pace.ts'
import type {
  ManageEngineState,
  PatchWord,
  SimulatedConfiguration,
  SimulatedMachine,
  SimulatedPatch,
  SimulatedPolicy,
} from './state.ts'

/** An agent asks its server every 90 minutes. */
export const ASKS_EVERY_HOURS = 1.5
/** It scans again after so many hours, and after it installed something. */
const SCANS_EVERY_HOURS = 6
/** How long it fetches what it was told, and how long it installs, with its restart. */
const FETCHES_HOURS = 0.25
const INSTALLS_HOURS = 0.5

/** ERROR_INSTALL_FAILURE, as the agent writes it. */
const FAILURE_CODE = '1603'

type World = Omit<ManageEngineState, 'machines'>

/** The state at `now`. A clock that went back changes nothing. */
export function advance(state: ManageEngineState, pace: Pace, now: Date): ManageEngineState {
  const to = now.getTime()
  if (state.at === null) return asFound(state, pace, to)
  const from = Date.parse(state.at)
  if (to <= from) return state
  return { ...state, at: toIso(to), machines: state.machines.map((one) => livedUntil(one, state, pace, from, to)) }
}

/** Machines of a new file have asked and scanned before, and patches were released. */
function asFound(state: ManageEngineState, pace: Pace, to: number): ManageEngineState {
  const patches = state.patches.map((one) => ({
    ...one,
    releasedAt: one.releasedAt ?? toIso(to - one.daysAgo * DAY_MS),
  }))
  const world = { ...state, patches }
  const machines = state.machines.map((one) => {
    if (one.said !== null || one.fault === 'silent' || !one.hasAgent) return one
    const at = toIso(pace.askedBefore(one.id, to))
    return { ...one, said: wordOf(one, world, at), contactedAt: at }
  })
  return { ...world, machines, at: toIso(to) }
}

function livedUntil(machine: SimulatedMachine, world: World, pace: Pace, from: number, to: number): SimulatedMachine {
  if (!machine.hasAgent) return machine
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
  world: World,
  pace: Pace,
  at: number,
): { at: number; what: 'ends' | 'asks' | 'begins' } {
  const asked = pace.asksAfter(machine.id, at)
  if (machine.working !== null) {
    const ends = Math.max(Date.parse(machine.working.endsAt), at)
    return ends < asked ? { at: ends, what: 'ends' } : { at: asked, what: 'asks' }
  }
  const due = Math.min(...machine.told.map((one) => dueAt(one, machine, world, pace, at)))
  return due < asked ? { at: due, what: 'begins' } : { at: asked, what: 'asks' }
}

/** When it begins what it was told: once it has fetched it, in the window of the policy, while it is on. */
function dueAt(
  told: SimulatedMachine['told'][number],
  machine: SimulatedMachine,
  world: World,
  pace: Pace,
  at: number,
): number {
  const configuration = world.configurations.find(({ id }) => id === told.configuration)
  const policy = world.policies.find(({ id }) => id === configuration?.policy)
  const fetched = Math.max(Date.parse(told.learnedAt) + pace.hours(FETCHES_HOURS), at)
  const due = opensAt(policy, fetched)
  const off = machine.off.find((span) => isIn(span, due))
  return off === undefined ? due : opensAt(policy, Date.parse(off.until))
}

/** The first instant from `at` on at which the window is open. */
export function opensAt(policy: Pick<SimulatedPolicy, 'window'> | undefined, at: number): number {
  const window = policy?.window ?? null
  if (window === null) return at
  const day = Math.floor(at / DAY_MS) * DAY_MS
  const begins = [-1, 0, 1].flatMap((days) =>
    window.opens.map((time) => {
      const [hour = 0, minute = 0] = time.split(':').map(Number)
      return day + days * DAY_MS + (hour * 60 + minute) * 60_000
    }),
  )
  const open = begins.filter((from) => from + window.minutes * 60_000 > at)
  return Math.max(at, Math.min(...open))
}

function begins(machine: SimulatedMachine, world: World, pace: Pace, at: number): SimulatedMachine {
  const [told] = machine.told.filter((one) => dueAt(one, machine, world, pace, at) <= at)
  if (told === undefined) return machine
  const working = { configuration: told.configuration, endsAt: toIso(at + pace.hours(INSTALLS_HOURS)) }
  const others = machine.told.filter((one) => one !== told)
  return { ...machine, told: others, working, executions: spoken(machine, told.configuration, 'in_progress') }
}

/** An agent tells the server how far it is, unless it says nothing any more. */
function spoken(
  machine: SimulatedMachine,
  configuration: string,
  status: SimulatedMachine['executions'][string],
): SimulatedMachine['executions'] {
  if (isSilent(machine) || machine.fault === 'old words') return machine.executions
  return { ...machine.executions, [configuration]: status }
}

function isIn({ from, until }: { readonly from: string; readonly until: string }, at: number): boolean {
  return Date.parse(from) <= at && at < Date.parse(until)
}

function isSilent({ fault, quietSince }: SimulatedMachine): boolean {
  return fault === 'silent' || (fault === 'silent after learning' && quietSince !== null)
}

/** It says how it is, and learns what is wanted now. What it had learned and is suspended is forgotten. */
function asks(machine: SimulatedMachine, world: World, pace: Pace, at: number): SimulatedMachine {
  if (
    isSilent(machine) ||
    machine.off.some((span) => isIn(span, at)) ||
    world.traps.away.some((span) => isIn(span, at))
  )
    return machine
  const told = learned(machine, world, at)
  const quietSince = machine.fault === 'silent after learning' && told.length > 0 ? toIso(at) : machine.quietSince
  if (machine.fault === 'old words') return { ...machine, told, quietSince }
  const scans =
    machine.said === null || machine.scanIsDue || at >= Date.parse(machine.said.at) + pace.hours(SCANS_EVERY_HOURS)
  const said = scans ? wordOf(machine, world, toIso(at)) : machine.said
  return { ...machine, said, told, quietSince, contactedAt: toIso(at), scanIsDue: scans ? false : machine.scanIsDue }
}

function learned(machine: SimulatedMachine, world: World, at: number): SimulatedMachine['told'] {
  return world.configurations.flatMap((one) => {
    if (one.suspended || one.trashed || !one.machines.includes(machine.id)) return []
    if (machine.working?.configuration === one.id) return []
    if (machine.attempts.some(({ configuration }) => configuration === one.id)) return []
    const known = machine.told.find(({ configuration }) => configuration === one.id)
    return [known ?? { configuration: one.id, learnedAt: toIso(at) }]
  })
}

function finished(machine: SimulatedMachine, world: World, at: number): SimulatedMachine {
  const { working } = machine
  const configuration = world.configurations.find(({ id }) => id === working?.configuration)
  if (working === null || configuration === undefined) return { ...machine, working: null }
  let one: SimulatedMachine = { ...machine, working: null, scanIsDue: true }
  for (const id of configuration.patches) {
    const patch = world.patches.find((found) => found.id === id)
    if (patch !== undefined) one = did(one, configuration, patch, world, at)
  }
  const failed = one.attempts.some((attempt) => attempt.configuration === configuration.id && !attempt.ok)
  return { ...one, executions: spoken(one, configuration.id, failed ? 'failed' : 'succeeded') }
}

function did(
  machine: SimulatedMachine,
  configuration: SimulatedConfiguration,
  patch: SimulatedPatch,
  world: World,
  at: number,
): SimulatedMachine {
  const { id } = patch
  const attempt = { configuration: configuration.id, patch: id, at: toIso(at) }
  if (configuration.undone) {
    const attempts = [...machine.attempts, { ...attempt, ok: true }]
    return { ...machine, installed: machine.installed.filter((one) => one !== id), attempts }
  }
  if (isThere(machine, id) || !isFor(patch, machine)) return machine
  if (machine.fault === 'install fails')
    return { ...machine, attempts: [...machine.attempts, { ...attempt, ok: false }] }
  const attempts = [...machine.attempts, { ...attempt, ok: true }]
  const policy = world.policies.find((one) => one.id === configuration.policy)
  const restarts = policy?.reboot !== 'never' && machine.fault !== 'no restart'
  if (patch.restart && !restarts)
    return {
      ...machine,
      attempts,
      pendingReboot: [...machine.pendingReboot, id],
      nextVersion: patch.build ?? machine.nextVersion,
    }
  const version = patch.build ?? machine.version
  return { ...machine, attempts, installed: [...machine.installed, id], version }
}

function isThere(machine: SimulatedMachine, id: string): boolean {
  return machine.installed.includes(id) || machine.pendingReboot.includes(id)
}

export function isFor(patch: Pick<SimulatedPatch, 'for'>, { os }: Pick<SimulatedMachine, 'os'>): boolean {
  return patch.for.some((name) => os.startsWith(name))
}

/** What a scan finds now. */
function wordOf(machine: SimulatedMachine, world: World, at: string): NonNullable<SimulatedMachine['said']> {
  const states: Record<string, PatchWord> = {}
  for (const patch of world.patches) {
    const { id } = patch
    if (!isFor(patch, machine) || Date.parse(patch.releasedAt ?? '') > Date.parse(at)) continue
    const last = machine.attempts.findLast((one) => one.patch === id)
    const word = { waits: false, error: null, configuration: last?.configuration ?? null }
    if (machine.pendingReboot.includes(id)) states[id] = { ...word, state: 'installed', waits: true }
    else if (machine.installed.includes(id)) states[id] = { ...word, state: 'installed' }
    else if (isReplaced(machine, patch, world)) continue
    else if (last?.ok === false) states[id] = { ...word, state: 'failed', error: FAILURE_CODE }
    else states[id] = { ...word, state: 'missing' }
  }
  return { at, version: machine.version, states }
}

/** Whether something that is installed supersedes it, directly or over several steps. */
function isReplaced(machine: SimulatedMachine, { supersededBy }: SimulatedPatch, world: World): boolean {
  return (supersededBy?.split(',') ?? []).some((id) => {
    const newer = world.patches.find((one) => one.id === id)
    return newer !== undefined && (isThere(machine, id) || isReplaced(machine, newer, world))
  })
}
