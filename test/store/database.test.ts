import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { sql as text } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { DatabaseProblem, databaseSentence } from '../../src/core/database-problem.ts'
import { connect, type Database, openDatabase } from '../../src/store/database.ts'
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

async function sentenceOf(url: string): Promise<string> {
  const opened = await open(url).catch((error: unknown) => error)
  if (opened instanceof DatabaseProblem) return opened.message
  throw opened instanceof Error ? opened : new Error('It was opened.')
}

/** A server that is no PostgreSQL, on a port of its own. */
async function withServer(answer: (socket: Socket) => void, work: (port: number) => Promise<void>): Promise<void> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    answer(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  try {
    await work(typeof address === 'object' && address !== null ? address.port : 0)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

describe('an address that does not work is one sentence, without the password', () => {
  test.each([
    [
      'postgres://me:secret@127.0.0.1:1/app',
      /^Cannot use the database at 127\.0\.0\.1:1\/app\. It does not answer: connection refused\. Try again in a moment, start it, or check host and port\. The address is in DATABASE_URL\.$/,
    ],
    ['postgres://me:secret@no.such.host.invalid/app', /Its host name cannot be resolved\. Check the host\./],
    ['127.0.0.1/app:secret', /^DATABASE_URL is not an address of the form postgres:/],
    ['mysql://me:secret@127.0.0.1/app', /^DATABASE_URL is not an address of the form postgres:/],
  ])('%s', async (url, sentence) => {
    const message = await sentenceOf(url)
    expect(message).toMatch(sentence)
    expect(message).not.toMatch(/secret|\n/)
  })

  test.each([
    ['never answers', () => {}, /It did not answer within 10 seconds\./],
    [
      'takes the connection and closes it',
      (socket: Socket) => void socket.end(),
      /It does not answer: no answer in time\./,
    ],
    [
      'speaks something else',
      (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /It does not answer/,
    ],
  ])('a server that %s', { timeout: 40_000 }, async (_, answer, sentence) => {
    await withServer(answer, async (port) => {
      expect(await sentenceOf(`postgres://me:secret@127.0.0.1:${port}/app`)).toMatch(sentence)
    })
  })

  test.each([
    [
      'wrong password',
      (url: URL) => void Object.assign(url, { password: 'secret' }),
      /It refuses the user or the password \(password authentication failed/,
    ],
    [
      'unknown user',
      (url: URL) => void Object.assign(url, { username: 'nobody-here' }),
      /It refuses the user or the password/,
    ],
    [
      'unknown database',
      (url: URL) => void Object.assign(url, { pathname: '/none' }),
      /It has no such database \(database "none" does not exist\)\. Create it, or check the name\./,
    ],
    [
      'TLS that the server does not have',
      (url: URL) => url.searchParams.set('sslmode', 'require'),
      /It has no TLS, .* and sslmode wants TLS\. Switch TLS on there/,
    ],
    [
      'a setting that the server does not know',
      (url: URL) => url.searchParams.set('schema', 'public'),
      /It does not know a part of the address after the "\?" \(unrecognized configuration parameter "schema"\)\. Leave that part out\./,
    ],
  ])('%s', async (_, change, sentence) => {
    const url = new URL(database().url)
    change(url)
    const message = await sentenceOf(url.href)
    expect(message).toMatch(sentence)
    expect(message).not.toMatch(/secret|\n/)
  })
})

describe('a database that cannot be used is one sentence', () => {
  const name = () => new URL(database().url).pathname.slice(1)
  const asUser = async (change: string, sentence: RegExp) => {
    const role = `limited_${name()}`
    await database().sql.unsafe(`create role ${role} login password 'secret' ${change}`)
    const url = new URL(database().url)
    url.username = role
    url.password = 'secret'
    try {
      expect(await sentenceOf(url.href)).toMatch(sentence)
    } finally {
      await database().sql.unsafe(`drop role ${role}`)
    }
  }

  test('too many connections', () =>
    asUser('connection limit 0', /It takes no more connections \(too many connections for role/))

  test('rights that are missing', () =>
    asUser('', /The user may not do there what Patchwarden needs \(permission denied/))

  test('read-only', async () => {
    await database().sql.unsafe(`alter database ${name()} set default_transaction_read_only = on`)
    expect(await sentenceOf(database().url)).toMatch(
      /takes no writes: default_transaction_read_only is on\. Name the primary/,
    )
  })

  test('migrated by a newer version', async () => {
    await database().sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 99999999999999)`
    expect(await sentenceOf(database().url)).toMatch(/migrated by a newer Patchwarden\. Update this one/)
  })

  test('migrations that were edited', async () => {
    await database().sql`update drizzle.__drizzle_migrations set hash = 'edited'`
    expect(await sentenceOf(database().url)).toMatch(/was changed after this database applied it\. Restore the file/)
  })

  test('while it runs, a failed query is a sentence, and a fault of the program is none', async () => {
    const { sql, db } = database()
    await sql.unsafe(`alter database ${name()} set default_transaction_read_only = on`)
    const opened = connect(database().url, 1)
    const failed = await opened.db.execute(text`create table later (a int)`).catch((error: unknown) => error)
    expect(databaseSentence(failed)).toMatch(/^The database cannot be used just now\. It takes no writes/)
    const fault = await db.execute(text`select no_such_column`).catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(Error)
    expect(databaseSentence(fault)).toBeNull()
    const lost = await db.execute(text`select * from no_such_table`).catch((error: unknown) => error)
    expect(databaseSentence(lost)).toMatch(
      /^The database cannot be used just now\. A table of Patchwarden is missing there \(/,
    )
    await opened.end()
  })
})
