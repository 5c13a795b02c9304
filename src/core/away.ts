/** Finds out whether an asset of a decision is still there with the same engine when work on it begins. */

import type { Asset } from './asset.ts'

/** Continues a sentence that begins with "It is". */
export const GONE = 'gone from the inventory, so that nobody knows where to reach it'

/**
 * Why this engine may not begin work on the asset; `null`: it may. `asset` undefined: the inventory does not list it.
 */
export function awayProblem(asset: Asset | undefined, engine: string): string | null {
  if (asset === undefined) return `It is ${GONE}`
  return asset.engine === engine ? null : `It is served by another engine now (${asset.engine ?? 'none'})`
}
