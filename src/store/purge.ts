import { DAY_MS } from '../core/time/instant.ts'
import type { Db } from './connection.ts'
import { purgeContents } from './content.ts'
import { purgeEarlyWords } from './early-words.ts'
import { purgeSoftware } from './forget-assets.ts'
import { purgeDelivered } from './outbox.ts'
import { purgePreviews } from './previews.ts'
import { purgeFeedChanges } from './save-feed.ts'
import { purgeSessions } from './sessions.ts'
import { purgeStartAssets } from './starts.ts'

/** Deletes what is kept only for some time. */
export async function purge(db: Db, now: Date): Promise<void> {
  const daysAgo = (days: number) => new Date(now.getTime() - days * DAY_MS).toISOString()
  await purgeDelivered(db, daysAgo(30))
  await purgeSessions(db, now.toISOString())
  await purgeSoftware(db)
  await purgeContents(db, now.toISOString())
  await purgeStartAssets(db, daysAgo(30))
  await purgeFeedChanges(db, daysAgo(7))
  await purgePreviews(db, daysAgo(30))
  await purgeEarlyWords(db)
}
