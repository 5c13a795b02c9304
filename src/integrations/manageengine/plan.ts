/** Which patches of the server make the changes of a machine, and why a machine is not started. */

import type { Asset } from '../../core/asset.ts'
import type { Change, UpdateChange } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome, DeploymentRequest, TransactionStep } from '../../core/ports.ts'
import { stepsOf } from '../../core/preview.ts'
import { keyIn } from '../delegating/marks.ts'
import { transactionDifference } from '../simulated/transaction.ts'
import type { Machine, Patch, PatchState, Policy } from './api.ts'
import { notOffered } from './classes.ts'
import { type Context, isOpen } from './context.ts'
import { neverScanned } from './inventory.ts'
import type { Arranged, Machines, Patches } from './known.ts'
import type { Item } from './note.ts'

/** Why the server cannot do it, as a sentence. */
class Cannot extends Error {}

/** What the server knows of some machines and patches. */
export interface View extends Arranged {
  readonly patches: Patches
  readonly machines: Machines
  /** By machine and then by patch. */
  readonly states: ReadonlyMap<string, ReadonlyMap<string, PatchState>>
}

/**
 * Asks about everything that could be meant by the changes. `known`: what was read a few minutes ago will do. `said now`: what
 * machines said, and what administrators set up, is read again. `all now`: patches, too, because they may be superseded by now.
 */
export async function viewOf(
  { api, known }: Pick<Context, 'api' | 'known'>,
  assets: readonly Pick<Asset, 'name'>[],
  changes: readonly Change[],
  read: 'known' | 'said now' | 'all now',
  signal: AbortSignal,
): Promise<View> {
  const fresh = read === 'known' ? undefined : 'fresh'
  let machines = await known.machines(signal, fresh)
  if (assets.some(({ name }) => !machines.byName.has(name))) machines = await known.machines(signal, 'fresh')
  let patches = await known.patches(signal)
  const ids = [...new Set(changes.flatMap((one) => candidates(patches, one).map(({ id }) => id)))]
  if (read === 'all now') patches = withFresh(patches, await api.patches(ids, signal), ids)
  const states = new Map<string, Map<string, PatchState>>()
  for (const id of ids) {
    for (const one of await known.states(id, signal, fresh)) {
      const own = states.get(one.machine) ?? new Map()
      states.set(one.machine, own.set(one.patch, one))
    }
  }
  return { patches, machines, states, ...(await known.arranged(signal, fresh)) }
}

function withFresh(patches: Patches, read: readonly Patch[], asked: readonly string[]): Patches {
  const now = new Map(read.map((one) => [one.id, one]))
  const byId = new Map([...patches.byId, ...now])
  // One that the server does not have any more is not offered.
  for (const id of asked) if (!now.has(id)) byId.delete(id)
  const byKb = new Map([...patches.byKb].map(([kb, all]) => [kb, all.flatMap(({ id }) => byId.get(id) ?? [])] as const))
  return { ...patches, byId, byKb }
}

function candidates({ byKb }: Patches, { name }: Pick<Change, 'name'>): readonly Patch[] {
  return byKb.get(name.replace(/^KB/i, '')) ?? []
}

/** The machine of an asset. Throws a sentence if nobody can tell what it has. */
function machineOf({ machines }: View, name: string): Machine {
  const [machine] = machines.byName.get(name) ?? []
  if (machine === undefined) throw new Cannot(`ManageEngine has no computer called ${name}`)
  if (machine.scannedAt === null) throw new Cannot(neverScanned(name, machine))
  return machine
}

export interface Planned {
  readonly machine: Machine
  /** The changes that are still to be made. */
  readonly changes: readonly UpdateChange[]
  readonly items: readonly Item[]
  /** Id of the deployment policy. */
  readonly policy: string
}

/** Throws a sentence if the server cannot make one of the changes on the machine, or not in its window. */
function planFor(context: Context, view: View, asset: Asset, changes: readonly Change[]): Planned {
  const machine = machineOf(view, asset.name)
  const policy = policyFor(context, view.policies, asset)
  const parts = changes.map((change) => partOf(view, asset.name, machine, change))
  return {
    machine,
    policy,
    changes: parts.flatMap(({ change, items }) => (items.length === 0 ? [] : [change])),
    items: parts.flatMap(({ items }) => items),
  }
}

/** The deployment policy for the window of the asset. Throws a sentence if there is none. */
function policyFor({ policies: rules, windowOf }: Context, policies: readonly Policy[], asset: Asset): string {
  const window = windowOf(asset)
  const rule = window !== null && Object.hasOwn(rules, window) ? rules[window] : undefined
  if (rule === undefined)
    throw new Cannot(
      `No deployment policy of ManageEngine is named for ${window === null ? 'a team without a window' : `the window "${window}"`}: write it under "policies" of the engine`,
    )
  const found = policies.filter(({ name, isAlive }) => isAlive && name === rule.name)
  const [only] = found
  if (only === undefined) throw new Cannot(`ManageEngine has no deployment policy called "${rule.name}" that is in use`)
  if (found.length > 1) throw new Cannot(`ManageEngine has ${found.length} deployment policies called "${rule.name}"`)
  if (rule.reboot !== 'never' && /skip|no reboot/i.test(only.reboot ?? ''))
    throw new Cannot(
      `The deployment policy "${rule.name}" never restarts a machine (${only.reboot}), and the configuration says "reboot: if required"`,
    )
  return only.id
}

