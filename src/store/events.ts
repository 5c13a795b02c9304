import { asc, desc, type SQL, sql } from 'drizzle-orm'
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
import { besideOf, readEntry } from '../core/record/entry.ts'
import type { Register } from '../core/record/register.ts'
import { listOf } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { readContents } from './content.ts'
import { readRegister } from './persons.ts'
import { checkpoints, entries, events, isDecided } from './schema.ts'
import { readSubjects } from './subjects.ts'
import { inTransaction } from './transaction.ts'

type EventRow = {
  readonly position: string
  readonly stream: string
  readonly seq: number
  readonly hash: string
  /** `null`: the row is an event of an earlier version. */
  readonly entry: string | null
  readonly salt: string | null
  readonly beside: string | null
  readonly at: string | null
  readonly actor: string | null
  readonly event: string | null
  readonly prev: string | null
}

/** The rows of the record: events of earlier versions, and entries. Positions rise over both. */
const record = sql`(
  select position, stream, seq, hash, null::text as entry, null::text as salt, null::text as beside, at, actor, event, prev
    from ${events}
  union all
  select id, stream, seq, hash, entry, salt, beside, null, null, null, null from ${entries}) as record`

async function rowsOf(db: Queryable, rest: SQL): Promise<readonly EventRow[]> {
  return db.execute<EventRow>(sql`select * from ${record} ${rest}`)
}

/** How many rows and bytes are read at once; a single row may have more bytes. */
const PAGE_ROWS = 1_000
const PAGE_BYTES = 4 * 1024 * 1024

/**
 * The size of a row of the record. The server keeps the length of a long text separately, so it does not read the text.
 */
const rowBytes = sql`octet_length(coalesce(entry, event)) + octet_length(coalesce(beside, ''))`

/** The next rows, at least one and as many as fit into memory. `by`: the columns by which they are sorted. */
async function pageOf(db: Queryable, where: SQL, by: SQL, rows: number): Promise<readonly EventRow[]> {
  return db.execute<EventRow>(sql`
    select * from (
      select *, sum(${rowBytes}) over (order by ${by} rows unbounded preceding) as upto, row_number() over (order by ${by}) as place
      from (select * from ${record} where ${where} order by ${by} limit ${rows}) as next) as counted
    where upto <= ${PAGE_BYTES} or place = 1 order by ${by}`)
}

/** One event of the record, with its position in the whole record. */
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

/**
 * Reads the content that events name, and returns a function that opens an event. That function throws a sentence if
 * the event cannot be read.
 */
async function opening(db: Queryable, items: readonly RecordItem[], known?: Register) {
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
  const register = known ?? (await readRegister(db))
  return (item: RecordItem, name: string): OpenedEvent => {
    try {
      if (isEntry(item)) {
        const entry = readEntry(item.text)
        const erased = entry.commit !== undefined && item.beside === null
        const recorded = recordedOf(entry, item.beside, register, named)
        return { ...recorded, hash: item.hash, ...(erased ? { erased } : {}) }
      }
      const { stream, seq, at, actor, hash } = item
      return { stream, seq, at, actor, event: opened(item.event, named), hash, inItself: true }
    } catch (error) {
      throw new Error(`${name} ${errorText(error)}`, { cause: error })
    }
  }
}

export interface StreamSize {
  readonly stream: string
  readonly events: number
  readonly bytes: number
}

/** All streams, with the number and size of their rows. Each stream takes some 200 bytes of memory. */
export async function streamSizes(db: Queryable): Promise<readonly StreamSize[]> {
  return db.execute<StreamSize & Record<string, unknown>>(sql`
    select stream, count(*)::int as events, sum(${rowBytes})::float8 as bytes from ${record} group by stream`)
}

/** Events whose content is read together: each may name a page of results of 256 KB. */
const OPENED_AT_ONCE = 50

/**
 * The next event of a stream, or a sentence if it cannot be read. After a sentence nothing more of that stream comes.
 */
export interface ReadEvent {
  readonly stream: string
  readonly event: OpenedEvent | string
}

