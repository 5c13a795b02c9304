import { z } from 'zod'
import { isActionName } from '../../chat/actions.ts'
import { detailNames } from '../../chat/desk.ts'
import { pictureSvg } from '../../chat/picture/picture.ts'
import { numberIn, proposalIn, textIn } from '../asked.ts'
import { proposalHtml } from '../pages/channel.ts'
import { answerHtml, detailPageHtml } from '../pages/detail.ts'
import { threadHtml } from '../pages/thread.ts'
import { answered, incomplete, missing, page } from '../respond.ts'
import { withForm, withViewer } from '../session.ts'
import type { Site } from '../site.ts'

/** Short for a plan, which gets old. Long enough so that a thread does not load its pictures again. */
const PICTURE_SECONDS = 60

const actForm = z.object({
  action: z.string().refine(isActionName),
  revision: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  reason: z.string().max(10_000).optional(),
  owner: z.string().max(100).optional(),
  person: z.string().max(100).optional(),
  asset: z.string().max(200).optional(),
  until: z.string().max(40).optional(),
})

/** Routes for one proposal: card, thread, details, and actions. */
export function addProposals(site: Site): void {
  const { app, port } = site

  app.get(
    '/p/:id',
    withViewer(site, async (c, viewer) => {
      const before = numberIn(c, 'before')
      const view = await port.proposal(proposalIn(c), before, viewer)
      if (view === null) return missing(c)
      const { proposal, title } = view.card.card
      return page(site, c, viewer, {
        title: `${proposal} ${title}`,
        current: '/proposals',
        main: proposalHtml(view, viewer, textIn(c, 'ask')),
        aside: threadHtml(view, before, viewer),
      })
    }),
  )

  app.get(
    '/p/:id/:detail',
    withViewer(site, async (c, viewer) => {
      const name = detailNames.find((item) => item === c.req.param('detail'))
      const id = proposalIn(c)
      const only = c.req.query('only') === 'not well' ? ('not well' as const) : null
      const part = { after: textIn(c, 'after'), only }
      const detail = name === undefined ? null : await port.detail(id, name, part, viewer)
      if (detail === null) return missing(c)
      const main = detailPageHtml(detail, `/p/${id}/${name}`, part, viewer)
      return page(site, c, viewer, { title: detail.title, current: '', main })
    }),
  )

  app.get(
    '/p/:id/pictures/:which',
    withViewer(site, async (c, viewer) => {
      const picture = await port.picture(proposalIn(c), c.req.param('which') ?? '', viewer)
      if (picture === null) return missing(c)
      const theme = c.req.query('theme') === 'dark' ? 'dark' : 'light'
      const svg = pictureSvg(picture, { theme, timeZone: viewer.timeZone })
      const headers = { 'content-type': 'image/svg+xml', 'cache-control': `private, max-age=${PICTURE_SECONDS}` }
      return c.body(svg, 200, headers)
    }),
  )

  app.get(
    '/p/:id/ask/:action',
    withViewer(site, async (c, viewer) => {
      const action = c.req.param('action') ?? ''
      if (!isActionName(action)) return missing(c)
      const refused = await port.refusal({ proposal: proposalIn(c), action, revision: numberIn(c, 'revision') }, viewer)
      return refused === null ? c.body(null, 204) : c.html(answerHtml(refused, viewer))
    }),
  )

  app.post(
    '/p/:id/act',
    withForm(site, async (c, viewer, given) => {
      const form = actForm.safeParse(given)
      if (!form.success) return incomplete(c, viewer)
      const proposal = proposalIn(c)
      const { action, revision, reason, owner, person, until, asset } = form.data
      const asked = {
        proposal,
        action,
        revision,
        reason: reason || null,
        owner: owner || null,
        person: person || null,
        until: until || null,
        asset: asset?.trim() || null,
      }
      return answered(site, c, viewer, await port.act(asked, viewer), `/p/${proposal}`)
    }),
  )
}
