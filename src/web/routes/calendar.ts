import { createHash } from 'node:crypto'
import { z } from 'zod'
import { dayIn, textIn } from '../asked.ts'
import { html } from '../html.ts'
import { calendarHtml } from '../pages/calendar.ts'
import { answered, incomplete, missing, page } from '../respond.ts'
import { withForm, withViewer } from '../session.ts'
import { addressOf, type Site } from '../site.ts'

/** What follows it in an address is a secret, and is never logged. */
export const FEED_PATH = '/calendar/feed/'

const freezeForm = z.object({ team: z.string().max(100), until: z.string().max(40), reason: z.string().max(10_000) })
const liftForm = z.object({ team: z.string().max(100) })
const addressForm = z.object({ team: z.string().max(100), detailed: z.literal('1').optional() })
const revokeForm = z.object({ address: z.string().max(100) })

/** Routes for windows, freezes and planned rollouts. */
export function addCalendar(site: Site): void {
  const { app, port } = site

  app.get(
    '/calendar',
    withViewer(site, async (c, viewer) => {
      const team = textIn(c, 'team')
      const view = await port.calendar(dayIn(c, 'from'), team, viewer)
      return page(site, c, viewer, { title: 'Calendar', current: '/calendar', main: calendarHtml(view, team, viewer) })
    }),
  )

  app.post(
    '/calendar/freeze',
    withForm(site, async (c, viewer, given) => {
      const form = freezeForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      const { team, ...change } = form.data
      return answered(site, c, viewer, await port.freeze(team, change, viewer), '/calendar')
    }),
  )

  app.post(
    '/calendar/lift',
    withForm(site, async (c, viewer, given) => {
      const form = liftForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      return answered(site, c, viewer, await port.freeze(form.data.team, 'lift', viewer), '/calendar')
    }),
  )

  app.post(
    '/calendar/addresses',
    withForm(site, async (c, viewer, given) => {
      const form = addressForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      const which = { team: form.data.team || null, detailed: form.data.detailed === '1' }
      const address = `${addressOf(site, c)}${FEED_PATH}${await port.addCalendar(which, viewer)}.ics`
      const main = html`<header class="pagehead"><h1>Address of your calendar</h1></header><p>Give it to your calendar program now: it is shown once. Whoever has it reads the calendar, until you revoke it on the page Calendar.</p><pre>${address}</pre><p><a class="button" href="/calendar">Back</a></p>`
      return page(site, c, viewer, { title: 'Address of your calendar', current: '/calendar', main })
    }),
  )

  app.post(
    '/calendar/addresses/revoke',
    withForm(site, async (c, viewer, given) => {
      const form = revokeForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      await port.revokeCalendar(form.data.address, viewer)
      return c.redirect('/calendar', 303)
    }),
  )

  // Without a session: the secret in the address says whose calendar it is.
  app.get(`${FEED_PATH}:file`, async (c) => {
    const [, token = ''] = /^([\w-]{20,100})\.ics$/.exec(c.req.param('file')) ?? []
    const text = token === '' ? null : await port.calendarFeed(token, addressOf(site, c))
    if (text === null) return missing(c)
    const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`
    const headers = { etag, 'cache-control': 'private, no-cache', 'referrer-policy': 'no-referrer' }
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers)
    return c.body(text, 200, { ...headers, 'content-type': 'text/calendar; charset=utf-8' })
  })
}
