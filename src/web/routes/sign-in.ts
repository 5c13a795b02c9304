import type { Context } from 'hono'
import { z } from 'zod'
import { html } from '../html.ts'
import { signInHtml } from '../pages/people.ts'
import { alone, answered } from '../respond.ts'
import { forgetSession, keepSession, sessionOf, wantedPage, withForm, withViewer } from '../session.ts'
import { addressOf, type Site } from '../site.ts'

const signInForm = z.object({ token: z.string().max(200) })

/** Routes for signing in and out. */
export function addSignIn(site: Site): void {
  const { app, port } = site

  /** Opening the link changes nothing: link previews and mail scanners open it, too. The button spends the link. */
  app.get('/sign-in', async (c) => {
    const token = c.req.query('token') ?? ''
    const name = await port.askSignIn(token)
    if (name === null) return tooOld(c)
    // This page's address contains the token. So only the origin is sent, and only to the form.
    c.header('referrer-policy', 'strict-origin')
    return c.html(alone(`Sign in as ${name}?`, signInHtml(token, addressOf(site, c))))
  })

  app.post('/sign-in', async (c) => {
    const form = signInForm.safeParse(await c.req.parseBody().catch(() => null))
    const signedIn = form.success ? await port.signIn(form.data.token) : null
    if (signedIn === null) return tooOld(c)
    const before = sessionOf(c)
    if (before !== undefined) await port.signOut(before)
    keepSession(site, c, signedIn)
    return c.redirect(wantedPage(site, c), 303)
  })

  app.post(
    '/act-as',
    withForm(site, async (c, viewer, { person }) => {
      const result = await port.switchPerson(viewer, typeof person === 'string' ? person : '')
      return result.ok ? c.redirect(c.req.header('referer') ?? '/', 303) : answered(site, c, viewer, result, '/')
    }),
  )

  app.post(
    '/sign-out',
    withViewer(site, async (c, viewer) => {
      await port.signOut(viewer.session)
      forgetSession(site, c)
      return c.redirect('/', 303)
    }),
  )

  app.post(
    '/sign-out-everywhere',
    withViewer(site, async (c, viewer) => {
      await port.signOutEverywhere(viewer)
      forgetSession(site, c)
      return c.redirect('/', 303)
    }),
  )
}

function tooOld(c: Context): Response | Promise<Response> {
  const what = html`<p>A link signs one person in, once. An operator makes a new one with <code>npx patchwarden sign-in &lt;person&gt;</code>, or on the People page.</p>`
  return c.html(alone('This sign-in link is spent or too old', what), 403)
}
