import { asc, desc, eq, gt, inArray, lt, sql } from 'drizzle-orm'
import {
  type AuditProblem,
  type Checkpoint,
  GENESIS,
  type OpenedEvent,
  type SealedEvent,
  type StreamHead,
  sealCheckpoint,
} from '../core/audit.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { errorText } from '../core/error-text.ts'
import type { WrittenEvent } from '../core/proposal/event.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { type Named, opened, pageNamed, subjectNamed } from '../core/proposal/written.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { readContents } from './content.ts'
import { checkpoints, events } from './schema.ts'
import { readSubjects } from './subjects.ts'
import { inTransaction } from './transaction.ts'

/** Appends sealed events. A second writer of the same sequence number fails on the unique index: nothing is overwritten. */
export async function appendEvents(tx: Queryable, sealed: readonly SealedEvent[]): Promise<void> {
  if (sealed.length === 0) return
  await tx.insert(events).values(
    sealed.map((item) => ({
      stream: item.stream,
      seq: item.seq,
      at: item.at,
      actor: canonicalJson(item.actor),
      event: canonicalJson(item.event),
      prev: item.prev,
      hash: item.hash,
    })),
  )
}

type EventRow = typeof events.$inferSelect

function unseal(row: EventRow): SealedEvent & { readonly position: number } {
  return {
    position: row.position,
    stream: row.stream,
    seq: row.seq,
    at: row.at,
    actor: JSON.parse(row.actor) as Actor,
    event: JSON.parse(row.event) as WrittenEvent,
    prev: row.prev,
    hash: row.hash,
  }
}

export async function readStream(db: Queryable, stream: string): Promise<readonly OpenedEvent[]> {
  const rows = await db.select().from(events).where(eq(events.stream, stream)).orderBy(asc(events.seq))
  const sealed = rows.map(unseal)
  const named = await readNamed(db, sealed)
  return sealed.map((item) => withNamed(item, named, `${stream} event ${item.seq}`))
}

async function readNamed(db: Queryable, sealed: readonly SealedEvent[]): Promise<Named> {
  return {
    pages: await readContents(
      db,
      sealed.flatMap(({ event }) => pageNamed(event) ?? []),
    ),
    subject: await readSubjects(
      db,
      sealed.flatMap(({ event }) => subjectNamed(event) ?? []),
    ),
  }
}

/** An event with what the content that it names says. Throws a sentence that names it where that cannot be read. */
function withNamed(sealed: SealedEvent, named: Named, name: string): OpenedEvent {
  try {
    return { ...sealed, event: opened(sealed.event, named) }
  } catch (error) {
    throw new Error(`${name} ${errorText(error)}`, { cause: error })
  }
}

/** Names of all streams. */
export async function streamNames(db: Queryable): Promise<readonly string[]> {
  const rows = await db.selectDistinct({ stream: events.stream }).from(events)
  return rows.map(({ stream }) => stream)
}

/** Several streams at once; a sentence for one that cannot be read. */
export async function readStreams(
  db: Queryable,
  streams: readonly string[],
): Promise<ReadonlyMap<string, readonly OpenedEvent[] | string>> {
  const rows = await db
    .select()
    .from(events)
    .where(inArray(events.stream, [...streams]))
    .orderBy(asc(events.seq))
  const read = new Map<string, OpenedEvent[] | string>()
  for (let from = 0; from < rows.length; from += OPENED_AT_ONCE) {
    const some = rows
      .slice(from, from + OPENED_AT_ONCE)
      .map((row) => ({ row, sealed: readable(() => unseal(row), `event ${row.seq}`) }))
    const named = await readNamed(
      db,
      some.flatMap(({ sealed }) => ('problem' in sealed ? [] : sealed)),
    )
    for (const { row, sealed } of some) {
      const known = read.get(row.stream) ?? []
      if (typeof known === 'string') continue
      if ('problem' in sealed) read.set(row.stream, `${sealed.record} ${sealed.problem}`)
      else read.set(row.stream, withNext(known, sealed, named))
    }
  }
  return read
}

/** Events whose content is read together. */
const OPENED_AT_ONCE = 200

function withNext(before: OpenedEvent[], sealed: SealedEvent, named: Named): OpenedEvent[] | string {
  try {
    before.push(withNamed(sealed, named, `event ${sealed.seq}`))
    return before
  } catch (error) {
    return errorText(error)
  }
}

/**
 * All events in the order of their positions, a page at a time. Positions are given before a commit: only a snapshot
 * (store/snapshot.ts) sees no gap that is filled behind its back. In one stream they rise with the number, because
 * whoever appends holds the proposal's row.
 */
export async function* readAllEvents(
  db: Queryable,
  pageSize = 1_000,
): AsyncGenerator<SealedEvent & { readonly position: number }> {
  for await (const row of eventRows(db, pageSize)) yield unseal(row)
}

async function* eventRows(db: Queryable, pageSize: number): AsyncGenerator<EventRow> {
  let after = 0
  for (;;) {
    const rows = await db
      .select()
      .from(events)
      .where(gt(events.position, after))
      .orderBy(asc(events.position))
      .limit(pageSize)
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < pageSize) return
    after = last.position
  }
}

/** An event as it was sealed; or what is wrong with the row, whose text somebody may have changed. */
export type StoredEvent = SealedEvent | AuditProblem

/** The same for who checks: a row that cannot be read is told of. */
export async function* readStoredEvents(db: Queryable): AsyncGenerator<StoredEvent> {
  for await (const row of eventRows(db, 1_000)) yield readable(() => unseal(row), `${row.stream} event ${row.seq}`)
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
export async function recentEvents(
  db: Db,
  before: number | null,
  limit: number,
): Promise<readonly (SealedEvent & { readonly position: number })[]> {
  const rows = await db
    .select()
    .from(events)
    .where(before === null ? undefined : lt(events.position, before))
    .orderBy(desc(events.position))
    .limit(limit)
  return rows.map(unseal)
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
  const rows = await tx
    .selectDistinctOn([events.stream], { stream: events.stream, seq: events.seq, hash: events.hash })
    .from(events)
    .orderBy(asc(events.stream), desc(events.seq))
  const heads = rows.filter((row) => (known.get(row.stream) ?? 0) < row.seq)
  if (heads.length === 0) return null
  const last = past.at(-1)
  const checkpoint = sealCheckpoint((last?.number ?? 0) + 1, now, heads, last?.hash ?? GENESIS)
  await tx.insert(checkpoints).values({ ...checkpoint, heads: canonicalJson(checkpoint.heads) })
  return checkpoint
}
