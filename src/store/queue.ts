import { setTimeout as sleep } from 'node:timers/promises'
import { PostgresBackend } from '@agendajs/postgres-backend'
import { Agenda, type Job, type NotificationChannel, type NotificationHandler, toJobId } from 'agenda'
import pg from 'pg'
import { z } from 'zod'
import { connectSeconds, DatabaseProblem, databaseTrouble } from '../core/database-problem.ts'
import { errorText } from '../core/error-text.ts'
import { enqueue, enqueueOn, enqueueOnceOn, type JobTransaction, jobChannel } from './enqueue.ts'
import { JobGivenUp, type JobHandler, runJob } from './job-run.ts'
import { type Listening, listenTo } from './listening.ts'
import { pgAddress } from './pg-address.ts'
import { oncePerMinute } from './repeated-error.ts'
import { IDLE_TIMEOUT_MS, LOCK_TIMEOUT_MS } from './transaction.ts'

/** Jobs in PostgreSQL. Any number of processes may run them. Each job runs at least once, and again after a crash. */
export interface Queue {
  /** Sets the handler of a job, before `start`. A failed run is tried again five times, over six minutes. */
  readonly define: (name: string, handler: JobHandler, options?: JobOptions) => void
  /**
   * Repeats a defined job: `30 seconds`, `5 minutes`, or five cron fields in `timezone` (UTC without one). One job for
   * all replicas. An unchanged repetition keeps its next time, so a restart neither postpones nor forgets a run.
   */
  readonly every: (name: string, interval: string, options?: RepeatOptions) => Promise<void>
  readonly start: () => Promise<void>
  /** Adds a job inside the caller's transaction, of drizzle or postgres.js. `at` is ISO 8601. */
  readonly enqueue: (tx: JobTransaction, name: string, data: unknown, at: string) => Promise<void>
  readonly enqueueNow: (name: string, data: unknown, at?: string) => Promise<void>
  /**
   * Adds a job that begins in a second, unless a job of this name is about to begin. If many ask for the same work at
   * once, it is done once, after all of them have asked.
   */
  readonly enqueueOnce: (name: string) => Promise<void>
  /**
   * Ends every repetition except these: those that are not configured any more, and those that an earlier version named
   * differently.
   */
  readonly repeatOnly: (names: readonly string[]) => Promise<void>
  /** Deletes jobs that finished or were given up before an instant (ISO 8601); returns how many. */
  readonly purgeFinished: (olderThan: string) => Promise<number>
  /**
   * Takes no more jobs, aborts the signal of running ones and waits for them, ten seconds at most. Agenda keeps timers
   * alive after this: end the program with `process.exit`.
   */
  readonly close: () => Promise<void>
}

export interface JobOptions {
  /** Runs at the same time in this process. Default: 5. */
  readonly concurrency?: number
  /** How long after a crash another process takes the job over. Default: 30 seconds. */
  readonly lockLifetimeMs?: number
}

export interface RepeatOptions {
  readonly timezone?: string
  /** Wait one interval before the first run. */
  readonly skipImmediate?: boolean
}

export interface QueueOptions {
  /** Direct, or through a pooler in session mode: LISTEN and the search path do not survive transaction pooling. */
  readonly url: string
  /** Name of this process, which the database shows. */
  readonly name: string
  /**
   * Called for failed jobs and lost connections; neither ends the process. The same error comes once a minute at most.
   */
  readonly onError: (error: Error) => void
  /** Called when the connection that tells of new jobs works, or fails. Without it, jobs begin up to `scanMs` later. */
  readonly onConnection?: { readonly up: () => void; readonly down: (why: string) => void }
  /** How often to look for due jobs and expired locks, in addition to being told of new jobs. Default: 5 seconds. */
  readonly scanMs?: number
}

const defaultScanMs = 5000
const defaultLockLifetimeMs = 30_000
const closePatienceMs = 10_000
/** How long `enqueueOnce` waits for others that ask for the same. */
const gatherMs = 1_000
const retryDelaysMs = [1000, 4000, 16_000, 64_000, 256_000]

