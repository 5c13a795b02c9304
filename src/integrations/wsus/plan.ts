/** Which updates of the server make the changes of a machine, and why a machine is not started. */

import type { Asset } from '../../core/asset.ts'
import type { Change, UpdateChange } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome, DeploymentRequest, TransactionStep } from '../../core/ports.ts'
import { stepsOf } from '../../core/preview.ts'
import { transactionDifference } from '../simulated/transaction.ts'
import type { Wsus } from './ask.ts'
import type { WsusGroup, WsusInstallation, WsusMachine, WsusUpdate } from './calls.ts'
import { kbOf, notOffered } from './classes.ts'
import { neverReported, sharedSentence } from './inventory.ts'
import type { Known, Machines, Updates } from './known.ts'
import { nameOf } from './machine.ts'
import type { AssetItem } from './note.ts'

/** Why the server cannot do it, as a sentence. */
class Cannot extends Error {}

/** What the server knows of the machines of some assets. */
export interface View {
  readonly updates: Updates
  readonly machines: Machines
  readonly groups: ReadonlyMap<string, WsusGroup>
  /** By machine and then by update. */
  readonly states: ReadonlyMap<string, ReadonlyMap<string, WsusInstallation>>
}

/** Asks about these machines and everything that could be meant by the changes. */
export async function viewOf(
  wsus: Wsus,
  known: Known,
  assets: readonly Pick<Asset, 'name'>[],
  changes: readonly Change[] | null,
  signal: AbortSignal,
): Promise<View> {
  const updates = await known.updates(signal)
  let machines = await known.machines(signal)
  if (assets.some(({ name }) => !machines.byName.has(name))) machines = await known.machines(signal, 'fresh')
  const rows = assets.flatMap(({ name }) => machines.byName.get(name)?.slice(0, 1) ?? [])
  const ids =
    changes === null ? null : [...new Set(changes.flatMap((one) => candidates(updates, one).map(({ id }) => id)))]
  const said =
    ids?.length === 0
      ? []
      : await wsus.installations(
          rows.map(({ id }) => id),
          ids,
          signal,
        )
  const states = new Map<string, Map<string, WsusInstallation>>()
  for (const one of said) {
    const own = states.get(one.machine) ?? new Map()
    states.set(one.machine, own.set(one.update, one))
  }
  const groups = await wsus.ask('groups', {}, signal)
  return { updates, machines, states, groups: new Map(groups.map((one) => [one.id, one])) }
}

function candidates({ byKb }: Updates, { name }: Pick<Change, 'name'>): readonly WsusUpdate[] {
  return byKb.get(name.replace(/^KB/i, '')) ?? []
}

/** The machine of an asset. Throws a sentence if nobody can tell which one it is, or what it has. */
function machineOf({ machines }: View, name: string): WsusMachine {
  const [machine] = machines.byName.get(name) ?? []
  const shared = [...machines.sharedNames.values()].find((names) => names.includes(name))
  if (shared !== undefined) throw new Cannot(sharedSentence(shared))
  if (machine === undefined) throw new Cannot(`WSUS has no computer called ${name}`)
  if (machine.reportedAt === null) throw new Cannot(neverReported(machine))
  return machine
}

export interface Planned {
  readonly machine: WsusMachine
  /** The changes that are still to be made. */
  readonly changes: readonly UpdateChange[]
  readonly items: readonly AssetItem[]
  /** Those that are to be installed. */
  readonly updates: readonly WsusUpdate[]
}

/** Throws a sentence if the server cannot make one of the changes on the machine. */
export function planFor(view: View, name: string, changes: readonly Change[]): Planned {
  const machine = machineOf(view, name)
  const parts = changes.map((change) => partOf(view, machine, change))
  return {
    machine,
    changes: parts.flatMap(({ change, items }) => (items.length === 0 ? [] : [change])),
    items: parts.flatMap(({ items }) => items),
    updates: parts.flatMap(({ updates }) => updates),
  }
}

interface Part extends Pick<Planned, 'items' | 'updates'> {
  readonly change: UpdateChange
}

/** No items: the change is made already. */
function partOf(view: View, machine: WsusMachine, change: Change): Part {
  if (change.kind !== 'update') throw new Cannot(`WSUS installs updates of Windows, and ${change.name} is a package`)
  const all = candidates(view.updates, change)
  if (all.length === 0) throw new Cannot(`WSUS does not have ${change.name}; is its product synchronised?`)
  return change.undone === true ? undoing(view, machine, change, all) : installing(view, machine, change, all)
}

const stateIn = ({ states }: View, machine: WsusMachine, { id }: WsusUpdate) => states.get(machine.id)?.get(id)?.state

