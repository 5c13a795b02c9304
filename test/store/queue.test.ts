import { setTimeout as sleep } from 'node:timers/promises'
import { drizzle } from 'drizzle-orm/postgres-js'
import { DateTime } from 'luxon'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openQueue, type Queue } from '../../src/store/queue.ts'
import { type Child, startChild } from '../support/child.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

let queues: Queue[]
let children: Child[]
let errors: string[]

beforeEach(() => {
  queues = []
  children = []
  errors = []
})

afterEach(async () => {
  for (const child of children) await child.kill()
  await Promise.all(queues.map((queue) => queue.close()))
})

async function replica(name = 'replica'): Promise<Queue> {
  const onError = ({ message }: Error): void => void errors.push(message)
  const queue = await openQueue({ url: database().url, name, onError, scanMs: 400 })
  queues.push(queue)
  return queue
}

/** @param lockMs how long a job is its worker's without a sign of life */
async function worker(name: string, lockMs = 400): Promise<Child> {
  const child = startChild('test/store/children/worker.ts', [database().url, name, String(lockMs)])
  children.push(child)
  expect(await child.line()).toBe('ready')
  return child
}

const now = (): string => new Date().toISOString()

/** The data of each run, in order, of a queue that records the job `note`. */
async function notes(options: { readonly lockLifetimeMs?: number } = {}): Promise<{ queue: Queue; seen: unknown[] }> {
  const seen: unknown[] = []
  const queue = await replica()
  queue.define('note', async (data) => void seen.push(data), options)
  return { queue, seen }
}

async function jobs(): Promise<readonly postgres.Row[]> {
  return database().sql`select * from agenda.agenda_jobs order by created_at`
}

