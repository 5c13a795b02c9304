/** Messages between processes, over the database. They arrive at once, and only processes that listen get them. */

import { sql } from 'drizzle-orm'
import type postgres from 'postgres'
import type { Queryable } from './connection.ts'

/** The channel on which open pages hear that something changed. */
export const changesChannel = 'patchwarden_changes'

export interface Change {
  readonly channel: string
  /** `null`: the change is not about one proposal. */
  readonly proposal: string | null
}

/** Tells all open pages, of every process. */
export async function tellChange(db: Queryable, change: Change): Promise<void> {
  await db.execute(sql`select pg_notify(${changesChannel}::text, ${JSON.stringify(change)}::text)`)
}

/** The channel on which a waiting process hears that a test button was clicked. */
const testClicksChannel = 'patchwarden_test_clicks'

/** Announces a click on a test button. `nonce`: which button. */
export async function announceTest(db: Queryable, nonce: string): Promise<void> {
  await db.execute(sql`select pg_notify(${testClicksChannel}, ${nonce}::text)`)
}

/** Calls `clicked` when that test button is clicked. Resolves when it listens, to the function that ends this. */
export async function listenForTest(
  client: postgres.Sql,
  nonce: string,
  clicked: () => void,
): Promise<() => Promise<void>> {
  const listening = await client.listen(testClicksChannel, (payload) => {
    if (payload === nonce) clicked()
  })
  return () => listening.unlisten()
}
