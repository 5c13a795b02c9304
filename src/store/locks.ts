import postgres from 'postgres'
import { patience } from './connection.ts'

export interface Locks {
  /** Runs `work` while nobody else, here or in another process, runs work of this name; false at once if somebody does. */
  readonly alone: (name: string, work: () => Promise<void>) => Promise<boolean>
  readonly end: () => Promise<void>
}

/**
 * PostgreSQL's session locks, all on one connection of their own: work may take hours, and a connection each would soon
 * leave none for anything else. They end with this process, however that ends, so another may take over at once.
 */
export function openLocks(url: string): Locks {
  const sql = postgres(url, {
    max: 1,
    // The driver would replace the connection after a while, and the locks with it.
    max_lifetime: null,
    ...patience,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'patchwarden locks' },
  })
  const held = new Set<string>()

  async function alone(name: string, work: () => Promise<void>): Promise<boolean> {
    if (held.has(name)) return false // a session gets its own lock again
    held.add(name)
    try {
      const key = `patchwarden:${name}`
      const [row] = await sql<{ locked: boolean }[]>`select pg_try_advisory_lock(hashtextextended(${key}, 0)) as locked`
      if (!row?.locked) return false
      try {
        await work()
      } finally {
        await sql`select pg_advisory_unlock(hashtextextended(${key}, 0))`
      }
      return true
    } finally {
      held.delete(name)
    }
  }

  return { alone, end: () => sql.end({ timeout: 5 }) }
}
