/** The calls that a start will make, in their order, from what the console knows now. */

import type { PlannedCall, PlannedCalls } from '../../core/ports.ts'
import { deployWords, fillWords, groupWords, scanWords, templateWords } from './calls.ts'
import { type Context, markOf } from './context.ts'
import type { Looked } from './plan.ts'
import { setName, vulnerabilitiesOf } from './stage.ts'

interface Set {
  readonly name: string
  readonly template: string
  readonly kbs: readonly string[]
  readonly machines: string[]
}

export function plannedCallsOf(context: Context, key: string, looked: readonly Looked[]): PlannedCalls {
  const sets = new Map<string, Set>()
  for (const { request, found } of looked) {
    if (!found.ready || found.plan.items.length === 0) continue
    const { items } = found.plan
    const name = setName(context, key, vulnerabilitiesOf(items))
    const template = context.templates[request.reboot] ?? ''
    const set = sets.get(`${name} ${template}`)
    if (set !== undefined) set.machines.push(request.asset.name)
    else
      sets.set(`${name} ${template}`, {
        ...{ name, template, machines: [request.asset.name] },
        kbs: [...new Set(items.map(({ kb }) => kb))].sort(),
      })
  }
  const all = [...sets.values()].map((set, index) => ({ ...set, scan: `${markOf(context, key)}${index + 1}` }))
  const say = (what: string): PlannedCall => ({ what })
  return {
    stage: all.flatMap(({ name, kbs }) => [say(groupWords(name)), say(fillWords(kbs)), say(templateWords(name))]),
    start: all.flatMap(({ scan, machines, template }) => [
      say(scanWords(scan, machines)),
      say('read which machines it has and what each of them misses: whatever was not approved is left out'),
      say(`when the window opens: ${deployWords(scan, template)}`),
    ]),
    afterwards: all.flatMap(({ scan, name }) => [
      say(`cancel the deployment of "${scan}" if the window ends before all have begun`),
      say('scan each machine again that is done'),
      say(`remove the scan template and the patch group "${name}"`),
    ]),
    left: looked.flatMap(({ request, found }) => {
      if (!found.ready)
        return [{ asset: request.asset.id, why: found.outcome.state === 'succeeded' ? '' : found.outcome.reason }]
      return found.plan.items.length === 0 ? [{ asset: request.asset.id, why: 'It has all of it already' }] : []
    }),
  }
}
