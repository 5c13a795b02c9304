/** Entries of the record: appended, never changed. core/record/entry.ts has their form. */

import { randomBytes } from 'node:crypto'
import { desc, eq, sql } from 'drizzle-orm'
import { GENESIS } from '../core/audit.ts'
import { type SealedEntry, sealEntry, type Told } from '../core/record/entry.ts'
import { checkFacts } from '../core/record/streams.ts'
import { storable } from '../core/storable.ts'
import { linesOf, listOf, slices } from './bulk.ts'
import type { Queryable, Tx } from './connection.ts'
import { entries } from './schema.ts'

/** An entry before it has its place. */
export interface NewEntry extends Told {
  /** ISO 8601 UTC: now. */
  readonly at: string
  /** A pseudonym, or a part of Patchwarden. */
  readonly by: string
}

/** Where a stream ends. */
export interface StreamEnd {
  readonly seq: number
  readonly hash: string
}

/** The next entry of a stream whose end is known and held. */
export function sealNext(stream: string, end: StreamEnd, { beside = {}, ...entry }: NewEntry): SealedEntry {
  const salt = Object.keys(beside).length === 0 ? '' : randomBytes(16).toString('hex')
  return sealEntry({ ...entry, stream, seq: end.seq + 1, prev: end.hash }, beside, salt)
}

/** In one statement. */
const ENTRIES_AT_ONCE = 200

/** A second writer of the same number fails on the unique index: nothing is overwritten. */
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
 * Appends to a stream that does not belong to a proposal. Whoever else appends to it waits until the transaction ends:
 * append last, or to small streams only.
 */
export async function appendToStream(tx: Tx, stream: string, added: readonly NewEntry[]): Promise<StreamEnd> {
  await lockStream(tx, stream)
  let end = await endOf(tx, stream)
  // Others have their turn while each part is written.
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

/** What the database cannot hold is JSON with escapes: there is hardly any. */
function sealStorable(stream: string, end: StreamEnd, entry: NewEntry): SealedEntry {
  const sealed = sealNext(stream, end, entry)
  const texts = [sealed.text, sealed.beside?.text]
  return texts.some((text) => text?.includes('\\u')) ? sealNext(stream, end, storable(entry)) : sealed
}

/** Keeps everybody else from appending to it until the transaction ends, for a caller that looks at its end first. */
export async function lockStream(tx: Tx, stream: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`patchwarden:stream:${stream}`}, 0))`)
}

/** Where a stream ends; only for streams without events of earlier versions. */
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
 * Number of the newest entry that says who may do what; that entry and all before it say it together. `null`: there is
 * none yet. One look into an index.
 */
export async function rightsInForce(db: Queryable): Promise<number | null> {
  const [row] = await db.execute<{ rights: number | null }>(sql`select ${newestRights} as rights`)
  return row?.rights ?? null
}

/** The stream of everything that gives rights. */
export const RIGHTS = 'rights'

/** The same, as part of a statement that reads something else. */
export const newestRights = sql<
  number | null
>`(select max(seq) from ${entries} as e where e.stream = ${sql.raw(`'${RIGHTS}'`)})`
