/**
 * What Patchwarden does in the system: it makes groups, adds machines, takes them back and removes groups. Each function
 * is one call, and calling it again changes nothing more.
 */

import { createHash } from 'node:crypto'
import { canonicalJson } from '../../core/canonical-json.ts'
import { isOver, STOPPED, TIME_OVER } from '../../core/not-begun.ts'
import type { Batch, DeploymentRequest, Staged, StopReport } from '../../core/ports.ts'
import { reclaimedText } from '../../core/reclaimed.ts'
import { minuteOf, toIso } from '../../core/time/instant.ts'
import { dueAt } from './course.ts'
import { machineNamed, obstacle, sameChanges } from './offers.ts'
import type { Pace } from './pace.ts'
import type { Group, Start, Started, SystemState } from './state.ts'

/** Stands at the beginning of the names of all groups of one start, so that it is found again by it. */
export function markOf(installation: string, key: string): string {
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(key)) throw new Error(`"${key}" cannot be the key of a start`)
  return `${marksOf(installation)}${key}/`
}

function marksOf(installation: string): string {
  return `Patchwarden ${installation}/`
}

/** The keys in the names of the installation's groups. */
export function keysIn(state: SystemState, installation: string): readonly string[] {
  const mine = marksOf(installation)
  const names = state.groups.flatMap(({ name }) => (name.startsWith(mine) ? [name.slice(mine.length)] : []))
  return [...new Set(names.map((name) => name.slice(0, name.indexOf('/'))))]
}

/** Takes all machines out of the groups with this mark, whoever put them there, and says so in a sentence for each. */
export function emptied(
  state: SystemState,
  mark: string,
  pace: Pace,
  now: Date,
): { readonly state: SystemState; readonly found: readonly string[] } {
  let next = takenOut(state, mark, undefined, pace, now)
  const found: string[] = []
  for (const { id, name, members } of state.groups.filter(
    (group) => group.name.startsWith(mark) && group.members.length > 0,
  )) {
    found.push(reclaimedText(name, members))
    const group = next.groups.find((one) => one.id === id)
    if (group !== undefined) next = withGroup(next, { ...group, members: [] })
  }
  return { state: next, found }
}

export function startOf(state: SystemState, mark: string): Start | null {
  return state.starts.find((one) => one.mark === mark) ?? null
}

function withStart(state: SystemState, start: Start): SystemState {
  const others = state.starts.filter(({ mark }) => mark !== start.mark)
  return { ...state, starts: [...others, start] }
}

function withGroup(state: SystemState, group: Group): SystemState {
  return { ...state, groups: state.groups.map((one) => (one.id === group.id ? group : one)) }
}

/**
 * The groups for the batch, without members: one for each set of changes. Those that are there already are found by
 * their names, also where the answer to making them was lost.
 */
export function staged(state: SystemState, mark: string, batch: Batch, now: Date): SystemState {
  let next = state
  for (const request of batch.deployments) next = withGroupFor(next, mark, request, now)
  return next
}

function withGroupFor(state: SystemState, mark: string, request: DeploymentRequest, now: Date): SystemState {
  const name = groupName(mark, request)
  const deadline = deadlineOf(request, now)
  const start = startOf(state, mark) ?? { mark, startedAt: null, groups: [], assets: [] }
  const there = state.groups.find((one) => one.name === name)
  if (there !== undefined) {
    // Once somebody was told, the time is fixed: a later call tells nothing new.
    if (start.assets.length > 0 || there.deadline === deadline) return state
    const { members: _, ...group } = { ...there, deadline }
    const groups = [...start.groups.filter(({ id }) => id !== group.id), group]
    return withStart(withGroup(state, { ...there, deadline }), { ...start, groups })
  }
  // One of ours that was told of and is gone was removed by somebody: it is not made a second time.
  if (start.groups.some((one) => one.name === name)) return state
  const groupsMade = state.groupsMade + 1
  const { changes, reboot } = request
  const group = {
    id: `group-${groupsMade}`,
    name,
    changes: [...changes],
    deadline,
    reboot,
    createdAt: now.toISOString(),
  }
  const fetching = Object.fromEntries(changes.map((one) => [one.name, now.toISOString()]))
  return {
    ...withStart(state, { ...start, groups: [...start.groups, group] }),
    groups: [...state.groups, { ...group, members: [] }],
    groupsMade,
    fetching: { ...fetching, ...state.fetching },
  }
}

function groupName(mark: string, { changes, reboot }: DeploymentRequest): string {
  const parts = changes.map((change) => canonicalJson(change)).sort()
  return `${mark}${createHash('sha256')
    .update([reboot, ...parts].join('\n'))
    .digest('hex')
    .slice(0, 8)}`
}

