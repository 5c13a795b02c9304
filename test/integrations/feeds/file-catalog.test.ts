import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { onlyLooks } from '../../../src/core/asset.ts'
import { createFileCatalogFeed } from '../../../src/integrations/feeds/file-catalog/index.ts'
import { fileCatalog } from '../../../src/integrations/feeds/file-catalog/kind.ts'
import { createFileInventory } from '../../../src/integrations/file-inventory/index.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { fetched, fileWith, spoil } from './read-feed.ts'

const example = fileURLToPath(new URL('../../../examples/catalog.json', import.meta.url))
const good = readFileSync(example)
const clock = () => new Date('2026-11-20T23:30:00Z')

catalogFeedContract({
  name: 'a catalog file',
  kind: fileCatalog,
  create: (options) => createFileCatalogFeed({ name: 'example', clock, ...options }),
  good,
  records: 20,
  oneBad: spoil(good, '"score": 0.41775', '"score": 41.775'),
  recordsOfOneBad: 19,
})

function feed(data: unknown) {
  return createFileCatalogFeed({ name: 'carried in', location: fileWith(JSON.stringify(data)), clock })
}

describe('a catalog file', () => {
  it('replaces only the kinds it names, an empty one with nothing', async () => {
    const { content } = await fetched(feed({ fixes: [], kev: [] }))
    expect(content).toEqual({ fixes: [], kev: [] })
  })

  it('may name updates of Windows; one without a number is told and skipped', async () => {
    const update = { platform: 'windows:server-2022', kb: 'KB9000001', title: 'Cumulative', published: 'today-3' }
    const records = [...Array.from({ length: 19 }, (_, index) => ({ ...update, kb: `KB90000${index}` })), update]
    const { content, rejected } = await fetched(feed({ updates: [...records, { ...update, kb: '9000001' }] }))
    expect(content.updates).toHaveLength(20)
    expect(content.updates?.at(-1)).toEqual({
      ...{ platform: 'windows:server-2022', kb: 'KB9000001', title: 'Cumulative', published: '2026-11-17' },
      ...{ cves: [], supersedes: [], fixedBuild: null, type: 'security', severity: null, restart: null },
    })
    expect(rejected).toMatchObject([{ where: 'updates, record 21' }])
  })

  it.each([
    ['2026-08-07', '2026-08-07'],
    ['today', '2026-11-20'],
    ['today-20', '2026-10-31'],
    ['today+11', '2026-12-01'],
  ])('may write %s for %s', async (written, date) => {
    const { content } = await fetched(
      feed({ kev: [{ cve: 'CVE-2026-9000001', dateAdded: written, dueDate: written }] }),
    )
    expect(content.kev?.[0]).toMatchObject({ dateAdded: date, dueDate: date })
  })

  it.each(['yesterday', '2026-13-01', '07/08/2026', 'today-', ''])('may not write %j for a date', async (written) => {
    const rows = ['2026-08-07', written].map((date, index) => ({
      cve: `CVE-2026-900000${index}`,
      dateAdded: date,
      dueDate: date,
    }))
    const { content, rejected } = await fetched(feed({ kev: rows }))
    expect([content.kev?.length, rejected.length]).toEqual([1, 1])
  })
})

describe('the example catalog', () => {
  it('has a fix at the offered version for every security update of the example fleet', async () => {
    const { content } = await fetched(createFileCatalogFeed({ name: 'example', location: example, clock }))
    const fixes = new Set(content.fixes?.map((fix) => `${fix.platform} ${fix.package} ${fix.fixedVersion}`))
    const path = fileURLToPath(new URL('../../../examples/fleet.json', import.meta.url))
    const fleet = createFileInventory({ name: 'example', path, format: 'json', defaults: {}, clock })
    let updates = 0
    for await (const seen of onlyLooks(fleet.observe({ signal: new AbortController().signal }))) {
      if (seen.kind !== 'seen') throw new Error(seen.reason)
      expect(seen.snapshot.asset.simulated).toBe(true)
      for (const update of seen.snapshot.pending.filter((one) => one.security)) {
        updates++
        expect(fixes).toContain(`${seen.snapshot.asset.platform} ${update.source} ${update.candidate}`)
      }
    }
    expect(updates).toBe(68)
  })

  it('speaks only of CVEs and advisories that say they are invented', async () => {
    const { content } = await fetched(createFileCatalogFeed({ name: 'example', location: example, clock }))
    const cves = [
      ...(content.fixes ?? []).flatMap((fix) => fix.cves),
      ...[...(content.kev ?? []), ...(content.epss ?? [])].map((one) => one.cve),
    ]
    for (const cve of cves) expect(cve).toMatch(/^CVE-2026-9\d{6}$/)
    for (const advisory of content.advisories ?? []) {
      expect(advisory.id).toMatch(/^EXAMPLE-/)
      expect(advisory.title).toContain('invented')
    }
  })
})
