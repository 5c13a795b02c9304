import type { Hono } from 'hono'
import type { Writing } from '../store/write-test.ts'
import type { WatchedConnection } from '../workflow/watched-connection.ts'

export interface HealthOptions {
  /** Tries to write to the database. Answers within a few seconds and never rejects. */
  readonly writing: () => Promise<Writing>
  readonly platforms: readonly WatchedConnection[]
}

const sentences: Readonly<Record<Exclude<Writing, 'ok'>, string>> = {
  'read-only': 'The database is read-only.',
  'no space': 'The disk of the database is full.',
  refused: 'The database refuses to write.',
  'no answer': 'The database does not answer.',
}

/**
 * Answers for a supervisor. They need no sign-in, so they name no host, person or error text. Ready means that the
 * database can be written to. A chat platform without connection is reported, but the service stays ready: people can
 * vote elsewhere, messages wait, and a restart would not help.
 */
export function addHealthRoutes(app: Hono, { writing, platforms }: HealthOptions): void {
  app.get('/livez', (c) => c.text('ok'))
  app.get('/healthz', async (c) => {
    const answer = await writing()
    return answer === 'ok' ? c.text('ok') : c.text(sentences[answer], 503)
  })
  app.get('/readyz', async (c) => {
    const database = await writing()
    const told = platforms.map((platform) => {
      const { state, since } = platform.state()
      return [platform.name, { connected: state.kind === 'connected', state: state.kind, since }]
    })
    const ready = database === 'ok'
    return c.json({ ready, database, platforms: Object.fromEntries(told) }, ready ? 200 : 503)
  })
}
