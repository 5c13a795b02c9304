/**
 * What the machines of a simulated console do as time goes by. Everything follows from the state and the clock, so it does not
 * matter how often or when somebody looks.
 */

import { DAY_MS, toIso } from '../../core/time/instant.ts'
import type { Pace } from '../simulated-system/pace.ts'
import type {
  ConsoleState,
  Result,
  Row,
  SimulatedDeployment,
  SimulatedMachine,
  SimulatedScan,
  Target,
} from './state.ts'

/** The console scans all machines with a whole template so often. */
export const SCANS_EVERY_HOURS = 6
/** How long files are fetched and sent, how long a machine waits then, and how long it installs, with its restart. */
const SENDS_HOURS = 0.25
const WAITS_HOURS = 0.5
const INSTALLS_HOURS = 0.5

/** ERROR_INSTALL_FAILURE. */
const FAILURE_CODE = 1603
const WANTS_RESTART = 3010

/** Scans of its own that the console keeps. */
const OWN_SCANS = 3
const OWN_NAME = 'All machines'

/** The state at `now`. A clock that went back changes nothing. */
export function advance(first: ConsoleState, pace: Pace, now: Date): ConsoleState {
  const to = now.getTime()
  let state = first.at === null ? asFound(first, pace, to) : first
  let at = Date.parse(state.at ?? '')
  if (to <= at) return state
  for (;;) {
    const next = nextAt(state, pace, at)
    if (next > to) return { ...state, at: toIso(to) }
    state = happens(state, pace, next)
    at = next
  }
}

/** Patches of a new file were released before, and its machines scanned. */
function asFound(state: ConsoleState, pace: Pace, to: number): ConsoleState {
  const vulnerabilities = state.vulnerabilities.map((one) => ({
    ...one,
    releasedAt: one.releasedAt ?? toIso(to - one.daysAgo * DAY_MS),
  }))
  const before = { ...state, vulnerabilities, at: toIso(to) }
  return state.scans.length > 0 ? before : ownScan(before, to - pace.hours(1))
}

function every(pace: Pace): number {
  return Math.max(1, pace.hours(SCANS_EVERY_HOURS))
}

/** The next instant after `at` at which something happens. */
function nextAt(state: ConsoleState, pace: Pace, at: number): number {
  const own = (Math.floor(at / every(pace)) + 1) * every(pace)
  const scans = state.scans.flatMap(({ results, endsAt }) =>
    results === null ? [Math.max(Date.parse(endsAt), at)] : [],
  )
  const targets = state.deployments.flatMap((one) =>
    one.targets.flatMap((target) => dueAt(one, target, pace, at) ?? []),
  )
  return Math.min(own, ...scans, ...targets)
}

function dueAt(deployment: SimulatedDeployment, target: Target, pace: Pace, at: number): number | null {
  const { sentAt, begunAt, endedAt, problem } = target
  if (endedAt !== null || problem !== null || deployment.downloadFailed) return null
  if (begunAt !== null) return Math.max(Date.parse(begunAt) + pace.hours(INSTALLS_HOURS), at)
  if (sentAt !== null) return Math.max(Date.parse(sentAt) + pace.hours(WAITS_HOURS), at)
  return deployment.cancelledAt !== null
    ? null
    : Math.max(Date.parse(deployment.startedAt) + pace.hours(SENDS_HOURS), at)
}

function happens(before: ConsoleState, pace: Pace, at: number): ConsoleState {
  let state = before
  if (at % every(pace) === 0) state = ownScan(state, at)
  for (const scan of state.scans)
    if (scan.results === null && Date.parse(scan.endsAt) <= at) state = withScan(state, scanned(state, scan))
  for (const deployment of state.deployments)
    for (const target of deployment.targets)
      if ((dueAt(deployment, target, pace, at) ?? at + 1) <= at) state = stepped(state, deployment.id, target, at)
  return state
}

function withScan(state: ConsoleState, scan: SimulatedScan): ConsoleState {
  return { ...state, scans: state.scans.map((one) => (one.id === scan.id ? scan : one)) }
}

/** The console's own schedule: all machines, everything. */
function ownScan(state: ConsoleState, at: number): ConsoleState {
  const template = state.scanTemplates.find(({ groups }) => groups.length === 0)
  if (template === undefined) return state
  const kept = state.scans.filter(({ name }) => name === OWN_NAME).slice(-(OWN_SCANS - 1))
  const others = state.scans.filter(({ name }) => name !== OWN_NAME)
  const scan: SimulatedScan = {
    ...{
      id: guidOf(state.made + 1),
      name: OWN_NAME,
      template: template.id,
      machines: state.machines.map(({ id }) => id),
    },
    ...{ startedAt: toIso(at), endsAt: toIso(at), shownAt: toIso(at), results: null },
  }
  const made = { ...state, made: state.made + 1 }
  return { ...made, scans: [...others, ...kept, scanned(made, scan)] }
}

/** Ids that follow from how many things were made. */
export function guidOf(count: number): string {
  return `5eed0000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`
}

