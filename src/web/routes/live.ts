import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { ConsolePort, Viewer } from '../console-port.ts'
import { cardHtml } from '../pages/card.ts'
import { navigation } from '../pages/layout.ts'
import { entriesHtml } from '../pages/thread.ts'
import { missing } from '../respond.ts'
import { withViewer } from '../session.ts'
import type { Site } from '../site.ts'

/** How often a live page is told that it is one. */
const ALIVE_MS = 15_000

/** Tells an open page that something changed, and the parts of a page that it then fetches again. */
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
      return view === null ? missing(c) : c.html(cardHtml(view.card, viewer, false))
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
      // Nobody reads what follows a head.
      if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' })
      return changes(port, c, viewer)
    }),
  )
}

/** Goes on until the page is closed or the session is over. */
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
