import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { DatabaseProblem } from '../core/database-problem.ts'
import type { Db, Tx } from './connection.ts'
import type { Pool } from './pool.ts'

/** How long a statement waits for a lock, and a transaction for its next statement, before PostgreSQL ends it. */
export const LOCK_TIMEOUT_MS = 30_000
export const IDLE_TIMEOUT_MS = 60_000

const ATTEMPTS = 6
const FIRST_PAUSE_MS = 100

/** Why a transaction was rolled back although it may succeed the next time, by PostgreSQL's code. */
const busy: Readonly<Record<string, string>> = {
  '40001': 'others changed the same rows at the same time',
  '40P01': 'two of its users waited for each other',
  '55P03': `somebody else held the same rows for ${LOCK_TIMEOUT_MS / 1_000} s`,
}

/** Codes of the server or the network: the connection was lost, or could not be made. */
const lost: ReadonlySet<string> = new Set([
  ...['25P03', '53300', '57P01', '57P02', '57P03', '57P05', '08000', '08001', '08003', '08006'],
  ...[
    'CONNECTION_CLOSED',
    'CONNECTION_DESTROYED',
    'CONNECT_TIMEOUT',
    'EAI_AGAIN',
    'ECONNABORTED',
    'ECONNREFUSED',
    'ECONNRESET',
    'EHOSTDOWN',
    'EHOSTUNREACH',
    'ENETDOWN',
    'ENETUNREACH',
    'EPIPE',
    'ETIMEDOUT',
  ],
])

/** Everything that reaches the database outside the transaction: a pool, or parts with a pool among them. */
type Reaches = Db | postgres.Sql | { readonly db: unknown }

/** What work in a transaction may be given. Nothing in it may know the pool. */
type Poolless<Given> = { readonly [Key in keyof Given]: Given[Key] extends Reaches ? never : Given[Key] }

/** True inside the work of a transaction. */
const inside = new AsyncLocalStorage<boolean>()

/** Thrown by work in a transaction that came second. The work is done again, on what the first one wrote. */
export class Collision extends Error {}

/**
 * Runs `work` in one transaction: all that it writes is stored, or nothing. `work` is a separate function that knows
 * only what it is given. If it used a second connection of the same pool, ten commands that come together would wait
 * for each other for ever. A transaction that was rolled back because of a lock, or together with its connection, is
 * repeated, so `work` may run more than once. If that does not help, a sentence is thrown.
 */
export async function inTransaction<Given, Result>(
  db: Db,
  work: (tx: Tx, given: Given) => Promise<Result>,
  given: Given & Poolless<Given>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    let committing = false
    try {
      return await db.transaction(async (tx) => {
        const result = await inside.run(true, () => work(tx, given))
        committing = true
        return result
      })
    } catch (error) {
      const problem = passingProblem(error, committing)
      if (problem === null) throw error
      if (!problem.again || attempt === ATTEMPTS) throw new DatabaseProblem(problem.sentence, { cause: error })
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()))
    }
  }
}

/** PostgreSQL's code for a statement that came after one that failed. */
const ABORTED = '25P02'

type Results<Works extends readonly Promise<unknown>[]> = { -readonly [Key in keyof Works]: Awaited<Works[Key]> }

/**
 * Runs pieces of work on one transaction that do not need each other's results. A statement is sent without waiting for
 * the answer to the one before. If one piece fails, those after it fail, too; the error of the first one is thrown.
 */
export async function together<Works extends readonly Promise<unknown>[]>(...works: Works): Promise<Results<Works>> {
  const settled = await Promise.allSettled(works)
  const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  if (reasons.length > 0) throw reasons.find((reason) => codeOf(reason) !== ABORTED) ?? reasons[0]
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : undefined)) as Results<Works>
}

/** What to say about a problem that may pass, and whether to try again; `null`: it would fail the next time, too. */
function passingProblem(
  error: unknown,
  committing: boolean,
): { readonly sentence: string; readonly again: boolean } | null {
  if (error instanceof Collision) return { sentence: `${error.message} Nothing was done; try again.`, again: true }
  const code = codeOf(error)
  if (code === null) return null
  const reason = busy[code]
  if (reason !== undefined)
    return { sentence: `The database was too busy: ${reason}. Nothing was done; try again.`, again: true }
  if (!isLostConnection(error)) return null
  if (!committing)
    return { sentence: 'The database cannot be reached. Nothing was done; try again when it answers.', again: true }
  // The work may have been committed. If it were repeated, it could count twice, so the person who asked should look
  // first.
  const sentence =
    'The connection to the database was lost while this was written. Look whether it was done before you try again.'
  return { sentence, again: false }
}

/** True: the connection was ended, or could not be made. The next one may work. */
export function isLostConnection(error: unknown): boolean {
  const code = codeOf(error)
  return code !== null && lost.has(code)
}

/** The code of PostgreSQL's error or of the connection's error, from anywhere in the chain of causes; `null`: none. */
export function codeOf(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && typeof cause.code === 'string') return cause.code
  return null
}

/** The client for drizzle. It refuses every statement from inside a transaction. */
export function clientOn(pool: Pool): postgres.Sql {
  // This client never connects. Drizzle only needs its form, and changes its conversions.
  const shape = postgres({ max: 1, fetch_types: false })
  return outsideTransactions(Object.assign(shape, { unsafe: pool.unsafe, begin: pool.begin }))
}

/** The pool, but every statement from inside a transaction is refused. */
export function outsideTransactions(pool: postgres.Sql): postgres.Sql {
  return new Proxy(pool, {
    get(target, name, receiver) {
      if (name === 'unsafe' || name === 'begin') refuseInside()
      return Reflect.get(target, name, receiver)
    },
    apply(target, self, parts) {
      refuseInside()
      return Reflect.apply(target, self, parts)
    },
  })
}

function refuseInside(): void {
  if (inside.getStore() === true)
    throw new Error('Work in a transaction asked for a second connection. Read it before, or on the transaction.')
}
