import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../core/error-text.ts'
import { type Line, openLine } from './lease-line.ts'
import { isLostConnection } from './transaction.ts'

/** The right to do some work that only one process does at a time. */
export interface Lease {
  readonly name: string
  /** Aborts as soon as another process may have taken the work over. */
  readonly signal: AbortSignal
  /**
   * Asks the database whether the lease still holds. Throws a sentence if it does not, or if the database cannot be
   * asked: a process that was stopped or cut off for a while must not begin anything more.
   */
  readonly show: () => Promise<void>
}

export interface Leases {
  /**
   * Runs `work` if nobody else, in this or another process, runs work of this name. Otherwise returns false at once.
   */
  readonly alone: (name: string, work: (lease: Lease) => Promise<void>) => Promise<boolean>
  readonly end: () => Promise<void>
}

export interface LeasesOptions {
  /** How long a lease lasts after its last renewal. After that, another process takes the work over. */
  readonly lifetimeMs?: number
  /** Called once for each problem with the renewal. */
  readonly log?: (problem: string) => void
}

const LIFETIME_MS = 30_000
/** How many times a lease is renewed in its lifetime. */
const RENEWALS = 6

interface Held {
  readonly term: number
  readonly lost: AbortController
  /**
   * When the lease ends, by this process's own clock. That clock goes on while the process is stopped, so another
   * process may have the lease then.
   */
  until: number
}

/** The leases of one process. */
interface Leasing {
  readonly holder: string
  readonly lifetimeMs: number
  readonly log: (problem: string) => void
  /** `alive`: the connection that holds the session lock. `rows`: the one that reads and writes rows. */
  readonly alive: Line
  readonly rows: Line
  readonly held: Map<string, Held | 'asked for'>
  /** Id of the server process on whose connection the session lock was last taken; `null`: never taken. */
  session: number | null
  /** The last problem with the renewal that was reported; `null`: the last renewal succeeded. */
  problem: string | null
  renewing: Promise<void> | null
}

/**
 * Leases are rows with an end, which their holder moves on. If a holder stops, or is cut off from the database, another
 * process can take its lease after that end. In addition, each process holds one session lock. PostgreSQL drops it at
 * the moment the process dies, and then its leases are free at once.
 */
export function openLeases(url: string, { lifetimeMs = LIFETIME_MS, log = () => {} }: LeasesOptions = {}): Leases {
  const leasing: Leasing = {
    holder: randomUUID(),
    lifetimeMs,
    log,
    alive: openLine(url, 'patchwarden alive'),
    rows: openLine(url, 'patchwarden leases'),
    held: new Map(),
    session: null,
    problem: null,
    renewing: null,
  }
  const timer = setInterval(() => {
    giveUpOverdue(leasing)
    leasing.renewing ??= renew(leasing).finally(() => {
      leasing.renewing = null
    })
  }, lifetimeMs / RENEWALS)
  timer.unref()
  return {
    alone: (name, work) => alone(leasing, name, work),
    end: async () => {
      clearInterval(timer)
      await leasing.renewing
      await Promise.all([leasing.alive.end(), leasing.rows.end()])
    },
  }
}

/**
 * Asks the database. If there is no answer within a third of the lifetime, the connection may be dead: it is replaced,
 * and a sentence is thrown. If the server has ended the connection, the question is asked again on the next one.
 */
async function ask<T extends object>(leasing: Leasing, question: () => PromiseLike<T>, again = 2): Promise<T> {
  const { lifetimeMs } = leasing
  const over = new AbortController()
  const late = sleep(lifetimeMs / 3, 'late' as const, { signal: over.signal }).catch(() => 'late' as const)
  try {
    const first = await Promise.race([question(), late])
    if (first !== 'late') return first
  } catch (error) {
    if (again === 0 || !isLostConnection(error)) throw error
    return await ask(leasing, question, again - 1)
  } finally {
    over.abort()
  }
  reconnect(leasing)
  throw new Error(`The database did not answer within ${lifetimeMs / 3_000} s.`)
}

function reconnect({ alive, rows }: Leasing): void {
  alive.renew()
  rows.renew()
}

