/**
 * What machines do as time goes by. Everything follows from the state and the clock, so whoever works it out gets the
 * same, and it does not matter how often or when somebody looks.
 */

import type { InstalledPackage } from '../../core/asset.ts'
import { type Change, changeKey, isApplied, type PackageChange, type UpdateChange } from '../../core/change.ts'
import { toIso } from '../../core/time/instant.ts'
import { WINDOWS } from '../../core/versions/windows.ts'
import { bootIdOf } from '../simulated/transaction.ts'
import type { Pace } from './pace.ts'
import type { Approval, Machine, Offer, SystemState, Told, Word } from './state.ts'

/** How long a machine installs, with its restart. */
const INSTALLS_HOURS = 0.5

/** Everything apart from the machine that decides what it does. It does not change by itself. */
type World = Pick<SystemState, 'server' | 'groups' | 'approvals' | 'offers'>

/** The state at `now`. A clock that went back changes nothing. */
export function advance(state: SystemState, pace: Pace, now: Date): SystemState {
  const to = now.getTime()
  if (state.at === null) {
    const machines = state.machines.map((one) => asFound(one, pace.askedBefore(one.name, to)))
    return { ...state, at: toIso(to), machines }
  }
  const from = Date.parse(state.at)
  if (to <= from) return state
  return { ...state, at: toIso(to), machines: state.machines.map((one) => livedUntil(one, state, pace, from, to)) }
}

/** A machine of a new file has asked before, and was given nothing. */
function asFound(machine: Machine, askedAt: number): Machine {
  if (machine.said !== null) return machine
  return { ...machine, said: wordOf(machine, askedAt), asked: { at: toIso(askedAt), given: {} } }
}

function livedUntil(machine: Machine, world: World, pace: Pace, from: number, to: number): Machine {
  let one = machine
  let at = from
  for (;;) {
    const next = nextEvent(one, pace, at)
    if (next.at > to) return one
    at = next.at
    one = happens(one, next.what, world, pace, at)
  }
}

interface Event {
  readonly at: number
  readonly what: 'ends' | 'asks' | Told
}

/** The earliest event after `at`. Of two at the same instant, the ask comes first: it would be passed over otherwise. */
function nextEvent(machine: Machine, pace: Pace, at: number): Event {
  const asks = pace.asksAfter(machine.name, at)
  if (machine.working !== null) {
    const ends = Date.parse(machine.working.endsAt)
    return ends < asks ? { at: ends, what: 'ends' } : { at: asks, what: 'asks' }
  }
  let next: Event = { at: asks, what: 'asks' }
  for (const told of machine.told) {
    const due = Math.max(dueAt(told), at)
    if (due < next.at) next = { at: due, what: told }
  }
  return next
}

/** When a machine that was told begins, unless it is busy or hears something else before. */
export function dueAt({ deadline, learnedAt }: Pick<Told, 'deadline' | 'learnedAt'>): number {
  return Math.max(Date.parse(deadline), Date.parse(learnedAt))
}

function happens(machine: Machine, what: Event['what'], world: World, pace: Pace, at: number): Machine {
  if (what === 'ends') return finished(machine, world, at)
  if (what === 'asks') return asks(machine, world, pace, at)
  const { group, changes, reboot } = what
  return {
    ...machine,
    told: machine.told.filter((one) => one !== what),
    working: { group, changes, reboot, beganAt: toIso(at), endsAt: toIso(at + pace.hours(INSTALLS_HOURS)) },
  }
}

/**
 * A machine that cannot ask at its time forgets what it was told and begins nothing until it can. So nothing begins
 * later than the next ask after it was taken back.
 */
function asks(machine: Machine, world: World, pace: Pace, at: number): Machine {
  if (isSilent(machine, pace, at) || isAway(world.server, at)) return { ...machine, told: [] }
  const given = givenTo(machine, world, toIso(at))
  const done = new Set([...machine.results.map(({ group }) => group), machine.working?.group])
  const told = given.filter(({ group }) => !done.has(group))
  const now = Object.fromEntries(given.map(({ group }) => [group, toIso(at)]))
  const asked = { at: toIso(at), given: { ...machine.asked?.given, ...now } }
  const said = machine.fault === 'old words' ? machine.said : wordOf(machine, at)
  const beforeNext = told.some((one) => dueAt(one) < pace.asksAfter(machine.name, at))
  const quiet = machine.fault === 'silent after learning' && machine.quietSince === null && beforeNext
  return { ...machine, told, asked, said, quietSince: quiet ? toIso(at) : machine.quietSince }
}

function isSilent({ fault, quietSince, silentHours }: Machine, pace: Pace, at: number): boolean {
  if (fault === 'silent') return true
  if (fault !== 'silent after learning' || quietSince === null) return false
  return silentHours === null || at < Date.parse(quietSince) + pace.hours(silentHours)
}

export function isAway({ away }: SystemState['server'], at: number): boolean {
  return away.some(({ from, until }) => Date.parse(from) <= at && at < Date.parse(until))
}

/** What the server gives the machine now, done or not: the work of its groups, and what administrators approved. */
function givenTo(machine: Machine, { groups, approvals, offers }: World, at: string): Told[] {
  const known = new Map(machine.told.map((one) => [one.group, one]))
  const given: Told[] = []
  for (const { id, members, changes, deadline, reboot } of groups) {
    if (!members.includes(machine.name)) continue
    given.push({ group: id, changes, deadline, reboot, learnedAt: known.get(id)?.learnedAt ?? at })
  }
  for (const approval of approvals) {
    const group = approvalName(approval)
    if (!concerns(approval, machine.name) || given.some((one) => one.group === group)) continue
    const changes = approvedChanges(approval, offers, machine)
    const { deadline } = approval
    if (changes.length === 0) continue
    given.push({ group, changes, reboot: 'if required', deadline: deadline ?? at, learnedAt: at })
  }
  return given
}

