/** Stores what feeds say by writing only differences, and keeps what each save changed. */

import { and, eq, isNotNull, lt, notInArray } from 'drizzle-orm'
import type { FeedContent } from '../core/catalog.ts'
import type { FeedChange } from '../core/feed-change.ts'
import { contentDigest, countsOf, cursorHash, type FeedNewsRead } from '../core/record/feeds.ts'
import { storable } from '../core/storable.ts'
import { writeSucceeded } from './catalog.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { noteDirty } from './dirty.ts'
import { createEpssIntake } from './epss-parts.ts'
import { createNaming, createRowIntake, type Difference, type Naming, type RowIntake } from './feed-differences.ts'
import { type Named, rowKinds } from './feed-kinds.ts'
import { inSlices } from './in-slices.ts'
import { recordFeed, recordRemovedFeeds } from './recorded-feeds.ts'
import { epssParts, feedChanges, sources } from './schema.ts'
import { inTransaction } from './transaction.ts'

export interface FeedNews {
  readonly content: FeedContent
  /** Only these records changed. */
  readonly changes?: { readonly records: readonly string[] }
  /** The day or instant of the content, as the feed says it. */
  readonly saidAt?: string
}

/**
 * Called in the transaction that writes a change. It must be a named function that does not use the pool: see
 * `inTransaction`.
 */
export type FeedChanged = (tx: Tx, change: FeedChange) => Promise<void>

interface FeedGiven {
  readonly feed: string
  /** The version when the differences were found. */
  readonly version: number
  readonly differences: readonly Difference[]
  readonly result: { readonly now: string; readonly cursor: string; readonly rejected: number }
  readonly news: FeedNewsRead
  readonly changed: FeedChanged | undefined
}

/**
 * Stores what a feed says: all rows of each kind that is present, or only `changes`. Only rows that differ from the
 * stored ones are written, all in one transaction. Returns what changed; `null`: nothing.
 */
export async function saveFeed(
  db: Db,
  name: string,
  { content, changes, saidAt }: FeedNews,
  result: FeedGiven['result'],
  changed?: FeedChanged,
): Promise<FeedChange | null> {
  const feed = storable(name)
  const rows = {
    fixes: createRowIntake(rowKinds.fixes),
    advisories: createRowIntake(rowKinds.advisories),
    updates: createRowIntake(rowKinds.updates),
    cves: createRowIntake(rowKinds.cves),
    lifecycles: createRowIntake(rowKinds.lifecycles),
    kev: createRowIntake(rowKinds.kev),
  }
  const epss = createEpssIntake()
  const { fixes, advisories, updates, cves, lifecycles, kev } = rows
  const said = await inSlices(
    contentDigest(content, {
      fixes: fixes.visit,
      advisories: advisories.visit,
      updates: updates.visit,
      cves: cves.visit,
      lifecycles: lifecycles.visit,
      kev: kev.visit,
      epss: epss.visit,
    }),
  )
  const news: FeedNewsRead = {
    kind: 'read',
    readAt: result.now,
    ...(saidAt === undefined ? {} : { saidAt }),
    counts: countsOf(content),
    rejected: result.rejected,
    changed: changes === undefined ? null : changes.records.length,
    cursor: cursorHash(result.cursor),
    said,
  }
  const records = changes === undefined ? null : storable(changes.records)

  async function differencesOf<Row>(kind: keyof typeof rows, intake: RowIntake<Row>): Promise<Difference | null> {
    if (records === null || !rowKinds[kind].changesByRecord)
      return content[kind] === undefined ? null : intake.compare(db, feed, 'all')
    return intake.compare(db, feed, [...new Set([...records, ...(await inSlices(intake.records()))])])
  }

  for (;;) {
    const version = await versionOf(db, feed)
    const differences = [
      await differencesOf('fixes', fixes),
      await differencesOf('advisories', advisories),
      await differencesOf('updates', updates),
      await differencesOf('cves', cves),
      await differencesOf('lifecycles', lifecycles),
      await differencesOf('kev', kev),
      content.epss === undefined ? null : await epss.compare(db, feed),
    ].filter((difference) => difference !== null)
    const written = await inTransaction(db, writeFeed, { feed, version, differences, result, news, changed })
    if (written !== 'again') return written
  }
}

