/** The configurations that the record says were loaded. */

import { and, desc, eq, sql } from 'drizzle-orm'
import { contentProblem } from '../core/content.ts'
import { type Beside, type Facts, readEntry } from '../core/record/entry.ts'
import type { Queryable, Tx } from './connection.ts'
import { readContents } from './content.ts'
import { appendToStream, lockStream, RIGHTS } from './entries.ts'
import { entries } from './schema.ts'

const LOADED = 'configuration-loaded'

/**
 * Hash of the configuration that was loaded last; `null`: none was ever loaded. Nobody else can record one until the
 * transaction ends.
 */
export async function lockLastLoaded(tx: Tx): Promise<string | null> {
  await lockStream(tx, RIGHTS)
  const [row] = await tx
    .select({ entry: entries.entry })
    .from(entries)
    .where(and(eq(entries.stream, RIGHTS), sql`${entries.entry} like ${`%"event":"${LOADED}"%`}`))
    .orderBy(desc(entries.seq))
    .limit(1)
  return row === undefined ? null : String(readEntry(row.entry).facts.configuration)
}

/** A configuration by its hash; `null`: it is not stored, or was changed. */
export async function readConfiguration(db: Queryable, hash: string): Promise<unknown> {
  const content = (await readContents(db, [hash])).get(hash)
  return content === undefined || contentProblem('configuration', content) !== null ? null : JSON.parse(content.text)
}

/** Records a configuration as loaded. The caller has named its content before. `at`: ISO 8601 UTC. */
export async function recordLoaded(
  tx: Tx,
  { at, facts, beside }: { readonly at: string; readonly facts: Facts; readonly beside: Beside },
): Promise<void> {
  await appendToStream(tx, RIGHTS, [{ at, by: 'operator', event: LOADED, facts, beside }])
}
