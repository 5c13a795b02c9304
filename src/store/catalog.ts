import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { Advisory, EpssScore, FeedContent, Fix, KevEntry } from '../core/catalog.ts'
import type { Db, Queryable } from './connection.ts'
import { advisories, epss, fixes, kev, patchesSeen, sources } from './schema.ts'
import { storable } from './storable.ts'

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

/** A source gave something good (or nothing new). */
export async function sourceSucceeded(
  db: Queryable,
  kind: SourceKind,
  name: string,
  now: string,
  cursor: string | null,
  rejected: number,
): Promise<void> {
  const row = { cursor, lastGoodAt: now, checkedAt: now, problem: null, rejected }
  await db
    .insert(sources)
    .values({ kind, name, ...row })
    .onConflictDoUpdate({ target: [sources.kind, sources.name], set: row })
}

/** A source failed: its last good content stays, with its age and the problem beside it. */
export async function sourceFailed(
  db: Queryable,
  kind: SourceKind,
  name: string,
  now: string,
  problem: string,
): Promise<void> {
  const row = { checkedAt: now, problem: storable(problem) }
  await db
    .insert(sources)
    .values({ kind, name, ...row })
    .onConflictDoUpdate({ target: [sources.kind, sources.name], set: row })
}

/** Replaces what the feed said before, each kind that is present, in one transaction. */
export async function saveFeed(
  db: Db,
  feed: string,
  content: FeedContent,
  result: { readonly now: string; readonly cursor: string; readonly rejected: number },
): Promise<void> {
  const clean = storable(content)
  await db.transaction(async (tx) => {
    if (clean.fixes) {
      await tx.delete(fixes).where(eq(fixes.feed, feed))
      for (const json of chunks(clean.fixes)) {
        await tx.execute(sql`insert into fixes (feed, platform, source, cve, fixed_version)
          select ${feed}, f.platform, f.source, f.cve, f."fixedVersion"
          from jsonb_to_recordset(${json}::text::jsonb) as f(platform text, source text, cve text, "fixedVersion" text)`)
      }
    }
    if (clean.advisories) {
      await tx.delete(advisories).where(eq(advisories.feed, feed))
      for (const json of chunks(clean.advisories)) {
        await tx.execute(sql`insert into advisories (feed, id, title, published, cves, fixes)
          select ${feed}, a.id, a.title, a.published, array(select jsonb_array_elements_text(a.cves)), a.fixes
          from jsonb_to_recordset(${json}::text::jsonb) as a(id text, title text, published text, cves jsonb, fixes jsonb)
          on conflict do nothing`)
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
    await sourceSucceeded(tx, 'catalog', feed, result.now, result.cursor, result.rejected)
  })
}

function* chunks(rows: readonly unknown[]): Generator<string> {
  for (let from = 0; from < rows.length; from += CHUNK) yield JSON.stringify(rows.slice(from, from + CHUNK))
}

/** Drops what feeds said that are configured no more. */
export async function forgetOtherFeeds(db: Queryable, configured: readonly string[]): Promise<void> {
  const keep = JSON.stringify(configured)
  for (const table of [fixes, advisories, kev, epss]) {
    await db.delete(table).where(sql`${table.feed} not in (select jsonb_array_elements_text(${keep}::text::jsonb))`)
  }
}

/** All that the feeds say about these source packages on these platforms, and about the CVEs they mend. */
export async function readCatalog(
  db: Queryable,
  platforms: readonly string[],
  packages: readonly string[],
): Promise<FeedContent> {
  if (platforms.length === 0 || packages.length === 0) return {}
  const names = JSON.stringify(packages)
  const found: readonly Fix[] = await db
    .select({ platform: fixes.platform, source: fixes.source, cve: fixes.cve, fixedVersion: fixes.fixedVersion })
    .from(fixes)
    .where(
      and(
        inArray(fixes.platform, [...platforms]),
        sql`${fixes.source} in (select jsonb_array_elements_text(${names}::text::jsonb))`,
      ),
    )
  const notices: readonly Advisory[] = await db
    .select({
      id: advisories.id,
      title: advisories.title,
      published: advisories.published,
      cves: advisories.cves,
      fixes: advisories.fixes,
    })
    .from(advisories)
    .where(
      sql`exists (select 1 from jsonb_array_elements(${advisories.fixes}) f
        where f->>'source' in (select jsonb_array_elements_text(${names}::text::jsonb)))`,
    )
  const cves = JSON.stringify([
    ...new Set([...found.map((fix) => fix.cve), ...notices.flatMap((notice) => notice.cves)]),
  ])
  const exploited: readonly KevEntry[] = await db
    .selectDistinctOn([kev.cve], {
      cve: kev.cve,
      dateAdded: kev.dateAdded,
      dueDate: kev.dueDate,
      ransomware: kev.ransomware,
      name: kev.name,
    })
    .from(kev)
    .where(sql`${kev.cve} in (select jsonb_array_elements_text(${cves}::text::jsonb))`)
  const scores: readonly EpssScore[] = await db
    .selectDistinctOn([epss.cve], {
      cve: epss.cve,
      score: epss.score,
      percentile: epss.percentile,
      model: epss.model,
      date: epss.date,
    })
    .from(epss)
    .where(sql`${epss.cve} in (select jsonb_array_elements_text(${cves}::text::jsonb))`)
    .orderBy(epss.cve, sql`${epss.date} desc`)
  return { fixes: found, advisories: notices, kev: exploited, epss: scores }
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