describe('adding a job', () => {
  test('in a transaction that commits runs it once, within the second', async () => {
    const { queue, seen } = await notes()
    await queue.start()
    await database().sql.begin((tx) => queue.enqueue(tx, 'note', { said: 'it\'s "here"' }, now()))
    await expect.poll(() => seen, { timeout: 1000 }).toEqual([{ said: 'it\'s "here"' }])
  })

  test('in a drizzle transaction works the same', async () => {
    const { queue, seen } = await notes()
    await queue.start()
    await database().db.transaction((tx) => queue.enqueue(tx, 'note', { n: 1 }, now()))
    await expect.poll(() => seen, { timeout: 1000 }).toEqual([{ n: 1 }])
  })

  test('works on a postgres.js client that drizzle has taken over', async () => {
    const { queue, seen } = await notes()
    await queue.start()
    const sql = postgres(database().url, { max: 1 })
    drizzle(sql)
    await sql.begin((tx) => queue.enqueue(tx, 'note', { n: 1 }, now()))
    await sql.end()
    await expect.poll(() => seen, { timeout: 1000 }).toEqual([{ n: 1 }])
  })

  test('in a transaction that rolls back never runs it', async () => {
    const { queue, seen } = await notes()
    await queue.start()
    const failing = database().sql.begin(async (tx) => {
      await queue.enqueue(tx, 'note', { n: 1 }, now())
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    await queue.enqueueNow('note', { n: 2 })
    await expect.poll(() => seen, { timeout: 1000 }).toEqual([{ n: 2 }])
    expect(await jobs()).toHaveLength(1)
  })

  test('for later runs it then, not before', async () => {
    const { queue } = await notes()
    const ran: number[] = []
    queue.define('later', async () => void ran.push(Date.now()))
    await queue.start()
    const due = Date.now() + 700
    await queue.enqueueNow('later', {}, new Date(due).toISOString())
    await expect.poll(() => ran, { timeout: 3000 }).toHaveLength(1)
    expect(ran[0]).toBeGreaterThanOrEqual(due)
  })
})

describe('a job that is asked for once', () => {
  test('runs once for all who ask before it begins, and again for whoever asks after that', async () => {
    const begun: string[] = []
    let end = (): void => {}
    const queue = await replica()
    queue.define('all', async () => {
      begun.push('all')
      await new Promise<void>((resolve) => {
        end = resolve
      })
    })
    await queue.start()
    await Promise.all([1, 2, 3, 4].map(() => queue.enqueueOnce('all')))
    await expect.poll(() => begun, { timeout: 8000 }).toHaveLength(1)
    // What it was asked for now it may have passed already.
    await Promise.all([1, 2, 3, 4].map(() => queue.enqueueOnce('all')))
    end()
    await expect.poll(() => begun, { timeout: 8000 }).toHaveLength(2)
    end()
    await expect.poll(async () => (await jobs()).filter((job) => job.locked_at !== null)).toEqual([])
    expect(await jobs()).toHaveLength(2)
  })

  test('does not wait for one that failed and is tried again later', async () => {
    const { queue, seen } = await notes()
    await database().sql`insert into agenda.agenda_jobs (name, type, next_run_at, fail_count)
      values ('note', 'normal', now() + interval '1 hour', 1)`
    await queue.start()
    await queue.enqueueOnce('note')
    await expect.poll(() => seen, { timeout: 8000 }).toEqual([{}])
  })
})

describe('two processes', () => {
  test('share the jobs and run none of them twice', async () => {
    const { sql } = database()
    await sql`create table runs (n int, worker text)`
    // Long: a busy machine that stands still for a moment must not look like a dead worker.
    await Promise.all([worker('a', 10_000), worker('b', 10_000)])
    const { queue } = await notes()
    for (let n = 0; n < 60; n++) await queue.enqueueNow('record', { n })
    await expect.poll(async () => (await sql`select 1 from runs`).length, { timeout: 8000 }).toBe(60)
    const open = async () => (await jobs()).filter((job) => job.locked_at !== null || job.next_run_at !== null)
    await expect.poll(open, { timeout: 8000 }).toEqual([])
    const [result] = await sql`select count(*)::int as runs, count(distinct n)::int as jobs from runs`
    expect(result).toEqual({ runs: 60, jobs: 60 })
  })

  test('the second runs the job during which the first was killed', async () => {
    const { sql } = database()
    await sql`create table runs (n int, worker text)`
    const first = await worker('first')
    const { queue } = await notes()
    await queue.enqueueNow('record', { n: 1, die: true })
    await expect(first.line()).rejects.toThrow('ended')
    expect(await jobs()).toMatchObject([{ starts: 1 }])
    await sql`update agenda.agenda_jobs set data = '{"n": 1}'`
    const expired = () => sql`select 1 from agenda.agenda_jobs where locked_at < now() - interval '400 milliseconds'`
    await expect.poll(async () => (await expired()).length).toBe(1)
    await worker('second')
    await expect.poll(() => sql`select worker from runs`).toEqual([{ worker: 'first' }, { worker: 'second' }])
    await expect.poll(jobs).toMatchObject([{ starts: 0, locked_at: null }])
  })
})

describe('a run', () => {
  test('longer than the lock is not begun again: the lock is renewed', async () => {
    let runs = 0
    let end = () => {}
    const long = new Promise<void>((resolve) => {
      end = resolve
    })
    const slow = async (data: unknown): Promise<void> => {
      if (data !== 'slow') return
      runs++
      await long
    }
    for (const name of ['a', 'b']) {
      const queue = await replica(name)
      queue.define('slow', slow, { lockLifetimeMs: 300 })
      await queue.start()
    }
    const [queue] = queues
    await queue?.enqueueNow('slow', 'slow')
    const locked = async (): Promise<number | undefined> =>
      (await jobs()).find(({ data }) => data === 'slow')?.locked_at?.getTime()
    await expect.poll(locked).toBeDefined()
    const begun = (await locked()) ?? 0
    // Each new job makes both replicas look for jobs, expired locks included: for three lifetimes of this one.
    const nudged = async () => {
      await queue?.enqueueNow('slow', 'nudge')
      return ((await locked()) ?? 0) - begun
    }
    await expect.poll(nudged, { interval: 50, timeout: 8000 }).toBeGreaterThan(3 * 300)
    end()
    expect(runs).toBe(1)
  })

  test('that lost its job to another process is told, and writes nothing over it', async () => {
    const { sql } = database()
    const queue = await replica()
    let told: unknown = null
    queue.define(
      'lost',
      async (_, { signal, touch }) => {
        await sql`update agenda.agenda_jobs set locked_at = '2100-01-01', last_modified_by = 'the other'`
        await touch()
        told = signal.reason
      },
      { lockLifetimeMs: 10_000 },
    )
    await queue.start()
    await queue.enqueueNow('lost', {})
    await expect.poll(() => told).toEqual(new Error('Another process took over the job lost.'))
    queues = []
    await queue.close() // waits for all that the run would write
    expect(await jobs()).toMatchObject([{ locked_at: new Date('2100-01-01'), last_modified_by: 'the other' }])
  })

  test('that fails is reported and tried again', async () => {
    const queue = await replica()
    let tries = 0
    queue.define('flaky', async () => {
      tries++
      if (tries === 1) throw new Error('no route to host')
    })
    await queue.start()
    await queue.enqueueNow('flaky', {})
    await expect.poll(() => tries, { timeout: 8000 }).toBe(2)
    expect(errors).toEqual(['Job flaky: no route to host'])
    await expect.poll(async () => (await jobs())[0]).toMatchObject({ next_run_at: null, starts: 0 })
  })

  test('is given up after three that ended with their process', async () => {
    const { queue, seen } = await notes({ lockLifetimeMs: 1000 })
    await queue.enqueueNow('note', { n: 1 })
    await database().sql`update agenda.agenda_jobs
      set starts = 3, next_run_at = null, locked_at = now() - interval '1 minute'`
    await queue.start()
    await expect
      .poll(() => errors)
      .toEqual([
        'Job note: The job note ({"n":1}) began 3 times and each time its process ended before it did. It is given up.',
      ])
    expect(seen).toEqual([])
    await expect.poll(async () => (await jobs())[0]).toMatchObject({ next_run_at: null, locked_at: null })
  })

  test('hears that the queue closes, and is waited for', async () => {
    const queue = await replica()
    const story: string[] = []
    queue.define('long', async (_, { signal }) => {
      story.push('began')
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await sleep(50) // a close that did not wait would be over by then
      story.push('ended')
    })
    await queue.start()
    await queue.enqueueNow('long', {})
    await expect.poll(() => story).toEqual(['began'])
    queues = []
    await queue.close()
    expect(story).toEqual(['began', 'ended'])
    expect(await jobs()).toMatchObject([{ locked_at: null, starts: 0 }])
  })
})

describe('lost connections', () => {
  test('are survived: jobs are heard of again within seconds', async () => {
    const { queue, seen } = await notes()
    await queue.start()
    await database().sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name like 'patchwarden jobs%' and datname = current_database()`
    await expect.poll(() => errors.join()).toMatch(/terminat/)
    const listening = async (): Promise<number> =>
      (
        await database()
          .sql`select 1 from pg_stat_activity where query ilike 'listen%' and datname = current_database()`
      ).length
    await expect.poll(listening, { timeout: 4000 }).toBe(1)
    await queue.enqueueNow('note', { n: 1 })
    await expect.poll(() => seen, { timeout: 1000 }).toEqual([{ n: 1 }])
  })

  test('every ten milliseconds for seconds lose no job and end nothing', async () => {
    const uncaught: unknown[] = []
    const note = (reason: unknown) => uncaught.push(reason)
    process.on('unhandledRejection', note)
    process.on('uncaughtException', note)
    const { queue, seen } = await notes({ lockLifetimeMs: 2_000 })
    await queue.start()
    const until = Date.now() + 3_000
    for (let n = 0; Date.now() < until; n++) {
      await database().sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name like 'patchwarden jobs%' and datname = current_database()`
      if (n % 20 === 0) await queue.enqueue(database().sql, 'note', { n }, new Date().toISOString())
      await sleep(10)
    }
    const rows = await database().sql`select data from agenda.agenda_jobs where name = 'note'`
    const added = rows.map(({ data }) => data)
    expect(added.length).toBeGreaterThan(2)
    // One that was locked when its connection went is free again after its lock's lifetime.
    await expect.poll(() => seen, { timeout: 60_000 }).toEqual(expect.arrayContaining(added))
    const before = Date.now()
    await queue.enqueueNow('note', { last: true })
    await expect.poll(() => seen, { timeout: 2_000, interval: 20 }).toContainEqual({ last: true })
    expect(Date.now() - before).toBeLessThan(1_500)
    process.off('unhandledRejection', note)
    process.off('uncaughtException', note)
    expect(uncaught).toEqual([])
  }, 90_000)

  test('at the start are one sentence', async () => {
    const url = new URL(database().url)
    url.port = '1'
    await expect(openQueue({ url: url.href, name: 'x', onError: () => {} })).rejects.toThrow(
      /^Cannot open the job queue: .*connection refused/,
    )
  })
})

describe('a repetition', () => {
  test('ends when it is not among those that there are to be, and no other job does', async () => {
    const { queue } = await notes()
    queue.define('other', async () => {})
    for (const name of ['note', 'other']) await queue.every(name, '1 day', { skipImmediate: true })
    await queue.enqueueNow('other', {}, new Date(Date.now() + 86_400_000).toISOString())
    await queue.repeatOnly(['note'])
    expect((await jobs()).map(({ name, type }) => `${name} ${type}`).sort()).toEqual(['note single', 'other normal'])
  })

  test('runs at once, and again after its interval', async () => {
    const { queue, seen } = await notes()
    await queue.start()
    await queue.every('note', '1 second')
    await expect.poll(() => seen.length, { timeout: 8000 }).toBeGreaterThanOrEqual(2)
  })

  test('follows its time zone', async () => {
    const queue = await replica()
    await queue.every('nightly', '0 3 * * *', { timezone: 'Australia/Sydney' })
    const [job] = await jobs()
    expect(DateTime.fromJSDate(job?.next_run_at, { zone: 'Australia/Sydney' }).hour).toBe(3)
  })

  test('is one job for all replicas, and a restart does not move its next run', async () => {
    await (await replica('a')).every('daily', '1 day', { skipImmediate: true })
    const before = await jobs()
    await sleep(5) // a run that is counted from the restart would be later
    await (await replica('b')).every('daily', '1 day', { skipImmediate: true })
    expect(await jobs()).toEqual(before)
    expect(before).toHaveLength(1)
  })

  test('that nobody can read is refused', async () => {
    const queue = await replica()
    await expect(queue.every('odd', 'now and then')).rejects.toThrow(
      'Job odd: "now and then" in UTC is neither an interval nor a cron rule.',
    )
    expect(await jobs()).toEqual([])
  })
})

test('purging deletes what finished before an instant and leaves the rest', async () => {
  const { queue, seen } = await notes()
  await queue.start()
  await queue.enqueueNow('note', { n: 1 })
  await queue.enqueueNow('note', { n: 2 }, '2100-01-01T00:00:00Z')
  await expect.poll(() => seen).toHaveLength(1)
  await expect.poll(async () => (await jobs())[0]).toMatchObject({ locked_at: null })
  expect(await queue.purgeFinished('2000-01-01T00:00:00Z')).toBe(0)
  expect(await queue.purgeFinished('2100-01-01T00:00:00Z')).toBe(1)
  expect(await jobs()).toMatchObject([{ data: { n: 2 } }])
})
