/** Stores synthetic feeds and a synthetic inventory, as jobs of the service would. */

import type { Observation } from '../../../src/core/asset.ts'
import type { Db } from '../../../src/store/connection.ts'
import { createFeeds } from './feeds.ts'
import { observations, type Scale } from './hosts.ts'
import { createUniverse, platforms, type Universe } from './packages.ts'
import { LOOKS_AT_ONCE, newInterned, storeFeed, storeLooked, storeLooks } from './product.ts'

export function createUniverses(): readonly Universe[] {
  return platforms.map(createUniverse)
}

/** `now`: ISO 8601 UTC. `scores`: rows of EPSS. `tell`: hears how long each step took. */
export async function storeFixture(
  db: Db,
  scale: Scale,
  { now, scores }: { readonly now: string; readonly scores: number },
  tell: (what: string, seconds: number) => void,
): Promise<void> {
  const universes = createUniverses()
  await timed('feeds', tell, async () => {
    for (const feed of createFeeds(universes, now, scores)) await storeFeed(db, feed, now)
  })
  // Side by side: platforms have neither packages nor teams together, so that none waits for another.
  await timed('inventory', tell, async () => {
    await Promise.all(universes.map((universe) => storeInventory(db, scale, universe, now)))
    await storeLooked(db, now)
  })
}

async function storeInventory(db: Db, scale: Scale, universe: Universe, now: string): Promise<void> {
  const interned = newInterned()
  let looks: Observation[] = []
  for (const look of observations(scale, universe, now)) {
    looks.push(look)
    if (looks.length < LOOKS_AT_ONCE) continue
    await storeLooks(db, looks, now, interned)
    looks = []
  }
  await storeLooks(db, looks, now, interned)
}

export async function timed<T>(
  what: string,
  tell: (what: string, seconds: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  const began = performance.now()
  const result = await work()
  tell(what, (performance.now() - began) / 1_000)
  return result
}
