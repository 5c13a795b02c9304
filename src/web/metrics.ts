import { createHash, timingSafeEqual } from 'node:crypto'
import { type Context, Hono } from 'hono'

export interface MetricsOptions {
  readonly contentType: string
  readonly text: () => Promise<string>
  /** Secret. What a request must bear; `null`: nothing. */
  readonly token: string | null
}

/** GET /metrics, for Prometheus. */
export function addMetrics(app: Hono, { contentType, text, token }: MetricsOptions): void {
  app.get('/metrics', async (c) => {
    if (token !== null && !bears(c, token)) {
      c.header('www-authenticate', 'Bearer')
      return c.text('Send the token of PATCHWARDEN_METRICS_TOKEN as "Authorization: Bearer ...".\n', 401)
    }
    return c.body(await text(), 200, { 'content-type': contentType, 'cache-control': 'no-store' })
  })
}

/** For a port of its own: nothing else is there. */
export function metricsAlone(options: MetricsOptions): Hono {
  const app = new Hono()
  addMetrics(app, options)
  app.notFound((c) => c.text('Here is only /metrics.\n', 404))
  return app
}

/** Compares hashes, so that the time it takes says nothing of the token. */
function bears(c: Context, token: string): boolean {
  const [scheme = '', given = ''] = (c.req.header('authorization') ?? '').split(' ')
  return scheme.toLowerCase() === 'bearer' && timingSafeEqual(hashOf(given), hashOf(token))
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
