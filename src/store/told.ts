/** What was told about proposals: rows that events caused. Their words and places are not in the events. */

import { and, eq, gt, inArray, isNotNull, notExists, type SQL, sql } from 'drizzle-orm'
import type { RichText } from '../chat/rich-text.ts'
import { listOf } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { consoleMessages, entries, events, outbox, posts } from './schema.ts'

/** The parts of an entry in the console's thread that are compared with events. */
export interface ToldEntry {
  readonly id: number
  readonly table: 'console_messages' | 'outbox'
  readonly proposal: string
  readonly at: string
  /** Id of the person who wrote it; `null`: Patchwarden did. */
  readonly author: string | null
  /** `null`: no person wrote it. */
  readonly text: RichText | null
}

/** Rows that are read at once. */
const PAGE = 500

/**
 * Entries of the console's threads, a page at a time: those that are there, and those that are on the way. An entry
 * that is both comes once. The entries of a proposal come in the order in which they were told.
 */
export async function* consoleThreads(db: Queryable, ids: readonly string[]): AsyncGenerator<readonly ToldEntry[]> {
  const of = (
    table: SQL,
  ) => sql`${table}.id, ${table}.proposal, ${table}.at, ${table}.entry #>> '{author,id}' as author,
    case when jsonb_typeof(${table}.entry -> 'author') = 'object' then ${table}.entry -> 'text' end as text`
  // A single proposal has its own condition, so that an index gives its rows in order.
  const [only] = ids
  const [mine, by] =
    ids.length === 1
      ? [sql`proposal = ${only}`, sql`id`]
      : [sql`proposal = any(${listOf(ids)}::text::text[])`, sql`proposal, id`]
  for (let after = sql`true`; ; ) {
    const rows = await db.execute<ToldRow>(sql`
      (select ${of(sql`m`)}, 'console_messages' as table from ${consoleMessages} m
        where ${mine} and ${after} order by ${by} limit ${PAGE})
      union all
      (select ${of(sql`o`)}, 'outbox' from ${outbox} o
        where ${mine} and ${after} and platform = 'console' and delivered_at is null and entry is not null
          and not exists (select from ${consoleMessages} m where m.id = o.id)
        order by ${by} limit ${PAGE})
      order by ${by} limit ${PAGE}`)
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.map((row) => ({ ...row, id: Number(row.id), at: new Date(row.at).toISOString() }))
    after =
      ids.length === 1 ? sql`id > ${last.id}::bigint` : sql`(proposal, id) > (${last.proposal}, ${last.id}::bigint)`
  }
}

type ToldRow = Record<string, unknown> & { readonly id: string | number } & Omit<ToldEntry, 'id'>

/**
 * Copies of one entry that differ: the console's copy and the one that was sent, or what the console was told and what
 * another platform was told. What was delivered over a month ago has no second copy any more.
 */
export async function differingCopies(
  db: Queryable,
): Promise<readonly { readonly table: string; readonly id: number }[]> {
  const held = await db
    .select({ id: consoleMessages.id })
    .from(consoleMessages)
    .innerJoin(outbox, and(eq(outbox.id, consoleMessages.id), eq(outbox.platform, 'console')))
    .where(
      sql`(${consoleMessages.channel}, ${consoleMessages.proposal}, ${consoleMessages.at}, ${consoleMessages.entry})
        is distinct from (${outbox.channel}, ${outbox.proposal}, ${outbox.at}, ${outbox.entry})`,
    )
  const elsewhere = await db.execute<{ id: number }>(sql`
    select o.id::int as id from outbox o
    where o.platform <> 'console' and o.kind = 'entry' and o.proposal is not null and o.channel not like '@%'
      and not exists (select 1 from console_messages m
        where m.proposal = o.proposal and m.channel = o.channel and m.at = o.at and m.entry = o.entry)
      and not exists (select 1 from outbox c
        where c.platform = 'console' and c.proposal = o.proposal and c.channel = o.channel and c.at = o.at and c.entry = o.entry)`)
  return [
    ...held.map(({ id }) => ({ table: 'console_messages', id })),
    ...elsewhere.map(({ id }) => ({ table: 'outbox', id })),
  ]
}

export interface SentEntry {
  readonly id: number
  readonly proposal: string
  readonly at: string
}

/** Entries on the way to chat platforms, or delivered there not long ago, a page at a time. */
export async function* sentEntries(db: Queryable, ids: readonly string[]): AsyncGenerator<readonly SentEntry[]> {
  for (let after = 0; ; ) {
    const rows = await db
      .select({ id: outbox.id, proposal: outbox.proposal, at: outbox.at })
      .from(outbox)
      .where(and(inArray(outbox.proposal, [...ids]), isNotNull(outbox.entry), gt(outbox.id, after)))
      .orderBy(outbox.id)
      .limit(PAGE)
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.flatMap(({ id, proposal, at }) => (proposal === null ? [] : [{ id, proposal, at }]))
    after = last.id
  }
}

/** Proposals about which something was told: in the thread of the console, and to all platforms not long ago. */
export async function toldProposals(
  db: Queryable,
): Promise<{ readonly thread: readonly string[]; readonly sent: ReadonlySet<string> }> {
  const thread = await db.selectDistinct({ id: consoleMessages.proposal }).from(consoleMessages)
  const sent = await db.selectDistinct({ id: outbox.proposal }).from(outbox).where(isNotNull(outbox.proposal))
  return { thread: thread.map(({ id }) => id), sent: new Set(sent.flatMap(({ id }) => id ?? [])) }
}

/** Messages on chat platforms that belong to a proposal without any event. */
export async function postsOfNothing(
  db: Queryable,
): Promise<readonly { readonly platform: string; readonly key: string; readonly proposal: string }[]> {
  const earlier = db.select({ one: sql`1` }).from(events).where(eq(events.stream, posts.proposal))
  const known = db.select({ one: sql`1` }).from(entries).where(eq(entries.stream, posts.proposal))
  const rows = await db
    .select({ platform: posts.platform, key: posts.key, proposal: posts.proposal })
    .from(posts)
    .where(and(isNotNull(posts.proposal), notExists(earlier), notExists(known)))
  return rows.flatMap(({ platform, key, proposal }) => (proposal === null ? [] : [{ platform, key, proposal }]))
}
