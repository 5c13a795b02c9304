import { and, asc, eq, getTableColumns, inArray, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Advisory, EpssScore, FeedContent, Fix, KevEntry, WindowsUpdate } from '../core/catalog.ts'
import { contentDigest, countsOf, cursorHash, type FeedNewsRead } from '../core/record/feeds.ts'
import { storable, storableAsJson } from '../core/storable.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { inSlices } from './in-slices.ts'
import { recordFeed, recordRemovedFeeds } from './recorded-feeds.ts'
import { advisories, cveFacts, epss, fixes, kev, lifecycles, patchesSeen, sources, windowsUpdates } from './schema.ts'
import { inTransaction } from './transaction.ts'

const CHUNK = 20_000

export type SourceKind = 'inventory' | 'catalog'

export interface SourceState {
  readonly name: string
  readonly kind: SourceKind
  readonly cursor: string | null
  readonly lastGoodAt: string | null
  readonly problem: string | null
  readonly rejected: number
}

export async function sourceStates(db: Queryable): Promise<readonly SourceState[]> {
  return db
    .select({
      name: sources.name,
      kind: sources.kind,
      cursor: sources.cursor,
      lastGoodAt: sources.lastGoodAt,
      problem: sources.problem,
      rejected: sources.rejected,
    })
    .from(sources)
    .orderBy(asc(sources.kind), asc(sources.name))
}

interface SourceGiven {
  readonly kind: SourceKind
  readonly name: string
  readonly now: string
}

/** A source gave nothing new, or something good that is stored already. */
export async function sourceSucceeded(
  db: Db,
  kind: SourceKind,
  name: string,
  now: string,
  cursor: string | null,
  rejected: number,
): Promise<void> {
  await inTransaction(db, writeUnchanged, { kind, name, now, cursor, rejected })
}

interface SucceededGiven extends SourceGiven {
  readonly cursor: string | null
  readonly rejected: number
}

async function writeUnchanged(tx: Tx, given: SucceededGiven): Promise<void> {
  await writeSucceeded(tx, given)
  if (given.kind === 'catalog') await recordFeed(tx, given.name, { kind: 'unchanged' }, given.now)
}

async function writeSucceeded(tx: Tx, { kind, name, now, cursor, rejected }: SucceededGiven): Promise<void> {
  const row = { cursor, lastGoodAt: now, checkedAt: now, problem: null, rejected }
  await tx
    .insert(sources)
    .values({ kind, name, ...row })
    .onConflictDoUpdate({ target: [sources.kind, sources.name], set: row })
}

/** A source failed: its last good content stays, with its age and the problem beside it. */
export async function sourceFailed(
  db: Db,
  kind: SourceKind,
  name: string,
  now: string,
  problem: string,
): Promise<void> {
  await inTransaction(db, writeFailed, { kind, name, now, problem: storable(problem) })
}

async function writeFailed(
  tx: Tx,
  { kind, name, now, problem }: SourceGiven & { readonly problem: string },
): Promise<void> {
  const row = { checkedAt: now, problem }
  await tx
    .insert(sources)
    .values({ kind, name, ...row })
    .onConflictDoUpdate({ target: [sources.kind, sources.name], set: row })
  if (kind === 'catalog') await recordFeed(tx, name, { kind: 'failed', problem }, now)
}

export interface FeedNews {
  readonly content: FeedContent
  /** Only these records changed. */
  readonly changes?: { readonly records: readonly string[] }
  /** The day or instant that the feed says it is of. */
  readonly saidAt?: string
}

interface FeedGiven {
  readonly feed: string
  readonly clean: FeedContent
  /** Ids of the changed records, as JSON; `null`: all is new. */
  readonly changed: string | null
  readonly result: { readonly now: string; readonly cursor: string; readonly rejected: number }
  readonly news: FeedNewsRead
}

/** Stores what a feed says, in one transaction: all that is new of each kind that is present, or only `changes`. */
export async function saveFeed(db: Db, feed: string, fetched: FeedNews, result: FeedGiven['result']): Promise<void> {
  const clean = storable(fetched.content)
  const changed = fetched.changes === undefined ? null : storableAsJson(fetched.changes.records)
  const { changes, saidAt } = fetched
  const news: FeedNewsRead = {
    kind: 'read',
    readAt: result.now,
    ...(saidAt === undefined ? {} : { saidAt }),
    counts: countsOf(clean),
    rejected: result.rejected,
    changed: changes === undefined ? null : changes.records.length,
    cursor: cursorHash(result.cursor),
    said: await inSlices(contentDigest(clean)),
  }
  await inTransaction(db, writeFeed, { feed, clean, changed, result, news })
}

