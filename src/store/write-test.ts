import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pgAddress } from './pg-address.ts'

/** Whether something can be written to the database at this moment. */
export type Writing = 'ok' | 'read-only' | 'no space' | 'refused' | 'no answer'

const patienceMs = 3_000
/** How long an answer is used again. Anybody may ask without signing in, and each test is a connection. */
const holdsMs = 1_000

/** Statements that change nothing. They fail if the role may not do what commands do, or if tables are missing. */
const commands = `
  insert into audit.entries select * from audit.entries where false;
  update proposals set seq = seq where false;
  insert into outbox select * from outbox where false;
  update timers set due_at = due_at where false;
  update leases set term = term where false`

/**
 * Tests writing, with a commit. It creates a table of one row and drops it again, so that the write needs new room on
 * the disk and leaves nothing. It has its own connection, because an older one does not know that a database was made
 * read-only since. Answers within about three seconds whatever the database does; never rejects. Callers that ask at
 * the same time share one test.
 */
export function createWriteTest(url: string): () => Promise<Writing> {
  let current: Promise<Writing> | null = null
  return () => {
    current ??= testOnce(url).finally(() => {
      setTimeout(() => {
        current = null
      }, holdsMs).unref()
    })
    return current
  }
}

async function testOnce(url: string): Promise<Writing> {
  const socket = new Socket()
  try {
    return await Promise.race([write(url, socket), sleep(patienceMs, 'no answer' as const, { ref: false })])
  } finally {
    socket.destroy()
  }
}

async function write(url: string, socket: Socket): Promise<Writing> {
  const client = new pg.Client({
    connectionString: pgAddress(url),
    application_name: 'patchwarden write test',
    stream: () => socket,
    statement_timeout: patienceMs,
  })
  client.on('error', () => undefined)
  const table = `patchwarden_write_test_${randomBytes(8).toString('hex')}`
  try {
    await client.connect()
    await client.query(
      `create table ${table} (n integer); insert into ${table} values (1); drop table ${table}; ${commands}`,
    )
    await client.end()
    return 'ok'
  } catch (error) {
    return meaning(error)
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function meaning(error: unknown): Writing {
  const code = error instanceof pg.DatabaseError ? (error.code ?? '') : ''
  if (code === '25006') return 'read-only'
  if (code === '53100' || code === '58030') return 'no space'
  // 57: the server stops or starts, or took too long.
  return code === '' || code.startsWith('57') ? 'no answer' : 'refused'
}
