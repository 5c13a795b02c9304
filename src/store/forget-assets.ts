/** Forgets assets that no longer exist, and software that no asset has. */

import { sql } from 'drizzle-orm'
import { storableAsJson } from '../core/storable.ts'
import { type MachineRule, noMachineRule } from '../core/witnesses.ts'
import { listOf } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { forgetAssets } from './forget-rows.ts'
import { forgetWitnesses, lockMachines } from './machines.ts'
import type { GoneReason } from './recorded-assets.ts'
import { storeTogether } from './save-looks.ts'
import { assetHistory, assets, pendingSets, softwareSets, witnesses } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** Forgets assets that their source says are gone. Returns how many of them no other source knows. */
export function forgetGone(
  db: Db,
  source: string,
  gone: readonly string[],
  now: string,
  rule = noMachineRule,
): Promise<number> {
  return inTransaction(db, forgetOfSource, { source, named: storableAsJson(gone), are: 'gone', now, rule })
}

/** Forgets assets that the source no longer lists. Returns how many of them no other source knows. */
export function forgetMissing(
  db: Db,
  source: string,
  seen: readonly string[],
  now: string,
  rule = noMachineRule,
): Promise<number> {
  return inTransaction(db, forgetOfSource, { source, named: storableAsJson(seen), are: 'there', now, rule })
}

interface OfSource {
  readonly source: string
  /** Asset ids, as the source has them, as JSON. */
  readonly named: string
  /** Which assets are forgotten: those that are named, or all others. */
  readonly are: 'gone' | 'there'
  readonly now: string
  readonly rule: MachineRule
}

async function forgetOfSource(tx: Tx, { source, named, are, now, rule }: OfSource): Promise<number> {
  await lockMachines(tx, true)
  const gone = await tx.execute<{ id: string }>(sql`
    select id from (${listedBy(sql`= ${source}`)}) as listed
    where (id in (select jsonb_array_elements_text(${named}::text::jsonb))) = ${are === 'gone'} order by id`)
  return forget(tx, gone, 'not listed', { now, rule })
}

/** The ids that sources have for what they list. An asset with several witnesses is none of any source. */
function listedBy(source: ReturnType<typeof sql>) {
  return sql`
    select id from ${assets} a where source ${source}
      and not exists (select from ${witnesses} w where w.machine = a.id and w.asset is not null)
    union select id from ${witnesses} where source ${source} and asset is not null`
}

/** Forgets assets of sources that are not configured any more. */
export async function forgetOtherSources(
  db: Db,
  configured: readonly string[],
  now: string,
  rule = noMachineRule,
): Promise<void> {
  await inTransaction(db, forgetSources, { configured, now, rule })
}

async function forgetSources(
  tx: Tx,
  {
    configured,
    ...given
  }: { readonly configured: readonly string[]; readonly now: string; readonly rule: MachineRule },
): Promise<void> {
  await lockMachines(tx, true)
  const gone = await tx.execute<{ id: string }>(
    sql`${listedBy(sql`<> all(${listOf(configured)}::text::text[])`)} order by id`,
  )
  await forget(tx, gone, 'source removed', given)
}

async function forget(
  tx: Tx,
  ids: readonly { readonly id: string }[],
  why: GoneReason,
  given: { readonly now: string; readonly rule: MachineRule },
): Promise<number> {
  if (ids.length === 0) return 0
  const together = await forgetWitnesses(
    tx,
    ids.map(({ id }) => id),
    given,
  )
  const forgotten = await forgetAssets(tx, together.gone, why, given.now)
  await storeTogether(tx, together, given.now)
  return forgotten
}

/**
 * Deletes software sets that no asset has and no history names, and pending sets that no asset has. A set that is just
 * being given to an asset stays. Returns how many.
 */
export async function purgeSoftware(db: Queryable): Promise<number> {
  const software = await db.execute(sql`
    delete from ${softwareSets} where id in (select id from ${softwareSets} s
      where not exists (select 1 from ${assets} a where a.software_set = s.id)
        and not exists (select 1 from ${witnesses} w where w.software_set = s.id)
        and not exists (select 1 from ${assetHistory} h where h.software_set = s.id)
      for update skip locked) returning id`)
  const pending = await db.execute(sql`
    delete from ${pendingSets} where id in (select id from ${pendingSets} s
      where not exists (select 1 from ${assets} a where a.pending_set = s.id)
        and not exists (select 1 from ${witnesses} w where w.pending_set = s.id)
      for update skip locked) returning id`)
  return software.length + pending.length
}
