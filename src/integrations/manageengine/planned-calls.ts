/** The calls that a start will make, in their order, from what the server knows now. */

import type { PlannedCall, PlannedCalls } from '../../core/ports.ts'
import { markOf } from '../delegating/marks.ts'
import { installWords, suspendWords, trashWords } from './calls.ts'
import type { Context } from './context.ts'
import type { Looked } from './start.ts'

/** `isNew`: whether the server can suspend and remove. */
export function plannedCallsOf(
  { windowOf, policies, installation }: Context,
  key: string,
  looked: readonly Looked[],
  isNew: boolean,
): PlannedCalls {
  const sets = new Map<
    string,
    { readonly policy: string; readonly kbs: readonly string[]; readonly undone: boolean; readonly machines: string[] }
  >()
  for (const { request, found } of looked) {
    if (!found.ready || found.plan.items.length === 0) continue
    for (const undone of [false, true]) {
      const items = found.plan.items.filter((item) => item.undone === undone)
      if (items.length === 0) continue
      const id = JSON.stringify([found.plan.policy, undone, items.map(({ patch }) => patch).sort()])
      const window = windowOf(request.asset) ?? ''
      const there = sets.get(id)
      const kbs = [...new Set(items.map(({ kb }) => kb))].sort()
      if (there === undefined)
        sets.set(id, {
          policy: policies[window]?.name ?? found.plan.policy,
          kbs,
          undone,
          machines: [request.asset.name],
        })
      else there.machines.push(request.asset.name)
    }
  }
  const all = [...sets.values()].map((set, index) => ({
    ...set,
    name: `${markOf({ installation }, key)}… .${index + 1}`,
  }))
  const say = (what: string): PlannedCall => ({ what })
  return {
    stage: [],
    start: all.flatMap(({ name, kbs, machines, policy, undone }) => [
      say(installWords(name, kbs, machines, policy, undone)),
      say(`look for "${name}" in the list of configurations${isNew ? ', and read which machines it has' : ''}`),
    ]),
    afterwards: isNew
      ? [
          ...all.map(({ name }) => say(`${suspendWords(name)}, unless all have ended by then`)),
          ...(all.length === 0 ? [] : [say(trashWords(all.map(({ name }) => name)))]),
        ]
      : [],
    left: looked.flatMap(({ request, found }) => {
      if (!found.ready)
        return [{ asset: request.asset.id, why: found.outcome.state === 'succeeded' ? '' : found.outcome.reason }]
      return found.plan.items.length === 0 ? [{ asset: request.asset.id, why: 'It has all of it already' }] : []
    }),
  }
}
