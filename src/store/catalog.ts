import { and, asc, desc, getTableColumns, inArray, sql } from 'drizzle-orm'
import type { Advisory, FeedContent, KevEntry, WindowsUpdate } from '../core/catalog.ts'
import { storable, storableAsJson } from '../core/storable.ts'
import { platformsOf } from '../core/streams.ts'
import { listOf, slices } from './bulk.ts'
import type { Db, Queryable, Tx } from './connection.ts'
import { readScores } from './epss-parts.ts'
import { affectedIn } from './feed-kinds.ts'
import { recordFeed } from './recorded-feeds.ts'
import { advisories, assets, cveFacts, fixes, kev, lifecycles, patchesSeen, sources, windowsUpdates } from './schema.ts'
import { inTransaction } from './transaction.ts'

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

/** Notes that a source gave nothing new, or that what it gave is stored already. */
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

/** Notes that a source succeeded, in the transaction that stores what it gave. */
export async function writeSucceeded(tx: Tx, { kind, name, now, cursor, rejected }: SucceededGiven): Promise<void> {
  const row = { cursor, lastGoodAt: now, checkedAt: now, problem: null, rejected }
  await tx
    .insert(sources)
    .values({ kind, name, ...row })
    .onConflictDoUpdate({ target: [sources.kind, sources.name], set: row })
}

/** Notes that a source failed. Its last good content stays, with its age and the problem beside it. */
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

/**
 * Everything that feeds say about these packages (source or binary names) on these platforms, and about the CVEs that
 * are named there.
 */
export async function readCatalog(
  db: Queryable,
  platforms: readonly string[],
  packages: readonly string[],
): Promise<FeedContent> {
  if (platforms.length === 0 || packages.length === 0) return {}
  const content = { ...(await readPackages(db, platforms, packages)), ...(await readPlatforms(db, platforms)) }
  return { ...content, ...(await readAbout(db, [...new Set(cvesIn(content))])) }
}

/** What feeds say about packages, by source or binary name. */
export async function readPackages(db: Queryable, platforms: readonly string[], packages: readonly string[]) {
  const names = sql`(select jsonb_array_elements_text(${storableAsJson(packages)}::text::jsonb))`
  const { feed: _feed, hash: _hash, ...fixColumns } = getTableColumns(fixes)
  const found = await db
    .select(fixColumns)
    .from(fixes)
    .where(and(inArray(fixes.platform, platforms.flatMap(platformsOf)), sql`${fixes.package} in ${names}`))
  const {
    feed: _advisoryFeed,
    packages: _packages,
    hash: _advisoryHash,
    ...advisoryColumns
  } = getTableColumns(advisories)
  const notices: readonly Advisory[] = await db
    .select(advisoryColumns)
    .from(advisories)
    .where(sql`${advisories.packages} && array${names}::text[]`)
    .orderBy(advisories.id, advisories.feed)
  return {
    fixes: found.map(({ alsoFixed, introduced, ...fix }) => ({
      ...fix,
      ...affectedIn(introduced),
      ...(alsoFixed === null ? {} : { alsoFixed }),
    })),
    advisories: notices,
  }
}

/** What feeds say about platforms as a whole. */
export async function readPlatforms(db: Queryable, platforms: readonly string[]) {
  const { feed: _updateFeed, record: _record, hash: _updateHash, ...updateColumns } = getTableColumns(windowsUpdates)
  const updates: readonly WindowsUpdate[] = await db
    .select(updateColumns)
    .from(windowsUpdates)
    .where(inArray(windowsUpdates.platform, [...platforms]))
    .orderBy(windowsUpdates.platform, windowsUpdates.kb, windowsUpdates.feed, windowsUpdates.record)
  const lives = await db
    .select({ lifecycle: lifecycles.lifecycle })
    .from(lifecycles)
    .where(inArray(lifecycles.platform, platforms.flatMap(platformsOf)))
    .orderBy(lifecycles.platform, lifecycles.feed)
  return { updates, lifecycles: lives.map((row) => row.lifecycle) }
}

/** The CVEs that feed content names. One CVE may come several times. */
export function* cvesIn({
  fixes = [],
  advisories = [],
  updates = [],
}: Pick<FeedContent, 'fixes' | 'advisories' | 'updates'>): Generator<string> {
  for (const list of [fixes, advisories, updates]) for (const { cves } of list) yield* cves
}

/** What feeds say about CVEs themselves, each with the feed that says it. */
export async function readAbout(db: Queryable, cves: readonly string[]) {
  const wanted = sql`(select jsonb_array_elements_text(${storableAsJson(cves)}::text::jsonb))`
  const { hash: _kevHash, ...kevColumns } = getTableColumns(kev)
  const exploited: readonly (KevEntry & { readonly feed: string })[] = await db
    .selectDistinctOn([kev.cve], kevColumns)
    .from(kev)
    .where(sql`${kev.cve} in ${wanted}`)
    .orderBy(kev.cve, kev.feed)
  const scores = await readScores(db, cves)
  const facts = await db
    .select({ feed: cveFacts.feed, facts: cveFacts.facts })
    .from(cveFacts)
    .where(sql`${cveFacts.cve} in ${wanted}`)
    .orderBy(cveFacts.cve, cveFacts.feed)
  return { kev: exploited, epss: scores, cves: facts.map((row) => ({ ...row.facts, feed: row.feed })) }
}

/** All statements about a CVE or an advisory, with the feed that makes each: for `explain`. */
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

/** What feeds say of a package (source or binary name) on the platforms of assets, what is not fixed yet first. */
export async function statementsAboutPackage(db: Queryable, name: string) {
  return db
    .select()
    .from(fixes)
    .where(
      and(
        sql`${fixes.platform} in (select distinct platform from ${assets})`,
        sql`${fixes.package} = ${storable(name)}`,
      ),
    )
    .orderBy(asc(fixes.platform), sql`${fixes.fixedVersion} is not null`, desc(fixes.cves))
    .limit(2_000)
}

/** When patches were first found missing, by patch id. `ids`: only these patches; `null`: all. */
export async function patchesFirstSeen(
  db: Queryable,
  ids: readonly string[] | null = null,
): Promise<ReadonlyMap<string, string>> {
  const wanted = ids === null ? undefined : sql`${patchesSeen.id} = any(${listOf(storable(ids))}::text::text[])`
  const rows = await db.select().from(patchesSeen).where(wanted)
  return new Map(rows.map((row) => [row.id, row.firstSeenAt]))
}

/**
 * Remembers patches that are missing now. Returns since when each is missing; a patch that was known before keeps its
 * time.
 */
export async function rememberPatches(
  db: Db,
  ids: readonly string[],
  now: string,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const some of slices(ids)) {
    await db
      .insert(patchesSeen)
      .values(some.map((id) => ({ id: storable(id), firstSeenAt: now })))
      .onConflictDoNothing()
    const stored = await patchesFirstSeen(db, some)
    for (const id of some) found.set(id, stored.get(storable(id)) ?? now)
  }
  return found
}
