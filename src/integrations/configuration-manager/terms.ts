/** What can be promised for machines that Configuration Manager manages. People vote on it. */

import type { FrozenAsset } from '../../core/asset.ts'
import type { Change } from '../../core/change.ts'
import type { Terms } from '../../core/terms.ts'
import { kbOf } from './classes.ts'
import { type Context, lastingProblem } from './context.ts'
import { windowsProblem, windowsSaid } from './maintenance.ts'
import { alsoInstalled, licencesOf, machineNamed, NO_UNINSTALL, updatesFor, type View, viewOf } from './plan.ts'

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
  const problem = lastingProblem(context)
  if (problem !== null) throw new Error(problem)
  const assets = plans.map(({ asset }) => asset)
  const view = await viewOf(context, assets, null, 'voted on', signal)
  const byRules = await rulesFor(context, view, signal)
  const now = context.clock().toISOString()
  return plans.map(({ asset, changes }): Terms | string => {
    const machine = machineNamed(view, asset.name)
    const updates = updatesFor(view, changes)
    const missing = updates.filter(({ id }) => machine !== null && view.said.of(machine.id, id)?.status === 'missing')
    const asked = {
      windows: machine === null ? [] : view.windows(machine.id),
      timeZone: asset.timeZone,
      updates: missing,
    }
    const never = windowsProblem(asked, { notBefore: now, notAfter: null })
    // The window of a start is compared when it is staged; what can never fit is told before the vote.
    if (never !== null) return `${asset.name}: ${never}`
    return {
      ...own,
      grain: 'group',
      windowEnd: 'taken back',
      reboots: ['never', 'if required', 'as the system does'],
      stopReaches: 'not fetched',
      notUndone: [...new Set(updates.map(kbOf))].map((change) => ({ change, why: NO_UNINSTALL })),
      licences: licencesOf(updates),
      decidedThere: windowsSaid(asked),
      alsoInstalls: [...alsoInstalled(context, view, asset.name), ...byRules(asset.name)],
    }
  })
}

/** Rules that will deploy what comes, as clauses. */
async function rulesFor(
  { known }: Context,
  view: View,
  signal: AbortSignal,
): Promise<(name: string) => readonly string[]> {
  const active = (await known.arranged(signal)).rules.filter(({ enabled }) => enabled)
  const members = new Map<string, ReadonlyMap<number, string>>()
  for (const { collection } of active)
    if (collection !== '' && !members.has(collection)) members.set(collection, await known.members(collection, signal))
  return (name) => {
    const machine = machineNamed(view, name)
    const mine = active.filter(
      ({ collection }) => collection === '' || (machine !== null && members.get(collection)?.has(machine.id) === true),
    )
    return mine.map(
      (rule) =>
        `what the rule "${rule.name}" of Configuration Manager will deploy${rule.collection === '' ? ', if it is for it' : ''}`,
    )
  }
}
