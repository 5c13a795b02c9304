/** What scenes of systems that are told ahead share: a store in memory, processes that die, and machines by name. */

import { type Asset, standInAsset } from '../../src/core/asset.ts'
import type { Terms } from '../../src/core/terms.ts'
import { HOUR_MS, toIso } from '../../src/core/time/instant.ts'
import type { StateStore } from '../../src/integrations/simulated-system/store.ts'

/** The state of a simulated system, kept in memory. */
export function memoryStore<State>(first: State): StateStore<State> {
  let state = first
  return {
    read: async () => state,
    async change(work) {
      const [next, result] = work(state)
      state = next
      return result
    },
  }
}

/** When a process dies. */
export interface Dies {
  /** The request, call or note at which it dies, from 0. */
  readonly nth: number
  readonly when: 'before' | 'after'
}

/** Takes steps until the process dies. Nothing that it does afterwards happens. */
export function mortal(dies: Dies | null) {
  let count = 0
  return async function step<T>(work: () => Promise<T>): Promise<T> {
    const mine = count++
    const die = () => {
      throw new Error('the process was killed')
    }
    if (dies !== null && (mine > dies.nth || (mine === dies.nth && dies.when === 'before'))) die()
    const result = await work()
    return dies !== null && mine === dies.nth ? die() : result
  }
}

/** A Windows server of the source, whose engine is called like it. */
export function windowsServer(source: string, name: string): Asset {
  return {
    ...standInAsset(`${source}/${name}`, name, 'web'),
    ...{ platform: 'windows:server-2022', source, engine: source, simulated: true },
  }
}

export function hoursFrom(at: Date, hours: number): string {
  return toIso(at.getTime() + hours * HOUR_MS)
}

export function termsIn(answer: Terms | string | undefined): Terms {
  if (answer === undefined || typeof answer === 'string') throw new Error(`There are no terms: ${answer}`)
  return answer
}
