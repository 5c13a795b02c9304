/** Which updates of the site make the changes of a machine, and why a machine is not started. */

import type { Asset } from '../../core/asset.ts'
import type { Change, UpdateChange } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome, DeploymentRequest, TransactionStep } from '../../core/ports.ts'
import { stepsOf } from '../../core/preview.ts'
import { keyIn } from '../delegating/marks.ts'
import { transactionDifference } from '../simulated/transaction.ts'
import { kbOf, notOffered } from './classes.ts'
import type { Context } from './context.ts'
import { neverScanned } from './inventory.ts'
import type { Machines, Said, Updates } from './known.ts'
import { windowsProblem } from './maintenance.ts'
import type { Item } from './note.ts'
import type { Deployment, Machine, ServiceWindow, Update } from './schema.ts'

/** Why the site cannot do it, as a sentence. */
class Cannot extends Error {}

/** A deployment that installs by itself: what, and where. */
export interface Installing {
  readonly deployment: Deployment
  readonly updates: ReadonlySet<number>
  readonly members: ReadonlySet<number>
}

/** What the site knows of some machines and updates. */
export interface View {
  readonly updates: Updates
  readonly machines: Machines
  readonly said: Said
  windows(machine: number): readonly ServiceWindow[]
  readonly installing: readonly Installing[]
}

/**
 * Asks about everything that could be meant by the changes. `known`: what was read within half an hour will do. `voted on`: what others
 * deploy is read again. `now`: all is, because an update may be expired by now. `changes`: those of which others' deployments count;
 * `null`: all.
 */
export async function viewOf(
  context: Pick<Context, 'api' | 'known'>,
  assets: readonly Pick<Asset, 'name'>[],
  changes: readonly Change[] | null,
  read: 'known' | 'voted on' | 'now',
  signal: AbortSignal,
): Promise<View> {
  const { known } = context
  const fresh = read === 'now' ? 'fresh' : undefined
  let machines = await known.machines(signal, fresh)
  if (assets.some(({ name }) => !machines.byName.has(name))) machines = await known.machines(signal, 'fresh')
  const updates = await known.updates(signal, fresh)
  const rows = assets.flatMap(({ name }) => machines.byName.get(name)?.slice(0, 1) ?? [])
  const said = await known.said(rows.length > MANY ? null : rows.map(({ id }) => id), signal)
  const wanted = changes?.flatMap((one) => candidates(updates, one).map(({ id }) => id)) ?? null
  return {
    ...{ machines, updates, said, windows: await known.windows(signal, fresh) },
    installing: await installingNow(context, wanted, read, signal),
  }
}

/** For more machines than this, the scans of all are read. */
const MANY = 100

/** `updates`: only deployments of these; `null`: all. */
async function installingNow(
  { api, known }: Pick<Context, 'api' | 'known'>,
  updates: readonly number[] | null,
  read: 'known' | 'voted on' | 'now',
  signal: AbortSignal,
): Promise<readonly Installing[]> {
  const fresh = read === 'now' ? 'fresh' : undefined
  const groups = updates === null ? null : await api.groupsWith([...new Set(updates)], signal)
  const found: Installing[] = []
  for (const deployment of (await known.arranged(signal, read === 'known' ? undefined : 'fresh')).deployments) {
    const { group, enabled, deadline, collection } = deployment
    if (!enabled || deadline === null || group === null || groups?.has(group) === false) continue
    const inGroup = await known.updatesIn(group, signal, fresh)
    found.push({
      deployment,
      updates: inGroup,
      members: new Set((await known.members(collection, signal, fresh)).keys()),
    })
  }
  return found
}

function candidates({ byKb }: Updates, { name }: Pick<Change, 'name'>): readonly Update[] {
  return byKb.get(name.replace(/^KB/i, '')) ?? []
}

export function updatesFor({ updates }: View, changes: readonly Change[]): readonly Update[] {
  return changes.flatMap((change) => candidates(updates, change))
}

export function machineNamed({ machines }: Pick<View, 'machines'>, name: string): Machine | null {
  return machines.byName.get(name)?.[0] ?? null
}

export interface Planned {
  readonly machine: Machine
  /** The changes that are still to be made. */
  readonly changes: readonly UpdateChange[]
  readonly items: readonly Item[]
  readonly updates: readonly Update[]
}

/** Throws a sentence if the site cannot make one of the changes on the machine. */
function planFor(view: View, name: string, changes: readonly Change[]): Planned {
  const machine = machineNamed(view, name)
  if (machine === null) throw new Cannot(`Configuration Manager has no device called ${name}`)
  if (!machine.hasClient) throw new Cannot(`${name} has no client of Configuration Manager`)
  if (view.said.scannedAt(machine.id) === null) throw new Cannot(neverScanned(name))
  const parts = changes.map((change) => partOf(view, name, machine, change))
  return {
    machine,
    changes: parts.flatMap(({ change, updates }) => (updates.length === 0 ? [] : [change])),
    items: parts.flatMap(({ change, updates }) => updates.map(({ id }) => ({ update: id, kb: change.name }))),
    updates: parts.flatMap(({ updates }) => updates),
  }
}

