import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Db } from './connection.ts'
import { type EmbeddedPostgres, startEmbedded } from './embedded-postgres.ts'
import { type Locks, openLocks } from './locks.ts'
import { migrateDatabase } from './migrate.ts'
import { storableJson, storableText } from './storable.ts'

/** An open, migrated database. */
export interface Database {
  readonly url: string
  /** For what drizzle does not speak: LISTEN and NOTIFY. */
  readonly sql: postgres.Sql
  readonly db: Db
  readonly alone: Locks['alone']
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
  const locks = openLocks(url)
  return {
    url,
    sql: clients.sql,
    db: clients.db,
    alone: locks.alone,
    embedded,
    close: async () => {
      await Promise.all([clients.end(), locks.end()])
      await embedded?.stop()
    },
  }
}

export interface Clients {
  readonly sql: postgres.Sql
  readonly db: Db
  readonly end: () => Promise<void>
}

/** Connects to a database that is already migrated. Connections are made when first used. */
export function connect(url: string, maxConnections = 10): Clients {
  const options = { onnotice: () => {}, connect_timeout: connectTimeoutSeconds }
  // Two clients: drizzle replaces the date and json conversions of the one it is given, after which raw queries on it
  // refuse Date and return timestamps as text.
  const sql = postgres(url, { ...options, max: 4, connection: { application_name: 'patchwarden' } })
  const forDrizzle = postgres(url, { ...options, max: maxConnections, connection: { application_name: 'patchwarden' } })
  const db = drizzle(forDrizzle)
  for (const client of [sql, forDrizzle]) cleanWhatIsSent(client.options)
  return {
    sql,
    db,
    end: async () => {
      await Promise.all([sql.end({ timeout: 5 }), forDrizzle.end({ timeout: 5 })])
    },
  }
}

/** Types of the server, by number. */
const [TEXT, VARCHAR, JSON_TEXT, JSONB] = [25, 1043, 114, 3802]

/**
 * Whatever somebody typed may be looked up or stored: no query fails for a sign that PostgreSQL has not. Where it
 * matters that what is stored is what was hashed or compared, `storable` was applied before.
 */
function cleanWhatIsSent({ serializers }: postgres.Sql['options']): void {
  const wrap = (type: number, clean: (text: string) => string) => {
    const before = serializers[type]
    serializers[type] = (value: unknown) => clean(String(before ? before(value) : value))
  }
  for (const type of [TEXT, VARCHAR]) wrap(type, storableText)
  for (const type of [JSON_TEXT, JSONB]) wrap(type, storableJson)
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