function deadlineOf({ notBefore }: DeploymentRequest, now: Date): string {
  return notBefore === undefined ? now.toISOString() : toIso(Date.parse(notBefore))
}

/** Whether the server has the content of all that is to be installed. */
export function readiness(state: SystemState, batch: Batch, pace: Pace, now: Date): Staged {
  const names = new Set(batch.deployments.flatMap(({ changes }) => changes.map(({ name }) => name)))
  const missing = [...names].filter((name) => {
    const offer = state.offers.find((one) => one.name === name)
    const since = state.fetching[name]
    if (offer === undefined || offer.contentHours === 0) return false
    return since === undefined || now.getTime() < Date.parse(since) + pace.hours(offer.contentHours)
  })
  if (missing.length === 0) return { ready: true }
  return { ready: false, why: `The simulated system has not fetched the content of ${missing.join(', ')} yet.` }
}

/** Writes down who is to be added, before anybody is. An asset that was written down before stays as it was. */
export function intended(state: SystemState, mark: string, batch: Batch, now: Date): SystemState {
  const start = startOf(state, mark) ?? { mark, startedAt: null, groups: [], assets: [] }
  const known = new Set(start.assets.map(({ asset }) => asset))
  const added = batch.deployments.filter(({ asset }) => !known.has(asset.id))
  const over = new Set(batch.deployments.filter(({ notAfter }) => isOver(notAfter, now)).map(({ asset }) => asset.id))
  const before = start.assets.map((one) =>
    one.addedAt === null && one.refused === null && over.has(one.asset) ? { ...one, refused: tooLate } : one,
  )
  if (start.startedAt !== null && added.length === 0 && before.every((one, index) => one === start.assets[index])) {
    return state
  }
  const assets = [...before, ...added.map((request) => startedOf(state, mark, start, request, now))]
  return withStart(state, { ...start, startedAt: start.startedAt ?? now.toISOString(), assets })
}

const tooLate = { state: 'not begun', reason: TIME_OVER } as const

function startedOf(state: SystemState, mark: string, start: Start, request: DeploymentRequest, now: Date): Started {
  const { asset, changes, notAfter } = request
  const problem = obstacle(state, request)
  const { reason = '', state: why = null } = problem === null || problem.state === 'succeeded' ? {} : problem
  const refused = why === 'held back' || why === 'unreachable' ? { state: why, reason } : null
  const group = start.groups.find(({ name }) => name === groupName(mark, request))
  return {
    ...{ asset: asset.id, name: asset.name, changes: [...changes], group: group?.id ?? 'none' },
    notBefore: group?.deadline ?? deadlineOf(request, now),
    notAfter: notAfter === null ? null : toIso(Date.parse(notAfter)),
    ...{ addedAt: null, takenBack: null, refused },
  }
}

/** The ids of the assets that are still to be added. */
export function toAdd(state: SystemState, mark: string): readonly string[] {
  const assets = startOf(state, mark)?.assets ?? []
  return assets
    .filter(({ addedAt, takenBack, refused }) => addedAt === null && takenBack === null && refused === null)
    .map(({ asset }) => asset)
}

/** Adds one asset to its group. Nobody is added whose time is over, or who is there or was taken back already. */
export function withMember(state: SystemState, mark: string, asset: string, now: Date): SystemState {
  const start = startOf(state, mark)
  const one = start?.assets.find((item) => item.asset === asset)
  if (start === null || one === undefined || !toAdd(state, mark).includes(asset)) return state
  if (isOver(one.notAfter, now)) return withAsset(state, start, { ...one, refused: tooLate })
  const group = state.groups.find(({ id }) => id === one.group)
  if (group === undefined) {
    const reason = 'Somebody removed the group of this start from the simulated system.'
    return withAsset(state, start, { ...one, refused: { state: 'not begun', reason } })
  }
  const members = group.members.includes(one.name) ? group.members : [...group.members, one.name]
  return withAsset(withGroup(state, { ...group, members }), start, { ...one, addedAt: now.toISOString() })
}

function withAsset(state: SystemState, start: Start, asset: Started): SystemState {
  return withStart(state, { ...start, assets: start.assets.map((one) => (one.asset === asset.asset ? asset : one)) })
}

/** Takes assets out of their groups. `only`: these; left out: all of the start. */
export function takenOut(
  state: SystemState,
  mark: string,
  only: readonly string[] | undefined,
  pace: Pace,
  now: Date,
): SystemState {
  let next = state
  for (const one of startOf(state, mark)?.assets ?? []) {
    if (only !== undefined && !only.includes(one.asset)) continue
    next = without(next, mark, one, STOPPED, pace, now)
  }
  return next
}

