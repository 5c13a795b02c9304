import { eq, sql } from 'drizzle-orm'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import type { Db, Tx } from '../../src/store/connection.ts'
import { connect } from '../../src/store/database.ts'
import { timers } from '../../src/store/schema.ts'
import { Collision, inTransaction, together } from '../../src/store/transaction.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

const at = '2026-11-28T12:00:00.000Z'

async function countRows(db: Db): Promise<number> {
  return (await db.select().from(timers)).length
}

test('work in a transaction cannot ask for a second connection: it is refused, not waited for', async () => {
  const { db } = database()
  // The type of `given` refuses a pool; a closure could still carry one in.
  const reachesOut = async (tx: Tx) => {
    await tx.insert(timers).values({ proposal: 'PW-1', dueAt: at })
    await countRows(db)
  }
  await expect(inTransaction(db, reachesOut, {})).rejects.toMatchObject({
    cause: { message: expect.stringContaining('asked for a second connection') },
  })
  const opens = (tx: Tx) => tx.execute(sql`select 1`).then(() => db.transaction(async () => {}))
  await expect(inTransaction(db, opens, {})).rejects.toThrow(/asked for a second connection/)
  const raw = (tx: Tx) => tx.execute(sql`select 1`).then(() => database().sql`select 1`)
  await expect(inTransaction(db, raw, {})).rejects.toThrow(/asked for a second connection/)
  expect(await countRows(db)).toBe(0)
})

test('a pool is nothing that work in a transaction may be given', () => {
  const { db } = database()
  const work = async (_tx: Tx, _given: { readonly db: Db }) => {}
  // @ts-expect-error: the type of what is given has no place for a pool
  const wrong = () => inTransaction(db, work, { db })
  expect(wrong).toBeTypeOf('function')
})

test('nor are parts with a pool among them', () => {
  const { db } = database()
  const work = async (_tx: Tx, _given: { readonly parts: { readonly db: Db } }) => {}
  // @ts-expect-error: the type of what is given has no place for such parts
  const wrong = () => inTransaction(db, work, { parts: { db } })
  expect(wrong).toBeTypeOf('function')
})

test('two transactions that wait for each other both end: one is done again', async () => {
  const { db } = database()
  await db.insert(timers).values([
    { proposal: 'PW-1', dueAt: at },
    { proposal: 'PW-2', dueAt: at },
  ])
  let first = 0
  const both = async (tx: Tx, { order }: { readonly order: readonly string[] }) => {
    for (const proposal of order) {
      await tx.update(timers).set({ dueAt: at }).where(eq(timers.proposal, proposal))
      // Each has its first row before either asks for its second.
      first++
      while (first < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  await Promise.all([
    inTransaction(db, both, { order: ['PW-1', 'PW-2'] }),
    inTransaction(db, both, { order: ['PW-2', 'PW-1'] }),
  ])
  expect(first).toBeGreaterThan(4)
})

test('a connection that is ended in the middle loses nothing: the work is done again on the next one', async () => {
  const { db } = database()
  const other = postgres(database().url, { max: 1 })
  let runs = 0
  const work = async (tx: Tx) => {
    runs++
    await tx.insert(timers).values({ proposal: 'PW-1', dueAt: at })
    const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)
    if (runs === 1) await other`select pg_terminate_backend(${row?.pid ?? 0})`
    await tx.execute(sql`select 1`)
  }
  await inTransaction(db, work, {})
  await other.end()
  expect(runs).toBe(2)
  expect(await countRows(db)).toBe(1)
})

test('a lock that nobody gives up is waited for so long and no longer, and that is said', async () => {
  const clients = connect(database().url, 5)
  const { db } = clients
  await db.insert(timers).values({ proposal: 'PW-1', dueAt: at })
  let release: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let taken: () => void = () => undefined
  const isTaken = new Promise<void>((resolve) => {
    taken = resolve
  })
  const hold = async (tx: Tx) => {
    await tx.update(timers).set({ dueAt: at })
    taken()
    await held
  }
  const holding = inTransaction(db, hold, {})
  await isTaken
  const hurried = async (tx: Tx) => {
    await tx.execute(sql`set local lock_timeout = '50ms'`)
    await tx.update(timers).set({ dueAt: at })
  }
  await expect(inTransaction(db, hurried, {})).rejects.toThrow(
    /^The database was too busy: somebody else held the same rows for 30 s\. Nothing was done; try again\.$/,
  )
  release()
  await holding
  await clients.end()
})

test('the pools end what waits for a lock or stands idle in a transaction', async () => {
  const { db } = database()
  const settings = await db.execute(sql`select name, setting from pg_settings
    where name in ('lock_timeout', 'idle_in_transaction_session_timeout') order by name`)
  expect([...settings]).toEqual([
    { name: 'idle_in_transaction_session_timeout', setting: '60000' },
    { name: 'lock_timeout', setting: '30000' },
  ])
})

test('of statements that are sent together the failure is told that made the others fail, whichever comes first', async () => {
  const { db } = database()
  await db.insert(timers).values({ proposal: 'PW-1', dueAt: at })
  let runs = 0
  const work = async (tx: Tx, { again }: { readonly again: string }) => {
    runs++
    const taken = tx
      .insert(timers)
      .values({ proposal: runs === 1 ? 'PW-1' : again, dueAt: at })
      .then(
        () => undefined,
        async () => {
          // Others hear of it before this one does.
          await new Promise((resolve) => setTimeout(resolve, 20))
          throw new Collision('PW-1 is there already.')
        },
      )
    return together(taken, tx.execute(sql`select 1`), countRowsIn(tx))
  }
  const [, , count] = await inTransaction(db, work, { again: 'PW-2' })
  expect({ runs, count }).toEqual({ runs: 2, count: 2 })
})

async function countRowsIn(tx: Tx): Promise<number> {
  return (await tx.select().from(timers)).length
}
