import { sql as text } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

function open(url: string): Promise<Database> {
  return openDatabase({ url, dataDir: '/nowhere', durable: false, log: () => {} })
}

test('a given address is used and migrated; no server of our own is started', async () => {
  await database().sql`drop schema if exists agenda, drizzle, audit, public cascade`
  await database().sql`create schema public`
  const opened = await open(database().url)
  expect(opened.embedded).toBeNull()
  expect(await opened.sql`select count(*)::int as jobs from agenda.agenda_jobs`).toEqual([{ jobs: 0 }])
  await opened.close()
})

test('raw queries keep dates and json beside drizzle', async () => {
  const opened = await open(database().url)
  const at = new Date('2026-11-20T12:00:00Z')
  const [row] = await opened.sql`select ${at}::timestamptz as at, ${opened.sql.json({ a: 1 })}::jsonb as data`
  expect(row).toEqual({ at, data: { a: 1 } })
  expect(await opened.db.execute(text`select 1 as one`)).toEqual([{ one: 1 }])
  await opened.close()
})

describe('an address that does not work is one sentence, without the password', () => {
  test.each([
    [
      'postgres://me:secret@127.0.0.1:1/app',
      /^Cannot use the database at 127\.0\.0\.1:1\/app: .*ECONNREFUSED.* Check DATABASE_URL\.$/,
    ],
    ['127.0.0.1/app:secret', /^DATABASE_URL is not an address of the form postgres:/],
    ['mysql://me:secret@127.0.0.1/app', /^DATABASE_URL is not an address of the form postgres:/],
  ])('%s', async (url, sentence) => {
    const message = await open(url).then(
      () => 'opened',
      (error: Error) => error.message,
    )
    expect(message).toMatch(sentence)
    expect(message).not.toContain('secret')
  })

  test('a database that is not there', async () => {
    await expect(open(`${database().url}_missing`)).rejects.toThrow(
      /database "test_\w+_missing" does not exist\. Check/,
    )
  })
})