/** Reads one stream, or several small ones, some events at a time. The events of each stream come in order. */
export async function* readStreams(
  db: Queryable,
  streams: readonly string[],
  register: Register,
): AsyncGenerator<readonly ReadEvent[]> {
  const broken = new Set<string>()
  for await (const rows of streamPages(db, streams)) {
    for (let from = 0; from < rows.length; from += OPENED_AT_ONCE) {
      const some = rows
        .slice(from, from + OPENED_AT_ONCE)
        .map((row) => ({ row, item: readable(() => strictItemOf(row), `event ${row.seq}`) }))
      const open = await opening(
        db,
        some.flatMap(({ item }) => ('problem' in item ? [] : item)),
        register,
      )
      yield some.flatMap(({ row: { stream, seq }, item }): ReadEvent[] => {
        if (broken.has(stream)) return []
        const event = 'problem' in item ? `${item.record} ${item.problem}` : openedOr(() => open(item, `event ${seq}`))
        if (typeof event === 'string') broken.add(stream)
        return [{ stream, event }]
      })
    }
  }
}

async function* streamPages(db: Queryable, streams: readonly string[]): AsyncGenerator<readonly EventRow[]> {
  const [only] = streams
  const [where, by] =
    streams.length === 1
      ? [sql`stream = ${only}`, sql`seq`]
      : [sql`stream = any(${listOf(streams)}::text::text[])`, sql`stream, seq`]
  for (let after = sql`true`; ; ) {
    const rows = await pageOf(db, sql`${where} and ${after}`, by, PAGE_ROWS)
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    after = streams.length === 1 ? sql`seq > ${last.seq}` : sql`(stream, seq) > (${last.stream}, ${last.seq})`
  }
}

function openedOr(open: () => OpenedEvent): OpenedEvent | string {
  try {
    return open()
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
    select e.stream, e.seq, e.beside from unnest(
      ${listOf(wanted.map(({ stream }) => stream))}::text::text[],
      ${listOf(wanted.map(({ seq }) => seq))}::text::integer[]) as wanted (stream, seq)
    cross join lateral (select stream, seq, beside from ${entries}
      where stream = wanted.stream and seq = wanted.seq limit 1) as e`)
  for (const { stream, seq, beside } of rows) {
    const known = found.get(stream) ?? new Map<number, string | null>()
    found.set(stream, known.set(seq, beside))
  }
  return found
}

/**
 * All events in the order of their positions, read page by page. Throws a sentence if one cannot be read. A position is
 * given before the commit, so a lower one may appear later; only in a snapshot (store/snapshot.ts) this cannot happen.
 * In one stream positions rise with the number, because a process that appends holds the stream.
 */
export async function* readAllEvents(db: Queryable): AsyncGenerator<PlacedItem> {
  for await (const row of eventRows(db)) {
    const item = readable(() => strictItemOf(row), `${row.stream} event ${row.seq}`)
    if ('problem' in item) throw new Error(`${item.record} ${item.problem}.`)
    yield item
  }
}

async function* eventRows(db: Queryable): AsyncGenerator<EventRow> {
  // Every row is read, whatever its position: also one that somebody inserted below all others, or at the position of
  // another.
  for (let after = sql`true`; ; ) {
    const rows = await pageOf(db, after, sql`position, stream, seq`, PAGE_ROWS)
    yield* rows
    const last = rows.at(-1)
    if (last === undefined) return
    const { position, stream, seq } = last
    after = sql`position >= ${position}::bigint and (position, stream, seq) > (${position}::bigint, ${stream}, ${seq})`
  }
}

/** One event of the record, or what is wrong with its row: somebody may have changed the text. */
export type StoredItem = RecordItem | AuditProblem

/** Like `readAllEvents`, for the checks: a row that cannot be read is reported, and nothing is thrown. */
export async function* readStoredEvents(db: Queryable): AsyncGenerator<StoredItem> {
  for await (const row of eventRows(db)) yield readable(() => strictItemOf(row), `${row.stream} event ${row.seq}`)
}

/** Like `itemOf`, but also throws a clause if only one of salt and text beside an entry is there. */
function strictItemOf(row: EventRow): PlacedItem {
  if (row.entry !== null) besideOf(row.salt, row.beside)
  return itemOf(row)
}

export type StoredCheckpoint = Checkpoint | AuditProblem

/** All checkpoints, for the checks: a row that cannot be read is reported. */
export async function* readStoredCheckpoints(db: Queryable): AsyncGenerator<StoredCheckpoint> {
  for await (const row of checkpointRows(db)) yield readable(() => asCheckpoint(row), `checkpoint ${row.number}`)
}

export async function* readCheckpoints(db: Queryable): AsyncGenerator<Checkpoint> {
  for await (const row of checkpointRows(db)) yield asCheckpoint(row)
}

type CheckpointRow = typeof checkpoints.$inferSelect

/** Reads one row at a time, because each names every stream that grew, with about 100 bytes. */
async function* checkpointRows(db: Queryable): AsyncGenerator<CheckpointRow> {
  for (let after = sql`true`; ; ) {
    const [row] = await db.select().from(checkpoints).where(after).orderBy(asc(checkpoints.number)).limit(1)
    if (row === undefined) return
    yield row
    after = sql`${checkpoints.number} > ${row.number}`
  }
}

function readable<T>(read: () => T, record: string): T | AuditProblem {
  try {
    return read()
  } catch (error) {
    if (error instanceof SyntaxError)
      return { record, problem: `is not the JSON that was written: ${errorText(error).slice(0, 200)}` }
    return { record, problem: errorText(error).slice(0, 200) }
  }
}

/**
 * Events, newest first, for the console's audit page. `before` is a position. Without `known`: only what was decided
 * and done, not what was known about feeds, assets and flaws.
 */
export async function recentEvents(
  db: Db,
  before: number | null,
  { known, limit }: { readonly known: boolean; readonly limit: number },
): Promise<readonly PlacedItem[]> {
  const older = before === null ? sql`true` : sql`position < ${before}`
  const which = known ? sql`true` : isDecided
  return (await rowsOf(db, sql`where ${older} and ${which} order by position desc limit ${limit}`)).map(itemOf)
}

function asCheckpoint(row: typeof checkpoints.$inferSelect): Checkpoint {
  const heads = JSON.parse(row.heads) as readonly StreamHead[]
  return { number: row.number, at: row.at, heads, prev: row.prev, hash: row.hash }
}

/** Writes a checkpoint with the heads of all streams that grew since the last one. `null`: none grew. */
export async function writeCheckpoint(db: Db, now: string): Promise<Checkpoint | null> {
  return inTransaction(db, sealHeads, { now })
}

async function sealHeads(tx: Tx, { now }: { readonly now: string }): Promise<Checkpoint | null> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('patchwarden:checkpoint', 0))`)
  const { number, hash: prev } = await lastSeal(tx)
  const heads = await grownHeads(tx)
  if (heads.length === 0) return null
  const checkpoint = sealCheckpoint(number + 1, now, heads, prev)
  await tx.insert(checkpoints).values({ ...checkpoint, heads: canonicalJson(checkpoint.heads) })
  return checkpoint
}

