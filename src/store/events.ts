import { asc, type SQL, sql } from 'drizzle-orm'
import {
  type AuditProblem,
  type Checkpoint,
  GENESIS,
  isEntry,
  type OpenedEvent,
  type RecordItem,
  type StreamHead,
  sealCheckpoint,
} from '../core/audit.ts'
import { contentsNamed, namedIn, subjectsNamed } from '../core/audit-content.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { errorText } from '../core/error-text.ts'
import { recordedOf } from '../core/proposal/entry.ts'
import type { WrittenEvent } from '../core/proposal/event.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { type Named, opened } from '../core/proposal/written.ts'
import { readEntry } from '../core/record/entry.ts'
import { listOf } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { readContents } from './content.ts'
import { readRegister } from './persons.ts'
import { checkpoints, entries, events } from './schema.ts'
import { readSubjects } from './subjects.ts'
import { inTransaction } from './transaction.ts'

type EventRow = {
  readonly position: string
  readonly stream: string
  readonly seq: number
  readonly hash: string
  /** `null`: an event of an earlier version. */
  readonly entry: string | null
  readonly salt: string | null
  readonly beside: string | null
  readonly at: string | null
  readonly actor: string | null
  readonly event: string | null
  readonly prev: string | null
}

/** The record as rows: what earlier versions wrote, and entries. Positions rise over both. */
const record = sql`(
  select position, stream, seq, hash, null::text as entry, null::text as salt, null::text as beside, at, actor, event, prev
    from ${events}
  union all
  select id, stream, seq, hash, entry, salt, beside, null, null, null, null from ${entries}) as record`

async function rowsOf(db: Queryable, rest: SQL): Promise<readonly EventRow[]> {
  return db.execute<EventRow>(sql`select * from ${record} ${rest}`)
}

/** One event of the record, with its place among all. */
export type PlacedItem = RecordItem & { readonly position: number }

function itemOf(row: EventRow): PlacedItem {
  const { stream, seq, hash, salt } = row
  const place = { position: Number(row.position), stream, seq, hash }
  if (row.entry !== null) {
    const beside = row.beside === null || salt === null ? null : { salt, text: row.beside }
    return { ...place, text: row.entry, beside }
  }
  return {
    ...place,
    at: row.at ?? '',
    actor: JSON.parse(row.actor ?? '') as Actor,
    event: JSON.parse(row.event ?? '') as WrittenEvent,
    prev: row.prev ?? '',
  }
}

export async function readStream(db: Queryable, stream: string): Promise<readonly OpenedEvent[]> {
  const items = (await rowsOf(db, sql`where stream = ${stream} order by seq`)).map(itemOf)
  const open = await opening(db, items)
  return items.map((item) => open(item, `${stream} event ${item.seq}`))
}

/** Reads what events name, and answers with what opens each of them; that throws a sentence where one cannot be read. */
async function opening(db: Queryable, items: readonly RecordItem[]) {
  const contents = items.flatMap((item) => contentsNamed(item))
  const named: Named = {
    ...namedIn(
      await readContents(
        db,
        contents.flatMap(({ kind, hash }) => (kind === 'results' || kind === 'policy' ? [hash] : [])),
      ),
    ),
    subject: await readSubjects(db, items.flatMap(subjectsNamed)),
  }
  const register = await readRegister(db)
  return (item: RecordItem, name: string): OpenedEvent => {
    try {
      if (isEntry(item)) return { ...recordedOf(readEntry(item.text), item.beside, register, named), hash: item.hash }
      const { stream, seq, at, actor, hash } = item
      return { stream, seq, at, actor, event: opened(item.event, named), hash, inItself: true }
    } catch (error) {
      throw new Error(`${name} ${errorText(error)}`, { cause: error })
    }
  }
}

/** Names of all streams. */
export async function streamNames(db: Queryable): Promise<readonly string[]> {
  const rows = await db.execute<{ stream: string }>(sql`select distinct stream from ${record}`)
  return rows.map(({ stream }) => stream)
}

/** Several streams at once; a sentence for one that cannot be read. */
export async function readStreams(
  db: Queryable,
  streams: readonly string[],
): Promise<ReadonlyMap<string, readonly OpenedEvent[] | string>> {
  const rows = await rowsOf(db, sql`where stream = any(${listOf(streams)}::text::text[]) order by seq`)
  const read = new Map<string, OpenedEvent[] | string>()
  for (let from = 0; from < rows.length; from += OPENED_AT_ONCE) {
    const some = rows
      .slice(from, from + OPENED_AT_ONCE)
      .map((row) => ({ row, item: readable(() => itemOf(row), `event ${row.seq}`) }))
    const open = await opening(
      db,
      some.flatMap(({ item }) => ('problem' in item ? [] : item)),
    )
    for (const { row, item } of some) {
      const known = read.get(row.stream) ?? []
      if (typeof known === 'string') continue
      if ('problem' in item) read.set(row.stream, `${item.record} ${item.problem}`)
      else
        read.set(
          row.stream,
          withNext(known, () => open(item, `event ${item.seq}`)),
        )
    }
  }
  return read
}

