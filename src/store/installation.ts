import { sql } from 'drizzle-orm'
import { DatabaseProblem } from '../core/database-problem.ts'
import type { Queryable } from './connection.ts'
import { entries, events, installation } from './schema.ts'

/**
 * Makes sure that the labelled example and a real configuration never share a database. In the example one can act as
 * anybody, and that would count in the other. Throws a sentence if the database is of the other kind.
 */
export async function claimDatabase(db: Queryable, example: boolean): Promise<void> {
  const [known] = await db.select().from(installation)
  // An earlier version did not write this row. Then the example takes the database only if it is empty.
  const isReal = known === undefined ? !example || (await hasEvents(db)) : !known.example
  if (isReal === example)
    throw new DatabaseProblem(
      example
        ? 'This database belongs to a real configuration, and the labelled example never works on one. Name the configuration (--config or PATCHWARDEN_CONFIG), or give the example a database of its own (PATCHWARDEN_DATA, DATABASE_URL).'
        : 'This database belongs to the labelled example, where one session acts as all its people, and counts for nothing real. Use another one: an empty database in DATABASE_URL.',
    )
  if (known === undefined) await db.insert(installation).values({ example }).onConflictDoNothing()
}

async function hasEvents(db: Queryable): Promise<boolean> {
  const [row] = await db.execute<{ has: boolean }>(
    sql`select exists (select from ${events}) or exists (select from ${entries}) as has`,
  )
  return row?.has === true
}