async function lastSeal(tx: Tx): Promise<Pick<Checkpoint, 'number' | 'hash'>> {
  const { number, hash } = checkpoints
  const [last] = await tx.select({ number, hash }).from(checkpoints).orderBy(desc(number)).limit(1)
  return last ?? { number: 0, hash: GENESIS }
}

/**
 * The heads of the streams that grew since a checkpoint last named them. The query goes through the index from one
 * stream to the next, so only the end of a long stream is read. The database itself compares with earlier checkpoints,
 * because all heads in them would not fit into our memory.
 */
async function grownHeads(tx: Tx): Promise<readonly StreamHead[]> {
  const rows = await tx.execute<StreamHead & Record<string, unknown>>(sql`
    with recursive sealed as materialized (
      select head.stream, max(head.seq) as seq
        from ${checkpoints} cross join lateral jsonb_to_recordset(heads::jsonb) as head (stream text, seq integer)
        group by head.stream),
      ${streamsOf(entries, 'entry_streams')},
      ${streamsOf(events, 'event_streams')},
      ends as (
        select distinct on (stream) stream, seq, hash from (
          ${endsOf(entries, 'entry_streams')} union all ${endsOf(events, 'event_streams')}) as either
        order by stream, seq desc)
    select ends.stream, ends.seq, ends.hash from ends left join sealed on sealed.stream = ends.stream
      where coalesce(sealed.seq, 0) < ends.seq order by ends.stream`)
  return rows.map(({ stream, seq, hash }) => ({ stream, seq, hash }))
}

/** The names of all streams; the last row is `null`. */
function streamsOf(table: typeof entries | typeof events, name: string): SQL {
  return sql`${sql.raw(name)} as (
    (select stream from ${table} order by stream limit 1)
    union all
    select (select next.stream from ${table} as next where next.stream > before.stream order by next.stream limit 1)
      from ${sql.raw(name)} as before where before.stream is not null)`
}

function endsOf(table: typeof entries | typeof events, streams: string): SQL {
  return sql`select streams.stream, last.seq, last.hash from ${sql.raw(streams)} as streams cross join lateral (
    select seq, hash from ${table} as one where one.stream = streams.stream order by one.seq desc limit 1) as last`
}
