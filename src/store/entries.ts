/** Entries of the record: appended, never changed. core/record/entry.ts describes their form. */

import { randomBytes } from 'node:crypto'
import { desc, eq, sql } from 'drizzle-orm'
import { GENESIS } from '../core/audit.ts'
import { type SealedEntry, sealEntry, type Told } from '../core/record/entry.ts'
import { checkFacts } from '../core/record/streams.ts'
import { storable } from '../core/storable.ts'
import { linesOf, listOf, slices } from './bulk.ts'
import type { Queryable, Tx } from './connection.ts'
import { entries } from './schema.ts'

/** An entry that has no place in a stream yet. */
export interface NewEntry extends Told {
  /** ISO 8601 UTC: now. */
  readonly at: string
  /** A pseudonym, or a part of Patchwarden. */
  readonly by: string
}

/** The last entry of a stream. */
export interface StreamEnd {
  readonly seq: number
  readonly hash: string
}

/** Makes the next entry of a stream. The caller knows the end of the stream and holds its lock. */
export function sealNext(stream: string, end: StreamEnd, { beside = {}, ...entry }: NewEntry): SealedEntry {
  const salt = Object.keys(beside).length === 0 ? '' : randomBytes(16).toString('hex')
  return sealEntry({ ...entry, stream, seq: end.seq + 1, prev: end.hash }, beside, salt)
}

/** Entries in one statement. */
const ENTRIES_AT_ONCE = 200

/**
 * Inserts entries. If another process has written the same number, this fails on the unique index: nothing is
 * overwritten.
 */
export async function insertEntries(tx: Queryable, sealed: readonly SealedEntry[]): Promise<void> {
  for (const some of slices(sealed, ENTRIES_AT_ONCE))
    await tx.execute(sql`
      insert into ${entries} (stream, seq, entry, hash, salt, beside)
      select * from unnest(
        ${listOf(some.map(({ stream }) => stream))}::text::text[], ${listOf(some.map(({ seq }) => seq))}::text::integer[],
        ${linesOf(some.map(({ text }) => text))}, ${linesOf(some.map(({ hash }) => hash))},
        ${linesOf(some.map(({ beside }) => beside?.salt ?? null))},
        ${linesOf(some.map(({ beside }) => beside?.text ?? null))})`)
}

/**
 * Appends to a stream that does not belong to a proposal. Others who append to it wait until the transaction ends, so
 * do this last, or only with small streams.
 */
export async function appendToStream(tx: Tx, stream: string, added: readonly NewEntry[]): Promise<StreamEnd> {
  await lockStream(tx, stream)
  let end = await endOf(tx, stream)
  // Other work has its turn while each part is written.
  for (const some of slices(added, ENTRIES_AT_ONCE)) {
    const sealed: SealedEntry[] = []
    for (const one of some) {
      checkFacts(stream, one)
      const next = sealStorable(stream, end, one)
      sealed.push(next)
      end = next
    }
    await insertEntries(tx, sealed)
  }
  return end
}

/**
 * Seals an entry. Characters that the database cannot hold are escapes in JSON, so only a text with escapes, which is
 * rare, is cleaned and sealed again.
 */
function sealStorable(stream: string, end: StreamEnd, entry: NewEntry): SealedEntry {
  const sealed = sealNext(stream, end, entry)
  const texts = [sealed.text, sealed.beside?.text]
  return texts.some((text) => text?.includes('\\u')) ? sealNext(stream, end, storable(entry)) : sealed
}

/** Keeps others from appending to a stream until the transaction ends, for a caller that first reads its end. */
export async function lockStream(tx: Tx, stream: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchwarden:stream:${stream}`}, 0))`)
}

/** The last entry of a stream. Only for streams without events of earlier versions. */
export async function endOf(db: Queryable, stream: string): Promise<StreamEnd> {
  const [row] = await db
    .select({ seq: entries.seq, hash: entries.hash })
    .from(entries)
    .where(eq(entries.stream, stream))
    .orderBy(desc(entries.seq))
    .limit(1)
  return row ?? { seq: 0, hash: GENESIS }
}

/**
 * Number of the newest entry about rights. That entry and all before it say together who may do what. `null`: there is
 * none yet. It costs one look into an index.
 */
export async function rightsInForce(db: Queryable): Promise<number | null> {
  const [row] = await db.execute<{ rights: number | null }>(sql`select ${newestRights} as rights`)
  return row?.rights ?? null
}

/** The stream of everything that gives rights. */
export const RIGHTS = 'rights'

/** The same as `rightsInForce`, as part of another statement. */
export const newestRights = sql<
  number | null
>`(select max(seq) from ${entries} as e where e.stream = ${sql.raw(`'${RIGHTS}'`)})`
