/** The calls that a start will make, in their order, from what the site knows now. */

import type { PlannedCalls } from '../../core/ports.ts'
import type { Asked, SiteOp } from './calls.ts'
import type { Context } from './context.ts'
import { emptyNote, type SetNote } from './note.ts'
import { type Looked, setFor, timesOf, withSets } from './sets.ts'
import { type CallNames, callWords } from './words.ts'

export function plannedCallsOf(context: Context, key: string, looked: readonly Looked[]): PlannedCalls {
  const { sets } = withSets(context, key, emptyNote, looked)
  const names = namesOf(looked, sets)
  const say = <Op extends SiteOp>(op: Op, asked: Asked<Op>) => ({ what: callWords(op, asked, names) })
  const machinesOf = ({ name }: SetNote) =>
    looked.flatMap((one) => (one.found.ready && setFor(context, key, one) === name ? [one.found.plan.machine.id] : []))
  return {
    stage: sets.flatMap((set) => [
      say('create-collection', { name: set.name, limiting: context.limiting }),
      say('create-group', { name: set.name, updates: set.items.map(({ update }) => update) }),
      { ...say('create-deployment', deploying(context, set)), deadline: set.deadline },
    ]),
    start: sets.map((set) => say('add-members', { collection: set.name, machines: machinesOf(set) })),
    afterwards: sets.flatMap((set) => {
      const { what } = say('remove-members', { collection: set.name, machines: machinesOf(set) })
      return [
        { what: `${what}, unless they have ended by then` },
        say('delete-deployment', { deployment: set.name, name: set.name }),
        say('delete-group', { group: 0, name: set.name }),
        say('delete-collection', { collection: set.name, name: set.name }),
      ]
    }),
    left: looked.flatMap(({ request, found }) => {
      if (!found.ready)
        return [{ asset: request.asset.id, why: found.outcome.state === 'succeeded' ? '' : found.outcome.reason }]
      return found.plan.items.length === 0 ? [{ asset: request.asset.id, why: 'It has all of it already' }] : []
    }),
  }
}

function deploying({ withoutPackage }: Context, set: SetNote): Asked<'create-deployment'> {
  const { name, acceptLicence } = set
  return { name, group: 0, collection: name, acceptLicence, withoutPackage, ...timesOf(set) }
}

/** A collection has no id before it is made, so its name stands for it. */
function namesOf(looked: readonly Looked[], sets: readonly SetNote[]): CallNames {
  const names = {
    machines: new Map<number, string>(),
    updates: new Map(sets.flatMap(({ items }) => items.map(({ update, kb }) => [update, kb] as const))),
    things: new Map<string | number, string>(),
  }
  for (const { request, found } of looked)
    if (found.ready) names.machines.set(found.plan.machine.id, request.asset.name)
  return names
}
