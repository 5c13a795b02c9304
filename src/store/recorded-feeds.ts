/** What the record last said about feeds, and the entries of the stream `feeds`. */

import { inArray, notInArray, sql } from 'drizzle-orm'
import { type FeedAnswer, feedDifference, feedsRemoved } from '../core/record/feeds.ts'
import { storable } from '../core/storable.ts'
import type { Queryable, Tx } from './connection.ts'
import { appendToStream } from './entries.ts'
import { feedsRecorded } from './schema.ts'

const STREAM = 'feeds'
const BY = 'feeds'

/**
 * Records the result of asking a feed, unless the record says that already. Runs in the transaction that keeps the
 * result.
 */
export async function recordFeed(tx: Tx, name: string, answer: FeedAnswer, now: string): Promise<void> {
  const feed = storable(name)
  // Two processes may read the same feed. Before its first entry it has no row that one of them could lock.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchwarden:feed:${feed}`}::text, 0))`)
  const [row] = await tx
    .select()
    .from(feedsRecorded)
    .where(inArray(feedsRecorded.feed, [feed]))
  const difference = feedDifference(feed, row ?? null, answer)
  if (difference === null) return
  await tx
    .insert(feedsRecorded)
    .values({ feed, ...difference.recorded })
    .onConflictDoUpdate({ target: feedsRecorded.feed, set: difference.recorded })
  const told = difference.told.map((one) => ({ ...one, at: now, by: BY }))
  await appendToStream(tx, STREAM, told)
}

/** Records which feeds are not configured any more. */
export async function recordRemovedFeeds(tx: Tx, configured: readonly string[], now: string): Promise<void> {
  const gone = await tx
    .delete(feedsRecorded)
    .where(configured.length === 0 ? undefined : notInArray(feedsRecorded.feed, [...configured]))
    .returning({ feed: feedsRecorded.feed })
  if (gone.length === 0) return
  const told = feedsRemoved(gone.map(({ feed }) => feed))
  await appendToStream(
    tx,
    STREAM,
    told.map((one) => ({ ...one, at: now, by: BY })),
  )
}

/** When each feed last brought something new, ISO 8601 UTC, as the record says it. */
export async function feedsRead(db: Queryable): Promise<ReadonlyMap<string, string>> {
  const rows = await db.select({ feed: feedsRecorded.feed, readAt: feedsRecorded.readAt }).from(feedsRecorded)
  return new Map(rows.flatMap(({ feed, readAt }) => (readAt === null ? [] : [[feed, readAt]])))
}
