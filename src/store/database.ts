import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Db } from './connection.ts'
import { type EmbeddedPostgres, startEmbedded } from './embedded-postgres.ts'
import { type Leases, openLeases } from './leases.ts'
import { migrateDatabase } from './migrate.ts'
import { openPool } from './pool.ts'
import { clientOn, IDLE_TIMEOUT_MS, LOCK_TIMEOUT_MS, outsideTransactions } from './transaction.ts'

/** An open, migrated database. */
export interface Database {
  readonly url: string
  /** For what drizzle does not speak: LISTEN and NOTIFY. */
  readonly sql: postgres.Sql
  readonly db: Db
  readonly alone: Leases['alone']
  /** The server we run ourselves; `null` with a DATABASE_URL. */
  readonly embedded: EmbeddedPostgres | null
  /** Ends the connections and then the embedded server, unless another process owns it. */
  readonly close: () => Promise<void>
}

export interface DatabaseOptions {
  /** A `postgres://` address; without one an embedded server is started in `dataDir`. */
  readonly url: string | undefined
  readonly dataDir: string
  readonly durable: boolean
  readonly log: (message: string) => void
}

const oldestServer = 14
const connectTimeoutSeconds = 10

/** Opens the database, starts the embedded one when there is no address, and migrates it. Errors are sentences. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const embedded = options.url === undefined ? await startEmbedded(options) : null
  const url = embedded?.url ?? options.url ?? ''
  try {
    if (embedded === null) await checkServer(url)
    await migrateDatabase(url)
  } catch (error) {
    await embedded?.stop()
    throw error
  }
  const clients = connect(url)
  const leases = openLeases(url, { log: options.log })
  return {
    url,
    sql: clients.sql,
    db: clients.db,
    alone: leases.alone,
    embedded,
    close: async () => {
      await Promise.all([clients.end(), leases.end()])
      await embedded?.stop()
    },
  }
}

export interface Clients {
  readonly sql: postgres.Sql
  readonly db: Db
  readonly end: () => Promise<void>
}

/**
 * Connects to a database that is already migrated, with so many connections at most, and up to three more for LISTEN and
 * NOTIFY. They are made when first used.
 */
export function connect(url: string, maxConnections = 10): Clients {
  const connection = {
    application_name: 'patchwarden',
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
  }
  // The driver's own look at types rejects where nobody can catch it, should the connection end meanwhile.
  const options = { onnotice: () => {}, connect_timeout: connectTimeoutSeconds, connection, fetch_types: false }
  // Two clients: drizzle replaces the date and json conversions of the one it is given, after which raw queries on it
  // refuse Date and return timestamps as text.
  const sql = postgres(url, { ...options, max: 2 })
  const pool = openPool(url, options, maxConnections)
  return {
    sql: outsideTransactions(sql),
    db: drizzle(clientOn(pool)),
    end: async () => {
      await Promise.all([sql.end({ timeout: 5 }), pool.end(5)])
    },
  }
}

async function checkServer(url: string): Promise<void> {
  const place = placeOf(url)
  const sql = postgres(url, { max: 1, connect_timeout: connectTimeoutSeconds, fetch_types: false, onnotice: () => {} })
  try {
    const [row] = await sql<{ version: string }[]>`select current_setting('server_version') as version`
    const version = row?.version ?? 'unknown'
    if (!(Number.parseInt(version, 10) >= oldestServer)) {
      throw new Error(`The server is PostgreSQL ${version}; Patchwarden needs ${oldestServer} or newer.`)
    }
  } catch (error) {
    throw new Error(`Cannot use the database at ${place}: ${reasonOf(error)} Check DATABASE_URL.`)
  } finally {
    await sql.end({ timeout: 1 }).catch(() => {})
  }
}

/** The address without the password. */
function placeOf(url: string): string {
  try {
    const { protocol, hostname, port, pathname } = new URL(url)
    if (protocol === 'postgres:' || protocol === 'postgresql:') return `${hostname}:${port || '5432'}${pathname}`
  } catch {}
  throw new Error('DATABASE_URL is not an address of the form postgres://user:password@host:5432/database.')
}

function reasonOf(error: unknown): string {
  const cause = error instanceof AggregateError ? error.errors[0] : error
  const message = cause instanceof Error ? cause.message : String(cause)
  return /[.!?]$/.test(message) ? message : `${message}.`
}
