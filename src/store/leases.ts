import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { errorText } from '../core/error-text.ts'
import { patience } from './connection.ts'
import { isLostConnection } from './transaction.ts'

/** The right to do some work that only one process does at a time. */
export interface Lease {
  readonly name: string
  /** Aborts as soon as another process may have taken the work over. */
  readonly signal: AbortSignal
  /**
   * Asks the database whether the lease still holds, and throws a sentence where it does not or cannot be asked: whoever
   * was stopped or cut off for a while begins nothing more.
   */
  readonly show: () => Promise<void>
}

export interface Leases {
  /** Runs `work` while nobody else, here or in another process, runs work of this name; false at once if somebody does. */
  readonly alone: (name: string, work: (lease: Lease) => Promise<void>) => Promise<boolean>
  readonly end: () => Promise<void>
}

export interface LeasesOptions {
  /** How long a lease outlives its last renewal: after it, another process takes the work over. */
  readonly lifetimeMs?: number
  /** Hears once of each trouble with the renewal. */
  readonly log?: (problem: string) => void
}

const LIFETIME_MS = 30_000
/** Renewed so many times in a lifetime. */
const RENEWALS = 6

interface Held {
  readonly term: number
  readonly lost: AbortController
  /** By this process's own clock, which also runs while it is stopped: then the lease may be another's. */
  until: number
}

/**
 * Leases are rows with an end that their holder moves on. A holder that stops, or is cut off from the database, is
 * replaced when the end has passed. Beside them each process holds one session lock, which PostgreSQL drops at the
 * moment the process dies: then its leases are free at once.
 */
