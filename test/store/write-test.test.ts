import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { createWriteTest } from '../../src/store/write-test.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

test('a database that takes writes is ok, and nothing is left of the test', async () => {
  const writing = createWriteTest(database().url)
  expect(await Promise.all([writing(), writing()])).toEqual(['ok', 'ok'])
  const tables = await database().sql`select 1 from pg_class where relname like 'patchwarden_write_test%'`
  expect(tables).toHaveLength(0)
})

test('one that is read-only is not, although older connections still write', async () => {
  const { sql, url } = database()
  const name = new URL(url).pathname.slice(1)
  await sql`alter database ${sql(name)} set default_transaction_read_only = on`
  expect(await createWriteTest(url)()).toBe('read-only')
})

test('one that nobody may write to is not', async () => {
  const { sql, url } = database()
  const role = `reader_${new URL(url).pathname.slice(-8)}`
  await sql.unsafe(`create role ${role} login password 'x'; revoke create on schema public from public`)
  const address = new URL(url)
  address.username = role
  address.password = 'x'
  expect(await createWriteTest(address.href)()).toBe('refused')
  await sql.unsafe(`drop role ${role}`)
})

test('one whose tables are not there, or not to be written, is not', async () => {
  const { sql, url } = database()
  await sql`alter table proposals rename to elsewhere`
  expect(await createWriteTest(url)()).toBe('refused')
})

test('one that is gone does not answer, and one that hangs does not within a few seconds', async () => {
  const hanging = createServer(() => undefined)
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', () => resolve()))
  const address = hanging.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const began = Date.now()
  expect(await createWriteTest(`postgres://a:b@127.0.0.1:${port}/c`)()).toBe('no answer')
  expect(Date.now() - began).toBeLessThan(4_500)
  hanging.close()
  expect(await createWriteTest('postgres://a:b@127.0.0.1:1/c')()).toBe('no answer')
})
