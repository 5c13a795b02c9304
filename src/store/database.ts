import { setTimeout as sleep } from 'node:timers/promises'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { DatabaseProblem, databaseTrouble } from '../core/database-problem.ts'
import { cleanParameters } from './clean-parameters.ts'
import { type CopyPlan, type FreeBytes, planCopy } from './cluster-copy.ts'
import { type Db, patience } from './connection.ts'
import { type EmbeddedPostgres, hasCluster, startEmbedded } from './embedded-postgres.ts'
import { type Leases, openLeases } from './leases.ts'
import { type Ahead, type Migrations, migrateDatabase, migrationsAhead } from './migrate.ts'
import { openPool } from './pool.ts'
import { roomProblem } from './postgres-failure.ts'
import { type Safeguard, whatStartChanges } from './postgres-safeguard.ts'
import { clientOn, IDLE_TIMEOUT_MS, LOCK_TIMEOUT_MS, outsideTransactions } from './transaction.ts'

/** An open, migrated database. */
export interface Database {
  readonly url: string
  /** For what drizzle cannot do: LISTEN and NOTIFY. */
  readonly sql: postgres.Sql
  readonly db: Db
  readonly alone: Leases['alone']
  /** The server we run ourselves; `null` with a DATABASE_URL. */
  readonly embedded: EmbeddedPostgres | null
  /** Ends the connections, then leaves the embedded server. The last process that leaves it stops it. */
  readonly close: () => Promise<void>
}

export interface DatabaseOptions {
  /** A `postgres://` address; without one an embedded server is started in `dataDir`. */
  readonly url: string | undefined
  readonly dataDir: string
  readonly durable: boolean
  readonly log: (message: string) => void
  /** Called when an embedded server has ended, and when it is back. Default: `log`. */
  readonly warn?: (message: string) => void
  /** Do not copy an embedded database before a migration without a way back: the operator has copied it. */
  readonly withoutCopy?: boolean
  readonly migrations?: Migrations
  readonly freeBytes?: FreeBytes
}

const oldestServer = 14
/** How long a server may take to answer the first query, once it has taken the connection. */
const answerSeconds = 15

/**
 * Opens the database, and migrates it. Without an address it starts the embedded one first. Throws a `DatabaseProblem`
 * with a sentence if that fails.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { migrations, withoutCopy = false, freeBytes, warn = options.log } = options
  const safeguard: Safeguard = {
    ahead: async (url, dataDir) =>
      (await migrationsAhead(url, migrations).catch((error: unknown) => embeddedProblem(error, dataDir))).noWayBack,
    withoutCopy,
    freeBytes,
  }
  const embedded = options.url === undefined ? await startEmbedded({ ...options, safeguard }).catch(asProblem) : null
  const url = embedded?.url ?? options.url ?? ''
  await use(url, embedded, () =>
    migrateDatabase(url, migrations?.folder, {
      ...(migrations ? { noWayBack: migrations.noWayBack } : {}),
      onNoWayBack: (migration) => {
        if (embedded === null)
          warn(`${whatStartChanges(migration)} The only way back is a backup of the database from before.`)
      },
    }),
  )
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

/** What the next start does to a database. */
export interface Outlook extends Ahead {
  /** Names the database for people, without the password. */
  readonly place: string
  /** The copy of an embedded database that the start would make first; `null`: none. */
  readonly copy: CopyPlan | null
  /** Whether no other process uses the embedded database; `null`: not known, because it is not embedded. */
  readonly alone: boolean | null
  /** Leaves an embedded server that was started for the look. Until then it runs. */
  readonly close: () => Promise<void>
}

/**
 * Looks at a database, and changes nothing in it. `null`: there is none yet; the start would create it. Throws the same
 * errors as `openDatabase`.
 */
export async function lookAhead(options: DatabaseOptions): Promise<Outlook | null> {
  const { migrations, freeBytes, withoutCopy = false } = options
  const embedded = options.url === undefined ? await startExisting(options).catch(asProblem) : null
  if (options.url === undefined && embedded === null) return null
  const url = embedded?.url ?? options.url ?? ''
  const ahead = await use(url, embedded, () => migrationsAhead(url, migrations))
  const copied = embedded !== null && ahead.noWayBack !== null && !withoutCopy
  return {
    ...ahead,
    place: embedded?.dataDir ?? placeOf(url),
    copy: copied ? planCopy({ directory: embedded.dataDir }, ahead.noWayBack, freeBytes) : null,
    alone: embedded?.isAlone() ?? null,
    close: async () => {
      await embedded?.stop()
    },
  }
}

async function startExisting(options: DatabaseOptions): Promise<EmbeddedPostgres | null> {
  return hasCluster(options.dataDir) ? startEmbedded(options) : null
}

/**
 * Checks that a server can be used, and runs `work`. If either fails, leaves the embedded server and throws a sentence
 * that says why.
 */
async function use<T>(url: string, embedded: EmbeddedPostgres | null, work: () => Promise<T>): Promise<T> {
  const place = placeOf(url)
  try {
    await checkServer(url)
    return await work()
  } catch (error) {
    await embedded?.stop()
    if (embedded !== null) return embeddedProblem(error, embedded.dataDir)
    const trouble = databaseTrouble(error, true)
    if (trouble === null) return asProblem(error)
    const where = `Cannot use the database at ${place}.`
    throw new DatabaseProblem(`${where} ${trouble.what} ${trouble.fix} The address is in DATABASE_URL.`, {
      cause: error,
    })
  }
}

function embeddedProblem(error: unknown, dataDir: string): never {
  const trouble = databaseTrouble(error, true)
  if (trouble === null) return asProblem(error)
  const why = roomProblem(dataDir) ?? `${trouble.what} Its log is ${dataDir}/server.log.`
  throw new DatabaseProblem(`Cannot use the embedded database: ${why}`, { cause: error })
}

export interface Clients {
  readonly sql: postgres.Sql
  readonly db: Db
  readonly end: () => Promise<void>
}

/**
 * Connects to a database that is already migrated, with at most `maxConnections` connections, and up to three more for
 * LISTEN and NOTIFY. Each is made when it is first needed.
 */
export function connect(url: string, maxConnections = 10): Clients {
  const connection = {
    application_name: 'patchwarden',
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
    // Otherwise a plan made for a list of two would be used for lists of thousands.
    plan_cache_mode: 'force_custom_plan',
  }
  // The driver does not query types: if the connection ends meanwhile, that query rejects where nobody can catch it.
  const options = { onnotice: () => {}, ...patience, connection, fetch_types: false }
  // Two clients, because drizzle replaces the conversions of dates and JSON in its own. Raw queries on that one would
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

/**
 * Throws our own errors, which are sentences, as `DatabaseProblem`. Any other error is a fault of the program and is
 * thrown as it is.
 */
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

/**
 * Rejects if the answer takes too long. Some accept a connection and never answer: another program, a proxy without its
 * server, a stopped process.
 */
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
