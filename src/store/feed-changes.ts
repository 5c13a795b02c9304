/** For each save of a feed: the packages, CVEs and platforms about which it said something new. */

import { and, asc, eq, gt } from 'drizzle-orm'
import type { FeedChange } from '../core/feed-change.ts'
import type { Queryable } from './connection.ts'
import { feedChanges, sources } from './schema.ts'

/** How often each feed has changed, by name. */
export async function feedVersions(db: Queryable): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .select({ name: sources.name, version: sources.version })
    .from(sources)
    .where(eq(sources.kind, 'catalog'))
  return new Map(rows.map(({ name, version }) => [name, version]))
}

/** Changes of a feed after a version, oldest first. Old ones are forgotten after some days. */
export async function feedChangesSince(db: Queryable, feed: string, version: number): Promise<readonly FeedChange[]> {
  const rows = await db
    .select()
    .from(feedChanges)
    .where(and(eq(feedChanges.feed, feed), gt(feedChanges.version, version)))
    .orderBy(asc(feedChanges.version))
  return rows.map(({ at: _at, ...change }) => change)
}
