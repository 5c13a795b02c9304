import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'

/** What a transaction runs its statements on. */
export type TransactionSql = Pick<postgres.Sql, 'unsafe'>

export interface TransactionPool {
  /** Runs `work` between begin and commit on a connection that nobody else uses; where it throws, between begin and rollback. */
  readonly begin: <T>(work: (sql: TransactionSql) => Promise<T>) => Promise<T>
  /** Waits for what is under way, so many seconds at most. */
  readonly end: (seconds: number) => Promise<void>
}

interface Line {
  readonly sql: postgres.Sql
  /** Its connection was closed: whatever was begun on it is over. */
  closed: boolean
}

type Options = postgres.Options<Record<string, postgres.PostgresType>>

/**
 * Connections for transactions, one transaction on each. The driver's own `begin` is not used: when its connection is
 * closed in the middle, it sends the rollback, and what the work asks next, on a socket that is gone, which ends the
 * process, or on the connection that it has made anew for somebody else. Here such a connection is never used again.
 */
export function openTransactionPool(url: string, options: Options, most: number): TransactionPool {
  const idle: Line[] = []
  const waiting: ((line: Line) => void)[] = []
  const lines = new Set<Line>()

  function openLine(): Line {
    const line: Line = {
      sql: postgres(url, { ...options, max: 1, max_lifetime: null, fetch_types: false, onclose: () => close(line) }),
      closed: false,
    }
    // Drizzle sets the conversions that it wants on the client that it is given.
    drizzle(line.sql)
    lines.add(line)
    return line
  }

  function close(line: Line): void {
    line.closed = true
    const at = idle.indexOf(line)
    if (at >= 0) idle.splice(at, 1)
    if (lines.delete(line)) void line.sql.end({ timeout: 0 }).catch(() => undefined)
  }

  async function take(): Promise<Line> {
    const free = idle.pop()
    if (free !== undefined) return free
    if (lines.size < most) return openLine()
    return new Promise((resolve) => waiting.push(resolve))
  }

  function give(line: Line): void {
    const next = waiting.shift()
    if (next !== undefined) next(line.closed ? openLine() : line)
    else if (!line.closed) idle.push(line)
  }

  async function begin<T>(work: (sql: TransactionSql) => Promise<T>): Promise<T> {
    const line = await take()
    const unsafe: TransactionSql['unsafe'] = (...statement) => {
      if (line.closed) throw closedError()
      return line.sql.unsafe(...statement)
    }
    try {
      await unsafe('begin')
      const result = await work({ unsafe })
      await unsafe('commit')
      return result
    } catch (error) {
      await rollBack(line)
      throw error
    } finally {
      give(line)
    }
  }

  /** A connection that cannot even roll back is given up: PostgreSQL rolls back when it is gone. */
  async function rollBack(line: Line): Promise<void> {
    if (line.closed) return
    try {
      await line.sql.unsafe('rollback')
    } catch {
      close(line)
    }
  }

  async function end(seconds: number): Promise<void> {
    await Promise.all([...lines].map(({ sql }) => sql.end({ timeout: seconds })))
  }

  return { begin, end }
}

function closedError(): Error {
  return Object.assign(new Error('The connection to the database was closed in the middle of a transaction.'), {
    code: 'CONNECTION_CLOSED',
  })
}
