import { assetsQuery, numberIn, textIn } from '../asked.ts'
import { assetHtml } from '../pages/asset.ts'
import { assetsHtml } from '../pages/assets.ts'
import { auditHtml } from '../pages/audit.ts'
import { explainHtml } from '../pages/detail.ts'
import { sourcesHtml } from '../pages/sources.ts'
import { missing, page } from '../respond.ts'
import { withViewer } from '../session.ts'
import type { Site } from '../site.ts'

/** Routes to look things up: assets, flaws, sources and the record. */
export function addLookups(site: Site): void {
  const { app, port } = site

  app.get(
    '/assets',
    withViewer(site, async (c, viewer) => {
      const query = assetsQuery(c)
      const main = assetsHtml(await port.assets(query, viewer), query, viewer)
      return page(site, c, viewer, { title: 'Servers', current: '/assets', main })
    }),
  )

  app.get(
    '/asset',
    withViewer(site, async (c, viewer) => {
      const view = await port.asset(textIn(c, 'id') ?? '')
      if (view === null) return missing(c)
      return page(site, c, viewer, { title: view.asset.name, current: '/assets', main: assetHtml(view, viewer) })
    }),
  )

  app.get(
    '/explain',
    withViewer(site, async (c, viewer) => {
      const name = (c.req.query('name') ?? '').trim().slice(0, 200)
      const detail = name === '' ? null : await port.explain(name)
      const main = explainHtml(name, detail, viewer)
      return page(site, c, viewer, { title: detail?.title ?? 'Explain', current: '/explain', main })
    }),
  )

  app.get(
    '/sources',
    withViewer(site, async (c, viewer) => {
      const main = sourcesHtml(await port.sources(viewer), viewer)
      return page(site, c, viewer, { title: 'Sources', current: '/sources', main })
    }),
  )

  app.get(
    '/audit',
    withViewer(site, async (c, viewer) => {
      const before = numberIn(c, 'before')
      const known = c.req.query('known') === '1'
      const main = auditHtml(await port.audit(viewer, before, known), known, viewer)
      return page(site, c, viewer, { title: 'Audit', current: '/audit', main })
    }),
  )
}
