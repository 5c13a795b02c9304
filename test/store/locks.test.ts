import { expect, test } from 'vitest'
import { openLocks } from '../../src/store/locks.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

/** Work that goes on until it is told to end. */
function openWork() {
  let begin: () => void = () => undefined
  let end: () => void = () => undefined
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  async function work(): Promise<void> {
    begin()
    await ended
  }
  return { work, begun, end }
}

test('the same work is not done twice at the same time, neither here nor elsewhere, and again when it has ended', async () => {
  const here = openLocks(database().url)
  const elsewhere = openLocks(database().url)
  const { work, begun, end } = openWork()
  const first = here.alone('PW-1', work)
  await begun
  expect(await elsewhere.alone('PW-1', async () => {})).toBe(false)
  expect(await here.alone('PW-1', async () => {})).toBe(false)
  expect(await elsewhere.alone('PW-2', async () => {})).toBe(true)
  end()
  expect(await first).toBe(true)
  expect(await elsewhere.alone('PW-1', async () => {})).toBe(true)
  await Promise.all([here.end(), elsewhere.end()])
})

test('a hundred pieces of long work at the same time take one connection', async () => {
  const locks = openLocks(database().url)
  const { work, end } = openWork()
  const running = Array.from({ length: 100 }, (_, index) => locks.alone(`PW-${index}`, work))
  const held = () =>
    database().sql`select count(*)::int as locks, count(distinct pid)::int as sessions from pg_locks
      where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`
  await expect.poll(held).toEqual([{ locks: 100, sessions: 1 }])
  end()
  expect(await Promise.all(running)).toEqual(Array.from({ length: 100 }, () => true))
  await locks.end()
})

test('work that fails, and a process that dies, leave no lock behind', async () => {
  const dying = openLocks(database().url)
  await expect(dying.alone('PW-1', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await dying.alone('PW-1', async () => {})).toBe(true)
  const { work, begun, end } = openWork()
  const lost = dying.alone('PW-1', work).catch(() => 'lost')
  await begun
  const heir = openLocks(database().url)
  expect(await heir.alone('PW-1', async () => {})).toBe(false)
  await database()
    .sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'patchwarden locks'
    and pid in (select pid from pg_locks where locktype = 'advisory')`
  await expect.poll(() => heir.alone('PW-1', async () => {})).toBe(true)
  end()
  await lost
  await Promise.all([dying.end(), heir.end()])
})
