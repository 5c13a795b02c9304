/**
 * Stores EPSS scores, many in one row. Nearly all scores change every day, and this way only a few hundred rows are
 * written.
 */

import { and, eq, sql } from 'drizzle-orm'
import type { EpssScore } from '../core/catalog.ts'
import { limits } from '../core/limits.ts'
import { storableAsJson } from '../core/storable.ts'
import { listOf } from './bulk.ts'
import type { Queryable } from './connection.ts'
import type { Difference } from './feed-differences.ts'
import { inSlices } from './in-slices.ts'
import { rowHash } from './row-hash.ts'
import { epssParts } from './schema.ts'

interface Part {
  readonly part: string
  readonly model: string
  readonly date: string
  readonly cves: string[]
  readonly scores: number[]
  readonly percentiles: number[]
}

interface Hashed extends Part {
  readonly hash: bigint
}

type Stored = Pick<Hashed, 'part' | 'model' | 'date'>

/** Parts in one statement. A part has up to 1,000 scores. */
const PARTS_AT_ONCE = 15

/** The part that a CVE's score is in. */
function partOf(cve: string): string {
  return cve.slice(0, -3)
}

/** The newest score of each CVE that has one, with the feed that says it. */
export async function readScores(
  db: Queryable,
  cves: readonly string[],
): Promise<readonly (EpssScore & { readonly feed: string })[]> {
  const parts = [...new Set(cves.map(partOf))]
  const rows = await db.execute<{
    [Key in keyof EpssScore | 'feed']: (EpssScore & { readonly feed: string })[Key]
  }>(sql`
    select distinct on (s.cve) p.feed, s.cve, s.score, s.percentile, p.model, p.date
    from ${epssParts} p, unnest(p.cves, p.scores, p.percentiles) as s (cve, score, percentile)
    where p.part = any(${listOf(parts)}::text::text[])
      and s.cve in (select unnest(${listOf(cves)}::text::text[]))
    order by s.cve, p.date desc, p.feed`)
  return [...rows]
}

export function createEpssIntake() {
  const parts = new Map<string, Part>()
  const known = new Set<string>()
  let hashed: ReadonlyMap<string, Hashed> | null = null

  /** Takes in a score that the feed brought; if there are several for one CVE, the first counts. */
  function visit({ cve, score, percentile, model, date }: EpssScore): void {
    if (known.has(cve)) return
    known.add(cve)
    const place = { part: partOf(cve), model, date }
    const key = keyOf(place)
    const part = parts.get(key) ?? { ...place, cves: [], scores: [], percentiles: [] }
    parts.set(key, part)
    part.cves.push(cve)
    part.scores.push(score)
    part.percentiles.push(percentile)
  }

  /** Compares the scores with the stored ones. `null`: they are the same. */
  async function compare(db: Queryable, feed: string): Promise<Difference | null> {
    hashed ??= await inSlices(withHashes(parts))
    const { part, model, date } = epssParts
    const stored = await db
      .select({ part, model, date, hash: epssParts.hash })
      .from(epssParts)
      .where(eq(epssParts.feed, feed))
    const same = new Set<string>()
    const gone: Stored[] = []
    for (const row of stored) {
      if (hashed.get(keyOf(row))?.hash === row.hash) same.add(keyOf(row))
      else gone.push(row)
    }
    const fresh = [...hashed].flatMap(([key, one]) => (same.has(key) ? [] : [one]))
    if (gone.length + fresh.length === 0) return null
    return epssDifference(gone, fresh, await movedScores(db, feed, [...gone, ...fresh], hashed))
  }

  return { visit, compare }
}

function keyOf({ part, model, date }: Stored): string {
  return `${part}\n${model}\n${date}`
}

function* withHashes(parts: ReadonlyMap<string, Part>): Generator<void, ReadonlyMap<string, Hashed>, void> {
  const hashed = new Map<string, Hashed>()
  for (const [key, part] of parts) {
    const { cves, scores, percentiles } = part
    hashed.set(key, { ...part, hash: rowHash(JSON.stringify([cves, scores, percentiles])) })
    yield
  }
  return hashed
}

/** The CVEs that have another score than before, have a first score, or lost theirs; `null`: too many to list. */
async function movedScores(
  db: Queryable,
  feed: string,
  differing: readonly Stored[],
  brought: ReadonlyMap<string, Part>,
): Promise<readonly string[] | null> {
  const names = new Set(differing.map(({ part }) => part))
  const now = new Map<string, Part[]>()
  for (const part of brought.values()) {
    if (!names.has(part.part)) continue
    const same = now.get(part.part)
    if (same) same.push(part)
    else now.set(part.part, [part])
  }
  const moved: string[] = []
  for (const some of together([...names])) {
    const before = await db
      .select({
        cves: sql<readonly string[]>`to_jsonb(${epssParts.cves})`,
        scores: sql<readonly number[]>`to_jsonb(${epssParts.scores})`,
      })
      .from(epssParts)
      .where(and(eq(epssParts.feed, feed), sql`${epssParts.part} = any(${listOf(some)}::text::text[])`))
    const was = new Map<string, number | undefined>()
    for (const { cves, scores } of before) for (const [index, cve] of cves.entries()) was.set(cve, scores[index])
    for (const part of some.flatMap((name) => now.get(name) ?? [])) {
      for (const [index, cve] of part.cves.entries()) {
        if (was.get(cve) !== part.scores[index]) moved.push(cve)
        was.delete(cve)
      }
    }
    for (const cve of was.keys()) moved.push(cve)
    if (moved.length > limits.changesListed) return null
  }
  return moved
}

function epssDifference(
  gone: readonly Stored[],
  fresh: readonly Hashed[],
  moved: readonly string[] | null,
): Difference {
  return {
    async write(tx, feed, naming) {
      const { part, model, date } = epssParts
      await tx.execute(sql`
        delete from ${epssParts} using unnest(${listOf(gone.map((one) => one.part))}::text::text[],
          ${listOf(gone.map((one) => one.model))}::text::text[],
          ${listOf(gone.map((one) => one.date))}::text::text[]) as gone (part, model, date)
        where ${epssParts.feed} = ${feed} and ${part} = gone.part and ${model} = gone.model and ${date} = gone.date`)
      for (const some of together(fresh))
        await tx.execute(sql`
          insert into ${epssParts} (feed, part, model, date, cves, scores, percentiles, hash)
          select ${feed}, p.part, p.model, p.date, p.cves, p.scores, p.percentiles, p.hash
          from jsonb_to_recordset(${storableAsJson(some.map(asJson))}::text::jsonb) as p(part text, model text,
            date text, cves text[], scores double precision[], percentiles double precision[], hash bigint)`)
      if (moved === null) naming.anything('cves')
      else naming.note('cves', moved)
    },
  }
}

function asJson({ hash, ...part }: Hashed) {
  return { ...part, hash: String(hash) }
}

function* together<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += PARTS_AT_ONCE) yield items.slice(from, from + PARTS_AT_ONCE)
}
