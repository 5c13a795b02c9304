/** Finds what must be written so that the stored rows of a feed become the rows that it brought. */

import { sql } from 'drizzle-orm'
import { limits } from '../core/limits.ts'
import { storableAsJson } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Queryable, Tx } from './connection.ts'
import type { Named, RowKind } from './feed-kinds.ts'
import { inSlices } from './in-slices.ts'
import { rowHash } from './row-hash.ts'

/**
 * A difference that was found outside the transaction, and is written in it. `write` may run again if the transaction
 * is repeated.
 */
export interface Difference {
  write(tx: Tx, feed: string, naming: Naming): Promise<void>
}

// ---------------------------------------------------------------- what a change names

/** Collects the names that a change lists, until there are too many. */
export interface Naming {
  note<List extends keyof Named>(list: List, names: readonly Named[List][]): void
  /** There are too many names for this list. */
  anything(list: keyof Named): void
  lists(): { readonly [List in keyof Named]: readonly Named[List][] | null }
}

export function createNaming(): Naming {
  const found: { readonly [List in keyof Named]: Map<string, Named[List]> } = {
    packages: new Map(),
    cves: new Map(),
    platforms: new Map(),
  }
  const full = new Set<keyof Named>()

  function anything(list: keyof Named): void {
    full.add(list)
    found[list].clear()
  }

  function listed<List extends keyof Named>(list: List): readonly Named[List][] | null {
    if (full.has(list)) return null
    const names: Map<string, Named[List]> = found[list]
    return [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name)
  }

  return {
    note(list, names) {
      if (full.has(list)) return
      for (const name of names) found[list].set(typeof name === 'string' ? name : name.join('\n'), name)
      if (found[list].size > limits.changesListed) anything(list)
    },
    anything,
    lists: () => ({ packages: listed('packages'), cves: listed('cves'), platforms: listed('platforms') }),
  }
}

// ---------------------------------------------------------------- rows

/** Which stored rows a feed speaks about: all of the kind, or those of these records. */
export type Scope = 'all' | readonly string[]

export interface RowIntake<Row> {
  /** Takes in a row that the feed brought; `line`: the row as JSON. */
  visit(row: Row, line: string): void
  /** Compares the rows with the stored ones. `null`: they are the same. */
  compare(db: Queryable, feed: string, scope: Scope): Promise<Difference | null>
  /** The records of the rows that were taken in. */
  records(): Generator<void, ReadonlySet<string>, void>
}

/**
 * Number of parts into which hashes are divided. It is large, so that most parts stay equal if a few rows have changed.
 */
const BUCKETS = 8_192
/** Rows that one statement reads. It is large, because each such statement goes over the whole table. */
const ROWS_READ = 50_000
const STEP = 500

interface StoredRow {
  readonly record: string
  readonly hash: string
}

/** Rows that a feed brought. */
interface Intake<Row, List extends keyof Named> {
  readonly kind: RowKind<Row, List>
  /** Rows by their hashes. */
  readonly rows: Map<bigint, Row>
  /** The hash of the row with each key, if the kind has keys. */
  readonly keys: Map<string, bigint>
}

export function createRowIntake<Row, List extends keyof Named>(kind: RowKind<Row, List>): RowIntake<Row> {
  const intake: Intake<Row, List> = { kind, rows: new Map(), keys: new Map() }
  return {
    visit: (row, line) => visit(intake, row, line),
    compare: (db, feed, scope) => compare(intake, db, feed, scope),
    records: () => records(intake),
  }
}

function visit<Row, List extends keyof Named>({ kind, rows, keys }: Intake<Row, List>, row: Row, line: string): void {
  const { keyOf, kept } = kind
  const hash = rowHash(line)
  if (keyOf !== null) {
    const key = keyOf(row)
    const same = keys.get(key)
    if (same !== undefined && kept === 'first') return
    if (same !== undefined) rows.delete(same)
    keys.set(key, hash)
  }
  rows.set(hash, row)
}

/**
 * Compares all rows of the kind. It first compares the hashes in parts, by count and sum, and reads stored rows only
 * where a part differs.
 */
async function compareAll<Row, List extends keyof Named>(
  { kind, rows }: Intake<Row, List>,
  db: Queryable,
  feed: string,
) {
  const { table, record } = kind
  const bucket = sql`(${table.hash} & ${sql.raw(String(BUCKETS - 1))})`
  const parts = await db.execute<{ bucket: number; count: number; sum: string }>(sql`
    select ${bucket}::int as bucket, count(*)::int as count, sum(${table.hash})::text as sum
    from ${table} where ${table.feed} = ${feed} group by 1`)
  const stored = new Map(parts.map((one) => [one.bucket, one]))
  const brought = await inSlices(inBuckets(rows))
  const differing = new Map<number, number>()
  for (const index of new Set([...stored.keys(), ...brought.keys()])) {
    const { count, sum } = stored.get(index) ?? { count: 0, sum: '0' }
    const now = brought.get(index) ?? { hashes: [], sum: 0n }
    if (count !== now.hashes.length || sum !== String(now.sum)) differing.set(index, Math.max(count, now.hashes.length))
  }
  const gone: StoredRow[] = []
  const fresh: bigint[] = []
  for (const some of portions(differing)) {
    const there = await db.execute<{ record: string; hash: string }>(sql`
      select ${record} as record, ${table.hash}::text as hash from ${table}
      where ${table.feed} = ${feed} and ${bucket} = any(${listOf(some)}::text::bigint[])`)
    const now = some.flatMap((index) => brought.get(index)?.hashes ?? [])
    await inSlices(apart(rows, there, now, gone, fresh))
  }
  return { gone, fresh }
}