function scanned(state: ConsoleState, scan: SimulatedScan): SimulatedScan {
  const results = scan.machines.flatMap((id) => {
    const machine = state.machines.find((one) => one.id === id)
    return machine === undefined ? [] : [resultOf(state, scan, machine)]
  })
  return { ...scan, results }
}

export function resultOf(state: ConsoleState, scan: SimulatedScan, machine: SimulatedMachine): Result {
  const at = Date.parse(scan.endsAt)
  const result = { machine: machine.id, at: scan.endsAt, problem: null, rows: [] }
  if (machine.fault === 'silent' || machine.quietSince !== null || isOff(machine, at))
    return { ...result, problem: 'The machine could not be reached' }
  const template = state.scanTemplates.find(({ id }) => id === scan.template)
  const only =
    template === undefined || template.groups.length === 0
      ? null
      : new Set(state.groups.filter(({ id }) => template.groups.includes(id)).flatMap(({ members }) => members))
  return {
    ...result,
    rows: rowsOf(state, machine, at).filter(({ vulnerability }) => only === null || only.has(vulnerability)),
  }
}

function isOff({ off }: SimulatedMachine, at: number): boolean {
  return off.some(({ from, until }) => Date.parse(from) <= at && at < Date.parse(until))
}

/** What is installed and what is missing. What an installed patch replaces is neither. */
function rowsOf(state: ConsoleState, machine: SimulatedMachine, at: number): readonly Row[] {
  const has = new Set([...machine.installed, ...machine.pendingReboot])
  return state.vulnerabilities.flatMap(({ id, patches, replacedBy, releasedAt }) => {
    if (Date.parse(releasedAt ?? '') > at) return []
    if (!machine.installed.includes(id) && replacedBy.some((newer) => has.has(newer))) return []
    const word = machine.odd.includes(id)
      ? 'InformationalItem'
      : machine.installed.includes(id)
        ? 'FoundPatch'
        : 'MissingPatch'
    return patches
      .filter(({ product }) => machine.products.includes(product))
      .map(({ id: patch, product }) => ({ vulnerability: id, patch, product, word }))
  })
}

function stepped(before: ConsoleState, id: string, target: Target, at: number): ConsoleState {
  const machine = before.machines.find((one) => one.id === target.machine)
  const deployment = before.deployments.find((one) => one.id === id)
  if (machine === undefined || deployment === undefined) return before
  if (target.sentAt === null) return sent(before, deployment, target, machine, at)
  if (target.begunAt === null) return withTarget(before, id, { ...target, begunAt: toIso(at) })
  return installed(before, deployment, target, machine, at)
}

function withTarget(state: ConsoleState, id: string, target: Target): ConsoleState {
  const deployments = state.deployments.map((one) =>
    one.id === id
      ? { ...one, targets: one.targets.map((other) => (other.machine === target.machine ? target : other)) }
      : one,
  )
  return { ...state, deployments }
}

function withMachine(state: ConsoleState, machine: SimulatedMachine): ConsoleState {
  return { ...state, machines: state.machines.map((one) => (one.id === machine.id ? machine : one)) }
}

function sent(
  before: ConsoleState,
  { id }: SimulatedDeployment,
  target: Target,
  machine: SimulatedMachine,
  at: number,
): ConsoleState {
  if (machine.fault === 'silent' || isOff(machine, at))
    return withTarget(before, id, { ...target, problem: 'The machine could not be reached' })
  const isQuiet = machine.fault === 'old words' || machine.fault === 'silent after learning'
  const state = isQuiet ? withMachine(before, { ...machine, quietSince: toIso(at) }) : before
  return withTarget(state, id, { ...target, sentAt: toIso(at) })
}

function installed(
  before: ConsoleState,
  { id, template }: SimulatedDeployment,
  target: Target,
  first: SimulatedMachine,
  at: number,
): ConsoleState {
  const when = before.deployTemplates.find((one) => one.id === template)?.when
  const restarts = when !== 'NoReboot' && first.fault !== 'no restart'
  let machine = first
  const codes: Record<string, number> = {}
  for (const vulnerability of new Set(target.patches.map((one) => one.vulnerability))) {
    const ok = machine.fault !== 'install fails'
    const attempt = { deployment: id, vulnerability, at: toIso(at), ok }
    machine = { ...machine, attempts: [...machine.attempts, attempt] }
    const wants = before.vulnerabilities.find((one) => one.id === vulnerability)?.restart === true
    codes[String(vulnerability)] = ok ? (wants ? WANTS_RESTART : 0) : FAILURE_CODE
    if (!ok) continue
    machine =
      wants && !restarts
        ? { ...machine, pendingReboot: [...machine.pendingReboot, vulnerability] }
        : { ...machine, installed: [...machine.installed, vulnerability] }
  }
  const isSaid = machine.quietSince === null
  return withTarget(withMachine(before, machine), id, { ...target, endedAt: toIso(at), codes, isSaid })
}
