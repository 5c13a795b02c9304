import { sql } from 'drizzle-orm'
import type { Queryable } from './connection.ts'

/** On which open pages hear that something changed. */
export const changesChannel = 'patchwarden_changes'

export interface Change {
  readonly channel: string
  /** `null`: anything else. */
  readonly proposal: string | null
}

/** Tells every open page, of whatever process. */
export async function tellChange(db: Queryable, change: Change): Promise<void> {
  await db.execute(sql`select pg_notify(${changesChannel}::text, ${JSON.stringify(change)}::text)`)
}
