import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { patience, type Tx } from './connection.ts'

/** Settings of the server that would end a transaction which reads for long, or waits for a slow pipe. */
const timeouts = [
  'statement_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
  'idle_session_timeout',
]

/**
 * Reads the database as it is at one moment, however long that takes and whatever others write meanwhile. On a connection
 * of its own, so that neither the pool's time limits end it nor does it keep a connection from others.
 */
export async function readSnapshot<T>(url: string, read: (tx: Tx) => Promise<T>): Promise<T> {
  const client = postgres(url, {
    max: 1,
    // The driver would replace the connection after a while.
    max_lifetime: null,
    // The driver's own look at types rejects where nobody can catch it, should the connection end meanwhile.
    fetch_types: false,
    onnotice: () => {},
    ...patience,
    connection: { application_name: 'patchwarden snapshot' },
  })
  try {
    // Older servers know fewer of them.
    await client`select set_config(name, '0', false) from pg_settings where name in ${client(timeouts)}`
    const db = drizzle(client)
    return await db.transaction(read, { isolationLevel: 'repeatable read', accessMode: 'read only' })
  } finally {
    await client.end({ timeout: 5 })
  }
}
