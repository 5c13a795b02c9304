/** What can be promised for machines that WSUS manages. People vote on it. */

import type { FrozenAsset } from '../../core/asset.ts'
import type { Change } from '../../core/change.ts'
import type { Terms } from '../../core/terms.ts'
import type { WsusGroup, WsusProbe, WsusUpdate } from './calls.ts'
import { kbOf } from './classes.ts'
import { type Context, lastingProblem } from './context.ts'
import { OURS } from './machine.ts'
import { alsoInstalled, licencesOf, updatesFor, type View, viewOf } from './plan.ts'

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
  const { wsus, known, installation } = context
  const assets = plans.map(({ asset }) => asset)
  const probe = await wsus.ask('probe', { brief: true }, signal)
  const problem = lastingProblem(context, probe)
  if (problem !== null) throw new Error(problem)
  const view = await viewOf(wsus, known, assets, null, signal)
  // What other starts of ours install was voted on, so it does not install without a vote.
  const isOurs = ({ name }: WsusGroup) => name.startsWith(`${OURS}${installation}) `)
  const updates = plans.map(({ asset, changes }) => updatesFor(view, asset.name, changes))
  return plans.map(({ asset }, index) => ({
    ...own,
    grain: 'group',
    windowEnd: 'taken back',
    // A deadline restarts the machine where the update wants it; a policy of the clients may wait.
    reboots: ['if required', 'as the system does'],
    stopReaches: 'not fetched',
    notUndone: notUndone(updates[index] ?? []),
    licences: licencesOf(updates[index] ?? []),
    alsoInstalls: [...alsoInstalled(view, asset.name, isOurs), ...byRules(view, probe, asset.name)],
  }))
}

function notUndone(updates: readonly WsusUpdate[]): Terms['notUndone'] {
  const names = new Set(updates.filter(({ uninstall }) => !uninstall.supported).map(kbOf))
  return [...names].map((change) => ({ change, why: 'WSUS cannot uninstall it' }))
}

/** Rules that approve what will come. They name groups by name or id. */
function byRules(view: View, { automatic }: WsusProbe, name: string): readonly string[] {
  const [machine] = view.machines.byName.get(name) ?? []
  const groups = new Set(machine?.groups.flatMap((id) => [id, view.groups.get(id)?.name ?? id]))
  return automatic
    .filter((rule) => rule.enabled && (rule.groups.length === 0 || rule.groups.some((group) => groups.has(group))))
    .map((rule) => `what the rule "${rule.name}" of WSUS will approve for it`)
}
