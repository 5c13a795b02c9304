/** What is pending on a team's assets that have no engine. It is shown but never proposed. */

import type { Assessment } from './assessment/assess.ts'
import type { Patch } from './catalog.ts'
import { limits } from './limits.ts'

export interface Watched {
  readonly assets: number
  /** Names of the first assets. */
  readonly names: readonly string[]
  readonly patches: number
  /** How many of the patches are security patches. */
  readonly security: number
  /** The most urgent patches. */
  readonly first: readonly WatchedPatch[]
}

export interface WatchedPatch extends Pick<Patch, 'source' | 'version' | 'type' | 'priority'> {
  /** The first CVEs. `origins`: the first origins. */
  readonly cves: readonly string[]
  readonly origins: readonly string[]
}

/** What a team's assessment says about its watched assets; `null`: there are none. */
export function watchedOf({ patches, assets }: Assessment): Watched | null {
  const watched = assets.filter(({ asset }) => asset.engine === null)
  if (watched.length === 0) return null
  const ids = new Set(watched.flatMap((entry) => entry.patches))
  const pending = patches.filter(({ id }) => ids.has(id))
  const most = limits.briefEntries
  return {
    assets: watched.length,
    names: watched.slice(0, most).map(({ asset }) => asset.name),
    patches: pending.length,
    security: pending.filter(({ type }) => type === 'security').length,
    first: pending.slice(0, limits.watchedPatches).map(({ source, version, type, priority, cves, origins }) => ({
      source,
      version,
      type,
      priority,
      cves: cves.slice(0, most),
      origins: origins.slice(0, most),
    })),
  }
}
