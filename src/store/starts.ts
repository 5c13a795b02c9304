/**
 * Starts: calls of an engine, each for assets of a batch. Each start is stored before and after the call, so that it
 * can be found again.
 */

import { and, asc, eq, inArray, isNotNull, ne, not, sql } from 'drizzle-orm'
import type { DeploymentHandle, DeploymentReport, HealthResult, StopReport } from '../core/ports.ts'
import { finalStatuses } from '../core/proposal/proposal.ts'
import { storable, storableAsJson } from '../core/storable.ts'
import { listOf, ROWS_AT_ONCE, slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { atWork, proposals, results, startAssets, type startStages, starts } from './schema.ts'
import { inTransaction } from './transaction.ts'

export interface StartNamed {
  readonly key: string
  readonly proposal: string
  readonly engine: string
  readonly startedAt: string
}

export interface StartAsset {
  readonly asset: string
  /**
   * The asset's place in the order in which the engine is called, from 1; `null`: the engine is not called for it,
   * because it was refused before.
   */
  readonly place: number | null
  /** Health of the asset before the start; `null`: nobody looked. */
  readonly before: readonly HealthResult[] | null
}

export interface StoredStart {
  readonly stage: (typeof startStages)[number]
  readonly handle: Readonly<Record<string, unknown>> | null
  /** The engine is not asked again before this instant; `null`: it may be asked at any time. */
  readonly nextLook: string | null
  /** The last sentence that the thread was told about the start itself; `null`: none. */
  readonly told: string | null
  /** In the order of their places; assets without a place come last. */
  readonly assets: readonly StartAsset[]
}

/** Stores what the engine will be called for, completely or not at all. */
export function saveStarting(db: Db, start: StartNamed, assets: readonly StartAsset[]): Promise<void> {
  return inTransaction(db, writeStarting, { start, assets })
}

interface WriteGiven {
  readonly start: StartNamed
  readonly assets: readonly StartAsset[]
}

async function writeStarting(tx: Tx, { start, assets }: WriteGiven): Promise<void> {
  const stage = { stage: 'starting', handle: null, nextLook: null } as const
  await tx
    .insert(starts)
    .values({ ...start, ...stage })
    .onConflictDoUpdate({ target: starts.key, set: stage })
  await tx.delete(startAssets).where(eq(startAssets.key, start.key))
  for (const rows of slices(assets)) {
    const before = rows.map((row) => (row.before === null ? null : storableAsJson(row.before)))
    await tx.execute(sql`insert into ${startAssets} (key, asset, place, before)
      select ${start.key}, asset, place, before::jsonb
      from unnest(${listOf(rows.map(({ asset }) => storable(asset)))}::text::text[],
        ${listOf(rows.map(({ place }) => place))}::text::integer[],
        ${listOf(before)}::text::text[]) as given (asset, place, before)`)
  }
}

/** Stores the engine's answer. The rows of the assets are stored already. */
export async function saveStarted(
  db: Queryable,
  start: StartNamed,
  handle: Readonly<Record<string, unknown>>,
): Promise<void> {
  const stage = { stage: 'started', handle, nextLook: null } as const
  await db
    .insert(starts)
    .values({ ...start, ...stage })
    .onConflictDoUpdate({ target: starts.key, set: stage })
}

/** Stores the instant before which the engine is not asked again; `null`: none. */
export async function saveNextLook(db: Queryable, key: string, nextLook: string | null): Promise<void> {
  await db.update(starts).set({ nextLook }).where(eq(starts.key, key))
}

/** Stores that what had not begun was taken back, or that nothing is left of the start. */
export async function saveStage(db: Queryable, key: string, stage: 'window over' | 'tidied'): Promise<void> {
  // Nobody asks any more what was reported.
  const reports = stage === 'tidied' ? { reports: null, reportsAt: null } : {}
  await db
    .update(starts)
    .set({ stage, ...reports })
    .where(eq(starts.key, key))
}

/** Stores the sentence that the thread is told about the start. False: it was told the same before. */
export async function saveTold(db: Queryable, key: string, told: string): Promise<boolean> {
  const changed = await db
    .update(starts)
    .set({ told })
    .where(and(eq(starts.key, key), sql`${starts.told} is distinct from ${told}`))
    .returning({ key: starts.key })
  return changed.length > 0
}

/** What stops have reached on assets of the start so far. */
export async function findStops(db: Queryable, key: string, assets: readonly string[]): Promise<readonly StopReport[]> {
  const rows = await db
    .select({ asset: startAssets.asset, state: startAssets.stop, until: startAssets.stopUntil })
    .from(startAssets)
    .where(
      and(
        eq(startAssets.key, key),
        isNotNull(startAssets.stop),
        sql`${startAssets.asset} = any(${listOf(assets.map(storable))}::text::text[])`,
      ),
    )
  return rows.flatMap(({ asset, state, until }) =>
    state === null ? [] : [{ asset, state, ...(until === null ? {} : { until }) }],
  )
}

export async function saveStops(db: Queryable, key: string, reports: readonly StopReport[]): Promise<void> {
  for (const rows of slices(reports))
    await db.execute(sql`update ${startAssets} set stop = given.state, stop_until = given.until
      from unnest(${listOf(rows.map(({ asset }) => storable(asset)))}::text::text[],
        ${listOf(rows.map(({ state }) => state))}::text::text[],
        ${listOf(rows.map(({ until }) => until ?? null))}::text::timestamptz[]) as given (asset, state, until)
      where ${startAssets.key} = ${key} and ${startAssets.asset} = given.asset`)
}

/** Whether an asset of the start is at work for it. */
const isAtWork = sql`exists (select from ${startAssets} a
  join ${atWork} w on w.asset = a.asset and w.proposal = ${starts.proposal}
  join ${results} r on r.asset = a.asset and r.proposal = ${starts.proposal}
  where a.key = ${starts.key} and r.facts::jsonb -> 'deployment' ->> 'key' = ${starts.key})`

/** Starts of these engines whose assets have all ended and of which something may be left in the engine's system. */
export async function untidied(
  db: Queryable,
  engines: readonly string[],
  most: number,
): Promise<readonly Pick<StartNamed, 'key' | 'engine' | 'proposal'>[]> {
  return db
    .select({ key: starts.key, engine: starts.engine, proposal: starts.proposal })
    .from(starts)
    .where(and(inArray(starts.engine, [...engines]), ne(starts.stage, 'tidied'), not(isAtWork)))
    .orderBy(asc(starts.startedAt))
    .limit(most)
}

/** The starts of an engine on which assets are at work, with what the engine needs to find them. */
export async function handlesAtWork(db: Queryable, engine: string): Promise<readonly DeploymentHandle[]> {
  const rows = await db
    .select({ key: starts.key, data: starts.handle })
    .from(starts)
    .where(and(eq(starts.engine, engine), isNotNull(starts.handle), ne(starts.stage, 'tidied'), isAtWork))
    .orderBy(asc(starts.key))
  return rows.flatMap(({ key, data }) => (data === null ? [] : [{ key, data }]))
}

/** What was last reported of these starts in looks for several, by key. */
export async function reportsBefore(
  db: Queryable,
  keys: readonly string[],
): Promise<ReadonlyMap<string, readonly DeploymentReport[]>> {
  const found = new Map<string, readonly DeploymentReport[]>()
  for (const some of slices(keys)) {
    const rows = await db
      .select({ key: starts.key, reports: starts.reports })
      .from(starts)
      .where(inArray(starts.key, some))
    for (const { key, reports } of rows) found.set(key, reports ?? [])
  }
  return found
}

/** What was last reported of a start in a look for several, and when (ISO 8601 UTC); `null`: nothing was. */
export async function reportsOf(
  db: Queryable,
  key: string,
): Promise<{ readonly reports: readonly DeploymentReport[]; readonly at: string } | null> {
  const [row] = await db
    .select({ reports: starts.reports, at: starts.reportsAt })
    .from(starts)
    .where(eq(starts.key, key))
  if (row === undefined || row.reports === null || row.at === null) return null
  return { reports: row.reports, at: row.at }
}

/** Stores what was reported of starts. Reports that stayed the same are not written again. */
export async function saveReports(
  db: Queryable,
  found: ReadonlyMap<string, readonly DeploymentReport[]>,
  at: string,
): Promise<void> {
  const rows = [...found].map(([key, reports]) => ({ key, reports: storableAsJson(reports) }))
  for (const some of slices(rows)) {
    const keys = listOf(some.map(({ key }) => key))
    await db.execute(sql`update ${starts} s set reports = given.reports::jsonb
      from unnest(${keys}::text::text[], ${listOf(some.map(({ reports }) => reports))}::text::text[])
        as given (key, reports)
      where s.key = given.key and s.reports is distinct from given.reports::jsonb`)
    await db.execute(sql`update ${starts} set reports_at = ${at}::timestamptz where key = any(${keys}::text::text[])`)
  }
}

/** Those of the keys that belong to no start of this engine. */
export async function unknownKeys(db: Queryable, engine: string, keys: readonly string[]): Promise<readonly string[]> {
  const rows = await db.execute<{ key: string }>(sql`
    select key from unnest(${listOf(keys)}::text::text[]) as given (key)
    where not exists (select from ${starts} s where s.key = given.key and s.engine = ${engine})`)
  return rows.map(({ key }) => key)
}

export async function findStart(db: Queryable, key: string): Promise<StoredStart | null> {
  const [start] = await db
    .select({ stage: starts.stage, handle: starts.handle, nextLook: starts.nextLook, told: starts.told })
    .from(starts)
    .where(eq(starts.key, key))
  if (start === undefined) return null
  const assets = await db
    .select({ asset: startAssets.asset, place: startAssets.place, before: startAssets.before })
    .from(startAssets)
    .where(eq(startAssets.key, key))
    .orderBy(asc(startAssets.place))
  return { ...start, assets }
}

/** Deletes the assets of starts whose proposal was over before an instant and has nothing at work any more. */
export async function purgeStartAssets(db: Queryable, before: string): Promise<number> {
  for (let gone = 0; ; ) {
    const { count } = await db.execute(sql`delete from ${startAssets} where (key, asset) in
      (select a.key, a.asset from ${startAssets} a
        join ${starts} s on s.key = a.key
        join ${proposals} p on p.id = s.proposal
        where p.closed_at < ${before}::timestamptz and p.status = any(${listOf(finalStatuses)}::text::text[])
          and not exists (select from ${atWork} w where w.proposal = p.id)
        limit ${ROWS_AT_ONCE})`)
    gone += count
    if (count < ROWS_AT_ONCE) return gone
  }
}

export interface StartOf {
  readonly key: string
  readonly proposal: string
}

/** The starts that are kept for these proposals. */
export async function startsOf(db: Queryable, ids: readonly string[]): Promise<readonly StartOf[]> {
  return db
    .select({ key: starts.key, proposal: starts.proposal })
    .from(starts)
    .where(inArray(starts.proposal, [...ids]))
    .orderBy(asc(starts.key))
}

/** Proposals for which a start is kept. */
export async function proposalsOfStarts(db: Queryable): Promise<readonly string[]> {
  const rows = await db.selectDistinct({ proposal: starts.proposal }).from(starts)
  return rows.map(({ proposal }) => proposal)
}

/** Keys that have rows of assets, but no start. */
export async function assetsOfNoStart(db: Queryable): Promise<readonly string[]> {
  const rows = await db.execute<{ key: string }>(sql`select distinct a.key from ${startAssets} a
    where not exists (select from ${starts} s where s.key = a.key) order by a.key`)
  return rows.map(({ key }) => key)
}
