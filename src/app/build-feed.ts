/**
 * Builds a feed from its configuration. The thread that reads a feed loads this file, so it imports only what that
 * needs.
 */

import { roleOf } from '../config/kind.ts'
import type { FeedConfig } from '../config/schema.ts'
import type { CatalogFeed } from '../core/ports.ts'
import { feedKinds } from '../integrations/feeds/registry.ts'

export function buildFeed(name: string, feed: FeedConfig, clock: () => Date): CatalogFeed {
  return roleOf(feedKinds, 'feed', feed).create(feed, { name, clock })
}

/** Whether the feed is so small that starting a thread takes longer than reading it. */
export async function isSmallFeed(feed: FeedConfig): Promise<boolean> {
  return (await roleOf(feedKinds, 'feed', feed).isSmall?.(feed)) ?? false
}
