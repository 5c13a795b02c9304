/** What can be promised for machines that WSUS manages. People vote on it. */

import type { FrozenAsset } from '../../core/asset.ts'
import type { Change } from '../../core/change.ts'
import type { Terms } from '../../core/terms.ts'
import { OURS } from '../delegating/marks.ts'
import type { WsusGroup, WsusProbe, WsusUpdate } from './calls.ts'
import { kbOf } from './classes.ts'
import { type Context, lastingProblem } from './context.ts'
import { changesText } from './groups.ts'
import { alsoInstalled, licencesOf, updatesFor, type View, viewOf } from './plan.ts'
import { tooLarge } from './start.ts'
import { twinsOf } from './whole-approvals.ts'
import { groupsFor, isNamed, readNamed, type Wanted, type WholeGroup } from './whole-groups.ts'

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
): Promise<readonly (Terms | string)[]> {
  const { wsus, known } = context
  const assets = plans.map(({ asset }) => asset)
  const probe = await wsus.ask('probe', { brief: true }, signal)
  const problem = lastingProblem(context, probe)
  if (problem !== null) throw new Error(problem)
  const view = await viewOf(wsus, known, assets, null, signal)
  const isOurs = await oursIn(context, view, signal)
  const together = context.wholeGroups === null ? null : await togetherFor(context, view, plans, signal)
  return plans.map(({ asset, changes }): Terms | string => {
    const whole = together?.get(asset.id)
    if (typeof whole === 'string') return whole
    const updates = updatesFor(view, asset.name, changes)
    return {
      ...own,
      grain: 'group',
      ...(whole === undefined ? {} : { wholeGroup: whole.name }),
      windowEnd: 'taken back',
      // A deadline restarts the machine where the update wants it; a policy of the clients may wait.
      reboots: ['if required', 'as the system does'],
      stopReaches: 'not fetched',
      notUndone: notUndone(updates),
      licences: licencesOf(updates),
      alsoInstalls: [...alsoInstalled(view, asset.name, isOurs), ...byRules(view, probe, asset.name)],
    }
  })
}

/** What other starts of ours install was voted on, so it does not install without a vote. */
async function oursIn(
  { wsus, installation, wholeGroups }: Context,
  { groups }: View,
  signal: AbortSignal,
): Promise<(group: WsusGroup, update: string) => boolean> {
  const all = [...groups.values()]
  const isMark = ({ name }: WsusGroup) => name.startsWith(`${OURS}${installation}) `)
  if (wholeGroups === null) return isMark
  const marks = all.filter(isMark)
  const named = new Set(all.filter((one) => wholeGroups.some((name) => isNamed(one, name))).map(({ id }) => id))
  const asked = [...named, ...marks.map(({ id }) => id)]
  const approvals = asked.length === 0 ? [] : await wsus.ask('approvals', { groups: asked, updates: null }, signal)
  const twins = new Set(twinsOf(approvals, marks, named).map(({ group, update }) => `${group} ${update}`))
  return (group, update) => isMark(group) || twins.has(`${group.id} ${update}`)
}

/** The whole group of each asset, or why it cannot be told. An asset that nobody knows there is told of elsewhere. */
async function togetherFor(
  context: Context,
  view: View,
  plans: readonly Plan[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, WholeGroup | string>> {
  const { wsus, notes, wholeGroups } = context
  const { groups } = await readNamed(wsus, wholeGroups ?? [], [...view.groups.values()], signal)
  const wanted = plans.flatMap(({ asset, changes }): readonly Wanted[] => {
    const [machine] = view.machines.byName.get(asset.name) ?? []
    if (machine === undefined) return []
    return [{ asset: asset.id, name: asset.name, machine: machine.id, changes: changesText(changes) }]
  })
  const found = new Map(groupsFor(groups, wanted, 'this decision'))
  for (const { asset } of plans)
    if (!found.has(asset.id)) found.set(asset.id, `WSUS has no computer called ${asset.name}`)
  if ((await notes.firstContact()).proven) return found
  for (const [asset, group] of found) {
    const large = typeof group === 'string' ? null : tooLarge(group.name, group.members.size)
    if (large !== null) found.set(asset, large)
  }
  return found
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
