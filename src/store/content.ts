/** Content by its hash: written once, never changed, deleted only where no event names it, or as a log that has expired. */

import { inArray, sql } from 'drizzle-orm'
import type { SealedEvent } from '../core/audit.ts'
import { contentProblem, type HashedContent, kindNumber, kindOf, type StoredContent } from '../core/content.ts'
import { limits } from '../core/limits.ts'
import { logsNamed, pageNamed } from '../core/proposal/results-page.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { content, events } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** Rows in one statement. */
const ROWS_AT_ONCE = 5_000
/** Logs that are read together. */
const LOGS_AT_ONCE = 100
const DAY_MS = 86_400_000

/** Stores what is not there yet. What expires does so so many days after it was last stored. */
export async function storeContents(
  tx: Queryable,
  { contents, now }: { readonly contents: readonly HashedContent[]; readonly now: string },
): Promise<void> {
  // In one order, so that two who store the same do not wait for each other in turn.
  const all = [...new Map(contents.map((item) => [item.hash, item])).values()].sort((a, b) =>
    a.hash < b.hash ? -1 : 1,
  )
  const expiresAt = new Date(Date.parse(now) + limits.logDays * DAY_MS).toISOString()
  for (let from = 0; from < all.length; from += ROWS_AT_ONCE) {
    const rows = all.slice(from, from + ROWS_AT_ONCE)
    await tx.execute(sql`insert into ${content} (hash, kind, format, text, made_at, expires_at)
      select decode(hash, 'hex'), kind, format, text, ${now}::timestamptz, expires_at::timestamptz
      from unnest(${listOf(rows.map(({ hash }) => hash))}::text::text[],
        ${listOf(rows.map(({ kind }) => kindNumber(kind)))}::text::smallint[],
        ${listOf(rows.map(({ format }) => format))}::text::smallint[],
        ${listOf(rows.map(({ text }) => text))}::text::text[],
        ${listOf(rows.map(({ kind }) => (kind === 'log' ? expiresAt : null)))}::text::text[])
        as given (hash, kind, format, text, expires_at)
      on conflict (hash) do update set expires_at = excluded.expires_at
        where ${content.expiresAt} < excluded.expires_at`)
  }
}

/** A list as PostgreSQL writes an array: what the parameters of our connections cannot be. */
function listOf(values: readonly (string | number | null)[]): string {
  const items = values.map((value) => (value === null ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`))
  return `{${items.join(',')}}`
}

/**
 * Makes sure that content which is about to be named is there, and that nobody deletes it before the transaction ends.
 * What is not there, because its command came out otherwise than it was prepared for, is stored now.
 */
export async function holdContents(tx: Tx, contents: readonly HashedContent[], now: string): Promise<void> {
  if (contents.length === 0) return
  const held = await tx
    .select({ hash: content.hash })
    .from(content)
    .where(
      inArray(
        content.hash,
        contents.map(({ hash }) => bytesOf(hash)),
      ),
    )
    .orderBy(content.hash)
    .for('key share')
  const there = new Set(held.map(({ hash }) => hexOf(hash)))
  await storeContents(tx, { contents: contents.filter(({ hash }) => !there.has(hash)), now })
}

/** What is there of these, by hash. */
export async function readContents(
  db: Queryable,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, StoredContent>> {
  const found = new Map<string, StoredContent>()
  const all = [...new Set(hashes)]
  for (let from = 0; from < all.length; from += ROWS_AT_ONCE) {
    const rows = await db
      .select({ hash: content.hash, kind: content.kind, format: content.format, text: content.text })
      .from(content)
      .where(inArray(content.hash, all.slice(from, from + ROWS_AT_ONCE).map(bytesOf)))
    for (const { hash, kind, format, text } of rows)
      found.set(hexOf(hash), { hash: hexOf(hash), kind: kindOf(kind), format, text })
  }
  return found
}

/** Logs by their hash; one that has expired, or is not what it was, is not among them. */
export async function readLogs(db: Queryable, hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const logs = new Map<string, string>()
  for (const [hash, stored] of await readContents(db, hashes))
    if (contentProblem('log', stored) === null) logs.set(hash, String(JSON.parse(stored.text)))
  return logs
}

/**
 * What an event names, and what that names, as far as it is there and was not handed out before: logs first, then their
 * page. `handedOut` holds hashes.
 */
export async function* contentsOf(
  db: Queryable,
  { event }: SealedEvent,
  handedOut: Set<string>,
): AsyncGenerator<StoredContent> {
  const hash = pageNamed(event)
  if (hash === null || handedOut.has(hash)) return
  const page = (await readContents(db, [hash])).get(hash)
  if (page === undefined) return
  const logs = contentProblem('results', page) === null ? logsNamed(page).filter((log) => !handedOut.has(log)) : []
  for (let from = 0; from < logs.length; from += LOGS_AT_ONCE) {
    for (const log of (await readContents(db, logs.slice(from, from + LOGS_AT_ONCE))).values()) {
      handedOut.add(log.hash)
      yield log
    }
  }
  handedOut.add(hash)
  yield page
}

/** Deletes logs that have expired, and what no event has named for days, because its command was refused. */
export async function purgeContents(db: Db, now: string): Promise<number> {
  const before = new Date(Date.parse(now) - limits.unnamedContentDays * DAY_MS).toISOString()
  return inTransaction(db, purge, { now, before })
}

interface PurgeGiven {
  readonly now: string
  readonly before: string
}

async function purge(tx: Tx, { now, before }: PurgeGiven): Promise<number> {
  const expired = await tx.execute(sql`delete from ${content} where hash in
    (select hash from ${content} where expires_at < ${now}::timestamptz order by hash limit ${ROWS_AT_ONCE}
      for update skip locked)`)
  const unnamed = sql`expires_at is null and made_at < ${before}::timestamptz
    and not exists (select from ${events} where ${events.page} = ${content}.hash)`
  const locked = await tx.execute(sql`select encode(hash, 'hex') as hash from ${content} where ${unnamed}
    order by hash limit ${ROWS_AT_ONCE} for update skip locked`)
  if (locked.length === 0) return expired.count
  // Asked again: whoever held it may have named it before we could lock it.
  const hashes = listOf(locked.map(({ hash }) => String(hash)))
  const gone = await tx.execute(sql`delete from ${content}
    where hash in (select decode(hash, 'hex') from unnest(${hashes}::text::text[]) as locked (hash)) and ${unnamed}`)
  return expired.count + gone.count
}

export function bytesOf(hash: string): Uint8Array {
  return Buffer.from(hash, 'hex')
}

function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex')
}