function installing(view: View, machine: WsusMachine, change: UpdateChange, all: readonly WsusUpdate[]): Part {
  const there = all.some((one) => ['Installed', 'InstalledPendingReboot'].includes(stateIn(view, machine, one) ?? ''))
  const needed = all.filter((one) =>
    ['NotInstalled', 'Downloaded', 'Failed'].includes(stateIn(view, machine, one) ?? ''),
  )
  if (needed.length === 0 && there) return { change, items: [], updates: [] }
  if (needed.length === 0) {
    const name = nameOf(machine)
    const unknown = all.some((one) => stateIn(view, machine, one) === 'Unknown')
    if (unknown)
      throw new Cannot(
        `${name} has not reported since ${change.name} reached WSUS, so nobody knows whether it needs it`,
      )
    throw new Cannot(`${name} does not report to WSUS that it needs ${change.name}`)
  }
  for (const update of needed) {
    const problem = notOffered(update, view.updates.replacedBy(update.id))
    if (problem !== null) throw new Cannot(`WSUS does not offer ${change.name}: ${problem}`)
    if (update.install.asksUser)
      throw new Cannot(
        `${change.name} may ask the person at the machine something, so it cannot be installed unattended`,
      )
  }
  const items = needed.map((one) => {
    const failedBefore = stateIn(view, machine, one) === 'Failed'
    const restarts = one.install.reboot === 'AlwaysRequiresReboot'
    return { update: one.id, kb: change.name, action: 'Install' as const, failedBefore, restarts }
  })
  return { change, items, updates: needed }
}

function undoing(view: View, machine: WsusMachine, change: UpdateChange, all: readonly WsusUpdate[]): Part {
  const there = all.filter((one) => ['Installed', 'InstalledPendingReboot'].includes(stateIn(view, machine, one) ?? ''))
  if (there.some(({ uninstall }) => !uninstall.supported)) throw new Cannot(`${change.name} cannot be taken off again`)
  const items = there.map((one) => {
    const restarts = one.uninstall.reboot === 'AlwaysRequiresReboot'
    return { update: one.id, kb: change.name, action: 'Uninstall' as const, failedBefore: false, restarts }
  })
  return { change, items, updates: [] }
}

/** The updates that would be installed, or all that could be meant where the server cannot do it. */
export function updatesFor(view: View, name: string, changes: readonly Change[]): readonly WsusUpdate[] {
  try {
    return planFor(view, name, changes).updates
  } catch (error) {
    if (!(error instanceof Cannot)) throw error
    return changes.flatMap((change) => candidates(view.updates, change)).filter((one) => !one.declined && !one.expired)
  }
}

/** The steps that the changes cause on the machine. Throws a sentence when the server cannot do one of them. */
export function previewOf(view: View, name: string, changes: readonly Change[]): readonly TransactionStep[] {
  return stepsOf(planFor(view, name, changes).changes)
}

export type Found =
  | { readonly ready: true; readonly plan: Planned }
  | { readonly ready: false; readonly outcome: DeploymentOutcome }

/** `isOurs`: whether a group of the server belongs to this start. */
export function planOrObstacle(view: View, request: DeploymentRequest, isOurs: (group: WsusGroup) => boolean): Found {
  const { asset, changes, transaction, licences = [] } = request
  if (!view.machines.byName.has(asset.name)) {
    const reason = `WSUS has no computer called ${asset.name}`
    return { ready: false, outcome: { state: 'unreachable', reason, touched: false, log: '' } }
  }
  try {
    const plan = planFor(view, asset.name, changes)
    const reason =
      byItself(view, plan, isOurs) ??
      transactionDifference(transaction, stepsOf(plan.changes)) ??
      unacceptedLicence(plan, licences)
    return reason === null ? { ready: true, plan } : { ready: false, outcome: heldBack(reason) }
  } catch (error) {
    if (!(error instanceof Cannot)) throw error
    return { ready: false, outcome: heldBack(errorText(error)) }
  }
}

/** A sentence when an approval of somebody else installs one of the updates; `null`: none does. */
function byItself(view: View, { machine, items }: Planned, isOurs: (group: WsusGroup) => boolean): string | null {
  for (const { update, kb, action } of items) {
    const said = view.states.get(machine.id)?.get(update)
    if (said?.action !== 'Install' || action !== 'Install') continue
    const group = view.groups.get(said.group)
    if (group !== undefined && isOurs(group)) continue
    return `${kb} installs by itself, not by this start: it is approved for "${group?.name ?? said.group}" in WSUS`
  }
  return null
}

function unacceptedLicence({ updates }: Planned, accepted: readonly string[]): string | null {
  const missing = licencesOf(updates).find((name) => !accepted.includes(name))
  return missing === undefined ? null : `Its licence was not part of what was voted on: ${missing}`
}

/** Names of the licences that must be accepted before the updates can be approved. */
export function licencesOf(updates: readonly WsusUpdate[]): readonly string[] {
  const needed = updates.filter(({ licence }) => licence.required)
  return [...new Set(needed.map((one) => one.licence.title ?? `Licence of ${kbOf(one)}`))]
}

/** What the server installs on the machine by itself, as clauses. `isOurs`: whether a start of ours approved it. */
export function alsoInstalled(
  view: View,
  name: string,
  isOurs: (group: WsusGroup, update: string) => boolean,
): readonly string[] {
  const [machine] = view.machines.byName.get(name) ?? []
  if (machine === undefined) return []
  return [...(view.states.get(machine.id)?.values() ?? [])].flatMap(({ update: id, state, action, group: where }) => {
    const update = view.updates.byId.get(id)
    const group = view.groups.get(where)
    if (action !== 'Install' || !['NotInstalled', 'Downloaded', 'Failed', 'Unknown'].includes(state)) return []
    if (update === undefined || (group !== undefined && isOurs(group, id))) return []
    return [`${kbOf(update)}, which is approved for "${group?.name ?? where}" in WSUS`]
  })
}
