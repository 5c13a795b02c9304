/** Turns the configuration of a feed into the feed: what the thread that reads one needs, and no more. */

import { roleOf } from '../config/kind.ts'
import type { FeedConfig } from '../config/schema.ts'
import type { CatalogFeed } from '../core/ports.ts'
import { feedKinds } from '../integrations/feeds/registry.ts'

export function buildFeed(name: string, feed: FeedConfig, clock: () => Date): CatalogFeed {
  return roleOf(feedKinds, 'feed', feed).create(feed, { name, clock })
}

/** Whether the feed is so little that a thread would take longer to begin. */
export async function isSmallFeed(feed: FeedConfig): Promise<boolean> {
  return (await roleOf(feedKinds, 'feed', feed).isSmall?.(feed)) ?? false
}