/** Events whose content is read together. */
const OPENED_AT_ONCE = 200

function withNext(before: OpenedEvent[], next: () => OpenedEvent): OpenedEvent[] | string {
  try {
    before.push(next())
    return before
  } catch (error) {
    return errorText(error)
  }
}

/** What stands beside entries, by stream and number; `null`: it was erased, or there is nothing. */
export async function readBesides(
  db: Queryable,
  wanted: readonly { readonly stream: string; readonly seq: number }[],
): Promise<ReadonlyMap<string, ReadonlyMap<number, string | null>>> {
  const found = new Map<string, Map<number, string | null>>()
  if (wanted.length === 0) return found
  const rows = await db.execute<{ stream: string; seq: number; beside: string | null }>(sql`
    select e.stream, e.seq, e.beside from ${entries} e join unnest(
      ${listOf(wanted.map(({ stream }) => stream))}::text::text[],
      ${listOf(wanted.map(({ seq }) => seq))}::text::integer[]) as wanted (stream, seq)
    on e.stream = wanted.stream and e.seq = wanted.seq`)
  for (const { stream, seq, beside } of rows) {
    const known = found.get(stream) ?? new Map<number, string | null>()
    found.set(stream, known.set(seq, beside))
  }
  return found
}

/**
 * All events in the order of their positions, a page at a time. Positions are given before a commit: only a snapshot
 * (store/snapshot.ts) sees no gap that is filled behind its back. In one stream they rise with the number, because
 * whoever appends holds the stream.
 */
export async function* readAllEvents(db: Queryable, pageSize = 1_000): AsyncGenerator<PlacedItem> {
  for await (const row of eventRows(db, pageSize)) yield itemOf(row)
}

async function* eventRows(db: Queryable, pageSize: number): AsyncGenerator<EventRow> {
  let after = '0'
  for (;;) {
    const rows = await rowsOf(db, sql`where position > ${after}::bigint order by position limit ${pageSize}`)
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < pageSize) return
    after = last.position
  }
}

/** One event of the record; or what is wrong with the row, whose text somebody may have changed. */
export type StoredItem = RecordItem | AuditProblem

/** The same for who checks: a row that cannot be read is told of. */
export async function* readStoredEvents(db: Queryable): AsyncGenerator<StoredItem> {
  for await (const row of eventRows(db, 1_000)) yield readable(() => itemOf(row), `${row.stream} event ${row.seq}`)
}

export type StoredCheckpoint = Checkpoint | AuditProblem

/** The same of checkpoints. */
export async function readStoredCheckpoints(db: Queryable): Promise<readonly StoredCheckpoint[]> {
  const rows = await db.select().from(checkpoints).orderBy(asc(checkpoints.number))
  return rows.map((row) => readable(() => asCheckpoint(row), `checkpoint ${row.number}`))
}

function readable<T>(read: () => T, record: string): T | AuditProblem {
  try {
    return read()
  } catch (error) {
    return { record, problem: `is not the JSON that was written: ${errorText(error).slice(0, 200)}` }
  }
}

/** The newest events first, for the console's audit page. `before` is a position. */
export async function recentEvents(db: Db, before: number | null, limit: number): Promise<readonly PlacedItem[]> {
  const older = before === null ? sql`` : sql`where position < ${before}`
  return (await rowsOf(db, sql`${older} order by position desc limit ${limit}`)).map(itemOf)
}

export async function readCheckpoints(db: Queryable): Promise<readonly Checkpoint[]> {
  const rows = await db.select().from(checkpoints).orderBy(asc(checkpoints.number))
  return rows.map(asCheckpoint)
}

function asCheckpoint(row: typeof checkpoints.$inferSelect): Checkpoint {
  const heads = JSON.parse(row.heads) as readonly StreamHead[]
  return { number: row.number, at: row.at, heads, prev: row.prev, hash: row.hash }
}

/** Chains the heads of all streams that grew since the last checkpoint. `null` when none did. */
export async function writeCheckpoint(db: Db, now: string): Promise<Checkpoint | null> {
  return inTransaction(db, sealHeads, { now })
}

async function sealHeads(tx: Tx, { now }: { readonly now: string }): Promise<Checkpoint | null> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchwarden:checkpoint', 0))`)
  const past = await readCheckpoints(tx)
  const known = new Map<string, number>()
  for (const checkpoint of past) for (const head of checkpoint.heads) known.set(head.stream, head.seq)
  const rows = await tx.execute<StreamHead & Record<string, unknown>>(
    sql`select distinct on (stream) stream, seq, hash from ${record} order by stream, seq desc`,
  )
  const heads = rows
    .filter((row) => (known.get(row.stream) ?? 0) < row.seq)
    .map(({ stream, seq, hash }) => ({ stream, seq, hash }))
  if (heads.length === 0) return null
  const last = past.at(-1)
  const checkpoint = sealCheckpoint((last?.number ?? 0) + 1, now, heads, last?.hash ?? GENESIS)
  await tx.insert(checkpoints).values({ ...checkpoint, heads: canonicalJson(checkpoint.heads) })
  return checkpoint
}
