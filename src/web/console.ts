import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { databaseSentence } from '../core/database-problem.ts'
import { errorStack } from '../core/error-text.ts'
import type { ConsolePort } from './console-port.ts'
import { addHealthRoutes, type HealthOptions } from './health.ts'
import { html } from './html.ts'
import { addMetrics, type MetricsOptions } from './metrics.ts'
import { alone, failed } from './respond.ts'
import { addCalendar, FEED_PATH } from './routes/calendar.ts'
import { addChannels } from './routes/channels.ts'
import { addFiles } from './routes/files.ts'
import { addLive } from './routes/live.ts'
import { addLookups } from './routes/lookups.ts'
import { addOverview } from './routes/overview.ts'
import { addPeople } from './routes/people.ts'
import { addProposals } from './routes/proposals.ts'
import { addSignIn } from './routes/sign-in.ts'
import { protect } from './security.ts'

export interface ConsoleOptions {
  readonly port: ConsolePort
  readonly health: HealthOptions
  /** Left out: /metrics is not here. */
  readonly metrics?: MetricsOptions | undefined
  readonly log: { warn(message: string): void }
  /** Host names of the console. A request for another name is refused (DNS rebinding). */
  readonly allowedHosts: readonly string[]
  /** The address that people use, for links. If it is https, the cookie is sent only by https. */
  readonly publicUrl?: string | null
}

const BODY_BYTES = 64 * 1024

/** Makes the console's pages and actions. */
export function createConsole({ port, health, metrics, log, allowedHosts, publicUrl = null }: ConsoleOptions): Hono {
  const app = new Hono()
  addHealthRoutes(app, health)
  if (metrics !== undefined) addMetrics(app, metrics)
  app.use(protect(allowedHosts, publicUrl))
  const tooLong = alone('That is too long', html`<p>Nothing was done. Shorten it, and send it again.</p>`)
  const limited = bodyLimit({ maxSize: BODY_BYTES, onError: (c) => c.html(tooLong, 413) })
  const cutOff = alone('That did not arrive in full', html`<p>Nothing was done. Send it again.</p>`)
  // Errors of handlers do not arrive here. Only reading the body can fail.
  app.use((c, next) => limited(c, next).catch(() => c.html(cutOff, 400)))
  const site = { app, port, publicUrl }
  addFiles(site)
  addSignIn(site)
  addOverview(site)
  addCalendar(site)
  addChannels(site)
  addProposals(site)
  addLookups(site)
  addPeople(site)
  addLive(site)
  app.notFound((c) => c.html(alone('There is no such page', html`<p><a href="/">Back to Today</a></p>`), 404))
  app.onError((error, c) => explainError(error, c, log))
  return app
}

function explainError(error: Error, c: Context, log: ConsoleOptions['log']): Response | Promise<Response> {
  const sentence = databaseSentence(error)
  // The address of a calendar is a secret.
  const path = c.req.path.startsWith(FEED_PATH) ? FEED_PATH : c.req.path
  if (sentence === null) {
    log.warn(`The console failed on ${c.req.method} ${path}: ${errorStack(error)}`)
    return failed(c, 500, 'Something went wrong', 'It is in the log of the service. Nothing was changed.')
  }
  log.warn(`The console could not answer ${c.req.method} ${path}. ${sentence}`)
  c.header('retry-after', '5')
  // The action may have been done, and only the answer was lost.
  const again = 'Look in a moment whether it was done, and ask again if it was not: nothing counts twice.'
  return failed(c, 503, 'The database cannot be used just now', `${sentence} ${c.req.method === 'GET' ? '' : again}`)
}
