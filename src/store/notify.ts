/** What processes tell each other over the database at once, and only those that listen hear. */

import { sql } from 'drizzle-orm'
import type postgres from 'postgres'
import type { Queryable } from './connection.ts'

/** The channel on which open pages hear that something changed. */
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

/** The channel that tells whoever waits for it that a test button was clicked. */
const testClicksChannel = 'patchwarden_test_clicks'

/** `nonce`: which button. */
export async function announceTest(db: Queryable, nonce: string): Promise<void> {
  await db.execute(sql`select pg_notify(${testClicksChannel}, ${nonce}::text)`)
}

/** Calls back when that test button is clicked. Resolves once it listens, to the function that ends it. */
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
