/**
 * What the record last said about findings, and the entries of the streams `findings:TEAM`. core/record/findings.ts
 * makes the entries.
 */

import { and, eq, gt, inArray, or, sql } from 'drizzle-orm'
import type { HashedContent } from '../core/content.ts'
import { type Priority, priorityRank } from '../core/priority/priority.ts'
import type { Told } from '../core/record/entry.ts'
import type { ClassesRecorded, FlawRecorded } from '../core/record/findings.ts'
import type { FlawJudged, JudgedRecorded } from '../core/record/judged.ts'
import { storableAsJson } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { nameContents, prepareContents } from './content.ts'
import { appendToStream } from './entries.ts'
import {
  atWork,
  findingAssets,
  findingClasses,
  findingsRecorded,
  fixes,
  judgedFlaws,
  results,
  teamsAssessed,
  windowsUpdates,
} from './schema.ts'
import { inTransaction } from './transaction.ts'

const BY = 'assessment'

// ---------------------------------------------------------------- what the record last said

export interface FindingsRecorded {
  /** Number of assessments that were written for the team; 0: none. */
  readonly version: number
  /** The moment of the newest assessment that brought an entry; `null`: there is none. */
  readonly at: string | null
  readonly assets: ClassesRecorded
}

/**
 * Reads what is recorded for a team. Call this before the other reads: they are then at least as new. If somebody
 * writes meanwhile, the version changes, and `writeFindings` refuses.
 */
export async function readFindings(db: Queryable, team: string): Promise<FindingsRecorded> {
  const [row] = await db.select().from(teamsAssessed).where(eq(teamsAssessed.team, team))
  // One row for the assets of a class, because there are far more assets than classes.
  const rows = await db.execute<{ hash: string; since: string; assets: readonly string[] }>(sql`
    select c.hash, a.since, jsonb_agg(a.asset) as assets
    from ${findingAssets} a join ${findingClasses} c on c.id = a.class
    where a.team = ${team} group by c.hash, a.since`)
  const assets = new Map<string, { readonly class: string; readonly since: string }>()
  for (const { hash, since, assets: ids } of rows) {
    const same = { class: hash, since: new Date(since).toISOString() }
    for (const id of ids) assets.set(id, same)
  }
  return { version: row?.version ?? 0, at: row?.at ?? null, assets }
}

/** The flaws of classes, by hash. */
export async function flawsOfClasses(
  db: Queryable,
  team: string,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (hashes.length === 0) return new Map()
  const rows = await db
    .select({ hash: findingClasses.hash, flaws: findingClasses.flaws })
    .from(findingClasses)
    .where(and(eq(findingClasses.team, team), inArray(findingClasses.hash, [...hashes])))
  return new Map(rows.map(({ hash, flaws }) => [hash, flaws]))
}

/** What is recorded about all open flaws of a team, and about the flaws in `flaws`. */
export async function flawsRecorded(
  db: Queryable,
  team: string,
  flaws: readonly string[],
): Promise<ReadonlyMap<string, FlawRecorded>> {
  const named = sql`${findingsRecorded.flaw} = any(${listOf(flaws)}::text::text[])`
  const rows = await db
    .select()
    .from(findingsRecorded)
    .where(and(eq(findingsRecorded.team, team), or(gt(findingsRecorded.open, 0), named)))
  return new Map(
    rows.map(({ flaw, patches, feeds, fixedAt, fixDate, readAt, open }) => [
      flaw,
      { patches, feeds, fixedAt, fixDate, readAt, open },
    ]),
  )
}

/** What is known about a flaw in one team. */
export interface FindingKnown {
  readonly team: string
  /** On how many assets the flaw is open. */
  readonly open: number
  /** Ids of the patches that end the flaw. */
  readonly patches: readonly string[]
  /** The most urgent priority, on any kind of asset; `null`: the flaw was not judged. */
  readonly priority: Priority | null
  readonly dueAt: string | null
}

/** What the record last said about an open flaw, team by team. */
export async function findingsOf(db: Queryable, flaw: string): Promise<readonly FindingKnown[]> {
  const rows = await db
    .select({ team: findingsRecorded.team, open: findingsRecorded.open, patches: findingsRecorded.patches })
    .from(findingsRecorded)
    .where(and(eq(findingsRecorded.flaw, flaw), gt(findingsRecorded.open, 0)))
    .orderBy(findingsRecorded.team)
  const judged = await db
    .select({ team: judgedFlaws.team, judged: judgedFlaws.judged })
    .from(judgedFlaws)
    .where(
      and(
        eq(judgedFlaws.flaw, flaw),
        inArray(
          judgedFlaws.team,
          rows.map(({ team }) => team),
        ),
      ),
    )
  return rows.map((row) => {
    const [worst] = (judged.find(({ team }) => team === row.team)?.judged ?? []).toSorted(
      (a, b) => priorityRank(a.priority) - priorityRank(b.priority),
    )
    return { ...row, priority: worst?.priority ?? null, dueAt: worst?.dueAt ?? null }
  })
}

