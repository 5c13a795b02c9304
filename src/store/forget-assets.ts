/** Forgets assets that no longer exist, and software that no asset has. */

import { and, asc, eq, not, notInArray, sql } from 'drizzle-orm'
import { storableAsJson } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { noteDirtyTeams } from './dirty.ts'
import { recordGone } from './recorded-assets.ts'
import { LOOKS_AT_ONCE } from './save-looks.ts'
import { assetHistory, assetLooks, assets, pendingSets, softwareSets } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** Forgets assets that their source says are gone. Returns how many. */
export function forgetGone(db: Db, source: string, gone: readonly string[], now: string): Promise<number> {
  return inTransaction(db, forgetOfSource, { source, named: storableAsJson(gone), are: 'gone', now })
}

/** Forgets assets that the source no longer lists. Returns how many. */
export function forgetMissing(db: Db, source: string, seen: readonly string[], now: string): Promise<number> {
  return inTransaction(db, forgetOfSource, { source, named: storableAsJson(seen), are: 'there', now })
}

interface OfSource {
  readonly source: string
  /** Asset ids, as JSON. */
  readonly named: string
  /** Which assets are forgotten: those that are named, or all others. */
  readonly are: 'gone' | 'there'
  readonly now: string
}

async function forgetOfSource(tx: Tx, { source, named, are, now }: OfSource): Promise<number> {
  const isNamed = sql`${assets.id} in (select jsonb_array_elements_text(${named}::text::jsonb))`
  const gone = await tx
    .select({ id: assets.id })
    .from(assets)
    .where(and(eq(assets.source, source), are === 'gone' ? isNamed : not(isNamed)))
    .orderBy(asc(assets.id))
  return forget(tx, gone, 'not listed', now)
}

/** Forgets assets of sources that are not configured any more. */
export async function forgetOtherSources(db: Db, configured: readonly string[], now: string): Promise<void> {
  await inTransaction(db, forgetSources, { configured, now })
}

async function forgetSources(
  tx: Tx,
  { configured, now }: { readonly configured: readonly string[]; readonly now: string },
): Promise<void> {
  const gone = await tx
    .select({ id: assets.id })
    .from(assets)
    .where(configured.length === 0 ? undefined : notInArray(assets.source, [...configured]))
    .orderBy(asc(assets.id))
  await forget(tx, gone, 'source removed', now)
}

/** Locks rows in the same order as the storing of looks does. The history of the assets stays. */
async function forget(
  tx: Tx,
  gone: readonly { readonly id: string }[],
  why: 'not listed' | 'source removed',
  now: string,
): Promise<number> {
  const forgotten: { readonly id: string; readonly team: string }[] = []
  for (const some of slices(gone, LOOKS_AT_ONCE)) {
    const ids = listOf(some.map(({ id }) => id))
    await tx.execute(sql`
      delete from ${assetLooks} where asset in (select asset from ${assetLooks}
        where asset = any(${ids}::text::text[]) order by asset for update)`)
    const rows = await tx.execute<{ id: string; team: string }>(
      sql`delete from ${assets} where id = any(${ids}::text::text[]) returning id, team`,
    )
    await tx.execute(sql`
      update ${assetHistory} set until_at = greatest(from_at, ${now}::text::timestamptz)
      where asset = any(${ids}::text::text[]) and until_at is null`)
    forgotten.push(...rows)
  }
  await recordGone(
    tx,
    forgotten.map(({ id }) => id),
    why,
    now,
  )
  await noteDirtyTeams(
    tx,
    forgotten.map(({ team }) => team),
    now,
  )
  return forgotten.length
}

/**
 * Deletes software sets that no asset has and no history names, and pending sets that no asset has. A set that is just
 * being given to an asset stays. Returns how many.
 */
export async function purgeSoftware(db: Queryable): Promise<number> {
  const software = await db.execute(sql`
    delete from ${softwareSets} where id in (select id from ${softwareSets} s
      where not exists (select 1 from ${assets} a where a.software_set = s.id)
        and not exists (select 1 from ${assetHistory} h where h.software_set = s.id)
      for update skip locked) returning id`)
  const pending = await db.execute(sql`
    delete from ${pendingSets} where id in (select id from ${pendingSets} s
      where not exists (select 1 from ${assets} a where a.pending_set = s.id)
      for update skip locked) returning id`)
  return software.length + pending.length
}
