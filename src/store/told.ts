/** What was told of proposals: rows that events caused, though their words and places are not in the events. */

import { and, eq, inArray, isNotNull, isNull, notExists, sql } from 'drizzle-orm'
import type { ThreadEntry } from '../chat/card.ts'
import type { Queryable } from './connection.ts'
import { consoleMessages, events, outbox, posts } from './schema.ts'

export interface ToldEntry {
  readonly id: number
  readonly table: 'console_messages' | 'outbox'
  readonly proposal: string
  readonly at: string
  readonly entry: ThreadEntry
}

/** The thread of the console: what it holds, and what is still on the way there. An entry that is both is one. */
export async function consoleThreads(db: Queryable, ids: readonly string[]): Promise<readonly ToldEntry[]> {
  const held = await db
    .select()
    .from(consoleMessages)
    .where(inArray(consoleMessages.proposal, [...ids]))
  const coming = await db
    .select()
    .from(outbox)
    .where(
      and(
        eq(outbox.platform, 'console'),
        inArray(outbox.proposal, [...ids]),
        isNull(outbox.deliveredAt),
        isNotNull(outbox.entry),
      ),
    )
  const known = new Set(held.map(({ id }) => id))
  return [
    ...held.map(({ id, proposal, at, entry }) => ({ id, table: 'console_messages' as const, proposal, at, entry })),
    ...coming.flatMap(({ id, proposal, at, entry }) =>
      proposal === null || entry === null || known.has(id)
        ? []
        : [{ id, table: 'outbox' as const, proposal, at, entry }],
    ),
  ]
}

/**
 * Copies of one entry that differ: the console's and the one that was sent there, or what another platform was told and
 * what the console was. What was delivered over a month ago has no second copy any more.
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

/** Entries on the way to chat platforms, or delivered there not long ago. */
export async function sentEntries(db: Queryable, ids: readonly string[]): Promise<readonly ToldEntry[]> {
  const rows = await db
    .select()
    .from(outbox)
    .where(and(inArray(outbox.proposal, [...ids]), isNotNull(outbox.entry)))
  return rows.flatMap(({ id, proposal, at, entry }) =>
    proposal === null || entry === null ? [] : [{ id, table: 'outbox' as const, proposal, at, entry }],
  )
}

/** Proposals of which something was told. */
export async function toldProposals(db: Queryable): Promise<readonly string[]> {
  const thread = await db.selectDistinct({ id: consoleMessages.proposal }).from(consoleMessages)
  const sent = await db.selectDistinct({ id: outbox.proposal }).from(outbox).where(isNotNull(outbox.proposal))
  return [...thread, ...sent].flatMap(({ id }) => id ?? [])
}

/** Messages on chat platforms that belong to a proposal without any event. */
export async function postsOfNothing(
  db: Queryable,
): Promise<readonly { readonly platform: string; readonly key: string; readonly proposal: string }[]> {
  const known = db.select({ one: sql`1` }).from(events).where(eq(events.stream, posts.proposal))
  const rows = await db
    .select({ platform: posts.platform, key: posts.key, proposal: posts.proposal })
    .from(posts)
    .where(and(isNotNull(posts.proposal), notExists(known)))
  return rows.flatMap(({ platform, key, proposal }) => (proposal === null ? [] : [{ platform, key, proposal }]))
}
