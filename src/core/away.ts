/** An asset that a decision is about and that is not where it was, as the inventory has it when work on it begins. */

import type { Asset } from './asset.ts'

/** What follows "it is". */
export const GONE = 'gone from the inventory, so that nobody knows where to reach it'

/** Why nothing may be begun on the asset with this engine; `null`: it may. `asset` left out: the inventory does not list it. */
export function awayProblem(asset: Asset | undefined, engine: string): string | null {
  if (asset === undefined) return `It is ${GONE}`
  return asset.engine === engine ? null : `It is served by another engine now (${asset.engine ?? 'none'})`
}
