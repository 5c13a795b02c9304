import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'

export type Db = PostgresJsDatabase<Record<string, never>>
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]
/** A query runs on the database or inside a transaction. */
export type Queryable = Db | Tx