/** For each flaw, the earliest time at which we had read of it, as the streams of all teams say it. ISO 8601 UTC. */
export async function readElsewhere(db: Queryable, flaws: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (flaws.length === 0) return new Map()
  const rows = await db.execute<{ flaw: string; read_at: string }>(sql`
    select flaw, min(read_at) as read_at from ${findingsRecorded}
    where flaw = any(${listOf(flaws)}::text::text[]) group by flaw`)
  return new Map(rows.map(({ flaw, read_at: at }) => [flaw, new Date(at).toISOString()]))
}

/** The last judgements of a team, by flaw. */
export async function judgedOfTeam(
  db: Queryable,
  team: string,
): Promise<ReadonlyMap<string, readonly JudgedRecorded[]>> {
  const rows = await db
    .select({ flaw: judgedFlaws.flaw, judged: judgedFlaws.judged })
    .from(judgedFlaws)
    .where(eq(judgedFlaws.team, team))
  return new Map(rows.map(({ flaw, judged }) => [flaw, judged]))
}

/** Which feeds name a fix of each flaw for these packages. */
export async function feedsNaming(
  db: Queryable,
  flaws: readonly string[],
  { platforms, packages }: { readonly platforms: readonly string[]; readonly packages: readonly string[] },
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (flaws.length === 0) return new Map()
  const wanted = sql`(select unnest(${listOf(flaws)}::text::text[]))`
  const on = sql`${listOf(platforms)}::text::text[]`
  const rows = await db.execute<{ flaw: string; feeds: readonly string[] }>(sql`
    with said as materialized (select feed, cves, advisory from ${fixes}
      where platform = any(${on}) and package in (select unnest(${listOf(packages)}::text::text[]))
        and fixed_version is not null and fixed_version <> '0'),
    named as (
      select cve as flaw, feed from said, unnest(cves) as cve
      union select advisory, feed from said where cardinality(cves) = 0
      union select flaw, feed from ${windowsUpdates} w, unnest(w.cves || w.kb) as flaw where w.platform = any(${on}))
    select flaw, jsonb_agg(distinct feed order by feed) as feeds from named where flaw in ${wanted} group by flaw`)
  return new Map(rows.map(({ flaw, feeds }) => [flaw, feeds]))
}

/** Assets that are worked on now. */
export async function assetsAtWork(db: Queryable): Promise<ReadonlySet<string>> {
  return new Set((await db.select({ asset: atWork.asset }).from(atWork)).map(({ asset }) => asset))
}

export interface MendedAsset {
  readonly proposal: string
  /** ISO 8601 UTC. */
  readonly doneAt: string
}

/** For each asset, the proposals whose verification gave it an end state in `good`, newest first. */
export async function fixedAssets(
  db: Queryable,
  assets: readonly string[],
  good: readonly string[],
): Promise<ReadonlyMap<string, readonly MendedAsset[]>> {
  const found = new Map<string, MendedAsset[]>()
  for (const some of slices(assets)) {
    const rows = await db
      .select({ asset: results.asset, proposal: results.proposal, doneAt: results.doneAt })
      .from(results)
      .where(and(sql`${results.asset} = any(${listOf(some)}::text::text[])`, inArray(results.endState, [...good])))
    for (const { asset, proposal, doneAt } of rows) {
      if (doneAt === null) continue
      const known = found.get(asset) ?? []
      found.set(asset, known)
      known.push({ proposal, doneAt })
    }
  }
  for (const list of found.values()) list.sort((a, b) => (a.doneAt < b.doneAt ? 1 : -1))
  return found
}

// ---------------------------------------------------------------- writing what it says now

/** An entry with the flaws that it tells of. */
export interface ToldOfFlaws {
  readonly told: Told
  readonly flaws: readonly string[]
}

export interface FindingsWritten {
  readonly team: string
  /** The moment of the assessment. */
  readonly at: string
  /** The version that was read. */
  readonly version: number
  readonly told: readonly ToldOfFlaws[]
  /** Hashes of content that entries name. */
  readonly named: readonly string[]
  readonly flaws: ReadonlyMap<string, FlawRecorded>
  readonly judged: readonly FlawJudged[]
  /** Assets that came into another class. `class`: its hash; `null`: nothing is open. */
  readonly moved: readonly { readonly asset: string; readonly class: string | null }[]
  /** The flaws of every class that an asset came into, by hash. */
  readonly classes: ReadonlyMap<string, readonly string[]>
}

const CONTENTS_AT_ONCE = 200
const JUDGED_AT_ONCE = 500

/**
 * Writes everything in one transaction. False: another process has written meanwhile, so the caller must compare again.
 */
export async function writeFindings(
  db: Db,
  written: FindingsWritten,
  contents: readonly HashedContent[],
  now: string,
): Promise<boolean> {
  const all = [...new Map(contents.map((content) => [content.hash, content])).values()]
  for (const some of slices(all, CONTENTS_AT_ONCE)) await prepareContents(db, some, now)
  return inTransaction(db, write, { ...written, now })
}

