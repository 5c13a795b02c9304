import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { connect } from '../../src/store/database.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

/** Two rows or none: with a pause between, so that the connection also ends while no statement is under way. */
test('a transaction whose connection ends is whole or nothing, hangs nobody, and harms no other', async () => {
  const uncaught: unknown[] = []
  const note = (reason: unknown) => uncaught.push(reason)
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  const { db, end } = connect(database().url, 4)
  await db.execute(sql`create table pairs (id integer, half text)`)
  const committed: number[] = []
  let waiting = 0
  let id = 0
  const stop = new AbortController()

  async function pair(mine: number): Promise<void> {
    await db.transaction(async (tx) => {
      await tx.execute(sql`insert into pairs values (${mine}, 'first')`)
      await sleep(Math.random() * 6)
      await tx.execute(sql`insert into pairs values (${mine}, 'second')`)
    })
    committed.push(mine)
  }

  async function work(): Promise<void> {
    while (!stop.signal.aborted) {
      id += 1
      waiting += 1
      await pair(id).catch(() => undefined)
      waiting -= 1
    }
  }
  const workers = Array.from({ length: 8 }, () => work())
  const until = Date.now() + 5_000
  while (Date.now() < until) {
    await database().sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'patchwarden' and datname = current_database() and pid <> pg_backend_pid()
        and query not like '%pg_terminate%'`
    await sleep(10)
  }
  stop.abort()
  await expect.poll(() => waiting, { timeout: 20_000 }).toBe(0)
  await Promise.all(workers)
  await pair(0)
  const rows = await db.execute<{ id: number; n: number }>(
    sql`select id, count(*)::integer as n from pairs group by id`,
  )
  const halves = rows.filter(({ n }) => n !== 2).map((row) => row.id)
  expect(halves).toEqual([])
  const whole = new Set(rows.map((row) => row.id))
  expect(committed.filter((mine) => !whole.has(mine))).toEqual([])
  expect(committed.length).toBeGreaterThan(0)
  await end()
  process.off('unhandledRejection', note)
  process.off('uncaughtException', note)
  expect(uncaught).toEqual([])
}, 60_000)