export async function openQueue(options: QueueOptions): Promise<Queue> {
  const stopping = new AbortController()
  const tell = oncePerMinute(options.onError)
  // If the database server stops because we were the last to use it, nothing is reported.
  const report = (error: unknown): void => {
    if (!stopping.signal.aborted || running.size > 0) tell(error)
  }
  const pool = await openPool(options, report)
  const channel = openChannel(options, report)
  const agenda = new Agenda({
    backend: openBackend(pool, report),
    notificationChannel: channel,
    name: options.name,
    processEvery: options.scanMs ?? defaultScanMs,
    maxConcurrency: 50,
    defaultLockLifetime: defaultLockLifetimeMs,
  })
  agenda.on('error', report)
  agenda.on('fail', (error: unknown, job: unknown, remote?: boolean) => {
    if (remote !== true) report(new Error(`Job ${nameOf(job)}: ${errorText(error)}`, { cause: error }))
  })
  const running = trackRunning(agenda)
  const repeating = new Set<string>()

  return {
    define: (name, handler, { concurrency = 5, lockLifetimeMs = defaultLockLifetimeMs } = {}) => {
      const context = { pool, lockLifetimeMs, stopping: stopping.signal, report }
      agenda.define(name, (job: Job<unknown>) => runJob(job, handler, context), {
        concurrency,
        lockLifetime: lockLifetimeMs,
        backoff: ({ attempt, error }) => {
          if (error instanceof JobGivenUp || repeating.has(name)) return null
          return retryDelaysMs[attempt - 1] ?? null
        },
      })
    },
    every: async (name, interval, { timezone = 'UTC', skipImmediate = false } = {}) => {
      repeating.add(name)
      if (agenda.create(name).repeatEvery(interval, { timezone }).attrs.nextRunAt === null) {
        throw new Error(
          `Job ${name}: ${JSON.stringify(interval)} in ${timezone} is neither an interval nor a cron rule.`,
        )
      }
      const { rowCount } = await pool.query(
        `select 1 from agenda_jobs where type = 'single' and name = $1 and repeat_interval = $2
         and repeat_timezone = $3 and next_run_at is not null`,
        [name, interval, timezone],
      )
      if (rowCount === 0) await agenda.every(interval, name, {}, { timezone, skipImmediate })
    },
    start: () => agenda.start(),
    enqueue,
    enqueueNow: (name, data, at = new Date().toISOString()) => enqueueOn(pool, { name, data, at }),
    enqueueOnce: (name) => enqueueOnceOn(pool, { name, data: {}, at: new Date(Date.now() + gatherMs).toISOString() }),
    repeatOnly: async (names) => {
      await pool.query(`delete from agenda_jobs where type = 'single' and not (name = any($1::text[]))`, [names])
    },
    purgeFinished: async (olderThan) => {
      const { rowCount } = await pool.query(
        `delete from agenda_jobs where type = 'normal' and next_run_at is null and locked_at is null
         and coalesce(last_finished_at, created_at) < $1::timestamptz`,
        [olderThan],
      )
      return rowCount ?? 0
    },
    close: async () => {
      stopping.abort(new Error('Patchwarden is stopping.'))
      // Not `drain`: it leaves jobs locked that it had taken and not begun. `stop` rejects if another process took over
      // a running job.
      await agenda.stop(false).catch(report)
      await channel.disconnect()
      await whenIdle(running)
      await uncount(pool, running).catch(report)
      await pool.end()
    },
  }
}

async function openPool(options: QueueOptions, report: (error: unknown) => void): Promise<pg.Pool> {
  const pool = new pg.Pool({
    connectionString: pgAddress(options.url),
    max: 6,
    connectionTimeoutMillis: connectSeconds * 1000,
    options: `-c search_path=agenda -c lock_timeout=${LOCK_TIMEOUT_MS} -c idle_in_transaction_session_timeout=${IDLE_TIMEOUT_MS}`,
    application_name: `patchwarden jobs ${options.name}`,
  })
  pool.on('error', report)
  // A client in use does not have the pool's listener.
  pool.on('connect', (client) => client.on('error', report))
  try {
    // Agenda's constructor leaves a failed connection unhandled, which would end the process.
    await pool.query('select 1 from agenda_jobs limit 1')
  } catch (error) {
    await pool.end()
    const trouble = databaseTrouble(error, true)
    const why = trouble === null ? errorText(error) : `${trouble.what} ${trouble.fix}`
    throw new DatabaseProblem(`Cannot open the job queue: ${why}`, { cause: error })
  }
  return pool
}

