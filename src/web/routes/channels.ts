import { z } from 'zod'
import { cardsQuery } from '../asked.ts'
import { channelHtml } from '../pages/channel.ts'
import { threadHtml } from '../pages/thread.ts'
import { answered, incomplete, missing, page } from '../respond.ts'
import { withForm, withViewer } from '../session.ts'
import type { Site } from '../site.ts'

const sayForm = z.object({ text: z.string().max(10_000), proposal: z.string().max(40).optional() })

/** Routes for channels, with their cards and messages. */
export function addChannels(site: Site): void {
  const { app, port } = site

  app.get(
    '/c/:id',
    withViewer(site, async (c, viewer) => {
      const query = cardsQuery(c)
      const view = await port.channel(c.req.param('id') ?? '', query, viewer)
      if (view === null) return missing(c)
      const newest = view.cards[0]?.card.proposal ?? null
      const thread = newest === null ? null : await port.proposal(newest, null, viewer)
      return page(site, c, viewer, {
        title: view.channel.title,
        current: `/c/${view.channel.id}`,
        main: channelHtml(view, query, viewer),
        aside: thread === null ? null : threadHtml(thread, null, viewer),
      })
    }),
  )

  app.post(
    '/c/:id/say',
    withForm(site, async (c, viewer, given) => {
      const form = sayForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      const channel = c.req.param('id') ?? ''
      const proposal = form.data.proposal || null
      const result = await port.say(channel, proposal, form.data.text, viewer)
      return answered(site, c, viewer, result, proposal === null ? `/c/${channel}` : `/p/${proposal}`)
    }),
  )
}
