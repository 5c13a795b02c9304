/**
 * Content by its hash: written once, never changed, and deleted only where no event names it, or when a log has expired.
 *
 * `kept` says how much is known about content: no event names it yet (0); an event names it, and what it names itself is
 * not looked through yet (1); all of that is kept, too (2). What a command needs is stored before it and held by the
 * command; content that is made again is as good as new.
 */

import { and, inArray, lt, sql } from 'drizzle-orm'
import type { RecordItem } from '../core/audit.ts'
import { contentsNamed } from '../core/audit-content.ts'
import {
  contentName,
  contentProblem,
  type HashedContent,
  kindNumber,
  kindOf,
  ownProblem,
  type StoredContent,
} from '../core/content.ts'
import { limits } from '../core/limits.ts'
import { hashesNamed } from '../core/proposal/named.ts'
import { DAY_MS } from '../core/time/instant.ts'
import { linesOf, listOf, ROWS_AT_ONCE, slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { content } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** How many contents are read together where they are handed on one by one. */
const READ_AT_ONCE = 100
/** How many bytes of text these may have. */
const PORTION_BYTES = 1024 * 1024

interface StoreGiven {
  readonly contents: readonly HashedContent[]
  readonly now: string
}

/** Stores content before it is named, a part at a time, so that nobody waits for it. */
export async function prepareContents(db: Db, contents: readonly HashedContent[], now: string): Promise<void> {
  for (const some of slices(contents)) await inTransaction(db, storeContents, { contents: some, now })
}

/** Stores what is not there yet. What expires does so this many days after it was last stored. */
export async function storeContents(tx: Queryable, { contents, now }: StoreGiven): Promise<void> {
  // Always in the same order, so that two who store the same do not wait for each other.
  const all = [...new Map(contents.map((item) => [item.hash, item])).values()].sort((a, b) =>
    a.hash < b.hash ? -1 : 1,
  )
  const expiresAt = new Date(Date.parse(now) + limits.logDays * DAY_MS).toISOString()
  for (const some of slices(all)) {
    const rows = some.length < WORTH_ASKING ? some : await notThere(tx, some, now)
    if (rows.length === 0) continue
    await tx.execute(sql`insert into ${content} (hash, kind, format, text, made_at, expires_at)
      select decode(hash, 'hex'), kind, format, text, ${now}::timestamptz, expires_at::timestamptz
      from unnest(${linesOf(rows.map(({ hash }) => hash))},
        ${listOf(rows.map(({ kind }) => kindNumber(kind)))}::text::smallint[],
        ${listOf(rows.map(({ format }) => format))}::text::smallint[],
        ${linesOf(rows.map(({ text }) => text))},
        ${listOf(rows.map(({ kind }) => (kind === 'log' ? expiresAt : null)))}::text::text[])
        as given (hash, kind, format, text, expires_at)
      on conflict (hash) do update set expires_at = excluded.expires_at,
          made_at = greatest(${content.madeAt}, excluded.made_at)
        where ${content.expiresAt} < excluded.expires_at
          or (${content.kept} = 0 and ${content.madeAt} < excluded.made_at - interval '1 day')`)
  }
}

/** From this number on it pays to ask first which are there: then their texts need not be sent, nor made. */
const WORTH_ASKING = 20

/** Contents that are not stored, or that must be renewed in part. */
async function notThere(tx: Queryable, some: readonly HashedContent[], now: string): Promise<readonly HashedContent[]> {
  const rows = await tx.execute<{ hash: string }>(sql`
    select encode(hash, 'hex') as hash from ${content}
    where hash in (select decode(given, 'hex') from unnest(${linesOf(some.map(({ hash }) => hash))}) as given)
      and expires_at is null and (kept <> 0 or made_at >= ${now}::timestamptz - interval '1 day')`)
  const there = new Set(rows.map(({ hash }) => hash))
  return some.filter(({ hash }) => !there.has(hash))
}

/**
 * Makes sure that content which is about to be named is there, and marks it as named. Where it is not there, because a
 * command came out otherwise than it was prepared for, `again` is stored, which is all that the command can make again.
 */
export async function nameContents(
  tx: Tx,
  hashes: readonly string[],
  { contents: again, now }: StoreGiven,
): Promise<void> {
  if (hashes.length === 0) return
  const all = [...new Set(hashes)].sort()
  const left = new Set(await marked(tx, all))
  const missing = all.filter((hash) => !left.has(hash))
  if (missing.length === 0) return
  await storeContents(tx, { contents: again.filter(({ hash }) => missing.includes(hash)), now })
  const there = new Set(await marked(tx, missing))
  for (const hash of missing)
    if (!there.has(hash)) throw new Error(`It needs ${contentName('', hash)}, which is not stored.`)
}

/** Marks what an event names, and returns which of it is there. */
async function marked(tx: Tx, hashes: readonly string[]): Promise<readonly string[]> {
  const there = await tx
    .select({ hash: content.hash, kept: content.kept })
    .from(content)
    .where(inArray(content.hash, hashes.map(bytesOf)))
    .orderBy(content.hash)
    .for('key share')
  if (there.some(({ kept }) => kept === 0))
    await tx
      .update(content)
      .set({ kept: 1 })
      .where(and(inArray(content.hash, hashes.map(bytesOf)), lt(content.kept, 1)))
  return there.map(({ hash }) => hexOf(hash))
}

const columns = { hash: content.hash, kind: content.kind, format: content.format, text: content.text }

function asStored(row: Pick<typeof content.$inferSelect, keyof typeof columns>): StoredContent {
  return { ...row, hash: hexOf(row.hash), kind: kindOf(row.kind) }
}

/** What is there of these, by hash. */
export async function readContents(
  db: Queryable,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, StoredContent>> {
  const found = new Map<string, StoredContent>()
  const all = [...new Set(hashes)]
  for (const some of slices(all)) {
    const rows = await db
      .select(columns)
      .from(content)
      .where(inArray(content.hash, some.map(bytesOf)))
    for (const row of rows) found.set(hexOf(row.hash), asStored(row))
  }
  return found
}

/** What is there of these and of all that they name. */
export async function readWithNamed(
  db: Queryable,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, StoredContent>> {
  const found = new Map<string, StoredContent>()
  let wanted = [...new Set(hashes)]
  while (wanted.length > 0) {
    const read = await readContents(db, wanted)
    for (const [hash, stored] of read) found.set(hash, stored)
    wanted = [...new Set([...read.values()].flatMap(hashesNamed))].filter((hash) => !found.has(hash))
  }
  return found
}

/** Logs by their hash, without those that have expired or are not what they were. */
export async function readLogs(db: Queryable, hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const logs = new Map<string, string>()
  for (const [hash, stored] of await readContents(db, hashes))
    if (contentProblem('log', stored) === null) logs.set(hash, String(JSON.parse(stored.text)))
  return logs
}

/** Hashes that were handed out already. */
export interface HandedOut {
  readonly has: (hash: string) => boolean
  readonly add: (hash: string) => unknown
}

/**
 * What an event names, and what that names, as far as it is there and was not handed out before: what others name comes
 * first. Only some megabytes are read at once.
 */
export async function* contentsOf(
  db: Queryable,
  item: RecordItem,
  handedOut: HandedOut,
): AsyncGenerator<StoredContent> {
  for (const { hash } of contentsNamed(item)) yield* contentsUnder(db, [hash], handedOut)
}

async function* contentsUnder(
  db: Queryable,
  hashes: readonly string[],
  handedOut: HandedOut,
): AsyncGenerator<StoredContent> {
  const wanted = hashes.filter((hash) => !handedOut.has(hash))
  for (let from = 0; from < wanted.length; from += READ_AT_ONCE) {
    for (const some of await inPortions(db, wanted.slice(from, from + READ_AT_ONCE))) {
      for (const stored of (await readContents(db, some)).values()) {
        if (handedOut.has(stored.hash)) continue
        // Content that somebody changed may name things in a circle; true content cannot.
        if (ownProblem(stored) === null) yield* contentsUnder(db, hashesNamed(stored), handedOut)
        handedOut.add(stored.hash)
        yield stored
      }
    }
  }
}

/** Those of these that are there, in portions that fit into memory, with at least one in each. */
async function inPortions(db: Queryable, hashes: readonly string[]): Promise<readonly (readonly string[])[]> {
  const rows = await db
    .select({ hash: content.hash, bytes: sql<number>`octet_length(${content.text})` })
    .from(content)
    .where(inArray(content.hash, hashes.map(bytesOf)))
  const portions: string[][] = []
  let left = 0
  for (const { hash, bytes } of rows) {
    left -= bytes
    if (left < 0 || portions.length === 0) {
      portions.push([])
      left = PORTION_BYTES - bytes
    }
    portions.at(-1)?.push(hexOf(hash))
  }
  return portions
}

/** Marks all that named content names; then deletes logs that have expired, and what no event has named for days. */
export async function purgeContents(db: Db, now: string): Promise<number> {
  await keepNamed(db)
  const before = new Date(Date.parse(now) - limits.unnamedContentDays * DAY_MS).toISOString()
  return inTransaction(db, purge, { now, before })
}

/** If an event names content, keeps what that content names itself. */
async function keepNamed(db: Db): Promise<void> {
  for (;;) {
    const rows = await db
      .select(columns)
      .from(content)
      .where(sql`${content.kept} = 1 and ${content.expiresAt} is null`)
      .limit(READ_AT_ONCE)
    if (rows.length === 0) return
    const stored = rows.map(asStored)
    await inTransaction(db, keep, { hashes: stored.map(({ hash }) => hash), named: stored.flatMap(hashesNamed) })
  }
}

/** What is named by kept content is looked through next; logs expire all the same. */
async function keep(
  tx: Tx,
  { hashes, named }: { readonly hashes: readonly string[]; readonly named: readonly string[] },
): Promise<void> {
  const mark = async (all: readonly string[], from: number, to: number) => {
    for (const some of slices(all))
      await tx.execute(sql`update ${content} set kept = ${to} where kept = ${from} and expires_at is null
        and hash in (select decode(hash, 'hex') from unnest(${listOf(some)}::text::text[]) as named (hash))`)
  }
  await mark([...new Set(named)].sort(), 0, 1)
  await mark(hashes, 1, 2)
}

interface PurgeGiven {
  readonly now: string
  readonly before: string
}

async function purge(tx: Tx, { now, before }: PurgeGiven): Promise<number> {
  const expired = await tx.execute(sql`delete from ${content} where hash in
    (select hash from ${content} where expires_at < ${now}::timestamptz order by hash limit ${ROWS_AT_ONCE}
      for update skip locked)`)
  const gone = await tx.execute(sql`delete from ${content} where kept = 0 and hash in
    (select hash from ${content} where kept = 0 and expires_at is null and made_at < ${before}::timestamptz
      order by hash limit ${ROWS_AT_ONCE} for update skip locked)`)
  return expired.count + gone.count
}

function bytesOf(hash: string): Uint8Array {
  return Buffer.from(hash, 'hex')
}

function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex')
}
