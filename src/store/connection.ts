import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { connectSeconds } from '../core/database-problem.ts'

export type Db = PostgresJsDatabase<Record<string, never>>
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]
/** A query runs on the database or inside a transaction. */
export type Queryable = Db | Tx

/** For every client: how long a connection may take to be made, and how long to wait at most before the next try. */
export const patience = {
  connect_timeout: connectSeconds,
  /** The driver alone would wait up to 20 seconds, long after the database is back. */
  backoff: (tries: number) => Math.min(1, 3 ** tries / 100),
}
