/** The different terms in a proposal, so that nobody has to go through all its assets. */

import type { PatchSubject } from './proposal/proposal.ts'
import type { Terms } from './terms.ts'

/** The engine and the terms of some assets of a proposal. */
export interface Promised {
  readonly engine: string
  readonly terms: Terms
  /** The groups that the engine acts on as a whole. */
  readonly wholeGroups: readonly string[]
}

/** In the order of the assets. Very many assets share few terms. Those of whole groups differ in the group alone. */
export function promisedIn({ assets }: Pick<PatchSubject, 'assets'>): readonly Promised[] {
  const seen = new Map<Terms, Set<string>>()
  const found = new Map<string, Promised & { readonly wholeGroups: string[] }>()
  for (const { asset, terms } of assets) {
    const engine = asset.engine ?? ''
    if (terms === undefined || seen.get(terms)?.has(engine) === true) continue
    seen.set(terms, (seen.get(terms) ?? new Set()).add(engine))
    const { wholeGroup, ...others } = terms
    const key = `${engine} ${JSON.stringify(others)}`
    const one = found.get(key) ?? { engine, terms, wholeGroups: [] }
    found.set(key, one)
    if (wholeGroup !== undefined && !one.wholeGroups.includes(wholeGroup)) one.wholeGroups.push(wholeGroup)
  }
  return [...found.values()]
}
