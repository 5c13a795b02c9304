import { proposalsQuery } from '../asked.ts'
import { proposalRowsHtml, proposalsHtml } from '../pages/proposals.ts'
import { todayHtml } from '../pages/today.ts'
import { page } from '../respond.ts'
import { withViewer } from '../session.ts'
import type { Site } from '../site.ts'

/** Routes over all channels: the first page, and the list of proposals. */
export function addOverview(site: Site): void {
  const { app, port } = site

  app.get(
    '/',
    withViewer(site, async (c, viewer) => {
      const main = todayHtml(await port.today(viewer), viewer)
      return page(site, c, viewer, { title: 'Today', current: '/', main })
    }),
  )

  app.get(
    '/fragment/today',
    withViewer(site, async (c, viewer) => c.html(todayHtml(await port.today(viewer), viewer))),
  )

  app.get(
    '/proposals',
    withViewer(site, async (c, viewer) => {
      const query = proposalsQuery(c)
      const main = proposalsHtml(await port.proposals(query, viewer), query, viewer)
      return page(site, c, viewer, { title: 'Proposals', current: '/proposals', main })
    }),
  )

  app.get(
    '/fragment/proposals',
    withViewer(site, async (c, viewer) =>
      c.html(proposalRowsHtml(await port.proposals(proposalsQuery(c), viewer), viewer)),
    ),
  )
}
