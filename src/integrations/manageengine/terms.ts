/** What can be promised for machines that ManageEngine manages. People vote on it. */

import type { FrozenAsset } from '../../core/asset.ts'
import type { Change } from '../../core/change.ts'
import type { Terms } from '../../core/terms.ts'
import { patchName } from './classes.ts'
import { type Context, lastingProblem } from './context.ts'
import { alsoInstalled, patchesFor, type View, viewOf } from './plan.ts'

export type OwnTerms = Pick<Terms, 'leadSeconds' | 'reportsWithinSeconds'>

interface Plan {
  readonly asset: FrozenAsset
  readonly changes: readonly Change[]
}

export async function termsFor(
  context: Context,
  own: OwnTerms,
  plans: readonly Plan[],
  signal: AbortSignal,
): Promise<readonly Terms[]> {
  const problem = lastingProblem(context)
  if (problem !== null) throw new Error(problem)
  const assets = plans.map(({ asset }) => asset)
  const changes = uniqueChanges(plans)
  const view = await viewOf(context, assets, changes, 'said now', signal)
  const canSuspend = (await context.api.generation(signal)) === 'dcapi'
  const tasks = await tasksByMachine(context, signal)
  return plans.map(({ asset, changes: wanted }) => ({
    ...own,
    grain: 'group',
    windowEnd: canSuspend ? 'taken back' : 'not kept',
    reboots: rebootsOf(context, asset),
    ...decidedThere(context, asset),
    stopReaches: canSuspend ? 'not fetched' : 'none',
    notUndone: notUndone(view, wanted),
    licences: [],
    alsoInstalls: [...alsoInstalled(context, view, asset.name), ...tasks(view, asset.name)],
  }))
}

function uniqueChanges(plans: readonly Plan[]): readonly Change[] {
  const byName = new Map<string, Change>()
  for (const list of new Set(plans.map(({ changes }) => changes))) for (const one of list) byName.set(one.name, one)
  return [...byName.values()]
}

/** Restarts are as the deployment policy has them. */
function rebootsOf({ policies, windowOf }: Context, asset: FrozenAsset): Terms['reboots'] {
  const window = windowOf(asset)
  const rule = window === null ? undefined : policies[window]
  return rule === undefined ? ['as the system does'] : [rule.reboot, 'as the system does']
}

/** ManageEngine has no times of a single deployment that are known to be understood, so its policy keeps them. */
function decidedThere({ policies, windowOf }: Context, asset: FrozenAsset): Pick<Terms, 'decidedThere'> {
  const window = windowOf(asset)
  const rule = window === null ? undefined : policies[window]
  if (rule === undefined) return {}
  const restarts = rule.reboot === 'never' ? 'it restarts nothing' : 'it restarts servers that need it'
  return {
    decidedThere: [
      `When it installs is decided by the deployment policy "${rule.name}" of ManageEngine, and ${restarts}.`,
    ],
  }
}

function notUndone(view: View, changes: readonly Change[]): Terms['notUndone'] {
  const names = new Set(
    patchesFor(view, changes)
      .filter(({ uninstallable }) => uninstallable !== true)
      .map(patchName),
  )
  return [...names].map((change) => ({ change, why: 'ManageEngine cannot uninstall it' }))
}

/** What tasks of ManageEngine install on a machine without asking anybody, as clauses. */
async function tasksByMachine(
  { api }: Context,
  signal: AbortSignal,
): Promise<(view: View, name: string) => readonly string[]> {
  const active = (await api.tasks(signal)).filter(({ isActive }) => isActive)
  if (active.length === 0) return () => []
  const mapped = await api.taskMachines(signal)
  if (mapped === null) {
    const names = active.map(({ name }) => `"${name}"`).join(', ')
    const clause = `what ${active.length === 1 ? 'the task' : 'the tasks'} ${names} of ManageEngine may deploy, if ${active.length === 1 ? 'it is' : 'they are'} for it`
    return () => [clause]
  }
  return (view, name) => {
    const [machine] = view.machines.byName.get(name) ?? []
    const own = mapped.filter((one) =>
      [machine?.id, machine?.name, name].some((id) => id?.toLowerCase() === one.machine.toLowerCase()),
    )
    const mine = active.filter((task) => own.some((one) => one.task === task.name))
    return mine.map((task) => `what the task "${task.name}" of ManageEngine deploys by itself`)
  }
}
