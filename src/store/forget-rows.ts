import { sql } from 'drizzle-orm'
import { listOf, slices } from './bulk.ts'
import type { Tx } from './connection.ts'
import { noteDirtyTeams } from './dirty.ts'
import { LOOKS_AT_ONCE } from './prepared-looks.ts'
import { type GoneReason, recordGone } from './recorded-assets.ts'
import { assetHistory, assetLooks, assets } from './schema.ts'

/** Deletes assets. Locks rows in the same order as the storing of looks does. The history of the assets stays. */
export async function forgetAssets(tx: Tx, gone: readonly string[], why: GoneReason, now: string): Promise<number> {
  const forgotten: { readonly id: string; readonly team: string }[] = []
  for (const some of slices(gone, LOOKS_AT_ONCE)) {
    const ids = listOf(some)
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
