/** How assets of several sources become one machine, by the whole configuration. */

import { byBytes } from '../core/by-bytes.ts'
import { type MachineRule, witnessedFacts } from '../core/witnesses.ts'
import { type Kind, nearness, roleOf } from './kind.ts'
import { named } from './named.ts'
import type { Notes } from './notes.ts'
import type { Settings } from './schema.ts'

/** The order that is written, then the other sources: the nearer to the machine, the earlier. */
export function machineRule({ machines, sources }: Settings, kinds: readonly Kind[]): MachineRule {
  const distance = (name: string) => {
    const source = named(sources, name)
    return source === null ? nearness.length : nearness.indexOf(roleOf(kinds, 'inventory', source).looksAt)
  }
  const others = Object.keys(sources).toSorted((a, b) => distance(a) - distance(b) || byBytes(a, b))
  const { order, facts, same, apart } = machines
  return { order: [...new Set([...order, ...others])], facts, same, apart }
}

/** Every source that the section names, with its place. */
export function* sourcesOfMachines({ machines }: Settings): Generator<readonly [readonly PropertyKey[], string]> {
  for (const [index, name] of machines.order.entries()) yield [['machines', 'order', index], name]
  for (const fact of witnessedFacts)
    for (const [index, name] of machines.facts[fact].entries()) yield [['machines', 'facts', fact, index], name]
  for (const key of ['same', 'apart'] as const)
    for (const [at, ids] of machines[key].entries())
      for (const [index, id] of ids.entries()) yield [['machines', key, at, index], id.slice(0, id.indexOf('/'))]
}

export function checkMachines({ machines: { same, apart } }: Settings, notes: Notes): void {
  for (const [at, ids] of same.entries())
    if (apart.some((others) => others.filter((id) => ids.includes(id)).length > 1))
      notes.problem(['machines', 'same', at], 'names assets that are also in "apart"', 'Leave them out of one of both.')
}
