import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { streamSSE } from 'hono/streaming'
import { z } from 'zod'
import { isActionName } from '../chat/actions.ts'
import { detailNames } from '../chat/desk.ts'
import { pictureSvg } from '../chat/picture/picture.ts'
import { chatPlatformNames } from '../core/chat-platforms.ts'
import { databaseSentence } from '../core/database-problem.ts'
import { errorStack } from '../core/error-text.ts'
import { storable } from '../core/storable.ts'
import type { AssetsQuery, CardsQuery, ConsolePort, Viewer } from './console-port.ts'
import { addHealthRoutes, type HealthOptions } from './health.ts'
import { type Html, html } from './html.ts'
import { cardHtml } from './pages/card.ts'
import { layout, navigation } from './pages/layout.ts'
import {
  answerHtml,
  assetsHtml,
  auditHtml,
  channelHtml,
  detailPageHtml,
  entriesHtml,
  explainHtml,
  peopleHtml,
  proposalHtml,
  signInHtml,
  sourcesHtml,
  threadHtml,
} from './pages/views.ts'
import { protect } from './security.ts'

export interface ConsoleOptions {
  readonly port: ConsolePort
  readonly health: HealthOptions
  readonly log: { warn(message: string): void }
  /** Host names under which the console is reached; any other is refused (DNS rebinding). */
  readonly allowedHosts: readonly string[]
  /** Address under which people reach the console: for links, and with https the cookie is sent by https alone. */
  readonly publicUrl?: string | null
}

const COOKIE = 'patchwarden'
const BODY_BYTES = 64 * 1024
/** A plan goes stale; a thread that is read again needs its pictures no second time. */
const PICTURE_SECONDS = 60
/** How often a live page is told that it is one. */
const ALIVE_MS = 15_000

type Form = Readonly<Record<string, unknown>>

const actForm = z.object({
  action: z.string().refine(isActionName),
  revision: z.coerce.number().int().min(1).max(1_000_000),
  reason: z.string().max(10_000).optional(),
  owner: z.string().max(100).optional(),
  asset: z.string().max(200).optional(),
  until: z.string().max(40).optional(),
})
const signInForm = z.object({ token: z.string().max(200) })
const revokeForm = z.object({ platform: z.enum(chatPlatformNames), account: z.string().min(1).max(200) })
const sayForm = z.object({ text: z.string().max(10_000), proposal: z.string().max(40).optional() })

const files: ReadonlyMap<string, string> = new Map([
  ['console.css', 'text/css; charset=utf-8'],
  ['console.js', 'text/javascript; charset=utf-8'],
  ['htmx.min.js', 'text/javascript; charset=utf-8'],
])

/** What is searched for, at its longest. */
const TEXT_CHARACTERS = 200

/** A text of the address, cleaned; `null`: there is none. */
function textIn(c: Context, name: string): string | null {
  return storable(c.req.query(name) ?? '').trim() || null
}

/** A whole number above zero; `null`: there is none. */
function numberIn(c: Context, name: string): number | null {
  const asked = Number(c.req.query(name))
  return Number.isSafeInteger(asked) && asked > 0 ? asked : null
}

function cardsQuery(c: Context): CardsQuery {
  const status = c.req.query('status')
  return {
    status: status === 'open' || status === 'over' ? status : 'open first',
    text: textIn(c, 'text')?.slice(0, TEXT_CHARACTERS) ?? '',
    after: textIn(c, 'after'),
  }
}

function assetsQuery(c: Context): AssetsQuery {
  const is = c.req.query('is')
  return {
    team: textIn(c, 'team'),
    platform: textIn(c, 'platform'),
    text: textIn(c, 'text')?.slice(0, TEXT_CHARACTERS) ?? '',
    anywhere: c.req.query('anywhere') === '1',
    is: is === 'problem' || is === 'reboot' ? is : null,
    after: textIn(c, 'after'),
  }
}