async function write(tx: Tx, given: FindingsWritten & { readonly now: string }): Promise<boolean> {
  const { team, at, version, told, now } = given
  await tx.insert(teamsAssessed).values({ team, at, version: 0 }).onConflictDoNothing()
  const [row] = await tx
    .select({ version: teamsAssessed.version })
    .from(teamsAssessed)
    .where(eq(teamsAssessed.team, team))
    .for('update')
  if (row?.version !== version) return false
  await tx
    .update(teamsAssessed)
    .set({ at, version: version + 1 })
    .where(eq(teamsAssessed.team, team))
  for (const some of slices([...new Set(given.named)])) await nameContents(tx, some, { contents: [], now })
  const end = await appendToStream(
    tx,
    `findings:${team}`,
    told.map((one) => ({ ...one.told, at: now, by: BY })),
  )
  const entryOf = new Map<string, number>()
  for (const [index, { flaws }] of told.entries())
    for (const flaw of flaws) entryOf.set(flaw, end.seq - told.length + 1 + index)
  await writeFlaws(tx, given, entryOf)
  await writeJudged(tx, given, entryOf)
  await writeClasses(tx, given)
  return true
}

async function writeFlaws(tx: Tx, { team, flaws }: FindingsWritten, entryOf: ReadonlyMap<string, number>) {
  const rows = [...flaws].map(([flaw, recorded]) => ({ flaw, entry: entryOf.get(flaw) ?? 0, ...recorded }))
  for (const some of slices(rows))
    await tx.execute(sql`
      insert into ${findingsRecorded} (team, flaw, patches, feeds, fixed_at, fix_date, read_at, open, entry)
      select ${team}, r.flaw, r.patches, r.feeds, r."fixedAt", r."fixDate", r."readAt", r.open, r.entry
      from jsonb_to_recordset(${storableAsJson(some)}::text::jsonb) as r(flaw text, patches jsonb, feeds jsonb,
        "fixedAt" text, "fixDate" text, "readAt" timestamptz, open integer, entry integer)
      on conflict (team, flaw) do update set patches = excluded.patches, feeds = excluded.feeds,
        fixed_at = excluded.fixed_at, fix_date = excluded.fix_date, read_at = excluded.read_at, open = excluded.open,
        entry = excluded.entry`)
}

async function writeJudged(tx: Tx, { team, flaws, judged }: FindingsWritten, entryOf: ReadonlyMap<string, number>) {
  const over = [...flaws].flatMap(([flaw, { open }]) => (open === 0 ? [flaw] : []))
  if (over.length > 0)
    await tx.execute(sql`delete from ${judgedFlaws}
      where team = ${team} and flaw = any(${listOf(over)}::text::text[])`)
  for (const some of slices(judged, JUDGED_AT_ONCE)) {
    const rows = some.map(({ flaw, recorded }) => ({ flaw, judged: recorded, entry: entryOf.get(flaw) ?? 0 }))
    await tx.execute(sql`
      insert into ${judgedFlaws} (team, flaw, judged, entry)
      select ${team}, r.flaw, r.judged, r.entry
      from jsonb_to_recordset(${storableAsJson(rows)}::text::jsonb) as r(flaw text, judged jsonb, entry integer)
      on conflict (team, flaw) do update set judged = excluded.judged, entry = excluded.entry`)
  }
}

async function writeClasses(tx: Tx, { team, at, moved, classes }: FindingsWritten) {
  if (moved.length === 0) return
  const rows = [...classes].map(([hash, flaws]) => ({ hash, flaws }))
  for (let from = 0; from < rows.length; from += CONTENTS_AT_ONCE)
    await tx.execute(sql`
      insert into ${findingClasses} (team, hash, flaws)
      select ${team}, r.hash, r.flaws
      from jsonb_to_recordset(${storableAsJson(rows.slice(from, from + CONTENTS_AT_ONCE))}::text::jsonb)
        as r(hash text, flaws jsonb)
      on conflict (team, hash) do nothing`)
  for (const some of slices(moved)) {
    const given = sql`unnest(${listOf(some.map(({ asset }) => asset))}::text::text[],
      ${listOf(some.map((one) => one.class))}::text::text[]) as given (asset, class)`
    await tx.execute(sql`
      delete from ${findingAssets} using ${given}
      where ${findingAssets.team} = ${team} and ${findingAssets.asset} = given.asset and given.class is null`)
    await tx.execute(sql`
      insert into ${findingAssets} (team, asset, class, since)
      select ${team}, given.asset, c.id, ${at}::timestamptz
      from ${given} join ${findingClasses} c on c.team = ${team} and c.hash = given.class
      on conflict (team, asset) do update set class = excluded.class, since = excluded.since`)
  }
  await tx.execute(sql`delete from ${findingClasses} c where c.team = ${team}
    and not exists (select 1 from ${findingAssets} a where a.class = c.id)`)
}
