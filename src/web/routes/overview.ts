import { proposalsQuery, textIn } from '../asked.ts'
import { findHtml, foundHtml } from '../pages/find.ts'
import { proposalRowsHtml, proposalsHtml } from '../pages/proposals.ts'
import { todayHtml } from '../pages/today.ts'
import { page } from '../respond.ts'
import { withViewer } from '../session.ts'
import type { Site } from '../site.ts'

const FIND_CHARACTERS = 100

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
    '/find',
    withViewer(site, async (c, viewer) => {
      const text = textIn(c, 'text')?.slice(0, FIND_CHARACTERS) ?? ''
      return page(site, c, viewer, { title: 'Find', current: '', main: findHtml(text, await port.find(text)) })
    }),
  )

  app.get(
    '/fragment/find',
    withViewer(site, async (c) => {
      const text = textIn(c, 'text')?.slice(0, FIND_CHARACTERS) ?? ''
      return c.html(foundHtml(text, await port.find(text)))
    }),
  )

  app.get(
    '/fragment/proposals',
    withViewer(site, async (c, viewer) =>
      c.html(proposalRowsHtml(await port.proposals(proposalsQuery(c), viewer), viewer)),
    ),
  )
}