interface Part {
  readonly change: UpdateChange
  /** None: the change is made already. */
  readonly updates: readonly Update[]
}

function partOf(view: View, name: string, machine: Machine, change: Change): Part {
  if (change.kind !== 'update')
    throw new Cannot(`Configuration Manager installs updates of Windows here, and ${change.name} is a package`)
  if (change.undone === true) throw new Cannot(`${change.name} cannot be taken off: ${NO_UNINSTALL}`)
  const all = candidates(view.updates, change)
  if (all.length === 0) throw new Cannot(`Configuration Manager does not offer ${change.name} for any machine`)
  const word = ({ id }: Update) => view.said.of(machine.id, id)
  const needed = all.filter((one) => word(one)?.status === 'missing' && word(one)?.waits === false)
  if (needed.length === 0 && all.some((one) => word(one)?.status === 'installed' || word(one)?.waits === true))
    return { change, updates: [] }
  if (needed.length === 0)
    throw new Cannot(`${name} does not report to Configuration Manager that it needs ${change.name}`)
  for (const update of needed) {
    const problem = notOffered(update, view.updates.replacedBy(update.id))
    if (problem !== null) throw new Cannot(`Configuration Manager does not offer ${change.name}: ${problem}`)
  }
  return { change, updates: needed }
}

export const NO_UNINSTALL = 'Configuration Manager has no uninstallation of updates'

/** The steps that the changes cause on the machine. Throws a sentence when the site cannot do one of them. */
export function previewOf(view: View, name: string, changes: readonly Change[]): readonly TransactionStep[] {
  return stepsOf(planFor(view, name, changes).changes)
}

export type Found =
  | { readonly ready: true; readonly plan: Planned }
  | { readonly ready: false; readonly outcome: DeploymentOutcome }

/** `isOurs`: whether a deployment of this name belongs to this start. */
export function planOrObstacle(
  view: View,
  request: DeploymentRequest,
  isOurs: (name: string) => boolean,
  now: Date,
): Found {
  const { asset, changes, transaction, licences = [] } = request
  if (!view.machines.byName.has(asset.name)) {
    const reason = `Configuration Manager has no device called ${asset.name}`
    return { ready: false, outcome: { state: 'unreachable', reason, touched: false, log: '' } }
  }
  try {
    const plan = planFor(view, asset.name, changes)
    const reason =
      byItself(view, plan, isOurs) ??
      transactionDifference(transaction, stepsOf(plan.changes)) ??
      unacceptedLicence(plan, licences) ??
      outsideWindows(view, plan, request, now)
    return reason === null ? { ready: true, plan } : { ready: false, outcome: heldBack(reason) }
  } catch (error) {
    if (!(error instanceof Cannot)) throw error
    return { ready: false, outcome: heldBack(errorText(error)) }
  }
}

/** A sentence when a deployment of somebody else installs one of the updates; `null`: none does. */
function byItself(view: View, { machine, items }: Planned, isOurs: (name: string) => boolean): string | null {
  for (const { update, kb } of items) {
    const other = installingOn(view, machine.id).find(
      ({ deployment, updates }) => updates.has(update) && !isOurs(deployment.name),
    )
    if (other === undefined) continue
    return `${kb} installs by itself, not by this start: the deployment "${other.deployment.name}" in Configuration Manager installs it`
  }
  return null
}

function installingOn({ installing }: View, machine: number): readonly Installing[] {
  return installing.filter(({ members }) => members.has(machine))
}

function unacceptedLicence({ updates }: Planned, accepted: readonly string[]): string | null {
  const missing = licencesOf(updates).find((name) => !accepted.includes(name))
  return missing === undefined ? null : `Its licence was not part of what was voted on: ${missing}`
}

/** Names of the licences that must be accepted before the updates can be deployed. */
export function licencesOf(updates: readonly Update[]): readonly string[] {
  return [...new Set(updates.filter(({ licence }) => licence).map((one) => `Licence of ${kbOf(one)}`))]
}

function outsideWindows(
  view: View,
  { machine, updates }: Planned,
  request: DeploymentRequest,
  now: Date,
): string | null {
  const windows = view.windows(machine.id)
  const notBefore = request.notBefore ?? now.toISOString()
  const asked = { windows, timeZone: request.asset.timeZone, updates }
  const problem = windowsProblem(asked, { notBefore, notAfter: request.notAfter })
  return problem === null ? null : `${request.asset.name}: ${problem}`
}

/** What the site installs on the machine without a vote, as clauses. `rules`: automatic deployment rules by what they are for. */
export function alsoInstalled(context: Pick<Context, 'installation'>, view: View, name: string): readonly string[] {
  const machine = machineNamed(view, name)
  if (machine === null) return []
  return installingOn(view, machine.id).flatMap(({ deployment, updates }) => {
    // What other starts of ours install was voted on.
    if (keyIn(context, deployment.name) !== null) return []
    return [...updates].flatMap((id) => {
      const update = view.updates.byId.get(id)
      const word = view.said.of(machine.id, id)
      if (update === undefined || word?.status !== 'missing' || word.waits) return []
      return [`${kbOf(update)}, which the deployment "${deployment.name}" in Configuration Manager installs`]
    })
  })
}
