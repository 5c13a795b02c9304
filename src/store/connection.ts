import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { connectSeconds } from '../core/database-problem.ts'

export type Db = PostgresJsDatabase<Record<string, never>>
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]
/** What runs a query: the database, or a transaction. */
export type Queryable = Db | Tx

/**
 * For every client, in seconds: how long it may take to make a connection, and how long to wait before the next try.
 */
export const patience = {
  connect_timeout: connectSeconds,
  /** At most 1 s. The driver's own pause grows to 20 s, so it would wait long after the database is back. */
  backoff: (tries: number) => Math.min(1, 3 ** tries / 100),
}
