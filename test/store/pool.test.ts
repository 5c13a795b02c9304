import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { openPool, type Statements } from '../../src/store/pool.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

/** A server that takes every connection and closes it at once, as a proxy does whose database is gone. */
async function closingServer(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return `postgres://user:password@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/postgres`
}

test('a statement ends in its time where every connection is taken and closed at once', async () => {
  const pool = openPool(await closingServer(), { connect_timeout: 1, backoff: () => 0.1 }, 2)
  const asked = [1, 2, 3].map((n) => pool.unsafe(`select ${n}`))
  for (const answer of asked) await expect(answer).rejects.toMatchObject({ code: 'CONNECTION_DESTROYED' })
  await pool.end(1)
})

test('what is left of a transaction that is over is refused, and runs nowhere else', async () => {
  const pool = openPool(database().url, {}, 1)
  onTestFinished(() => pool.end(1))
  let left: Statements | null = null
  await expect(
    pool.begin(async (sql) => {
      left = sql
      await Promise.all([sql.unsafe('select 1 / 0'), sleep(50)])
    }),
  ).rejects.toThrow(/division by zero/)
  const late: Statements = left ?? pool
  await expect(pool.begin(async () => late.unsafe('create table late ()'))).rejects.toThrow(/its transaction was over/)
  expect(await database().sql`select to_regclass('late') as late`).toEqual([{ late: null }])
})

test('whoever waits for a connection when the pool ends is told so', async () => {
  const pool = openPool(database().url, {}, 1)
  const first = pool.begin(async (sql) => sql.unsafe('select pg_sleep(0.3)'))
  const second = pool.unsafe('select 1')
  const refused = expect(second).rejects.toMatchObject({ code: 'CONNECTION_ENDED' })
  await pool.end(2)
  await refused
  await first.catch(() => undefined)
})

test('a statement that comes often is prepared; one that comes in ever new forms is not', async () => {
  const pool = openPool(database().url, {}, 1)
  onTestFinished(() => pool.end(1))
  for (let n = 0; n < 5; n++) {
    expect(await pool.unsafe('select $1::int + 1 as next', [n])).toMatchObject([{ next: n + 1 }])
    await pool.unsafe(`select $1::int + ${n}`, [n])
  }
  const rows = await pool.unsafe('select statement from pg_prepared_statements')
  expect([...rows]).toEqual([{ statement: 'select $1::int + 1 as next' }])
})

test('what is prepared goes on where a table is another by now', async () => {
  const pool = openPool(database().url, {}, 1)
  onTestFinished(() => pool.end(1))
  await pool.unsafe('create table changing (one int)')
  const insert = () => pool.unsafe('insert into changing (one) values ($1)', [1])
  const read = () => pool.unsafe('select * from changing where one = $1', [1])
  for (let n = 0; n < 5; n++) {
    await insert()
    await read()
  }
  await pool.unsafe('alter table changing add column two text default $$two$$')
  await insert()
  expect((await read()).at(-1)).toEqual({ one: 1, two: 'two' })
  await pool.unsafe('drop table changing')
})
