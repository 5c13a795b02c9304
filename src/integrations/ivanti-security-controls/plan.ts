/** Which patches of the console make the changes of a machine, and why a machine is not started. */

import type { Asset } from '../../core/asset.ts'
import type { Change, UpdateChange } from '../../core/change.ts'
import { errorText } from '../../core/error-text.ts'
import { heldBack } from '../../core/held-back.ts'
import type { DeploymentOutcome, DeploymentRequest, RebootRule, TransactionStep } from '../../core/ports.ts'
import { stepsOf } from '../../core/preview.ts'
import { transactionDifference } from '../simulated/transaction.ts'
import type { Context } from './context.ts'
import { neverScanned } from './inventory.ts'
import type { Deploying } from './known.ts'
import type { Machines } from './names.ts'
import type { Item } from './note.ts'
import type { DeployTemplate, Vulnerability } from './schema.ts'
import type { Words } from './words.ts'

/** Why the console cannot do it, as a sentence. */
class Cannot extends Error {}

/** What the console knows of some machines and patches. */
export interface View {
  readonly machines: Machines
  readonly words: Words
  readonly deployments: readonly Deploying[]
  readonly templates: readonly DeployTemplate[]
  /** By number, digits only. */
  readonly patches: ReadonlyMap<string, readonly Vulnerability[]>
  /** What replaces a patch, as a name for people; `null`: nothing that is known does. */
  replacedBy(patch: Vulnerability): string | null
}

const digitsOf = (name: string) => name.replace(/^KB/i, '')

/** `known`: what was read a few minutes ago will do. `now`: everything is read again. */
export async function viewOf(
  { api, known }: Pick<Context, 'api' | 'known'>,
  assets: readonly Pick<Asset, 'name'>[],
  changes: readonly Change[],
  read: 'known' | 'now',
  signal: AbortSignal,
): Promise<View> {
  const fresh = read === 'known' ? undefined : 'fresh'
  let machines = await known.machines(signal, fresh)
  if (assets.some(({ name }) => !machines.byName.has(name))) machines = await known.machines(signal, 'fresh')
  const only = new Set(assets.map(({ name }) => name))
  const words = fresh === undefined ? await known.words(signal) : await known.words(signal, only)
  const kbs = [...new Set(changes.map(({ name }) => digitsOf(name)))]
  const found = await known.patches(kbs, signal, fresh)
  const newer = new Map<number, string>()
  for (const id of new Set(found.flatMap(({ replacedBy }) => replacedBy))) {
    const one = await api.patch(id, signal)
    newer.set(id, one?.kb == null ? (one?.bulletinId ?? `patch ${id}`) : `KB${one.kb}`)
  }
  return {
    ...{ machines, words, templates: await known.deployTemplates(signal, fresh) },
    deployments: await known.deployments(signal, fresh),
    patches: new Map(kbs.map((kb) => [kb, found.filter((one) => one.kb === kb)])),
    replacedBy: ({ replacedBy: [first] }) => (first === undefined ? null : (newer.get(first) ?? null)),
  }
}

export interface Planned {
  /** The changes that are still to be made. */
  readonly changes: readonly UpdateChange[]
  readonly items: readonly Item[]
}

/** Throws a sentence if the console cannot make one of the changes on the machine. */
function planFor(view: View, { name }: Pick<Asset, 'name'>, changes: readonly Change[]): Planned {
  if (!view.machines.byName.has(name)) throw new Cannot(`Security Controls has no machine called ${name}`)
  if (!view.words.byName.has(name)) throw new Cannot(neverScanned(name, view.words.problems.get(name)?.problem ?? null))
  const parts = changes.map((change) => partOf(view, name, change))
  return {
    changes: parts.flatMap(({ change, item }) => (item === null ? [] : [change])),
    items: parts.flatMap(({ item }) => item ?? []),
  }
}

interface Part {
  readonly change: UpdateChange
  /** `null`: the change is made already. */
  readonly item: Item | null
}

