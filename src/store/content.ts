/**
 * Content, stored under its hash. It is written once and never changed. It is deleted only if no event names it, or if
 * it is a log that has expired.
 *
 * `kept` says how much is known about content. 0: no event names it yet. 1: an event names it, but what it names itself
 * is not marked yet. 2: all of that is marked, too. A command stores the content that it needs first, and locks it
 * until its event is written. Content that is stored again counts as new.
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

/** Contents that are read together and passed on one by one. */
const READ_AT_ONCE = 100
/** Bytes of text that they may have together. */
const PORTION_BYTES = 1024 * 1024

interface StoreGiven {
  readonly contents: readonly HashedContent[]
  readonly now: string
}

/** Stores content before an event names it, one part at a time, so that nobody waits long. */
export async function prepareContents(db: Db, contents: readonly HashedContent[], now: string): Promise<void> {
  for (const some of slices(contents)) await inTransaction(db, storeContents, { contents: some, now })
}

/** Stores content that is not there yet. A log expires `limits.logDays` days after it was last stored. */
export async function storeContents(tx: Queryable, { contents, now }: StoreGiven): Promise<void> {
  // Always in the same order, so that two processes that store the same content do not wait for each other.
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

/** From this number on, we first ask which contents are stored already: their texts need not be made or sent. */
const WORTH_ASKING = 20

/** Contents that are not stored, or whose times must be renewed. */
async function notThere(tx: Queryable, some: readonly HashedContent[], now: string): Promise<readonly HashedContent[]> {
  const rows = await tx.execute<{ hash: string }>(sql`
    select encode(hash, 'hex') as hash from ${content}
    where hash in (select decode(given, 'hex') from unnest(${linesOf(some.map(({ hash }) => hash))}) as given)
      and expires_at is null and (kept <> 0 or made_at >= ${now}::timestamptz - interval '1 day')`)
  const there = new Set(rows.map(({ hash }) => hash))
  return some.filter(({ hash }) => !there.has(hash))
}

/**
 * Makes sure that content is stored before an event names it, and marks it as named. If some is missing, because the
 * command had another result than it was prepared for, it is taken from `contents`: all content that the command can
 * make again. Throws a sentence if content is missing even then.
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

/** Marks these contents as named by an event. Returns the hashes of those that are stored. */
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

/** The contents of these that are stored, by hash. */
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

/** The contents of these that are stored, and all stored contents that they name, by hash. */
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

/** Logs by hash, without logs that have expired or were changed. */
export async function readLogs(db: Queryable, hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const logs = new Map<string, string>()
  for (const [hash, stored] of await readContents(db, hashes))
    if (contentProblem('log', stored) === null) logs.set(hash, String(JSON.parse(stored.text)))
  return logs
}

/** Hashes of contents that were handed out already. */
export interface HandedOut {
  readonly has: (hash: string) => boolean
  readonly add: (hash: string) => unknown
}

/**
 * Yields the stored contents that an event names, and all that these name, except those that were handed out before.
 * Content comes before the content that names it. Only some megabytes are read at once.
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
        // Content that somebody changed in the database may name itself in a circle, so it is not followed. True
        // content cannot.
        if (ownProblem(stored) === null) yield* contentsUnder(db, hashesNamed(stored), handedOut)
        handedOut.add(stored.hash)
        yield stored
      }
    }
  }
}

/** Those of these hashes that are stored, in portions that fit into memory. Each portion has at least one. */
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

/**
 * Marks all content that named content names. Then deletes logs that have expired, and content that no event has named
 * for days. Returns how many.
 */
export async function purgeContents(db: Db, now: string): Promise<number> {
  await keepNamed(db)
  const before = new Date(Date.parse(now) - limits.unnamedContentDays * DAY_MS).toISOString()
  return inTransaction(db, purge, { now, before })
}

/** For content that an event names, marks the content that it names itself. */
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

/**
 * Marks `named` as 1, so that it is looked through next, and `hashes` as 2. Logs are not marked: they expire all the
 * same.
 */
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
