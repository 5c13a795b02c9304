import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import postgres from 'postgres'
import { pgAddress } from './pg-address.ts'

/** A client for drizzle's dialect of postgres.js whose queries run on a pool of `pg`. */
export interface DrizzleClient {
  readonly client: postgres.Sql
  readonly end: () => Promise<void>
}

interface Statement {
  readonly text: string
  readonly values: unknown[]
  readonly types: pg.CustomTypesConfig
  readonly rowMode?: 'array'
}
type Run = (statement: Statement) => Promise<pg.QueryResult>
type Work = (client: ReturnType<typeof scope>) => Promise<unknown>

const connectMs = 10_000
const endMs = 5_000
/** Dates, times, intervals and arrays of them: drizzle reads their text. */
const asText = new Set([1082, 1083, 1114, 1115, 1182, 1184, 1185, 1186, 1187, 1231, 1266])
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (asText.has(oid) ? (text: string) => text : pg.types.getTypeParser(oid, format)),
}

/**
 * postgres.js may send what is left of a transaction whose connection ended over the next one, outside of any transaction or
 * in somebody else's, and a connection that ended while a statement was about to be sent hangs for good. A client of `pg` is
 * of no use once its connection ended, and says so to whoever still uses it.
 */
export function drizzleClient(url: string, name: string, maxConnections: number): DrizzleClient {
  const pool = new pg.Pool({
    connectionString: pgAddress(url),
    application_name: name,
    max: maxConnections,
    idleTimeoutMillis: 0,
    maxLifetimeSeconds: 1_800,
    keepAlive: true,
    stream: openSocket,
  })
  // Whoever uses a connection hears of its end by the statement that fails; one that nobody uses is replaced.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  // It never connects: of it drizzle needs the shape, and the settings of conversions that it changes.
  const shape = postgres(url, { max: 1, fetch_types: false })
  const client = Object.assign(shape, {
    unsafe: unsafeOn((statement) => pool.query(statement)),
    begin: (work: Work) => transaction(pool, work),
  })
  return { client, end: () => Promise.race([pool.end(), sleep(endMs, undefined, { ref: false })]) }
}

/** Not the pool's own limit, which would also end the wait for a connection that others use. */
function openSocket(): Socket {
  const socket = new Socket()
  const late = setTimeout(() => socket.destroy(new Error('The database does not answer.')), connectMs)
  socket.once('connect', () => clearTimeout(late))
  socket.once('close', () => clearTimeout(late))
  return socket
}

/** Rows as objects, or with `values()`, which is called at once or never, as lists. */
function unsafeOn(run: Run) {
  return (text: string, values: unknown[] = []) => {
    let asLists = false
    const rows = Promise.resolve()
      .then(() => run({ text, values, types, ...(asLists ? { rowMode: 'array' as const } : {}) }))
      .then((result) => result.rows)
    return Object.assign(rows, {
      values: () => {
        asLists = true
        return rows
      },
    })
  }
}

/** The statements of one transaction, one after the other. */
function scope(run: Run, depth = 0) {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn: Run = (statement) => {
    const result = last.then(() => run(statement))
    last = result.catch(() => undefined)
    return result
  }
  const unsafe = unsafeOn(inTurn)

  async function savepoint(work: Work): Promise<unknown> {
    const name = `s${depth}`
    await unsafe(`savepoint ${name}`)
    try {
      const result = await work(scope(inTurn, depth + 1))
      await unsafe(`release savepoint ${name}`)
      return result
    } catch (error) {
      await unsafe(`rollback to savepoint ${name}`)
      throw error
    }
  }
  return { unsafe, savepoint }
}

async function transaction(pool: pg.Pool, work: Work): Promise<unknown> {
  const client = await pool.connect()
  let dead: boolean = false
  try {
    await client.query('begin')
    const result = await work(scope((statement) => client.query(statement)))
    const { command } = await client.query('commit')
    // What PostgreSQL answers where a statement failed and nobody said so.
    if (command !== 'COMMIT') throw new Error('Nothing was saved: a statement of the transaction had failed.')
    return result
  } catch (error) {
    // Where that fails the connection is gone, and the server has rolled back by itself.
    await client.query('rollback').catch(() => {
      dead = true
    })
    throw error
  } finally {
    client.release(dead)
  }
}