function partOf(view: View, name: string, change: Change): Part {
  if (change.kind !== 'update')
    throw new Cannot(`Security Controls installs updates of Windows here, and ${change.name} is a package`)
  if (change.undone === true)
    throw new Cannot(`${change.name} cannot be taken off by Security Controls: its API uninstalls nothing`)
  const kb = digitsOf(change.name)
  const all = view.patches.get(kb) ?? []
  if (all.length === 0) throw new Cannot(`Security Controls does not know ${change.name}`)
  const state = view.words.byName.get(name)?.states.get(kb)
  if (state?.state === 'installed') return { change, item: null }
  if (state?.state === 'unknown')
    throw new Cannot(`Security Controls says "${state.word}" of ${change.name} on ${name}, which is not a known state`)
  if (state === undefined) throw new Cannot(`The last scan of ${name} does not say that it misses ${change.name}`)
  const offered = all.filter((one) => view.replacedBy(one) === null)
  const [old] = all
  if (offered.length === 0 && old !== undefined)
    throw new Cannot(`Security Controls does not offer ${change.name}: it is superseded by ${view.replacedBy(old)}`)
  const vulnerabilities = offered.map(({ id }) => id).sort((a, b) => a - b)
  const patches = [...new Set(offered.flatMap((one) => one.patchIds))].sort()
  return { change, item: { kb: change.name, vulnerabilities, patches } }
}

/** The steps that the changes cause on the machine. Throws a sentence when the console cannot do one of them. */
export function previewOf(
  view: View,
  asset: Pick<Asset, 'name'>,
  changes: readonly Change[],
): readonly TransactionStep[] {
  return stepsOf(planFor(view, asset, changes).changes)
}

export type Found =
  | { readonly ready: true; readonly plan: Planned }
  | { readonly ready: false; readonly outcome: DeploymentOutcome }

/** One asset of a batch, as the console sees it now. */
export interface Looked {
  readonly request: DeploymentRequest
  readonly found: Found
}

/** `ours`: ids of deployments that belong to this start. */
export function planOrObstacle(
  context: Context,
  view: View,
  { asset, changes, transaction, reboot }: DeploymentRequest,
  ours: ReadonlySet<string>,
): Found {
  if (!view.machines.byName.has(asset.name)) {
    const reason = `Security Controls has no machine called ${asset.name}`
    return { ready: false, outcome: { state: 'unreachable', reason, touched: false, log: '' } }
  }
  try {
    const plan = planFor(view, asset, changes)
    const problem = templateProblem(context, view.templates, reboot)
    if (problem !== null) throw new Cannot(problem)
    const reason = byItself(view, asset.name, plan, ours) ?? transactionDifference(transaction, stepsOf(plan.changes))
    return reason === null ? { ready: true, plan } : { ready: false, outcome: heldBack(reason) }
  } catch (error) {
    if (!(error instanceof Cannot)) throw error
    return { ready: false, outcome: heldBack(errorText(error)) }
  }
}

const ruleOf: Readonly<Record<string, RebootRule>> = { noreboot: 'never', immediateifrequired: 'if required' }

/** Why the template for this rule is not one that keeps it, as a sentence; `null`: it is. */
export function templateProblem(
  { templates, api }: Pick<Context, 'templates' | 'api'>,
  there: readonly DeployTemplate[],
  reboot: RebootRule,
): string | null {
  const name = templates[reboot]
  if (name === undefined)
    return `No deployment template of Security Controls is named for "reboot: ${reboot}": write it under "templates" of the engine`
  const found = there.filter((one) => one.name === name)
  const [only] = found
  if (only === undefined) return `${api.server} has no deployment template called "${name}"`
  if (found.length > 1) return `${api.server} has ${found.length} deployment templates called "${name}"`
  if (ruleOf[(only.restarts ?? '').toLowerCase()] === reboot) return null
  return `The deployment template "${name}" says ${only.restarts === null ? 'nothing' : `"${only.restarts}"`} about restarts, which is not known to be "reboot: ${reboot}"`
}

/** The id of a template by its name, when it was found to keep its rule. */
export function templateId(there: readonly DeployTemplate[], name: string): string | null {
  return there.find((one) => one.name === name)?.id ?? null
}

/** A sentence when a deployment of somebody else installs one of the patches now; `null`: none does. */
function byItself(view: View, name: string, { items }: Planned, ours: ReadonlySet<string>): string | null {
  for (const { kb, deployment } of underWay(view, name)) {
    if (ours.has(deployment) || !items.some((item) => item.kb === kb)) continue
    return `${kb} installs by itself, not by this start: another deployment in Security Controls is at work on it`
  }
  return null
}

/** What deployments that are not over are to install on a machine. */
export function underWay(
  { deployments, machines }: Pick<View, 'deployments' | 'machines'>,
  name: string,
): readonly { readonly kb: string; readonly deployment: string }[] {
  return deployments.flatMap(({ deployment, machines: rows }) => {
    if (deployment.isComplete) return []
    const own = rows.filter((row) => !row.isOver && machines.nameOf(row) === name)
    const open = own.flatMap(({ patches }) => (patches ?? []).filter(({ hasRun }) => !hasRun))
    return open.flatMap(({ kb }) => (kb === null ? [] : [{ kb: `KB${kb}`, deployment: deployment.id }]))
  })
}