async function writeFeed(tx: Tx, { feed, clean, changed, result, news }: FeedGiven): Promise<void> {
  /** Deletes what the kind's table held, or what the changed records said there. */
  const forget = async (table: FeedTable, record: AnyPgColumn, present: boolean) => {
    if (changed === null && present) await tx.delete(table).where(eq(table.feed, feed))
    if (changed !== null)
      await tx
        .delete(table)
        .where(and(eq(table.feed, feed), sql`${record} in (select jsonb_array_elements_text(${changed}::text::jsonb))`))
  }
  await forget(fixes, fixes.record, clean.fixes !== undefined)
  for (const json of chunks((clean.fixes ?? []).map(fixRow))) {
    await tx.execute(sql`insert into fixes (feed, record, platform, package, by, cves, fixed_version, introduced, advisory, type, module, subscription, also_fixed)
      select ${feed}, f.record, f.platform, f.package, f.by, array(select jsonb_array_elements_text(f.cves)),
        f."fixedVersion", f.introduced, f.advisory, f.type, f.module, f.subscription,
        case when f."alsoFixed" is null then null else array(select jsonb_array_elements_text(f."alsoFixed")) end
      from jsonb_to_recordset(${json}::text::jsonb) as f(record text, platform text, package text, by text, cves jsonb,
        "fixedVersion" text, introduced text, advisory text, type text, module text, subscription text, "alsoFixed" jsonb)`)
  }
  await forget(advisories, advisories.id, clean.advisories !== undefined)
  for (const json of chunks(clean.advisories ?? [])) {
    await tx.execute(sql`insert into advisories (feed, id, title, published, cves, fixes, packages, type, severity)
      select ${feed}, a.id, a.title, a.published, array(select jsonb_array_elements_text(a.cves)), a.fixes,
        array(select distinct f->>'source' from jsonb_array_elements(a.fixes) f), coalesce(a.type, 'security'), a.severity
      from jsonb_to_recordset(${json}::text::jsonb)
        as a(id text, title text, published text, cves jsonb, fixes jsonb, type text, severity text)
      on conflict do nothing`)
  }
  await forget(windowsUpdates, windowsUpdates.record, clean.updates !== undefined)
  for (const json of chunks(clean.updates ?? [])) {
    await tx.execute(sql`insert into windows_updates (feed, record, platform, kb, title, cves, supersedes, fixed_build, type, severity, restart, published)
      select ${feed}, coalesce(u.record, u.kb), u.platform, u.kb, u.title, array(select jsonb_array_elements_text(u.cves)),
        array(select jsonb_array_elements_text(u.supersedes)), u."fixedBuild", u.type, u.severity, u.restart, u.published
      from jsonb_to_recordset(${json}::text::jsonb) as u(record text, platform text, kb text, title text, cves jsonb,
        supersedes jsonb, "fixedBuild" text, type text, severity text, restart boolean, published text)
      on conflict do nothing`)
  }
  await forget(cveFacts, cveFacts.cve, clean.cves !== undefined)
  for (const json of chunks(clean.cves ?? [])) {
    await tx.execute(sql`insert into cve_facts (feed, cve, facts)
      select ${feed}, c->>'cve', c from jsonb_array_elements(${json}::text::jsonb) c
      on conflict (feed, cve) do update set facts = excluded.facts`)
  }
  if (clean.lifecycles) {
    await tx.delete(lifecycles).where(eq(lifecycles.feed, feed))
    for (const json of chunks(clean.lifecycles)) {
      await tx.execute(sql`insert into lifecycles (feed, platform, lifecycle)
        select ${feed}, c->>'platform', c from jsonb_array_elements(${json}::text::jsonb) c on conflict do nothing`)
    }
  }
  if (clean.kev) {
    await tx.delete(kev).where(eq(kev.feed, feed))
    for (const json of chunks(clean.kev)) {
      await tx.execute(sql`insert into kev (feed, cve, date_added, due_date, ransomware, name)
        select ${feed}, k.cve, k."dateAdded", k."dueDate", k.ransomware, k.name
        from jsonb_to_recordset(${json}::text::jsonb)
          as k(cve text, "dateAdded" text, "dueDate" text, ransomware boolean, name text)
        on conflict do nothing`)
    }
  }
  if (clean.epss) {
    await tx.delete(epss).where(eq(epss.feed, feed))
    for (const json of chunks(clean.epss)) {
      await tx.execute(sql`insert into epss (feed, cve, score, percentile, model, date)
        select ${feed}, s.cve, s.score, s.percentile, s.model, s.date
        from jsonb_to_recordset(${json}::text::jsonb)
          as s(cve text, score double precision, percentile double precision, model text, date text)
        on conflict do nothing`)
    }
  }
  await writeSucceeded(tx, { kind: 'catalog', name: feed, ...result })
  await recordFeed(tx, feed, news, result.now)
}

const feedTables = [fixes, advisories, windowsUpdates, cveFacts, lifecycles, kev, epss] as const
type FeedTable = (typeof feedTables)[number]

function fixRow(fix: Fix) {
  const { advisory = null, introduced = null, type = 'security', module = null, subscription = null } = fix
  const record = fix.record ?? advisory ?? fix.cves[0] ?? fix.package
  return { ...fix, advisory, introduced, type, module, subscription, record }
}

function* chunks(rows: readonly unknown[]): Generator<string> {
  for (let from = 0; from < rows.length; from += CHUNK) yield storableAsJson(rows.slice(from, from + CHUNK))
}

