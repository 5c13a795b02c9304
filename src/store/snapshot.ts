import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { patience, type Tx } from './connection.ts'

/** Settings of the server that would end a transaction that reads for a long time, or waits for a slow pipe. */
const timeouts = [
  'statement_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
  'idle_session_timeout',
]

/**
 * Reads the database as it is at one moment, however long that takes and whatever others write meanwhile. It has its
 * own connection, so that the pool's time limits do not end it, and the pool keeps all its connections.
 */
export async function readSnapshot<T>(url: string, read: (tx: Tx) => Promise<T>): Promise<T> {
  const client = postgres(url, {
    max: 1,
    // Otherwise the driver would replace the connection after a while.
    max_lifetime: null,
    // The driver does not query types: if the connection ends meanwhile, that query rejects where nobody can catch it.
    fetch_types: false,
    onnotice: () => {},
    ...patience,
    connection: { application_name: 'patchwarden snapshot' },
  })
  try {
    // Older servers do not have all of these settings.
    await client`select set_config(name, '0', false) from pg_settings where name in ${client(timeouts)}`
    const db = drizzle(client)
    return await db.transaction(read, { isolationLevel: 'repeatable read', accessMode: 'read only' })
  } finally {
    await client.end({ timeout: 5 })
  }
}