/** Takes the session lock, and takes it again if the connection that held it was lost. */
async function stayAlive(leasing: Leasing): Promise<void> {
  const { alive, holder } = leasing
  const [row] = await ask(leasing, () => alive.sql()<{ pid: number }[]>`select pg_backend_pid() as pid`)
  if (row === undefined || row.pid === leasing.session) return
  // A shared lock, because the server may still hold the lock for an earlier connection of this process.
  await ask(leasing, () => alive.sql()`select pg_advisory_lock_shared(hashtextextended(${aliveKey(holder)}, 0))`)
  leasing.session = row.pid
}

async function claim(leasing: Leasing, name: string): Promise<Held | null> {
  const { rows, holder, lifetimeMs } = leasing
  await stayAlive(leasing)
  const asked = performance.now()
  // The session lock of a dead holder can be taken; the lock of a living one cannot.
  const [row] = await ask(
    leasing,
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

async function renew(leasing: Leasing): Promise<void> {
  const { held, rows, holder, lifetimeMs, log } = leasing
  const mine = [...held].flatMap(([name, one]) =>
    one === 'asked for' || one.lost.signal.aborted ? [] : [{ name, one }],
  )
  if (mine.length === 0) return
  try {
    await stayAlive(leasing)
    const asked = performance.now()
    const found = await ask(
      leasing,
      () => rows.sql()<{ name: string; term: number }[]>`
      update leases set expires_at = clock_timestamp() + ${lifetimeMs} * interval '1 millisecond'
      where holder = ${holder} and name in ${rows.sql()(mine.map(({ name }) => name))} returning name, term`,
    )
    const renewed = new Map(found.map(({ name, term }) => [name, term]))
    for (const { name, one } of mine) {
      if (renewed.get(name) === one.term) one.until = asked + lifetimeMs
      else lose(name, one)
    }
    leasing.problem = null
  } catch (error) {
    const sentence = errorText(error)
    if (leasing.problem !== sentence) log(`The leases of this process cannot be renewed: ${sentence}`)
    leasing.problem = sentence
  }
}

function lose(name: string, one: Held): void {
  one.lost.abort(new Error(`Another process may have taken over "${name}"; this one does nothing more of it.`))
}

function giveUpOverdue({ held }: Leasing): void {
  for (const [name, one] of held) if (one !== 'asked for' && performance.now() >= one.until) lose(name, one)
}

async function show(leasing: Leasing, name: string, one: Held): Promise<void> {
  const { rows, holder } = leasing
  if (performance.now() >= one.until) lose(name, one)
  one.lost.signal.throwIfAborted()
  const found = await ask(
    leasing,
    // Also by the database's clock, because the clock of this process stands still while its machine sleeps.
    () => rows.sql()`select 1 from leases
      where name = ${name} and holder = ${holder} and term = ${one.term} and expires_at > clock_timestamp()`,
  )
  if (found.length === 0) lose(name, one)
  one.lost.signal.throwIfAborted()
}

async function alone(leasing: Leasing, name: string, work: (lease: Lease) => Promise<void>): Promise<boolean> {
  const { held } = leasing
  if (held.has(name)) return false
  held.set(name, 'asked for')
  try {
    const one = await claim(leasing, name)
    if (one === null) return false
    held.set(name, one)
    try {
      await work({ name, signal: one.lost.signal, show: () => show(leasing, name, one) })
    } finally {
      await release(leasing, name, one)
    }
    return true
  } finally {
    held.delete(name)
  }
}

/** Gives a lease back. If that fails, the lease ends by itself. */
async function release(leasing: Leasing, name: string, { term }: Held): Promise<void> {
  const { rows, holder, log } = leasing
  await ask(
    leasing,
    () => rows.sql()`delete from leases where name = ${name} and holder = ${holder} and term = ${term}`,
  ).catch((error: unknown) =>
    log(`The lease "${name}" could not be given back and ends by itself: ${errorText(error)}`),
  )
}

function aliveKey(holder: string): string {
  return `patchwarden:alive:${holder}`
}
