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
  const settings = { ...cookieSettings(site), httpOnly: true, sameSite: 'Strict', maxAge: maxAgeSeconds } as const
  setCookie(c, COOKIE, session, settings)
}

export function forgetSession(site: Site, c: Context): void {
  deleteCookie(c, COOKIE, cookieSettings(site))
}

function cookieSettings({ publicUrl }: Site) {
  return { path: '/', secure: /^https:/i.test(publicUrl ?? '') } as const
}

/** For people who are signed in. Others are told how to sign in. */
export function withViewer({ port }: Site, handle: (c: Context, viewer: Viewer) => Promise<Response>): Handler {
  return async (c) => {
    const session = sessionOf(c)
    const viewer = session === undefined ? null : await port.viewer(session)
    if (viewer !== null) return handle(c, viewer)
    const how = html`<p>Open the sign-in link that <code>npm start</code> printed, or ask an operator for one: <code>npx patchwarden sign-in &lt;person&gt;</code>.</p>`
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