/**
 * Adds to `gone` the stored rows that were not brought, and to `fresh` the hashes of brought rows that are not stored.
 */
function* apart(
  rows: ReadonlyMap<bigint, unknown>,
  there: readonly StoredRow[],
  brought: Iterable<bigint>,
  gone: StoredRow[],
  fresh: bigint[],
) {
  const known = new Set<bigint>()
  let count = 0
  for (const row of there) {
    const hash = BigInt(row.hash)
    known.add(hash)
    if (!rows.has(hash)) gone.push(row)
    if (++count % STEP === 0) yield
  }
  for (const hash of brought) {
    if (!known.has(hash)) fresh.push(hash)
    if (++count % STEP === 0) yield
  }
}

/** Compares the rows of a few records: it reads all stored rows of these. */
async function compareRecords<Row, List extends keyof Named>(
  { kind, rows }: Intake<Row, List>,
  db: Queryable,
  feed: string,
  records: readonly string[],
) {
  const { table, record } = kind
  const there: StoredRow[] = []
  for (const some of slices(records))
    for (const row of await db.execute<{ record: string; hash: string }>(sql`
      select ${record} as record, ${table.hash}::text as hash from ${table}
      where ${table.feed} = ${feed} and ${record} = any(${listOf(some)}::text::text[])`))
      there.push(row)
  const gone: StoredRow[] = []
  const fresh: bigint[] = []
  await inSlices(apart(rows, there, rows.keys(), gone, fresh))
  return { gone, fresh }
}

async function compare<Row, List extends keyof Named>(
  intake: Intake<Row, List>,
  db: Queryable,
  feed: string,
  scope: Scope,
): Promise<Difference | null> {
  const { gone, fresh } = await (scope === 'all'
    ? compareAll(intake, db, feed)
    : compareRecords(intake, db, feed, scope))
  return gone.length + fresh.length === 0 ? null : rowDifference(intake.kind, gone, fresh, intake.rows)
}

function* records<Row, List extends keyof Named>({
  kind,
  rows,
}: Intake<Row, List>): Generator<void, ReadonlySet<string>, void> {
  const found = new Set<string>()
  let count = 0
  for (const row of rows.values()) {
    found.add(kind.recordOf(row))
    if (++count % STEP === 0) yield
  }
  return found
}

function* inBuckets(rows: ReadonlyMap<bigint, unknown>) {
  const buckets = new Map<number, { readonly hashes: bigint[]; sum: bigint }>()
  let count = 0
  for (const hash of rows.keys()) {
    const index = Number(hash & BigInt(BUCKETS - 1))
    const bucket = buckets.get(index) ?? { hashes: [], sum: 0n }
    buckets.set(index, bucket)
    bucket.hashes.push(hash)
    bucket.sum += hash
    if (++count % STEP === 0) yield
  }
  return buckets
}

/** Groups parts of the hashes, so that each group has few rows. */
function* portions(sizes: ReadonlyMap<number, number>): Generator<readonly number[]> {
  let some: number[] = []
  let rows = 0
  for (const [bucket, size] of sizes) {
    if (some.length > 0 && rows + size > ROWS_READ) {
      yield some
      some = []
      rows = 0
    }
    some.push(bucket)
    rows += size
  }
  if (some.length > 0) yield some
}

function rowDifference<Row, List extends keyof Named>(
  kind: RowKind<Row, List>,
  gone: readonly StoredRow[],
  fresh: readonly bigint[],
  rows: ReadonlyMap<bigint, Row>,
): Difference {
  const { table, record, list, about } = kind
  return {
    async write(tx, feed, naming) {
      for (const some of slices(gone)) {
        const records = listOf(some.map((row) => row.record))
        const hashes = listOf(some.map((row) => row.hash))
        const were = await tx.execute<{ about: Named[List][] }>(sql`
          delete from ${table} using unnest(${records}::text::text[], ${hashes}::text::bigint[]) as gone (record, hash)
          where ${table.feed} = ${feed} and ${record} = gone.record and ${table.hash} = gone.hash
          returning ${about} as about`)
        for (const row of were) naming.note(list, row.about)
      }
      for (const { json, about } of inserts(kind, fresh, rows)) {
        naming.note(list, about)
        await tx.execute(kind.insert(feed, json))
      }
    },
  }
}

/** Characters in one statement. To make them takes about as long as other work may have to wait. */
const INSERT_CHARACTERS = 250_000

function* inserts<Row, List extends keyof Named>(
  kind: RowKind<Row, List>,
  fresh: readonly bigint[],
  rows: ReadonlyMap<bigint, Row>,
): Generator<{ readonly json: string; readonly about: readonly Named[List][] }> {
  let json = ''
  let about: Named[List][] = []
  for (const hash of fresh) {
    const row = rows.get(hash)
    if (row === undefined) continue
    json += `${json === '' ? '[' : ','}${storableAsJson(row).slice(0, -1)},"hash":${hash}}`
    for (const name of kind.aboutOf(row)) about.push(name)
    if (json.length < INSERT_CHARACTERS) continue
    yield { json: `${json}]`, about }
    json = ''
    about = []
  }
  if (json !== '') yield { json: `${json}]`, about }
}
