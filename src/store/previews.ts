/**
 * Answers of engines to the question what a change would do to an asset. An answer is kept as long as the change and
 * the asset's software are the same.
 */

import { and, eq, lt, sql } from 'drizzle-orm'
import type { TransactionStep } from '../core/ports.ts'
import { storableAsJson } from '../core/storable.ts'
import { listOf, slices } from './bulk.ts'
import type { Queryable } from './connection.ts'
import { previews } from './schema.ts'

/** `steps` and `problem` both `null`: the transaction is the changes themselves, and nothing else. */
export type PreviewAnswer =
  | { readonly key: string; readonly steps: readonly TransactionStep[] | null; readonly problem: null }
  | { readonly key: string; readonly steps: null; readonly problem: string }

export interface KeptPreview {
  readonly answer: PreviewAnswer
  /** ISO 8601 UTC. */
  readonly askedAt: string
}

/** The known answers for these keys, by key. */
export async function knownPreviews(
  db: Queryable,
  engine: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, KeptPreview>> {
  const found = new Map<string, KeptPreview>()
  for (const some of slices(keys)) {
    const rows = await db
      .select()
      .from(previews)
      .where(and(eq(previews.engine, engine), sql`${previews.key} = any(${listOf(some)}::text::text[])`))
    for (const { key, steps, problem, askedAt } of rows)
      found.set(key, { answer: problem === null ? { key, steps, problem } : { key, steps: null, problem }, askedAt })
  }
  return found
}

export async function keepPreviews(
  db: Queryable,
  engine: string,
  answers: readonly PreviewAnswer[],
  askedAt: string,
): Promise<void> {
  for (const some of slices(answers))
    await db.execute(sql`
      insert into ${previews} (engine, key, steps, problem, asked_at)
      select ${engine}, a.key, a.steps, a.problem, ${askedAt}::timestamptz
      from jsonb_to_recordset(${storableAsJson(some)}::text::jsonb) as a(key text, steps jsonb, problem text)
      on conflict (engine, key) do update set steps = excluded.steps, problem = excluded.problem,
        asked_at = excluded.asked_at`)
}

/** Forgets answers whose question was asked before this instant. */
export async function purgePreviews(db: Queryable, before: string): Promise<void> {
  await db.delete(previews).where(lt(previews.askedAt, before))
}
