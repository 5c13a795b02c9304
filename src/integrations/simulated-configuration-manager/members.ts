/** Who is a member of which collection of a simulated site. */

import { MINUTE_MS } from '../../core/time/instant.ts'
import type { SimulatedCollection, SimulatedMachine, SiteState } from './state.ts'

/** The collection that every site has. */
export const ALL_SYSTEMS = 'SMS00001'

export function allCollections({ collections }: SiteState): readonly SimulatedCollection[] {
  const all = { id: ALL_SYSTEMS, name: 'All Systems', windows: [], changedAt: null, before: [] }
  return [{ ...all, rules: [{ kind: 'query', name: 'All Systems', begins: '' }] }, ...collections]
}

function isMemberByRules(
  state: SiteState,
  { rules }: SimulatedCollection,
  machine: SimulatedMachine,
  depth = 0,
): boolean {
  if (state.traps.limitedOut.includes(machine.id) || depth > 5) return false
  return rules.some((rule) => {
    if (rule.kind === 'direct') return rule.machine === machine.id
    if (rule.kind === 'query') return machine.name.startsWith(rule.begins)
    const other = allCollections(state).find(({ id }) => id === rule.collection)
    return other !== undefined && isMemberByRules(state, other, machine, depth + 1)
  })
}

/** Whether it is known as a member at this instant (ms): a change of the rules shows a while later. */
function isMemberAt(state: SiteState, collection: SimulatedCollection, machine: SimulatedMachine, at: number): boolean {
  const shown = Date.parse(collection.changedAt ?? '') + state.traps.evaluatesAfterMinutes * MINUTE_MS
  return shown > at ? collection.before.includes(machine.id) : isMemberByRules(state, collection, machine)
}

export function membersAt(state: SiteState, collection: SimulatedCollection, at: number): readonly SimulatedMachine[] {
  return state.machines.filter((machine) => isMemberAt(state, collection, machine, at))
}

export function collectionsOf(state: SiteState, machine: SimulatedMachine, at: number): readonly SimulatedCollection[] {
  return allCollections(state).filter((one) => isMemberAt(state, one, machine, at))
}
