import { z } from 'zod'
import { chatPlatformNames } from '../../core/chat-platforms.ts'
import { html } from '../html.ts'
import { peopleHtml } from '../pages/people.ts'
import { answered, incomplete, page } from '../respond.ts'
import { withForm, withViewer } from '../session.ts'
import { addressOf, type Site } from '../site.ts'

const revokeForm = z.object({ platform: z.enum(chatPlatformNames), account: z.string().min(1).max(200) })

/** Routes for people, their accounts, and sign-in links. */
export function addPeople(site: Site): void {
  const { app, port } = site

  app.get(
    '/people',
    withViewer(site, async (c, viewer) => {
      const main = peopleHtml(await port.people(viewer), await port.accounts(viewer), viewer)
      return page(site, c, viewer, { title: 'People', current: '/people', main })
    }),
  )

  app.post(
    '/people/:id/link',
    withViewer(site, async (c, viewer) => {
      const made = await port.makeSignInLink(viewer, c.req.param('id') ?? '')
      if (!made.ok) return answered(site, c, viewer, { ok: false, message: made.message }, '/people')
      const address = `${addressOf(site, c)}${made.path}`
      const main = html`<h1>One-time sign-in link</h1><p>Give it to them; it works once, for a day.</p><pre>${address}</pre>`
      return page(site, c, viewer, { title: 'Sign-in link', current: '/people', main })
    }),
  )

  app.post(
    '/people/:id/accounts/revoke',
    withForm(site, async (c, viewer, given) => {
      const form = revokeForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      const result = await port.revokeAccount(viewer, c.req.param('id') ?? '', form.data)
      return answered(site, c, viewer, result, '/people')
    }),
  )
}