export function openLeases(url: string, { lifetimeMs = LIFETIME_MS, log = () => {} }: LeasesOptions = {}): Leases {
  const holder = randomUUID()
  const alive = openLine(url, 'patchwarden alive')
  const rows = openLine(url, 'patchwarden leases')
  const held = new Map<string, Held | 'asked for'>()
  let session: number | null = null
  let problem: string | null = null
  let renewing: Promise<void> | null = null
  const timer = setInterval(() => {
    giveUpOverdue()
    renewing ??= renew().finally(() => {
      renewing = null
    })
  }, lifetimeMs / RENEWALS)
  timer.unref()

  /**
   * An answer that takes longer is none: a connection may be dead without anybody having said so, and is replaced. Where
   * the server has ended it, the question is put again on the next one.
   */
  async function ask<T extends object>(question: () => PromiseLike<T>, again = 2): Promise<T> {
    const over = new AbortController()
    const late = sleep(lifetimeMs / 3, 'late' as const, { signal: over.signal }).catch(() => 'late' as const)
    try {
      const first = await Promise.race([question(), late])
      if (first !== 'late') return first
    } catch (error) {
      if (again === 0 || !isLostConnection(error)) throw error
      return await ask(question, again - 1)
    } finally {
      over.abort()
    }
    reconnect()
    throw new Error(`The database did not answer within ${lifetimeMs / 3_000} s.`)
  }

  function reconnect(): void {
    alive.renew()
    rows.renew()
  }

  /** Takes the session lock, again where the connection that held it was lost. */
  async function stayAlive(): Promise<void> {
    const [row] = await ask(() => alive.sql()<{ pid: number }[]>`select pg_backend_pid() as pid`)
    if (row === undefined || row.pid === session) return
    // Shared with an earlier connection of this process that the server has not missed yet.
    await ask(() => alive.sql()`select pg_advisory_lock_shared(hashtextextended(${aliveKey(holder)}, 0))`)
    session = row.pid
  }

  async function claim(name: string): Promise<Held | null> {
    await stayAlive()
    const asked = performance.now()
    // The session lock of a holder that has died can be had; that of a living one cannot.
    const [row] = await ask(
      () => rows.sql()<{ term: number }[]>`
      insert into leases as l (name, holder, term, expires_at)
      values (${name}, ${holder}, 1, clock_timestamp() + ${lifetimeMs} * interval '1 millisecond')
      on conflict (name) do update
        set holder = excluded.holder, term = l.term + 1, expires_at = excluded.expires_at
        where l.holder = excluded.holder or l.expires_at <= clock_timestamp()
          or pg_try_advisory_xact_lock(hashtextextended('patchwarden:alive:' || l.holder, 0))
      returning term`,
    )
    return row === undefined ? null : { term: row.term, lost: new AbortController(), until: asked + lifetimeMs }
  }

  async function renew(): Promise<void> {
    const mine = [...held].flatMap(([name, one]) =>
      one === 'asked for' || one.lost.signal.aborted ? [] : [{ name, one }],
    )
    if (mine.length === 0) return
    try {
      await stayAlive()
      const asked = performance.now()
      const found = await ask(
        () => rows.sql()<{ name: string; term: number }[]>`
        update leases set expires_at = clock_timestamp() + ${lifetimeMs} * interval '1 millisecond'
        where holder = ${holder} and name in ${rows.sql()(mine.map(({ name }) => name))} returning name, term`,
      )
      const renewed = new Map(found.map(({ name, term }) => [name, term]))
      for (const { name, one } of mine) {
        if (renewed.get(name) === one.term) one.until = asked + lifetimeMs
        else lose(name, one)
      }
      problem = null
    } catch (error) {
      const sentence = errorText(error)
      if (problem !== sentence) log(`The leases of this process cannot be renewed: ${sentence}`)
      problem = sentence
    }
  }

  function lose(name: string, one: Held): void {
    one.lost.abort(new Error(`Another process may have taken over "${name}"; this one does nothing more of it.`))
  }

  function giveUpOverdue(): void {
    for (const [name, one] of held) if (one !== 'asked for' && performance.now() >= one.until) lose(name, one)
  }

  async function show(name: string, one: Held): Promise<void> {
    if (performance.now() >= one.until) lose(name, one)
    one.lost.signal.throwIfAborted()
    const found = await ask(
      // By the database's clock, too: this process's own stands still while its machine sleeps.
      () => rows.sql()`select 1 from leases
        where name = ${name} and holder = ${holder} and term = ${one.term} and expires_at > clock_timestamp()`,
    )
    if (found.length === 0) lose(name, one)
    one.lost.signal.throwIfAborted()
  }

  async function alone(name: string, work: (lease: Lease) => Promise<void>): Promise<boolean> {
    if (held.has(name)) return false
    held.set(name, 'asked for')
    try {
      const one = await claim(name)
      if (one === null) return false
      held.set(name, one)
      try {
        await work({ name, signal: one.lost.signal, show: () => show(name, one) })
      } finally {
        await release(name, one)
      }
      return true
    } finally {
      held.delete(name)
    }
  }

  /** A lease that cannot be given back ends by itself. */
  async function release(name: string, { term }: Held): Promise<void> {
    await ask(
      () => rows.sql()`delete from leases where name = ${name} and holder = ${holder} and term = ${term}`,
    ).catch((error: unknown) =>
      log(`The lease "${name}" could not be given back and ends by itself: ${errorText(error)}`),
    )
  }

  return {
    alone,
    end: async () => {
      clearInterval(timer)
      await renewing
      await Promise.all([alive.end(), rows.end()])
    },
  }
}

function aliveKey(holder: string): string {
  return `patchwarden:alive:${holder}`
}

interface Line {
  readonly sql: () => postgres.Sql
  readonly renew: () => void
  readonly end: () => Promise<void>
}

/** One connection: a client of the driver that is replaced as soon as its connection was closed. See store/pool.ts. */
function openLine(url: string, name: string): Line {
  let current = open()
  let ended = false

  function open(): postgres.Sql {
    const sql: postgres.Sql = postgres(url, {
      max: 1,
      // The driver would replace the connection after a while, and a session lock with it.
      max_lifetime: null,
      fetch_types: false,
      onnotice: () => {},
      onclose: () => {
        if (!ended && sql === current) renew()
      },
      ...patience,
      connection: { application_name: name },
    })
    return sql
  }

  function renew(): void {
    const before = current
    current = open()
    void before.end({ timeout: 0 }).catch(() => undefined)
  }

  async function end(): Promise<void> {
    ended = true
    await current.end({ timeout: 5 })
  }

  function sql(): postgres.Sql {
    if (ended) throw new Error('This process has ended its leases.')
    return current
  }

  return { sql, renew, end }
}
