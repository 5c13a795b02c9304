/** When words of assets whose clock is ahead were first read, so that reading them again makes them no newer. */

import { inArray, sql } from 'drizzle-orm'
import { type Observation, observedAsset, seenAs } from '../core/asset.ts'
import { byOurClock, type EarlyWord } from '../core/early-word.ts'
import { storableText } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { assets, earlyWords, witnesses } from './schema.ts'

/** The last early words of assets, by the ids that their sources have for them. */
export type EarlyWords = ReadonlyMap<string, EarlyWord>

export async function readEarlyWords(db: Queryable, ids: readonly string[]): Promise<EarlyWords> {
  const found = new Map<string, EarlyWord>()
  for (const some of slices(ids))
    for (const { id, ...word } of await db
      .select()
      .from(earlyWords)
      .where(inArray(earlyWords.id, some.map(storableText))))
      found.set(id, word)
  return found
}

/** Looks by our clock. Stores when those that claim to be from later were first read. `now`: ISO 8601 UTC. */
export async function readByOurClock(
  db: Queryable,
  observations: readonly Observation[],
  known: EarlyWords,
  now: string,
): Promise<readonly Observation[]> {
  const fresh = new Map<string, EarlyWord>()
  const looks = observations.map((look) => {
    const id = storableText(seenAs(observedAsset(look)))
    const { observation, early } = byOurClock(look, known.get(id), now)
    if (early !== null && early.readAt === now) fresh.set(id, early)
    return observation
  })
  await save(db, fresh)
  return looks
}

async function save(db: Queryable, words: EarlyWords): Promise<void> {
  for (const some of slices([...words].sort(([a], [b]) => (a < b ? -1 : 1))))
    await db.execute(sql`
      insert into ${earlyWords} as e (id, claimed_at, read_at)
      select * from unnest(${listOf(some.map(([id]) => id))}::text::text[],
        ${listOf(some.map(([, { claimedAt }]) => claimedAt))}::text::timestamptz[],
        ${listOf(some.map(([, { readAt }]) => readAt))}::text::timestamptz[])
      on conflict (id) do update set claimed_at = excluded.claimed_at, read_at = excluded.read_at
        where e.claimed_at <> excluded.claimed_at`)
}

/** Deletes the words of assets that no source lists any more. */
export async function purgeEarlyWords(db: Queryable): Promise<void> {
  await db.execute(sql`delete from ${earlyWords} e
    where not exists (select from ${assets} a where a.id = e.id)
      and not exists (select from ${witnesses} w where w.id = e.id)`)
}
