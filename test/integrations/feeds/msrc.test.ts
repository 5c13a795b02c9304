import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { windowsPlatform } from '../../../src/core/assessment/windows-updates.ts'
import { createMsrcFeed } from '../../../src/integrations/feeds/msrc/index.ts'
import { msrc } from '../../../src/integrations/feeds/msrc/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { fetched, fileWith, fixture } from './read-feed.ts'

const good = fixture('cvrf.xml')

catalogFeedContract({
  name: "Microsoft's updates",
  kind: msrc,
  create: (options) => createMsrcFeed({ name: 'msrc', since: '2020-01', ...options }),
  good,
  records: 4,
  oneBad: Buffer.from(good.toString().replace('<vuln:CVE>CVE-2026-9500002', '<vuln:CVE>CVE-26-2')),
  recordsOfOneBad: 3,
})

describe("Microsoft's updates", () => {
  it('gives one update for each KB and product, with build, CVEs and what it replaces', async () => {
    const { content } = await fetched(createMsrcFeed({ name: 'msrc', since: '2020-01', location: fileWith(good) }))
    expect(content.updates).toEqual([
      {
        platform: 'windows:server-2022',
        kb: 'KB5090001',
        title: 'KB5090001: Security Update',
        cves: ['CVE-2026-9500001', 'CVE-2026-9500002'],
        supersedes: ['KB5080001'],
        fixedBuild: '10.0.20348.5000',
        type: 'security',
        severity: 'Critical',
        restart: true,
        published: '2026-11-10',
        record: '2026-Nov',
      },
      expect.objectContaining({ platform: 'windows:server-2022-core', kb: 'KB5090001' }),
    ])
    expect(content.cves).toMatchObject([
      {
        cve: 'CVE-2026-9500001',
        exploited: '2026-11-10',
        scores: [{ source: 'Microsoft', score: 9.8, version: '3.1' }],
      },
      { cve: 'CVE-2026-9500002', exploited: null },
    ])
  })

  it('reads the same document as JSON', async () => {
    const month = {
      DocumentTracking: { Identification: { ID: { Value: '2026-Nov' } }, InitialReleaseDate: '2026-11-10T08:00:00Z' },
      ProductTree: { FullProductName: [{ ProductID: '1', Value: 'Windows 11 Version 24H2 for x64-based Systems' }] },
      Vulnerability: [
        {
          CVE: 'CVE-2026-9500003',
          Remediations: [
            {
              Description: { Value: '5090002' },
              SubType: 'Security Update',
              Supercedence: '5080002',
              FixedBuild: '10.0.26100.9000',
              RestartRequired: { Value: 'Yes' },
              ProductID: ['1'],
            },
          ],
          Threats: [{ Type: 1, Description: { Value: 'Publicly Disclosed:No;Exploited:Yes' } }],
        },
      ],
    }
    const { content } = await fetched(
      createMsrcFeed({ name: 'msrc', since: '2020-01', location: fileWith(JSON.stringify(month)) }),
    )
    expect(content.updates).toMatchObject([
      { platform: 'windows:11-24h2', kb: 'KB5090002', fixedBuild: '10.0.26100.9000' },
    ])
    expect(content.cves?.[0]?.exploited).toBe('2026-11-10')
  })

  const month = (
    products: Record<string, string>,
    rows: readonly (readonly [string, string, string, string, string])[],
  ) =>
    JSON.stringify({
      DocumentTracking: { Identification: { ID: { Value: '2026-Nov' } }, InitialReleaseDate: '2026-11-10T08:00:00Z' },
      ProductTree: {
        FullProductName: Object.entries(products).map(([ProductID, Value]) => ({ ProductID, Value })),
      },
      Vulnerability: rows.map(([CVE, kb, SubType, FixedBuild, product]) => ({
        CVE,
        Remediations: [{ Description: { Value: kb }, SubType, FixedBuild, ProductID: [product] }],
      })),
    })
  const updatesOf = async (text: string) =>
    (await fetched(createMsrcFeed({ name: 'msrc', since: '2020-01', location: fileWith(text) }))).content.updates

  it('keeps what Microsoft calls an update, and what it fixes in a product on Windows', async () => {
    const products = {
      1: 'Windows Server 2022',
      2: 'Microsoft .NET Framework 3.5 AND 4.8 on Windows Server 2022',
      3: 'Internet Explorer 11 on Windows Server 2022',
    }
    const text = month(products, [
      ['CVE-2026-1000001', '5090003', 'Internet Explorer', '1.001', '3'],
      ['CVE-2026-1000002', '5090003', 'Security Update', '10.0.20348.5000', '1'],
      ['CVE-2026-1000002', '5090004', 'Security Hotpatch Update', '10.0.20348.4990', '1'],
      ['CVE-2026-1000003', '5090005', 'Security Update', '4.8.04690.02', '2'],
    ])
    expect(await updatesOf(text)).toMatchObject([
      {
        kb: 'KB5090003',
        title: 'KB5090003: Security Update',
        fixedBuild: '10.0.20348.5000',
        cves: ['CVE-2026-1000002', 'CVE-2026-1000001'],
      },
      { kb: 'KB5090004', title: 'KB5090004: Security Hotpatch Update', fixedBuild: '10.0.20348.4990' },
      {
        platform: 'windows:server-2022',
        kb: 'KB5090005',
        title: 'KB5090005: Security Update [for Microsoft .NET Framework 3.5 AND 4.8]',
        fixedBuild: null,
      },
    ])
  })

  it('has one build for a KB with two: one that can be of the product, else the higher one', async () => {
    const products = { 1: 'Windows 11 Version 23H2 for x64-based Systems' }
    for (const builds of [
      ['10.0.22631.2715', '10.0.22000.2600'],
      ['10.0.22000.2600', '10.0.22631.2715'],
      ['10.0.22631.2700', '10.0.22631.2715'],
      ['10.0.22631.2715', '10.0.22631.2700'],
    ]) {
      const rows = builds.map((build, index) => [`CVE-2026-100000${index}`, '5090006', '', build, '1'] as const)
      expect(await updatesOf(month(products, rows))).toMatchObject([{ fixedBuild: '10.0.22631.2715' }])
    }
  })

  describe('from the list of months', () => {
    /** Microsoft's list and its months; each request is noted. */
    async function withList(run: (list: List) => Promise<void>): Promise<void> {
      const list: List = { location: '', asked: [], revised: {}, cutOff: new Set() }
      const server = createServer((request, response) => {
        const path = request.url ?? ''
        const id = path.split('/').at(-1) ?? ''
        if (id !== 'updates') {
          list.asked.push(id)
          const text = good.toString().replaceAll('2026-Nov', id)
          return void response.end(list.cutOff.has(id) ? text.slice(0, text.length / 2) : text)
        }
        const value = Object.entries(list.revised).map(([ID, CurrentReleaseDate]) => ({
          ID,
          InitialReleaseDate: `${ID.slice(0, 4)}-${ID.endsWith('Oct') ? '10-13' : '11-10'}T08:00:00Z`,
          CurrentReleaseDate,
        }))
        response.end(JSON.stringify({ value }))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      list.location = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cvrf/v3.0/updates`
      try {
        await run(list)
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }
    interface List {
      location: string
      readonly asked: string[]
      readonly revised: Record<string, string>
      readonly cutOff: Set<string>
    }
    const { signal } = new AbortController()
    const feedOf = ({ location }: List, since = '2025-01') =>
      createMsrcFeed({ name: 'msrc', since, location, attempts: 1 })

    it('reads each month once, and again when it was revised', () =>
      withList(async (list) => {
        Object.assign(list.revised, { '2019-Nov': '2026-11-12T08:00:00Z', '2026-Nov': '2026-11-10T08:00:00Z' })
        const first = await fetched(feedOf(list))
        expect(list.asked.splice(0)).toEqual(['2026-Nov'])
        expect(await feedOf(list).fetch(first.cursor, signal)).toEqual({ status: 'unchanged' })
        list.revised['2026-Nov'] = '2026-11-17T08:00:00Z'
        expect(await feedOf(list).fetch(first.cursor, signal)).toMatchObject({ changes: { records: ['2026-Nov'] } })
        expect(list.asked).toEqual(['2026-Nov'])
      }))

    it('reads a month that was revised on the day of another one, which was read before', () =>
      withList(async (list) => {
        // Microsoft dates revisions by the day.
        Object.assign(list.revised, { '2026-Oct': '2026-10-13T07:00:00Z', '2026-Nov': '2026-11-10T08:00:00Z' })
        const first = await fetched(feedOf(list))
        list.revised['2026-Oct'] = '2026-11-10T08:00:00Z'
        expect(await feedOf(list).fetch(first.cursor, signal)).toMatchObject({ changes: { records: ['2026-Oct'] } })
      }))

    it('reads the months before, where the first month is set to an earlier one', () =>
      withList(async (list) => {
        Object.assign(list.revised, { '2019-Nov': '2020-01-14T08:00:00Z', '2026-Nov': '2026-11-10T08:00:00Z' })
        const first = await fetched(feedOf(list))
        const earlier = feedOf(list, '2019-01')
        expect(await earlier.fetch(first.cursor, signal)).toMatchObject({ changes: { records: ['2019-Nov'] } })
      }))

    it('reads a month again that was cut off on its way', () =>
      withList(async (list) => {
        Object.assign(list.revised, { '2026-Oct': '2026-10-13T07:00:00Z', '2026-Nov': '2026-11-10T08:00:00Z' })
        list.cutOff.add('2026-Oct')
        const first = await fetched(feedOf(list))
        expect(first.rejected).toMatchObject([{ reason: expect.stringContaining('cut off') }])
        const second = await feedOf(list).fetch(first.cursor, signal)
        expect(second).toMatchObject({ status: 'fetched', rejected: [{}] })
        list.cutOff.clear()
        list.asked.splice(0)
        const third = await feedOf(list).fetch(second.status === 'fetched' ? second.cursor : '', signal)
        expect(third).toMatchObject({ changes: { records: ['2026-Oct'] }, rejected: [] })
        expect(list.asked).toEqual(['2026-Oct'])
      }))
  })

  it.each([
    ['Windows Server 2022', 'windows:server-2022'],
    ['Windows Server 2022 (Server Core installation)', 'windows:server-2022-core'],
    ['Windows Server 2022, 23H2 Edition (Server Core installation)', 'windows:server-2022-23h2-core'],
    ['Windows Server 2012 R2', 'windows:server-2012-r2'],
    ['Windows 10 Version 22H2 for x64-based Systems', 'windows:10-22h2'],
    ['Windows 11 Version 24H2 for ARM64-based Systems', 'windows:11-24h2-arm64'],
    ['Windows 7 for 32-bit Systems Service Pack 1', 'windows:7-sp1-x86'],
    ['Microsoft Office 2019 for 32-bit editions', null],
    ['Windows Admin Center', null],
  ])('knows the product %s as %s', (product, platform) => {
    expect(windowsPlatform(product)).toBe(platform)
  })
})