/** Drops what feeds said that are configured no more. */
export async function forgetOtherFeeds(db: Db, configured: readonly string[], now: string): Promise<void> {
  await inTransaction(db, forgetFeeds, { configured: storable(configured), now })
}

async function forgetFeeds(
  tx: Tx,
  { configured, now }: { readonly configured: readonly string[]; readonly now: string },
): Promise<void> {
  const keep = storableAsJson(configured)
  for (const table of feedTables) {
    await tx.delete(table).where(sql`${table.feed} not in (select jsonb_array_elements_text(${keep}::text::jsonb))`)
  }
  await recordRemovedFeeds(tx, configured, now)
}

/** All that the feeds say about these packages (by source or binary name) on these platforms, and the CVEs they mend. */
export async function readCatalog(
  db: Queryable,
  platforms: readonly string[],
  packages: readonly string[],
): Promise<FeedContent> {
  if (platforms.length === 0 || packages.length === 0) return {}
  const names = sql`(select jsonb_array_elements_text(${storableAsJson(packages)}::text::jsonb))`
  const { feed: _feed, ...fixColumns } = getTableColumns(fixes)
  const found = await db
    .select(fixColumns)
    .from(fixes)
    .where(and(inArray(fixes.platform, [...platforms]), sql`${fixes.package} in ${names}`))
  const { feed: _advisoryFeed, packages: _packages, ...advisoryColumns } = getTableColumns(advisories)
  const notices: readonly Advisory[] = await db
    .select(advisoryColumns)
    .from(advisories)
    .where(sql`${advisories.packages} && array${names}::text[]`)
  const { feed: _updateFeed, record: _record, ...updateColumns } = getTableColumns(windowsUpdates)
  const updates: readonly WindowsUpdate[] = await db
    .select(updateColumns)
    .from(windowsUpdates)
    .where(inArray(windowsUpdates.platform, [...platforms]))
  const cves = new Set<string>()
  for (const { cves: named } of [...found, ...notices, ...updates]) for (const cve of named) cves.add(cve)
  const lives = await db
    .select({ lifecycle: lifecycles.lifecycle })
    .from(lifecycles)
    .where(inArray(lifecycles.platform, [...platforms]))
  return {
    fixes: found.map(({ alsoFixed, ...fix }) => (alsoFixed === null ? fix : { ...fix, alsoFixed })),
    advisories: notices,
    updates,
    lifecycles: lives.map((row) => row.lifecycle),
    ...(await readAbout(db, [...cves])),
  }
}

/** What feeds say of CVEs themselves, each with the feed that says it. */
export async function readAbout(db: Queryable, cves: readonly string[]) {
  const wanted = sql`(select jsonb_array_elements_text(${storableAsJson(cves)}::text::jsonb))`
  const exploited: readonly (KevEntry & { readonly feed: string })[] = await db
    .selectDistinctOn([kev.cve])
    .from(kev)
    .where(sql`${kev.cve} in ${wanted}`)
  const scores: readonly (EpssScore & { readonly feed: string })[] = await db
    .selectDistinctOn([epss.cve])
    .from(epss)
    .where(sql`${epss.cve} in ${wanted}`)
    .orderBy(epss.cve, sql`${epss.date} desc`)
  const facts = await db.select().from(cveFacts).where(sql`${cveFacts.cve} in ${wanted}`)
  return { kev: exploited, epss: scores, cves: facts.map((row) => ({ ...row.facts, feed: row.feed })) }
}

/** Who said what of a CVE or an advisory, feed by feed: for `explain`. */
export async function statementsAbout(db: Queryable, id: string) {
  const ofCve = sql`${fixes.cves} @> array[${id}]::text[]`
  const said = await db
    .select()
    .from(fixes)
    .where(sql`${ofCve} or ${fixes.advisory} = ${id} or ${fixes.record} = ${id}`)
    .limit(2_000)
  const notices = await db
    .select()
    .from(advisories)
    .where(sql`${advisories.id} = ${id} or ${advisories.cves} @> array[${id}]::text[]`)
    .limit(200)
  const updates = await db
    .select()
    .from(windowsUpdates)
    .where(sql`${windowsUpdates.kb} = ${id} or ${windowsUpdates.cves} @> array[${id}]::text[]`)
    .limit(500)
  return { fixes: said, advisories: notices, updates }
}

/** When each patch was first seen to be missing, by its id. */
export async function patchesFirstSeen(db: Db): Promise<ReadonlyMap<string, string>> {
  const rows = await db.select().from(patchesSeen)
  return new Map(rows.map((row) => [row.id, row.firstSeenAt]))
}

/** Remembers patches that are missing now; those known before keep their time. */
export async function rememberPatches(db: Db, ids: readonly string[], now: string): Promise<void> {
  for (let from = 0; from < ids.length; from += CHUNK) {
    const rows = ids.slice(from, from + CHUNK).map((id) => ({ id: storable(id), firstSeenAt: now }))
    await db.insert(patchesSeen).values(rows).onConflictDoNothing()
  }
}