interface Part {
  readonly change: UpdateChange
  /** None: the change is made already. */
  readonly items: readonly Item[]
}

function partOf(view: View, name: string, machine: Machine, change: Change): Part {
  if (change.kind !== 'update')
    throw new Cannot(`ManageEngine installs updates of Windows here, and ${change.name} is a package`)
  const all = candidates(view.patches, change)
  if (all.length === 0) throw new Cannot(`ManageEngine does not offer ${change.name} for any machine`)
  const state = ({ id }: Patch) => view.states.get(machine.id)?.get(id)
  const installed = all.filter((one) => ['installed'].includes(state(one)?.state ?? ''))
  if (change.undone === true) {
    const fixed = installed.find(({ uninstallable }) => uninstallable !== true)
    if (fixed !== undefined) throw new Cannot(`${change.name} cannot be taken off again by ManageEngine`)
    return {
      change,
      items: installed.map(({ id }) => ({ patch: id, kb: change.name, undone: true, failedBefore: false })),
    }
  }
  const needed = all.filter((one) => ['missing', 'failed'].includes(state(one)?.state ?? ''))
  if (needed.length === 0 && installed.length > 0) return { change, items: [] }
  if (needed.length === 0) throw new Cannot(`${name} does not report to ManageEngine that it misses ${change.name}`)
  for (const patch of needed) {
    const problem = notOffered(patch, view.patches.replacedBy(patch))
    if (problem !== null) throw new Cannot(`ManageEngine does not offer ${change.name}: ${problem}`)
  }
  const items = needed.map((one) => {
    const failedBefore = state(one)?.state === 'failed'
    return { patch: one.id, kb: change.name, undone: false, failedBefore }
  })
  return { change, items }
}

/** The steps that the changes cause on the machine. Throws a sentence when the server cannot do one of them. */
export function previewOf(
  context: Context,
  view: View,
  asset: Asset,
  changes: readonly Change[],
): readonly TransactionStep[] {
  return stepsOf(planFor(context, view, asset, changes).changes)
}

export type Found =
  | { readonly ready: true; readonly plan: Planned }
  | { readonly ready: false; readonly outcome: DeploymentOutcome }

/** `isOurs`: whether a configuration of this name belongs to this start. */
export function planOrObstacle(
  context: Context,
  view: View,
  request: DeploymentRequest,
  isOurs: (name: string) => boolean,
): Found {
  const { asset, changes, transaction } = request
  if (!view.machines.byName.has(asset.name)) {
    const reason = `ManageEngine has no computer called ${asset.name}`
    return { ready: false, outcome: { state: 'unreachable', reason, touched: false, log: '' } }
  }
  try {
    const plan = planFor(context, view, asset, changes)
    const reason = byItself(view, plan, isOurs) ?? transactionDifference(transaction, stepsOf(plan.changes))
    return reason === null ? { ready: true, plan } : { ready: false, outcome: heldBack(reason) }
  } catch (error) {
    if (!(error instanceof Cannot)) throw error
    return { ready: false, outcome: heldBack(errorText(error)) }
  }
}

/** A sentence when a configuration of somebody else installs one of the patches; `null`: none does. */
function byItself(view: View, { machine, items }: Planned, isOurs: (name: string) => boolean): string | null {
  for (const { patch, kb, undone } of items) {
    const other = underWay(view, view.states.get(machine.id)?.get(patch))
    if (other === null || undone || isOurs(other)) continue
    return `${kb} installs by itself, not by this start: the configuration "${other}" in ManageEngine installs it`
  }
  return null
}

/** The configuration that is to install what the machine still misses; `null`: none, as far as the server says. */
function underWay({ configurations }: View, state: PatchState | undefined): string | null {
  const name = state?.configuration ?? null
  if (name === null || state?.state !== 'missing') return null
  return configurations.some((one) => one.name === name && isOpen(one) && !/executed/.test(one.status)) ? name : null
}

/** What the server installs on the machine by itself, as clauses. */
export function alsoInstalled(context: Context, view: View, name: string): readonly string[] {
  const [machine] = view.machines.byName.get(name) ?? []
  if (machine === undefined) return []
  return [...(view.states.get(machine.id)?.values() ?? [])].flatMap((state) => {
    const other = underWay(view, state)
    const kb = view.patches.byId.get(state.patch)?.kb
    // What other starts of ours install was voted on.
    if (other === null || kb == null || keyIn(context, other) !== null) return []
    return [`KB${kb}, which the configuration "${other}" in ManageEngine installs`]
  })
}

export function patchesFor({ patches }: View, changes: readonly Change[]): readonly Patch[] {
  return changes.flatMap((change) => candidates(patches, change))
}
