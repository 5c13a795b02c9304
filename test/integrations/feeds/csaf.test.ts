import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createCsafFeed } from '../../../src/integrations/feeds/csaf/index.ts'
import { csaf } from '../../../src/integrations/feeds/csaf/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { fetched, fileWith, spoil } from './read-feed.ts'
import { zipOf } from './zip-of.ts'

const platforms = {
  'BaseOS-9': 'cpe:/o:redhat:enterprise_linux:9::baseos',
  'BaseOS-9.2-EUS': 'cpe:/o:redhat:rhel_eus:9.2::baseos',
}

/** An advisory in the shape of Red Hat's, with words of our own. */
function advisory(id: string, fixed: Readonly<Record<string, string>>, affected: readonly string[] = []) {
  const nevras = [...new Set(Object.values(fixed))]
  const relationships = [
    ...Object.entries(fixed).map(([base, nevra]) => [base, nevra] as const),
    ...affected.map((name) => ['BaseOS-9', name] as const),
  ].map(([base, product]) => ({
    category: 'default_component_of',
    full_product_name: { name: `${product} of ${base}`, product_id: `${base}:${product}` },
    product_reference: product,
    relates_to_product_reference: base,
  }))
  return {
    document: {
      category: 'csaf_security_advisory',
      csaf_version: '2.0',
      title: 'Red Hat Security Advisory: example update',
      publisher: { name: 'Red Hat Product Security' },
      aggregate_severity: { text: 'Moderate' },
      tracking: { id, initial_release_date: '2026-11-03T00:00:00+00:00', status: 'final' },
    },
    product_tree: {
      branches: [
        {
          category: 'vendor',
          name: 'Red Hat',
          branches: [
            ...Object.entries(platforms).map(([product_id, cpe]) => ({
              category: 'product_name',
              product: { name: product_id, product_id, product_identification_helper: { cpe } },
            })),
            ...nevras.map((nevra) => ({ category: 'product_version', product: { name: nevra, product_id: nevra } })),
            ...affected.map((name) => ({ category: 'product_version', product: { name, product_id: name } })),
          ],
        },
      ],
      relationships,
    },
    vulnerabilities: [
      {
        cve: 'CVE-2026-9400001',
        release_date: '2026-11-01T00:00:00+00:00',
        product_status: {
          fixed: Object.entries(fixed).map(([base, nevra]) => `${base}:${nevra}`),
          known_affected: affected.map((name) => `BaseOS-9:${name}`),
        },
        scores: [
          { cvss_v3: { baseScore: 5.3, vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N', version: '3.1' } },
        ],
      },
    ],
  }
}

const good = Buffer.from(
  JSON.stringify([
    advisory('RHSA-2026:0001', { 'BaseOS-9': 'sudo-0:1.9.5p2-10.el9.x86_64' }),
    advisory('RHSA-2026:0002', { 'BaseOS-9': 'bash-0:5.1.8-10.el9.x86_64' }),
  ]),
)

catalogFeedContract({
  name: 'CSAF',
  kind: csaf,
  create: (options) => createCsafFeed({ name: 'csaf', publisher: 'redhat', ...options }),
  good,
  records: 6,
  oneBad: spoil(good, '"id":"RHSA-2026:0002"', '"id":""'),
  recordsOfOneBad: 3,
})

function feed(content: unknown) {
  return createCsafFeed({ name: 'csaf', publisher: 'redhat', location: fileWith(JSON.stringify(content)) })
}

describe('CSAF', () => {
  it('never mixes an extended stream with the main one, and leaves source packages out', async () => {
    const { content } = await fetched(
      feed(
        advisory('RHSA-2026:0003', {
          'BaseOS-9': 'sudo-0:1.9.5p2-10.el9.x86_64',
          'BaseOS-9.2-EUS': 'sudo-0:1.9.5p2-9.el9_2.1.x86_64',
        }),
      ),
    )
    expect(content.fixes?.map((fix) => [fix.platform, fix.package, fix.fixedVersion])).toEqual([
      ['rhel:9', 'sudo', '0:1.9.5p2-10.el9'],
      ['rhel:9.2-eus', 'sudo', '0:1.9.5p2-9.el9_2.1'],
    ])
    const source = await fetched(feed(advisory('RHSA-2026:0004', { 'BaseOS-9': 'sudo-0:1.9.5p2-10.el9.src' })))
    expect(source.content.fixes).toBeUndefined()
  })

  it('gives score, severity and what has no fix yet', async () => {
    const { content } = await fetched(
      feed(advisory('CVE-2026-9400001', { 'BaseOS-9': 'sudo-0:1-1.el9.x86_64' }, ['vim'])),
    )
    expect(content.fixes).toContainEqual(
      expect.objectContaining({ package: 'vim', fixedVersion: null, advisory: null }),
    )
    expect(content.cves?.[0]?.scores).toEqual([
      { source: 'Red Hat', version: '3.1', score: 5.3, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N' },
    ])
    const named = await fetched(feed(advisory('RHSA-2026:0005', { 'BaseOS-9': 'sudo-0:1-1.el9.x86_64' })))
    expect(named.content.advisories).toMatchObject([
      { id: 'RHSA-2026:0005', severity: 'Moderate', title: 'example update' },
    ])
  })

  it('goes by archive_latest.txt, then changes.csv and deletions.csv', async () => {
    const files: Record<string, Buffer> = {}
    const server = createServer((request, response) => {
      const body = files[(request.url ?? '').replace('/csaf/', '')]
      response.writeHead(body ? 200 : 404).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const location = `http://127.0.0.1:${(server.address() as AddressInfo).port}/csaf/`
    const source = createCsafFeed({ name: 'csaf', publisher: 'redhat', location, attempts: 1 })
    const { signal } = new AbortController()
    try {
      files['archive_latest.txt'] = Buffer.from('all.zip\n')
      files['all.zip'] = zipOf({
        '2026/rhsa-2026_0001.json': JSON.stringify(advisory('RHSA-2026:0001', { 'BaseOS-9': 'sudo-0:1-1.el9.x86_64' })),
      })
      files['changes.csv'] = Buffer.from('"2026/rhsa-2026_0001.json","2026-11-01T10:00:00+00:00"\n')
      files['deletions.csv'] = Buffer.from('"2025/rhsa-2025_9999.json","2026-10-01T10:00:00+00:00"\n')
      const first = await fetched(source)
      expect(first.content.fixes).toHaveLength(1)
      expect(await source.fetch(first.cursor, signal)).toEqual({ status: 'unchanged' })
      // The same instant in another zone is not newer.
      files['changes.csv'] = Buffer.from('"2026/rhsa-2026_0001.json","2026-11-01T11:00:00+01:00"\n')
      expect(await source.fetch(first.cursor, signal)).toEqual({ status: 'unchanged' })
      files['changes.csv'] = Buffer.from(
        '"2026/rhsa-2026_0002.json","2026-11-02T10:00:00+00:00"\n"2026/rhsa-2026_0001.json","2026-11-01T10:00:00+00:00"\n',
      )
      files['deletions.csv'] = Buffer.from('"2026/rhsa-2026_0001.json","2026-11-02T11:00:00+00:00"\n')
      files['2026/rhsa-2026_0002.json'] = Buffer.from(
        JSON.stringify(advisory('RHSA-2026:0002', { 'BaseOS-9': 'bash-0:1-1.el9.x86_64' })),
      )
      const second = await source.fetch(first.cursor, signal)
      expect(second).toMatchObject({ status: 'fetched', changes: { records: ['RHSA-2026:0002', 'RHSA-2026:0001'] } })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
