import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { connectSeconds } from '../core/database-problem.ts'
import { cleanParameters } from './clean-parameters.ts'

/** Runs statements, in the form that drizzle needs. */
export type Statements = Pick<postgres.Sql, 'unsafe'>

export interface Pool extends Statements {
  /**
   * Runs `work` between begin and commit, on a connection that nobody else uses. If `work` throws, everything is rolled
   * back.
   */
  readonly begin: <T>(work: (sql: Statements) => Promise<T>) => Promise<T>
  /** Ends all connections. Waits for statements that are under way, at most this many seconds. */
  readonly end: (seconds: number) => Promise<void>
}

/** One connection. */
interface Line {
  readonly sql: postgres.Sql
  /** The connection was closed. A transaction on it is over. */
  closed: boolean
}

type Options = postgres.Options<Record<string, postgres.PostgresType>>
type Statement = Parameters<Statements['unsafe']>

/** The connections of one pool. */
interface Lines {
  readonly url: string
  readonly options: Options
  readonly most: number
  readonly idle: Line[]
  /** Callers that wait for a connection, the first one first. */
  readonly waiting: { readonly take: (line: Line) => void; readonly refuse: (reason: Error) => void }[]
  readonly all: Set<Line>
  /** Whether a statement is to be prepared. */
  readonly prepared: (text: string) => boolean
  ended: boolean
}

/**
 * Connections for drizzle. Each is a client of the driver with one connection, and is never used again after that was
 * closed. The driver's own pool would replace a closed connection without saying so. The rest of a transaction would
 * then be sent on a socket that is gone, which ends the process, or inside somebody else's transaction. And if a
 * connection was closed just before a statement was sent, the statement would wait for ever.
 */
export function openPool(url: string, options: Options, most: number): Pool {
  const lines: Lines = {
    url,
    options,
    most,
    idle: [],
    waiting: [],
    all: new Set(),
    prepared: createPrepared(),
    ended: false,
  }
  return {
    ...statements((asLists, ...statement) => alone(lines, async (line) => onLine(lines, line, asLists, statement))),
    begin: (work) => alone(lines, (line) => transaction(lines, line, work)),
    end: async (seconds) => {
      lines.ended = true
      for (const { refuse } of lines.waiting.splice(0)) refuse(endedError())
      await Promise.all([...lines.all].map(({ sql }) => sql.end({ timeout: seconds })))
    },
  }
}

function openLine(lines: Lines): Line {
  const { url, options, all } = lines
  const line: Line = {
    sql: postgres(url, {
      ...options,
      max: 1,
      max_lifetime: null,
      fetch_types: false,
      onclose: () => close(lines, line),
      // Called at the first message from the server.
      onparameter: () => clearTimeout(late),
    }),
    closed: false,
  }
  // The driver would try for ever, without a pause, if whatever accepts the connection closes it before it says
  // anything.
  const late = setTimeout(() => close(lines, line), 1_000 * (options.connect_timeout ?? connectSeconds)).unref()
  // Drizzle sets its conversions on this client.
  drizzle(line.sql)
  cleanParameters(line.sql)
  all.add(line)
  return line
}

function close({ idle, all }: Lines, line: Line): void {
  line.closed = true
  const at = idle.indexOf(line)
  if (at >= 0) idle.splice(at, 1)
  if (all.delete(line)) void line.sql.end({ timeout: 0 }).catch(() => undefined)
}

async function takeLine(lines: Lines): Promise<Line> {
  const { idle, all, most, waiting } = lines
  if (lines.ended) throw endedError()
  const free = idle.pop()
  if (free !== undefined) return free
  if (all.size < most) return openLine(lines)
  return new Promise((take, refuse) => waiting.push({ take, refuse }))
}

function give(lines: Lines, line: Line): void {
  const next = lines.waiting.shift()
  if (next !== undefined) next.take(line.closed ? openLine(lines) : line)
  else if (!line.closed) lines.idle.push(line)
}

async function alone<T>(lines: Lines, work: (line: Line) => Promise<T>): Promise<T> {
  const line = await takeLine(lines)
  try {
    return await work(line)
  } finally {
    give(lines, line)
  }
}

function onLine(
  { prepared }: Lines,
  line: Line,
  asLists: boolean,
  [text, values, options]: Statement,
): Promise<unknown> {
  if (line.closed) throw coded('CONNECTION_CLOSED', 'The connection was closed in the middle of a transaction.')
  const query = line.sql.unsafe(text, values, { ...options, prepare: prepared(text) })
  return asLists ? query.values() : query
}

async function transaction<T>(lines: Lines, line: Line, work: (sql: Statements) => Promise<T>): Promise<T> {
  let over = false
  const sql = statements(async (asLists, ...statement) => {
    // A statement that `work` did not wait for would run inside the next transaction on this connection.
    if (over) throw new Error('A statement came when its transaction was over.')
    return onLine(lines, line, asLists, statement)
  })
  try {
    await sql.unsafe('begin')
    const result = await work(sql)
    over = true
    await onLine(lines, line, false, ['commit'])
    return result
  } catch (error) {
    over = true
    // A connection that cannot even roll back is given up: PostgreSQL rolls back when it is gone.
    if (!line.closed) await line.sql.unsafe('rollback').catch(() => close(lines, line))
    throw error
  }
}

type Run = (asLists: boolean, ...statement: Statement) => Promise<unknown>

/** Returns rows as objects, or as lists if `values()` is called. Drizzle calls that at once or never. */
function statements(run: Run): Statements {
  function unsafe(...statement: Statement) {
    let asLists = false
    const rows = Promise.resolve().then(() => run(asLists, ...statement))
    const values = () => {
      asLists = true
      return rows
    }
    return Object.assign(rows, { values })
  }
  // Drizzle uses only this part of the driver's query.
  return { unsafe: unsafe as unknown as Statements['unsafe'] }
}

/** How often a statement must come before it is prepared, and how many are prepared. */
const OFTEN = 3
const MOST_PREPARED = 300
/** How many texts are counted, and how many characters each may have. */
const MOST_COUNTED = 5_000
const LONGEST_COUNTED = 4_000

/**
 * Decides whether a statement is prepared. The driver then asks the server for the types of its values only once, which
 * saves a way to the server and back each time. Statements with lists come in ever new forms, so their counts are not
 * kept for ever.
 */
function createPrepared(): (text: string) => boolean {
  const counts = new Map<string, number>()
  const prepared = new Set<string>()
  return (text) => {
    if (prepared.has(text)) return true
    if (prepared.size === MOST_PREPARED || text.length > LONGEST_COUNTED) return false
    const count = (counts.get(text) ?? 0) + 1
    if (counts.size === MOST_COUNTED) counts.clear()
    counts.set(text, count)
    if (count < OFTEN) return false
    counts.delete(text)
    prepared.add(text)
    return true
  }
}

function endedError(): Error {
  return coded('CONNECTION_ENDED', 'Patchwarden has ended its connections to the database.')
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
