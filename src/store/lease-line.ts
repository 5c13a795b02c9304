import postgres from 'postgres'
import { patience } from './connection.ts'

export interface Line {
  readonly sql: () => postgres.Sql
  readonly renew: () => void
  readonly end: () => Promise<void>
}

/** One connection. The driver's client is replaced as soon as its connection was closed. See store/pool.ts. */
export function openLine(url: string, name: string): Line {
  let current = open()
  let ended = false

  function open(): postgres.Sql {
    const sql: postgres.Sql = postgres(url, {
      max: 1,
      // Otherwise the driver would replace the connection after a while, and a session lock would be lost.
      max_lifetime: null,
      fetch_types: false,
      onnotice: () => {},
      onclose: () => {
        if (!ended && sql === current) renew()
      },
      ...patience,
      connection: { application_name: name },
    })
    return sql
  }

  function renew(): void {
    const before = current
    current = open()
    void before.end({ timeout: 0 }).catch(() => undefined)
  }

  async function end(): Promise<void> {
    ended = true
    await current.end({ timeout: 5 })
  }

  function sql(): postgres.Sql {
    if (ended) throw new Error('This process has ended its leases.')
    return current
  }

  return { sql, renew, end }
}
