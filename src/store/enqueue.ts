import { sql } from 'drizzle-orm'
import type pg from 'pg'
import type postgres from 'postgres'
import { storableAsJson } from '../core/storable.ts'
import type { Queryable } from './connection.ts'

/**
 * The channel on which replicas hear of new jobs. It is Agenda's default, written here because its documents name
 * another.
 */
export const jobChannel = 'agenda:jobs'

export interface NewJob {
  readonly name: string
  /** Anything that JSON can hold. Ids of rows are best: the handler then reads the rows as they are. */
  readonly data: unknown
  /** ISO 8601; at or before now means at once. */
  readonly at: string
}

/** The caller's transaction, of drizzle or of postgres.js. */
export type JobTransaction = Queryable | postgres.ISql

/**
 * Adds a job inside the caller's transaction. The job exists, and replicas hear of it, only if the transaction commits.
 */
export async function enqueue(tx: JobTransaction, name: string, data: unknown, at: string): Promise<void> {
  const job = { name, data, at }
  await ('execute' in tx ? tx.execute(insertJob(sql, job)) : insertJob(tx, job))
}

/** Adds a job at once, on the queue's own connection. */
export async function enqueueOn(on: pg.Pool | pg.ClientBase, job: NewJob): Promise<void> {
  const statement = insertJob((strings, ...values) => ({ text: numbered(strings), values }), job)
  await on.query(statement)
}

/**
 * Adds a job, unless a job of this name is due at most 5 s after `job.at`. If several ask at the same time, one job is
 * added.
 */
export async function enqueueOnceOn(pool: pg.Pool, job: NewJob): Promise<void> {
  const client = await pool.connect()
  let problem = true
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock(hashtextextended($1::text, 0))', [`patchwarden:job:${job.name}`])
    const { rowCount } = await client.query(
      `select 1 from agenda.agenda_jobs where name = $1 and next_run_at <= $2::text::timestamptz + interval '5 seconds'`,
      [job.name, job.at],
    )
    if (rowCount === 0) await enqueueOn(client, job)
    await client.query('commit')
    problem = false
  } finally {
    // A connection that is still in a transaction is closed.
    client.release(problem)
  }
}

type Tag<T> = (strings: TemplateStringsArray, ...values: string[]) => T

/**
 * One statement for three drivers. Every value is text with a cast, so that it does not matter how a driver converts.
 */
function insertJob<T>(tag: Tag<T>, job: NewJob): T {
  return tag`
    with added as (
      insert into agenda.agenda_jobs (name, next_run_at, type, priority, data)
      values (${job.name}::text, ${job.at}::text::timestamptz, 'normal', 0, ${storableAsJson(job.data ?? null)}::text::jsonb)
      returning id, name, next_run_at
    )
    select pg_notify(${jobChannel}::text, json_build_object(
      'jobId', id, 'jobName', name, 'nextRunAt', next_run_at, 'priority', 0, 'timestamp', now()
    )::text) from added`
}

function numbered(strings: TemplateStringsArray): string {
  return strings.reduce((text, part, index) => `${text}$${index}${part}`)
}
