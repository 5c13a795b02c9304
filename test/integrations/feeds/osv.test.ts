import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ecosystemOf } from '../../../src/integrations/feeds/osv/ecosystem.ts'
import { createOsvFeed } from '../../../src/integrations/feeds/osv/index.ts'
import { osv } from '../../../src/integrations/feeds/osv/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { fetched, fileWith, spoil } from './read-feed.ts'
import { zipOf } from './zip-of.ts'

function record(id: string, name: string, fixed: string, more: object = {}) {
  return {
    schema_version: '1.7.0',
    id,
    modified: '2026-11-01T10:00:00Z',
    published: '2026-11-01T00:00:00Z',
    summary: 'Important: example security update',
    related: ['CVE-2026-9300001', 'CVE-2026-9300002'],
    affected: [
      {
        package: { ecosystem: 'AlmaLinux:9', name },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
    ...more,
  }
}

const good = Buffer.from(
  JSON.stringify([record('ALSA-2026:0001', 'curl', '7.76.1-30.el9'), record('ALSA-2026:0002', 'bash', '5.1.8-10.el9')]),
)

catalogFeedContract({
  name: 'OSV',
  kind: osv,
  create: (options) => createOsvFeed({ name: 'osv', ecosystem: 'AlmaLinux', ...options }),
  good,
  records: 4,
  oneBad: spoil(good, '"id":"ALSA-2026:0002"', '"id":""'),
  recordsOfOneBad: 2,
})

function feed(content: unknown) {
  return createOsvFeed({ name: 'osv', ecosystem: 'any', location: fileWith(JSON.stringify(content)) })
}

describe('OSV', () => {
  it('gives fixes by binary package with advisory and CVEs, and the vendor severity', async () => {
    const { content } = await fetched(feed(record('ALSA-2026:0001', 'curl', '7.76.1-30.el9')))
    expect(content.fixes).toMatchObject([
      {
        platform: 'almalinux:9',
        package: 'curl',
        by: 'binary',
        cves: ['CVE-2026-9300001', 'CVE-2026-9300002'],
        fixedVersion: '7.76.1-30.el9',
        advisory: 'ALSA-2026:0001',
        type: 'security',
      },
    ])
    expect(content.advisories).toMatchObject([{ id: 'ALSA-2026:0001', severity: 'Important', published: '2026-11-01' }])
  })

  it.each([
    ['ALBA-2026:1', 'bugfix'],
    ['ALEA-2026:1', 'feature'],
    ['RLSA-2026:1', 'security'],
    ['DSA-6000-1', 'security'],
  ])('takes %s for %s', async (id, type) => {
    const { content } = await fetched(feed(record(id, 'curl', '1-2')))
    expect(content.fixes?.[0]?.type).toBe(type)
  })

  it('reads the stream of a modular package from the title', async () => {
    const summary = 'Moderate: nodejs:18 security, bug fix, and enhancement update'
    const { content } = await fetched(
      feed(record('ALSA-2026:0003', 'nodejs', '1:18.20.2-1.module_el9.4.0+100+3fc9ff10', { summary })),
    )
    expect(content.fixes?.[0]?.module).toBe('nodejs:18')
  })

  it('says what needs a subscription, and what was withdrawn says nothing', async () => {
    const affected = [
      {
        package: { ecosystem: 'Ubuntu:Pro:18.04:LTS', name: 'curl' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '7.58.0-2ubuntu3.24+esm5' }] }],
      },
    ]
    const pro = record('UBUNTU-CVE-2026-9300003', '', '', { affected, upstream: ['CVE-2026-9300003'], related: [] })
    const withdrawn = record('USN-1-1', 'curl', '1', { withdrawn: '2026-11-02T00:00:00Z' })
    const { content } = await fetched(feed([pro, withdrawn]))
    expect(content.fixes).toMatchObject([
      {
        platform: 'ubuntu:18.04',
        by: 'source',
        subscription: 'Ubuntu Pro',
        advisory: null,
        cves: ['CVE-2026-9300003'],
      },
    ])
  })

  it('keeps a range without a fix as no fix yet, and every interval of several', async () => {
    const events = [
      { introduced: '0' },
      { fixed: '1.2' },
      { introduced: '2.0' },
      { fixed: '2.1' },
      { introduced: '3.0' },
    ]
    const affected = [{ package: { ecosystem: 'Debian:12', name: 'x' }, ranges: [{ type: 'ECOSYSTEM', events }] }]
    const { content } = await fetched(feed(record('DEBIAN-CVE-2026-9300004', '', '', { affected, related: [] })))
    expect(content.fixes?.map((fix) => [fix.introduced, fix.fixedVersion])).toEqual([
      [null, '1.2'],
      ['2.0', '2.1'],
      ['3.0', null],
    ])
    expect(content.fixes?.[0]?.cves).toEqual(['CVE-2026-9300004'])
  })

  it('keeps only the platforms that are asked for', async () => {
    const nine = record('ALSA-2026:1', 'curl', '1-2')
    const eight = JSON.parse(JSON.stringify(record('ALSA-2026:2', 'curl', '1-1')).replace('AlmaLinux:9', 'AlmaLinux:8'))
    const location = fileWith(JSON.stringify([nine, eight]))
    const { content } = await fetched(
      createOsvFeed({ name: 'osv', ecosystem: 'AlmaLinux', platforms: ['almalinux:8'], location }),
    )
    expect(content.fixes?.map((fix) => fix.platform)).toEqual(['almalinux:8'])
  })

  it('loses one part that makes no sense, not the record', async () => {
    const sound = record('ALSA-2026:0001', 'curl', '7.76.1-30.el9')
    const broken = { package: { ecosystem: 'AlmaLinux:9', name: 'wget' }, ranges: { type: 'ECOSYSTEM' } }
    const { content, rejected } = await fetched(feed({ ...sound, affected: [broken, ...sound.affected] }))
    expect(content.fixes?.map((fix) => fix.package)).toEqual(['curl'])
    expect(rejected).toMatchObject([{ where: expect.stringContaining('affected 1') }])
  })

  it('reads a whole archive once, then only the records that its list says have changed', async () => {
    const files: Record<string, Buffer> = {}
    const asked: string[] = []
    const server = createServer((request, response) => {
      const path = decodeURIComponent((request.url ?? '').slice(1))
      asked.push(path)
      const body = files[path]
      response.writeHead(body ? 200 : 404).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/all.zip`
    const options = { name: 'osv', ecosystem: 'any', location: address, attempts: 1 }
    const source = createOsvFeed(options)
    try {
      files['all.zip'] = zipOf({
        'A-1.json': JSON.stringify(record('ALSA-2026:1', 'curl', '1-1')),
        'A-2.json': JSON.stringify(record('ALSA-2026:2', 'bash', '1-1')),
      })
      files['modified_id.csv'] = Buffer.from('2026-11-01T10:00:00Z,ALSA-2026:2\n2026-10-01T10:00:00Z,ALSA-2026:1\n')
      const first = await fetched(source)
      expect(first.content.fixes).toHaveLength(2)
      expect(await source.fetch(first.cursor, new AbortController().signal)).toEqual({ status: 'unchanged' })

      asked.length = 0
      files['modified_id.csv'] = Buffer.from('2026-11-02T10:00:00Z,ALSA-2026:1\n2026-11-01T10:00:00Z,ALSA-2026:2\n')
      files['ALSA-2026:1.json'] = Buffer.from(JSON.stringify(record('ALSA-2026:1', 'curl', '1-2')))
      const second = await source.fetch(first.cursor, new AbortController().signal)
      expect(second).toMatchObject({ status: 'fetched', changes: { records: ['ALSA-2026:1'] } })
      expect(second.status === 'fetched' && second.content.fixes?.map((fix) => fix.fixedVersion)).toEqual(['1-2'])
      expect(asked).toEqual(['modified_id.csv', 'ALSA-2026:1.json'])

      // The list names a document no more that was cut off on its way, and says nothing of what other settings had left out.
      const cursor = second.status === 'fetched' ? second.cursor : ''
      files['modified_id.csv'] = Buffer.from('2026-11-03T10:00:00Z,ALSA-2026:2\n')
      files['ALSA-2026:2.json'] = Buffer.from('{"id":"ALSA-2026:2","modif')
      const third = await source.fetch(cursor, new AbortController().signal)
      expect(third).toMatchObject({ status: 'fetched', changes: { records: [] }, rejected: [{}] })
      files['ALSA-2026:2.json'] = Buffer.from(JSON.stringify(record('ALSA-2026:2', 'bash', '2-2')))
      const fourth = await source.fetch(third.status === 'fetched' ? third.cursor : '', new AbortController().signal)
      expect(fourth).toMatchObject({ changes: { records: ['ALSA-2026:2'] }, rejected: [] })
      const wider = createOsvFeed({ ...options, platforms: ['almalinux:9'] })
      const fifth = await wider.fetch(fourth.status === 'fetched' ? fourth.cursor : '', new AbortController().signal)
      expect(fifth.status === 'fetched' && fifth.changes).toBeUndefined()
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it.each([
    ['Debian:12', 'debian:12'],
    ['Debian', null],
    ['Ubuntu:22.04:LTS', 'ubuntu:22.04'],
    ['Ubuntu:Pro:FIPS:20.04:LTS', null],
    ['Red Hat:enterprise_linux:9::appstream', 'rhel:9'],
    ['Red Hat:rhel_eus:8.6::baseos', 'rhel:8.6-eus'],
    ['Rocky Linux:8', 'rocky:8'],
    ['SUSE:Linux Enterprise Server 15 SP4', 'sles:15.4'],
    ['openSUSE:Leap 15.5', 'opensuse:15.5'],
    ['Alpine:v3.18', 'alpine:3.18'],
    ['npm', null],
  ])('knows the ecosystem %s as %s', (name, platform) => {
    expect(ecosystemOf(name)?.platform ?? null).toBe(platform)
  })
})
