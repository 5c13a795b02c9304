import { setTimeout as sleep } from 'node:timers/promises'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { DatabaseProblem, databaseTrouble } from '../core/database-problem.ts'
import { cleanParameters } from './clean-parameters.ts'
import { type Db, patience } from './connection.ts'
import { type EmbeddedPostgres, startEmbedded } from './embedded-postgres.ts'
import { type Leases, openLeases } from './leases.ts'
import { migrateDatabase } from './migrate.ts'
import { openPool } from './pool.ts'
import { roomProblem } from './postgres-failure.ts'
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
  /** Hears that an embedded server ended and that it is back; `log` unless told. */
  readonly warn?: (message: string) => void
}

const oldestServer = 14
/** A server that takes the connection has so long to answer the first question. */
const answerSeconds = 15

/**
 * Opens the database, starts the embedded one when there is no address, and migrates it. Throws a `DatabaseProblem`
 * with a sentence where that cannot be.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const embedded = options.url === undefined ? await startEmbedded(options).catch(asProblem) : null
  const url = embedded?.url ?? options.url ?? ''
  const place = placeOf(url)
  try {
    await checkServer(url)
    await migrateDatabase(url)
  } catch (error) {
    await embedded?.stop()
    const trouble = databaseTrouble(error, true)
    if (trouble === null) return asProblem(error)
    if (embedded === null) {
      const where = `Cannot use the database at ${place}.`
      throw new DatabaseProblem(`${where} ${trouble.what} ${trouble.fix} The address is in DATABASE_URL.`, {
        cause: error,
      })
    }
    const why = roomProblem(embedded.dataDir) ?? `${trouble.what} Its log is ${embedded.dataDir}/server.log.`
    throw new DatabaseProblem(`Cannot use the embedded database: ${why}`, { cause: error })
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
  const options = { onnotice: () => {}, ...patience, connection, fetch_types: false }
  // Two clients: drizzle replaces the date and json conversions of the one it is given, after which raw queries on it
  // refuse Date and return timestamps as text.
  const sql = postgres(url, { ...options, max: 2 })
  cleanParameters(sql)
  const pool = openPool(url, options, maxConnections)
  return {
    sql: outsideTransactions(sql),
    db: drizzle(clientOn(pool)),
    end: async () => {
      await Promise.all([sql.end({ timeout: 5 }), pool.end(5)])
    },
  }
}

/** Errors of ours are sentences; what is none is a fault of the program and stays what it is. */
function asProblem(error: unknown): never {
  if (error instanceof Error && error.constructor === Error) throw new DatabaseProblem(error.message, { cause: error })
  throw error
}

async function checkServer(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, ...patience, fetch_types: false, onnotice: () => {} })
  try {
    const [row] = await within(
      answerSeconds,
      sql<{ version: string; standby: boolean; readOnly: string }[]>`
        select current_setting('server_version') as version, pg_is_in_recovery() as standby,
          current_setting('default_transaction_read_only') as "readOnly"`,
    )
    const version = row?.version ?? 'unknown'
    if (!(Number.parseInt(version, 10) >= oldestServer)) {
      throw new DatabaseProblem(
        `The database at ${placeOf(url)} is PostgreSQL ${version}; Patchwarden needs ${oldestServer} or newer. Update it, or name another in DATABASE_URL.`,
      )
    }
    if (row?.standby === true || row?.readOnly === 'on') {
      const why = row.standby ? 'it is a standby in recovery' : 'default_transaction_read_only is on'
      throw new DatabaseProblem(
        `The database at ${placeOf(url)} takes no writes: ${why}. Name the primary in DATABASE_URL, or make this one writable.`,
      )
    }
  } finally {
    await sql.end({ timeout: 1 }).catch(() => {})
  }
}

/** Some that accept a connection never answer: another program, a proxy without its server, a stopped process. */
async function within<T>(seconds: number, answer: Promise<T>): Promise<T> {
  const patienceOver = new AbortController()
  const over = sleep(seconds * 1000, undefined, { signal: patienceOver.signal }).then(() => {
    throw Object.assign(new Error(`no answer within ${seconds} s`), { code: 'ETIMEDOUT' })
  })
  over.catch(() => {})
  try {
    return await Promise.race([answer, over])
  } finally {
    patienceOver.abort()
  }
}

/** The address without the password. */
function placeOf(url: string): string {
  try {
    const { protocol, hostname, port, pathname } = new URL(url)
    if (protocol === 'postgres:' || protocol === 'postgresql:') return `${hostname}:${port || '5432'}${pathname}`
  } catch {}
  throw new DatabaseProblem('DATABASE_URL is not an address of the form postgres://user:password@host:5432/database.')
}