async function versionOf(db: Queryable, feed: string): Promise<number> {
  const [row] = await db.select({ version: sources.version }).from(sources).where(isFeed(feed))
  return row?.version ?? 0
}

function isFeed(feed: string) {
  return and(eq(sources.kind, 'catalog'), eq(sources.name, feed))
}

/** `again`: another process has written meanwhile, so the caller must compare again. */
async function writeFeed(
  tx: Tx,
  { feed, version, differences, result, news, changed }: FeedGiven,
): Promise<FeedChange | null | 'again'> {
  const { now } = result
  await tx.insert(sources).values({ kind: 'catalog', name: feed, checkedAt: now }).onConflictDoNothing()
  const [row] = await tx.select({ version: sources.version }).from(sources).where(isFeed(feed)).for('update')
  if (row?.version !== version) return 'again'
  await writeSucceeded(tx, { kind: 'catalog', name: feed, ...result })
  const naming = createNaming()
  for (const difference of differences) await difference.write(tx, feed, naming)
  const change = differences.length === 0 ? null : await writeChange(tx, feed, version + 1, naming, now)
  if (change !== null) await changed?.(tx, change)
  await recordFeed(tx, feed, news, now)
  return change
}

/** The caller has locked the feed's row in `sources`, so the versions of a feed are committed in order. */
async function writeChange(tx: Tx, feed: string, version: number, naming: Naming, at: string): Promise<FeedChange> {
  const lists = naming.lists()
  await tx.update(sources).set({ version }).where(isFeed(feed))
  await tx.insert(feedChanges).values({ feed, version, at, ...lists })
  await noteDirty(tx, [{ team: null, feed, version, why: 'feeds', at }])
  return { feed, version, ...lists }
}

// ---------------------------------------------------------------- feeds that are not configured any more

/** Deletes what feeds said that are not configured any more. Each such feed with stored rows counts as changed. */
export async function forgetOtherFeeds(
  db: Db,
  configured: readonly string[],
  now: string,
  changed?: FeedChanged,
): Promise<void> {
  await inTransaction(db, forgetFeeds, { configured: storable(configured), now, changed })
}

type FeedTable = (typeof rowKinds)[keyof typeof rowKinds]['table'] | typeof epssParts

interface ForgetGiven {
  readonly configured: readonly string[]
  readonly now: string
  readonly changed: FeedChanged | undefined
}

async function forgetFeeds(tx: Tx, { configured, now, changed }: ForgetGiven): Promise<void> {
  const gone = await tx
    .select({ feed: sources.name, version: sources.version })
    .from(sources)
    .where(and(eq(sources.kind, 'catalog'), isNotNull(sources.cursor), notInArray(sources.name, [...configured])))
    .orderBy(sources.name)
    .for('update')
  for (const { feed, version } of gone) {
    // If the feed comes back, it is read as if it were new.
    await tx.update(sources).set({ cursor: null }).where(isFeed(feed))
    const naming = createNaming()
    let rows = 0
    const forget = async (list: keyof Named, table: FeedTable) => {
      const { count } = await tx.delete(table).where(eq(table.feed, feed))
      if (count > 0) naming.anything(list)
      rows += count
    }
    for (const { list, table } of Object.values(rowKinds)) await forget(list, table)
    await forget('cves', epssParts)
    if (rows === 0) continue
    const change = await writeChange(tx, feed, version + 1, naming, now)
    await changed?.(tx, change)
  }
  await recordRemovedFeeds(tx, configured, now)
}

/** Forgets changes from before an instant (ISO 8601). */
export async function purgeFeedChanges(db: Db, before: string): Promise<void> {
  await db.delete(feedChanges).where(lt(feedChanges.at, before))
}
