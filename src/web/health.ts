import type { Hono } from 'hono'
import type { Writing } from '../store/write-test.ts'
import type { WatchedConnection } from '../workflow/watched-connection.ts'

export interface HealthOptions {
  /** Tries to write to the database; answers within a few seconds and never rejects. */
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
 * What a supervisor asks, without sign-in; so no answer names a host, a person or the words of an error. Ready means
 * that it can write. A chat platform that is not connected is reported, but does not make the service unready: votes
 * come in over the console and the other platform, messages wait, and a restart would not bring it back.
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
