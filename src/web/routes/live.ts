import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { ConsolePort, Viewer } from '../console-port.ts'
import { cardHtml, caseHtml } from '../pages/card.ts'
import { navigation } from '../pages/layout.ts'
import { entriesHtml } from '../pages/thread.ts'
import { missing } from '../respond.ts'
import { withViewer } from '../session.ts'
import type { Site } from '../site.ts'

/** How often a sign of life is sent to an open page. */
const ALIVE_MS = 15_000

/** Routes that tell an open page about changes, and that return the parts it fetches again. */
export function addLive(site: Site): void {
  const { app, port } = site

  app.get(
    '/fragment/nav',
    withViewer(site, async (c, viewer) =>
      c.html(navigation(viewer, await port.channels(viewer), c.req.query('current') ?? '')),
    ),
  )

  app.get(
    '/fragment/card/:id',
    withViewer(site, async (c, viewer) => {
      const view = await port.proposal(c.req.param('id') ?? '', null, viewer)
      return view === null ? missing(c) : c.html(cardHtml(view.card, viewer))
    }),
  )

  app.get(
    '/fragment/case/:id',
    withViewer(site, async (c, viewer) => {
      const view = await port.proposal(c.req.param('id') ?? '', null, viewer)
      return view === null ? missing(c) : c.html(caseHtml(view.card, viewer, null))
    }),
  )

  app.get(
    '/fragment/thread/:id',
    withViewer(site, async (c, viewer) => {
      const view = await port.proposal(c.req.param('id') ?? '', null, viewer)
      return view === null ? missing(c) : c.html(entriesHtml(view, null, viewer))
    }),
  )

  app.get(
    '/live',
    withViewer(site, async (c, viewer) => {
      // The answer to HEAD has no body.
      if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' })
      return changes(port, c, viewer)
    }),
  )
}

/** Sends changes until the page is closed or the session ends. */
function changes(port: ConsolePort, c: Context, viewer: Viewer): Response {
  return streamSSE(c, async (stream) => {
    const end = new AbortController()
    const stops = [
      port.subscribe((change) => {
        if (!end.signal.aborted)
          stream.writeSSE({ event: 'change', data: JSON.stringify(change) }).catch(() => undefined)
      }),
      port.whenSignedOut(viewer, () => end.abort()),
    ]
    stream.onAbort(() => end.abort())
    while (!end.signal.aborted) {
      await stream.writeSSE({ event: 'alive', data: '' })
      await sleep(ALIVE_MS, undefined, { signal: end.signal }).catch(() => undefined)
    }
    for (const stop of stops) stop()
    if (!stream.aborted) await stream.writeSSE({ event: 'signed-out', data: '' })
  })
}