export function concerns({ machines }: Approval, machine: string): boolean {
  return machines === undefined || machines.includes(machine)
}

/** Stands for an approval of an administrator where a group of ours has its id. */
export function approvalName({ group, since }: Approval): string {
  return `${group}, since ${since}`
}

function approvedChanges({ updates }: Approval, offers: readonly Offer[], machine: Machine): Change[] {
  const own = offers.filter((offer) => updates.includes(offer.name) && isFor(offer, machine))
  return own.map((offer) => changeTo(offer, installedOn(machine))).filter((change) => !isDone(change, machine))
}

export function isFor({ platforms }: Offer, { platform }: Pick<Machine, 'platform'>): boolean {
  return platform !== undefined && platforms.includes(platform)
}

/** The change that brings a machine with these packages what is offered. */
export function changeTo(offer: Offer, packages: readonly InstalledPackage[]): Change {
  const { name } = offer
  if (offer.kind === 'update') return { kind: 'update', name, build: offer.build }
  const { architecture, version } = offer
  const installed = packages.find((one) => one.name === name && one.architecture === architecture)
  return { name, architecture, from: installed?.version ?? null, to: version }
}

function finished(machine: Machine, { offers }: World, at: number): Machine {
  const { working } = machine
  if (working === null) return machine
  const { group, changes, reboot } = working
  const open = changes.filter((change) => !isDone(change, machine))
  const idle = { ...machine, working: null }
  if (machine.fault === 'install fails' && open.length > 0) {
    const error = `${open[0]?.name ?? 'The update'} could not be installed: error 0x80070643 (simulated)`
    const result = { group, state: 'failed' as const, at: toIso(at), changed: [], error, rebooted: false }
    return { ...idle, results: [...machine.results, result] }
  }
  const wanting = open.filter(({ name }) => offers.find((offer) => offer.name === name)?.restart ?? false)
  const changed = wanting.length === 0 ? applied(idle, open) : waiting(applied(idle, open), wanting)
  const rebooted = wanting.length > 0 && reboot === 'if required' && machine.fault !== 'no restart'
  const atOnce = wanting.length === 0 && !idle.rebootRequired
  const after = atOnce || rebooted ? restarted(changed, rebooted ? group : null) : changed
  const result = { group, state: 'installed' as const, at: toIso(at), changed: open, error: null, rebooted }
  return { ...after, results: [...machine.results, result] }
}

export function isDone(change: Change, machine: Pick<Machine, 'packages' | 'platform'>): boolean {
  const software = { packages: installedOn(machine), asset: { platform: machine.platform ?? '' } }
  return isApplied(change, software).applied === 'yes'
}

export function installedOn({ packages }: Pick<Machine, 'packages'>): readonly InstalledPackage[] {
  return packages.map(({ name, version, architecture, source, sourceVersion }) => ({
    ...{ name, version, architecture },
    source: source ?? name,
    sourceVersion: sourceVersion ?? version,
  }))
}

/** The machine with the changes. A new build of Windows shows only after `restarted`. */
function applied(machine: Machine, changes: readonly Change[]): Machine {
  let one = machine
  for (const change of changes) one = change.kind === 'update' ? withUpdate(one, change) : withPackage(one, change)
  return one
}

function withPackage(machine: Machine, change: PackageChange): Machine {
  const { name, architecture, to } = change
  const old = machine.packages.find((one) => changeKey(one) === changeKey(change))
  const installed = { name, architecture, version: to, source: old?.source ?? name, sourceVersion: to }
  return { ...machine, packages: [...machine.packages.filter((one) => one !== old), installed] }
}

function withUpdate(machine: Machine, { name, build, undone }: UpdateChange): Machine {
  const { buildsBefore, nextBuild } = machine
  const others = machine.packages.filter((one) => one.name !== name)
  if (undone === true) return { ...machine, packages: others, nextBuild: buildsBefore[name] ?? nextBuild }
  const packages = [...others, { name, version: '1', architecture: 'all', source: name }]
  const before = machine.packages.find((one) => one.name === WINDOWS)?.version
  const known = before === undefined ? buildsBefore : { ...buildsBefore, [name]: before }
  return { ...machine, packages, nextBuild: build ?? nextBuild, buildsBefore: known }
}

function waiting(machine: Machine, changes: readonly Change[]): Machine {
  const names = [...new Set([...machine.rebootPackages, ...changes.map(({ name }) => name)])]
  return { ...machine, rebootRequired: true, rebootPackages: names }
}

/** The machine with its new build. `bootSeed`: it was restarted for this; `null`: it needed no restart. */
function restarted(machine: Machine, bootSeed: string | null): Machine {
  const { nextBuild } = machine
  const packages = machine.packages.map((one) =>
    one.name === WINDOWS && nextBuild !== null ? { ...one, version: nextBuild, sourceVersion: nextBuild } : one,
  )
  if (bootSeed === null) return { ...machine, packages, nextBuild: null }
  const bootId = bootIdOf(`${machine.name} ${bootSeed}`)
  return { ...machine, packages, nextBuild: null, bootId, rebootRequired: false, rebootPackages: [] }
}

function wordOf(machine: Machine, at: number): Word {
  const { packages, bootId, runningKernel, rebootRequired, rebootPackages, working, results } = machine
  const condition = { packages, bootId, runningKernel, rebootRequired, rebootPackages }
  return { at: toIso(at), ...condition, working: working?.group ?? null, results }
}