function without(state: SystemState, mark: string, one: Started, reason: string, pace: Pace, now: Date): SystemState {
  const start = startOf(state, mark)
  if (start === null || one.takenBack !== null || one.refused !== null) return state
  const reach = reachOf(state, one, pace, now)
  const takenBack = { at: now.toISOString(), ...reach, reason }
  const group = state.groups.find(({ id }) => id === one.group)
  const left =
    group === undefined
      ? state
      : withGroup(state, { ...group, members: group.members.filter((name) => name !== one.name) })
  return withAsset(left, start, { ...one, takenBack })
}

/**
 * What taking the machine out reaches, as far as the server knows: it knows when it last gave the machine this work. A
 * machine that cannot ask at its time begins nothing, so what it was given holds until its next ask.
 */
function reachOf(
  state: SystemState,
  one: Started,
  pace: Pace,
  now: Date,
): Pick<NonNullable<Started['takenBack']>, 'state' | 'until'> {
  const machine = machineNamed(state, one.name)
  const given = machine?.asked?.given[one.group]
  // The word of a machine that was at it, or is through, says that it had the work.
  const began = machine?.said?.working === one.group || machine?.said?.results.some(({ group }) => group === one.group)
  if (began === true) return { state: 'at work', until: null }
  if (given === undefined) return { state: 'stopped', until: null }
  const until = pace.asksAfter(one.name, Date.parse(given))
  const due = dueAt({ deadline: one.notBefore, learnedAt: given })
  if (now.getTime() >= Math.min(due, until)) {
    return due < until ? { state: 'at work', until: toIso(until) } : { state: 'stopped', until: null }
  }
  return { state: 'may still begin', until: toIso(until) }
}

/** What a stop did for each asset, from what was written down. */
export function stopReports(state: SystemState, mark: string, only?: readonly string[]): readonly StopReport[] {
  const assets = startOf(state, mark)?.assets ?? []
  return assets
    .filter(({ asset }) => only === undefined || only.includes(asset))
    .map(({ asset, takenBack }) => {
      const { state: reached, until } = takenBack ?? { state: 'stopped' as const, until: null }
      return { asset, state: reached, ...(until === null ? {} : { until }) }
    })
}

/** Makes the groups again as they were started, and says in sentences what was different. */
export function compared(
  state: SystemState,
  mark: string,
  pace: Pace,
  now: Date,
): { readonly state: SystemState; readonly differences: readonly string[] } {
  let next = state
  const differences: string[] = []
  for (const made of startOf(state, mark)?.groups ?? []) {
    const group = next.groups.find(({ id }) => id === made.id)
    const mine = startOf(next, mark)?.assets.filter((one) => one.group === made.id) ?? []
    const inside = mine.filter(({ addedAt, takenBack }) => addedAt !== null && takenBack === null)
    for (const one of inside) {
      if (group?.members.includes(one.name)) continue
      const reason = `Somebody took ${one.name} out of the group "${made.name}" in the simulated system.`
      differences.push(reason)
      next = without(next, mark, one, reason, pace, now)
    }
    if (group === undefined) continue
    for (const name of group.members) {
      if (inside.some((one) => one.name === name)) continue
      differences.push(strangerSentence(state, name, made, pace))
    }
    const members = group.members.filter((name) => inside.some((one) => one.name === name))
    if (members.length < group.members.length) next = withGroup(next, { ...group, members })
    if (group.deadline !== made.deadline || !sameChanges(group.changes, made.changes) || group.reboot !== made.reboot) {
      differences.push(`Somebody changed what "${made.name}" installs, or when. It was set back.`)
      next = withGroup(next, { ...made, members })
    }
  }
  return { state: next, differences }
}

function strangerSentence(state: SystemState, name: string, group: Pick<Group, 'id' | 'name'>, pace: Pace): string {
  const added = `Somebody added ${name} to the group "${group.name}". It was taken out`
  const given = machineNamed(state, name)?.asked?.given[group.id]
  if (given === undefined) return `${added} before it was told anything.`
  const until = toIso(pace.asksAfter(name, Date.parse(given)))
  return `${added}, but it was told already and may install until ${minuteOf(until)} UTC.`
}

/** The state without all that the start or its stage made. */
export function tidied(state: SystemState, mark: string): SystemState {
  const start = startOf(state, mark)
  const groups = state.groups.filter(({ name }) => !name.startsWith(mark))
  if (start === null && groups.length === state.groups.length) return state
  return { ...state, groups, starts: state.starts.filter((one) => one.mark !== mark) }
}