/** Agenda's access to its tables. Two calls are replaced, because they reject where nobody can catch it. */
function openBackend(pool: pg.Pool, report: (error: unknown) => void): PostgresBackend {
  // The tables come from a migration: replicas that create them at the same time collide.
  const backend = new PostgresBackend({ pool, ensureSchema: false, disableNotifications: true })
  const { repository } = backend
  const unlock = repository.unlockJob.bind(repository)
  repository.unlockJob = (job) => unlock(job).catch(report)
  // Agenda would only ask whether the pool connects, which is known already.
  backend.connect = async () => undefined
  return backend
}

const told = z.object({
  jobId: z.string(),
  jobName: z.string(),
  nextRunAt: z.coerce.date().nullable(),
  priority: z.number(),
  timestamp: z.coerce.date(),
})

/**
 * The channel on which this process hears of new jobs. Agenda's own channel keeps a connection of the pool for each
 * failed try to listen, until none is left for anything else.
 */
function openChannel(options: QueueOptions, report: (error: unknown) => void): NotificationChannel {
  const handlers = new Set<NotificationHandler>()
  let listening: Listening | null = null
  let state: NotificationChannel['state'] = 'disconnected'

  async function pass(payload: string): Promise<void> {
    const job = told.parse(JSON.parse(payload))
    for (const handler of handlers) await handler({ ...job, jobId: toJobId(job.jobId) })
  }

  const channel: NotificationChannel = {
    get state() {
      return state
    },
    connect: () =>
      new Promise((tried) => {
        state = 'connecting'
        listening = listenTo({
          url: options.url,
          channel: jobChannel,
          name: `patchwarden jobs ${options.name}`,
          onMessage: (payload) => void pass(payload).catch(report),
          onUp: () => {
            state = 'connected'
            options.onConnection?.up()
            tried()
          },
          onDown: (why) => {
            state = 'reconnecting'
            options.onConnection?.down(why)
            tried()
          },
        })
      }),
    disconnect: async () => {
      state = 'disconnected'
      await listening?.stop()
      handlers.clear()
    },
    subscribe: (handler) => {
      handlers.add(handler)
      return () => {
        handlers.delete(handler)
      }
    },
    // Nothing to do: the statement that adds a job tells of it.
    publish: async () => undefined,
    on: () => channel,
    off: () => channel,
  }
  return channel
}

function trackRunning(agenda: Agenda): ReadonlySet<Job<unknown>> {
  const running = new Set<Job<unknown>>()
  agenda.on('start', (job: Job<unknown>, remote?: boolean) => {
    if (remote !== true) running.add(job)
  })
  agenda.on('complete', (job: Job<unknown>) => {
    running.delete(job)
  })
  return running
}

/**
 * Waits until no job has run for a moment, because a job may be between its lock and its start. Waits `closePatienceMs`
 * at most.
 */
async function whenIdle(running: ReadonlySet<unknown>): Promise<void> {
  const deadline = Date.now() + closePatienceMs
  let idleSince = Date.now()
  while (Date.now() < deadline && Date.now() - idleSince < 100) {
    await sleep(10)
    if (running.size > 0) idleSince = Date.now()
  }
}

/** Takes back the counts of runs that an orderly stop cuts short: they are no crashes. */
async function uncount(pool: pg.Pool, running: ReadonlySet<Job<unknown>>): Promise<void> {
  const ids = [...running].flatMap((job) => job.attrs._id ?? [])
  if (ids.length === 0) return
  await pool.query('update agenda_jobs set starts = greatest(starts - 1, 0) where id = any($1::uuid[])', [ids])
}

function nameOf(job: unknown): string {
  return typeof job === 'object' && job !== null && 'attrs' in job
    ? String((job as Job<unknown>).attrs.name)
    : 'unknown'
}
