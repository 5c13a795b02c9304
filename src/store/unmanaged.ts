/** Finds the machines that no engine changes and no managing system lists. */

import { type SQL, sql } from 'drizzle-orm'
import { NOT_MANAGED } from '../core/unmanaged.ts'
import { listOf } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { assetLooks, assets, inBytes, witnesses } from './schema.ts'

/** `managing`: names of the sources that are systems which manage machines. */
export function isUnmanaged(managing: readonly string[]): SQL {
  return sql`(${assets.asset} ->> 'engine' is null and not ${listedBy(managing)})`
}

function listedBy(managing: readonly string[]): SQL {
  const names = sql`${listOf(managing)}::text::text[]`
  const manages = (word: SQL) => sql`not jsonb_exists(coalesce(${word} -> 'tags', '[]'), ${NOT_MANAGED})`
  // The word of a source stands beside the asset where several know it; then the asset has the tags of all of them.
  const word = sql`coalesce(${witnesses.asset}, ${assets.asset})`
  return sql`(exists (select 1 from ${witnesses} where ${witnesses.machine} = ${assets.id}
      and ${witnesses.source} = any(${names}) and ${manages(word)})
    or (${assets.source} = any(${names}) and ${manages(sql`${assets.asset}`)} and not exists (
      select 1 from ${witnesses} where ${witnesses.machine} = ${assets.id} and ${witnesses.source} = ${assets.source})))`
}

export interface UnmanagedAsset {
  readonly id: string
  readonly name: string
  readonly platform: string
  readonly team: string
  readonly simulated: boolean
  /** The sources that know it. */
  readonly sources: readonly string[]
  /** When it was last looked at, ISO 8601 UTC; `null`: never. */
  readonly seenAt: string | null
}

export interface UnmanagedAsked {
  readonly managing: readonly string[]
  /** `null`: all teams. */
  readonly team: string | null
}

/** In the order of their names, after the last one of the page before; `null`: from the first on. */
export async function unmanagedAssets(
  db: Queryable,
  { managing, team }: UnmanagedAsked,
  after: { readonly name: string; readonly id: string } | null,
  most: number,
): Promise<readonly UnmanagedAsset[]> {
  const [name, id] = [inBytes(sql`${assets.name}`), inBytes(sql`${assets.id}`)]
  const rows = await db.execute<Record<string, unknown> & UnmanagedAsset>(sql`
    select ${assets.id}, ${assets.name}, ${assets.platform}, ${assets.team}, ${assets.simulated},
      array_to_json(array(select distinct seen from (
        select ${assets.source} as seen
        union all select ${witnesses.source} from ${witnesses} where ${witnesses.machine} = ${assets.id}) as known
        order by seen)) as sources,
      ${assetLooks.observedAt} as "seenAt"
    from ${assets} left join ${assetLooks} on ${assetLooks.asset} = ${assets.id}
    where ${isUnmanaged(managing)} and ${team === null ? sql`true` : sql`${assets.team} = ${team}`}
      and ${after === null ? sql`true` : sql`(${name}, ${id}) > (${after.name}, ${after.id})`}
    order by ${name}, ${id} limit ${most}`)
  return rows.map(({ seenAt, ...row }) => ({ ...row, seenAt: seenAt === null ? null : new Date(seenAt).toISOString() }))
}

export interface UnmanagedCounts {
  /** All machines, managed or not. */
  readonly all: number
  readonly unmanaged: number
  /** Machines without an engine that a managing system lists, which is only read here. */
  readonly onlyRead: number
}

export async function countUnmanaged(db: Queryable, { managing, team }: UnmanagedAsked): Promise<UnmanagedCounts> {
  const none = sql`${assets.asset} ->> 'engine' is null`
  const [row] = await db.execute<Record<string, unknown> & UnmanagedCounts>(sql`
    select count(*)::int as "all", count(*) filter (where ${isUnmanaged(managing)})::int as unmanaged,
      count(*) filter (where ${none} and ${listedBy(managing)})::int as "onlyRead"
    from ${assets} where ${team === null ? sql`true` : sql`${assets.team} = ${team}`}`)
  return { all: row?.all ?? 0, unmanaged: row?.unmanaged ?? 0, onlyRead: row?.onlyRead ?? 0 }
}