/** The console's pages and actions. */
export function createConsole({ port, health, log, allowedHosts, publicUrl = null }: ConsoleOptions): Hono {
  const app = new Hono()
  addHealthRoutes(app, health)
  app.use(protect(allowedHosts, publicUrl))
  const tooLong = alone('That is too long', html`<p>Nothing was done. Shorten it, and send it again.</p>`)
  const limited = bodyLimit({ maxSize: BODY_BYTES, onError: (c) => c.html(tooLong, 413) })
  const cutOff = alone('That did not arrive in full', html`<p>Nothing was done. Send it again.</p>`)
  // What a handler throws does not come by here: only reading the body can fail.
  app.use((c, next) => limited(c, next).catch(() => c.html(cutOff, 400)))
  app.get('/assets-static/:file', (c) => {
    const type = files.get(c.req.param('file'))
    if (type === undefined) return c.notFound()
    const body = readFileSync(new URL(`../../src/web/assets/${c.req.param('file')}`, import.meta.url))
    return c.body(body, 200, { 'content-type': type, 'cache-control': 'no-cache' })
  })

  const base = (c: Context) => publicUrl?.replace(/\/+$/, '') ?? new URL(c.req.url).origin
  const cookieSettings = { path: '/', secure: /^https:/i.test(publicUrl ?? '') } as const

  /** Previews of links and scanners of mail fetch it, too: it changes nothing. The button redeems the link. */
  app.get('/sign-in', async (c) => {
    const token = c.req.query('token') ?? ''
    const name = await port.askSignIn(token)
    if (name === null) return tooOld(c)
    // The token stands in the address of this page. A form is told its origin, and nothing is told more.
    c.header('referrer-policy', 'strict-origin')
    return c.html(alone(`Sign in as ${name}?`, signInHtml(token, base(c))))
  })
  app.post('/sign-in', async (c) => {
    const form = signInForm.safeParse(await c.req.parseBody().catch(() => null))
    const signedIn = form.success ? await port.signIn(form.data.token) : null
    if (signedIn === null) return tooOld(c)
    const before = getCookie(c, COOKIE)
    if (before !== undefined) await port.signOut(before)
    setCookie(c, COOKIE, signedIn.session, {
      ...cookieSettings,
      httpOnly: true,
      sameSite: 'Strict',
      maxAge: signedIn.maxAgeSeconds,
    })
    return c.redirect('/', 303)
  })
  const tooOld = (c: Context) =>
    c.html(
      alone(
        'This sign-in link is spent or too old',
        html`<p>A link signs one person in, once. An operator makes a new one with <code>npx patchwarden sign-in &lt;person&gt;</code>, or on the People page.</p>`,
      ),
      403,
    )

  const withViewer = (handle: (c: Context, viewer: Viewer) => Promise<Response>) => async (c: Context) => {
    const session = getCookie(c, COOKIE)
    const viewer = session === undefined ? null : await port.viewer(session)
    if (viewer !== null) return handle(c, viewer)
    return c.html(
      alone(
        'You are not signed in',
        html`<p>Open the sign-in link that <code>npm start</code> printed, or ask an operator for one: <code>npx patchwarden sign-in &lt;person&gt;</code>.</p>`,
      ),
      401,
    )
  }
  /** The fields of a form; a body that is none is answered here. */
  const withForm = (handle: (c: Context, viewer: Viewer, form: Form) => Promise<Response>) =>
    withViewer(async (c, viewer) => {
      const form = await c.req.parseBody().catch(() => null)
      return form === null ? incomplete(c, viewer) : handle(c, viewer, form)
    })
  const incomplete = (c: Context, viewer: Viewer) =>
    c.html(
      answerHtml(
        { ok: false, message: [{ kind: 'text', text: 'That form was not complete; nothing was done.' }] },
        viewer,
      ),
      400,
    )
  const page = async (
    c: Context,
    viewer: Viewer,
    title: string,
    current: string,
    main: Html,
    aside: Html | null = null,
  ) => c.html(layout({ title, viewer, channels: await port.channels(viewer), current, main, aside }))

  app.get(
    '/',
    withViewer(async (c, viewer) => {
      const channels = await port.channels(viewer)
      const first =
        channels.find((channel) => channel.waitingForViewer > 0) ??
        channels.find((channel) => channel.open > 0) ??
        channels[0]
      return first
        ? c.redirect(`/c/${first.id}`)
        : page(
            c,
            viewer,
            'Nothing configured',
            '/',
            html`<p class="empty">No channel is configured. Add one to patchwarden.yaml.</p>`,
          )
    }),
  )

  app.get(
    '/c/:id',
    withViewer(async (c, viewer) => {
      const query = cardsQuery(c)
      const view = await port.channel(c.req.param('id') ?? '', query, viewer)
      if (view === null) return c.notFound() as Promise<Response>
      const newest = view.cards[0]?.card.proposal ?? null
      const thread = newest === null ? null : await port.proposal(newest, null, viewer)
      return page(
        c,
        viewer,
        view.channel.title,
        `/c/${view.channel.id}`,
        channelHtml(view, query, viewer, newest),
        thread === null ? null : threadHtml(thread, null, viewer),
      )
    }),
  )

  app.get(
    '/p/:id',
    withViewer(async (c, viewer) => {
      const before = numberIn(c, 'before')
      const view = await port.proposal((c.req.param('id') ?? '').toUpperCase(), before, viewer)
      if (view === null) return c.notFound() as Promise<Response>
      const { proposal } = view.card.card
      return page(
        c,
        viewer,
        `${proposal} ${view.card.card.title}`,
        `/c/${view.channel.id}`,
        proposalHtml(view, viewer),
        threadHtml(view, before, viewer),
      )
    }),
  )

  app.get(
    '/p/:id/:detail',
    withViewer(async (c, viewer) => {
      const name = detailNames.find((item) => item === c.req.param('detail'))
      const id = (c.req.param('id') ?? '').toUpperCase()
      const part = {
        after: textIn(c, 'after'),
        only: c.req.query('only') === 'not well' ? ('not well' as const) : null,
      }
      const detail = name === undefined ? null : await port.detail(id, name, part, viewer)
      if (detail === null) return c.notFound() as Promise<Response>
      return page(c, viewer, detail.title, '', detailPageHtml(detail, `/p/${id}/${name}`, part, viewer))
    }),
  )

  app.get(
    '/p/:id/pictures/:which',
    withViewer(async (c, viewer) => {
      const id = (c.req.param('id') ?? '').toUpperCase()
      const picture = await port.picture(id, c.req.param('which') ?? '', viewer)
      if (picture === null) return c.notFound() as Promise<Response>
      const theme = c.req.query('theme') === 'dark' ? 'dark' : 'light'
      const svg = pictureSvg(picture, { theme, timeZone: viewer.timeZone })
      const headers = { 'content-type': 'image/svg+xml', 'cache-control': `private, max-age=${PICTURE_SECONDS}` }
      return c.body(svg, 200, headers)
    }),
  )

  app.post(
    '/p/:id/act',
    withForm(async (c, viewer, given) => {
      const form = actForm.safeParse(given)
      const id = (c.req.param('id') ?? '').toUpperCase()
      if (!form.success) return incomplete(c, viewer)
      const { action, revision, reason, owner, until, asset } = form.data
      const result = await port.act(
        {
          proposal: id,
          action,
          revision,
          reason: reason || null,
          owner: owner || null,
          until: until || null,
          asset: asset?.trim() || null,
        },
        viewer,
      )
      return answered(c, viewer, result, `/p/${id}`)
    }),
  )

  app.post(
    '/c/:id/say',
    withForm(async (c, viewer, given) => {
      const form = sayForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      const channel = c.req.param('id') ?? ''
      const proposal = form.data.proposal || null
      const result = await port.say(channel, proposal, form.data.text, viewer)
      return answered(c, viewer, result, proposal === null ? `/c/${channel}` : `/p/${proposal}`)
    }),
  )

  async function answered(
    c: Context,
    viewer: Viewer,
    result: Awaited<ReturnType<ConsolePort['act']>>,
    back: string,
  ): Promise<Response> {
    if (c.req.header('hx-request') === 'true') {
      const quiet = result.ok && result.message.every((span) => span.kind === 'text' && span.text === '')
      return c.html(quiet ? html`` : answerHtml(result, viewer))
    }
    return page(
      c,
      viewer,
      'Only to you',
      '',
      html`${answerHtml(result, viewer)}<p><a class="button" href="${back}">Back</a></p>`,
    )
  }

  app.get(
    '/assets',
    withViewer(async (c, viewer) => {
      const query = assetsQuery(c)
      return page(c, viewer, 'Assets', '/assets', assetsHtml(await port.assets(query, viewer), query, viewer))
    }),
  )
  app.get(
    '/people',
    withViewer(async (c, viewer) =>
      page(c, viewer, 'People', '/people', peopleHtml(await port.people(viewer), await port.accounts(viewer), viewer)),
    ),
  )
  app.get(
    '/explain',
    withViewer(async (c, viewer) => {
      const name = (c.req.query('name') ?? '').trim().slice(0, 200)
      const detail = name === '' ? null : await port.explain(name)
      return page(c, viewer, detail?.title ?? 'Explain', '/explain', explainHtml(name, detail, viewer))
    }),
  )
  app.get(
    '/sources',
    withViewer(async (c, viewer) =>
      page(c, viewer, 'Sources', '/sources', sourcesHtml(await port.sources(viewer), viewer)),
    ),
  )
  app.get(
    '/audit',
    withViewer(async (c, viewer) => {
      const before = numberIn(c, 'before')
      const known = c.req.query('known') === '1'
      return page(c, viewer, 'Audit', '/audit', auditHtml(await port.audit(viewer, before, known), known, viewer))
    }),
  )
  app.post(
    '/people/:id/link',
    withViewer(async (c, viewer) => {
      const made = await port.makeSignInLink(viewer, c.req.param('id') ?? '')
      if (!made.ok) return answered(c, viewer, { ok: false, message: made.message }, '/people')
      const address = `${base(c)}${made.path}`
      return page(
        c,
        viewer,
        'Sign-in link',
        '/people',
        html`<h1>One-time sign-in link</h1><p>Give it to them; it works once, for a day.</p><pre>${address}</pre>`,
      )
    }),
  )
  app.post(
    '/people/:id/accounts/revoke',
    withForm(async (c, viewer, given) => {
      const form = revokeForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      return answered(c, viewer, await port.revokeAccount(viewer, c.req.param('id') ?? '', form.data), '/people')
    }),
  )
  app.post(
    '/act-as',
    withForm(async (c, viewer, { person }) => {
      const result = await port.switchPerson(viewer, typeof person === 'string' ? person : '')
      return result.ok ? c.redirect(c.req.header('referer') ?? '/', 303) : answered(c, viewer, result, '/')
    }),
  )
  app.post(
    '/sign-out',
    withViewer(async (c, viewer) => {
      await port.signOut(viewer.session)
      deleteCookie(c, COOKIE, cookieSettings)
      return c.redirect('/', 303)
    }),
  )
  app.post(
    '/sign-out-everywhere',
    withViewer(async (c, viewer) => {
      await port.signOutEverywhere(viewer)
      deleteCookie(c, COOKIE, cookieSettings)
      return c.redirect('/', 303)
    }),
  )

  app.get(
    '/fragment/nav',
    withViewer(async (c, viewer) =>
      c.html(navigation(viewer, await port.channels(viewer), c.req.query('current') ?? '')),
    ),
  )
  app.get(
    '/fragment/card/:id',
    withViewer(async (c, viewer) => {
      const view = await port.proposal(c.req.param('id') ?? '', null, viewer)
      return view === null ? (c.notFound() as Promise<Response>) : c.html(cardHtml(view.card, viewer, false))
    }),
  )
  app.get(
    '/fragment/thread/:id',
    withViewer(async (c, viewer) => {
      const view = await port.proposal(c.req.param('id') ?? '', null, viewer)
      return view === null ? (c.notFound() as Promise<Response>) : c.html(entriesHtml(view, null, viewer))
    }),
  )

  app.get(
    '/live',
    withViewer(async (c, viewer) => {
      // Nobody reads what follows a head.
      if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' })
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
    }),
  )

  app.notFound((c) => c.html(alone('There is no such page', html`<p><a href="/">Back to the channels</a></p>`), 404))
  app.onError((error, c) => {
    const sentence = databaseSentence(error)
    if (sentence === null) {
      log.warn(`The console failed on ${c.req.method} ${c.req.path}: ${errorStack(error)}`)
      return failed(c, 500, 'Something went wrong', 'It is in the log of the service. Nothing was changed.')
    }
    log.warn(`The console could not answer ${c.req.method} ${c.req.path}. ${sentence}`)
    c.header('retry-after', '5')
    // What was asked for may have been done, and only the answer lost.
    const again = 'Look in a moment whether it was done, and ask again if it was not: nothing counts twice.'
    return failed(c, 503, 'The database cannot be used just now', `${sentence} ${c.req.method === 'GET' ? '' : again}`)
  })
  return app
}

/** A page of its own, or what stands under the button that was clicked. */
function failed(c: Context, status: 500 | 503, title: string, text: string): Response | Promise<Response> {
  if (c.req.header('hx-request') === 'true') return c.html(html`<p class="only warning">${title}. ${text}</p>`, status)
  return c.html(alone(title, html`<p>${text} <a href="/">Back</a></p>`), status)
}

function alone(title: string, text: Html): Html {
  return layout({
    title,
    viewer: null,
    channels: [],
    current: '',
    main: html`<article class="card neutral"><h1>${title}</h1>${text}</article>`,
    aside: null,
  })
}
