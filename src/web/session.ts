/** Finds out who sends a request. The session is a cookie that only the console reads. */

import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Viewer } from './console-port.ts'
import { html } from './html.ts'
import { alone, incomplete } from './respond.ts'
import type { Site } from './site.ts'

const COOKIE = 'patchwarden'

type Handler = (c: Context) => Promise<Response>
type Form = Readonly<Record<string, unknown>>

export function sessionOf(c: Context): string | undefined {
  return getCookie(c, COOKIE)
}

export function keepSession(
  site: Site,
  c: Context,
  { session, maxAgeSeconds }: { readonly session: string; readonly maxAgeSeconds: number },
): void {
  // Lax: a link in chat, mail or a ticket arrives signed in. Changes are held by origin (security.ts).
  const settings = { ...cookieSettings(site), httpOnly: true, sameSite: 'Lax', maxAge: maxAgeSeconds } as const
  setCookie(c, COOKIE, session, settings)
}

/** The page that somebody wanted who was not signed in, so that signing in returns to it. */
const WANTED = 'patchwarden-wanted'
const WANTED_SECONDS = 3_600

function keepWanted(site: Site, c: Context): void {
  const { pathname, search } = new URL(c.req.url)
  if (c.req.method !== 'GET' || /^\/(?:fragment|live|sign-in)(?:\/|$)/.test(pathname)) return
  const settings = { ...cookieSettings(site), httpOnly: true, sameSite: 'Lax', maxAge: WANTED_SECONDS } as const
  setCookie(c, WANTED, pathname + search, settings)
}

/** The path of the page that was wanted before signing in, else of the first page. The cookie is spent. */
export function wantedPage(site: Site, c: Context): string {
  const wanted = getCookie(c, WANTED) ?? ''
  if (wanted !== '') deleteCookie(c, WANTED, cookieSettings(site))
  // Only a path of our own: `//name` and `/\name` are addresses of other sites.
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(wanted) ? wanted : '/'
}

export function forgetSession(site: Site, c: Context): void {
  deleteCookie(c, COOKIE, cookieSettings(site))
}

function cookieSettings({ publicUrl }: Site) {
  return { path: '/', secure: /^https:/i.test(publicUrl ?? '') } as const
}

/** For people who are signed in. Others are told how to sign in. */
export function withViewer(site: Site, handle: (c: Context, viewer: Viewer) => Promise<Response>): Handler {
  return async (c) => {
    const session = sessionOf(c)
    const viewer = session === undefined ? null : await site.port.viewer(session)
    if (viewer !== null) return handle(c, viewer)
    keepWanted(site, c)
    const how = html`<p>Open the sign-in link that <code>npm start</code> printed, or ask an operator for one: <code>npx patchwarden sign-in &lt;person&gt;</code>. In this browser it leads to the page that you wanted.</p>`
    return c.html(alone('You are not signed in', how), 401)
  }
}

/** Like `withViewer`, with the fields of a form. A body that is not a form is refused here. */
export function withForm(site: Site, handle: (c: Context, viewer: Viewer, form: Form) => Promise<Response>): Handler {
  return withViewer(site, async (c, viewer) => {
    const form = await c.req.parseBody().catch(() => null)
    return form === null ? incomplete(c, viewer) : handle(c, viewer, form)
  })
}
