/** The different terms in a proposal, so that nobody has to go through all its assets. */

import type { PatchSubject } from './proposal/proposal.ts'
import type { Terms } from './terms.ts'

/** The engine and the terms of some assets of a proposal. */
export interface Promised {
  readonly engine: string
  readonly terms: Terms
}

/** In the order of the assets. Very many assets share few terms. */
export function promisedIn({ assets }: Pick<PatchSubject, 'assets'>): readonly Promised[] {
  const seen = new Map<Terms, Set<string>>()
  const found = new Map<string, Promised>()
  for (const { asset, terms } of assets) {
    const engine = asset.engine ?? ''
    if (terms === undefined || seen.get(terms)?.has(engine) === true) continue
    seen.set(terms, (seen.get(terms) ?? new Set()).add(engine))
    found.set(`${engine} ${JSON.stringify(terms)}`, { engine, terms })
  }
  return [...found.values()]
}
