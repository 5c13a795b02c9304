import { describe, expect, it } from 'vitest'
import { createSecdbFeed } from '../../../src/integrations/feeds/alpine-secdb/index.ts'
import { alpineSecdb } from '../../../src/integrations/feeds/alpine-secdb/kind.ts'
import { createCveRecordsFeed } from '../../../src/integrations/feeds/cve-records/index.ts'
import { cveRecords } from '../../../src/integrations/feeds/cve-records/kind.ts'
import { createEndOfLifeFeed } from '../../../src/integrations/feeds/endoflife/index.ts'
import { endOfLife } from '../../../src/integrations/feeds/endoflife/kind.ts'
import { createNvdFeed } from '../../../src/integrations/feeds/nvd/index.ts'
import { nvd as nvdKind } from '../../../src/integrations/feeds/nvd/kind.ts'
import { createWesngFeed } from '../../../src/integrations/feeds/wesng/index.ts'
import { wesng as wesngKind } from '../../../src/integrations/feeds/wesng/kind.ts'
import { catalogFeedContract, expectRecognised } from '../../contracts/catalog-feed.ts'
import { fetched, fileWith, spoil } from './read-feed.ts'

const secdb = Buffer.from(
  JSON.stringify({
    apkurl: '{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk',
    distroversion: 'v3.20',
    reponame: 'main',
    packages: [
      { pkg: { name: 'curl', secfixes: { '8.9.0-r0': ['CVE-2026-9700001'], '0': ['CVE-2026-9700002 XSA-1'] } } },
      { pkg: { name: 'musl', secfixes: { '1.2.5-r1': ['CVE-2026-9700003'] } } },
    ],
  }),
)
catalogFeedContract({
  name: 'Alpine secdb',
  kind: alpineSecdb,
  create: (options) => createSecdbFeed({ name: 'secdb', release: '3.20', repository: 'main', ...options }),
  good: secdb,
  records: 3,
  oneBad: spoil(secdb, '"name":"musl"', '"name":7'),
  recordsOfOneBad: 2,
})

function record(cve: string, options: object[], more: object = {}) {
  return {
    dataType: 'CVE_RECORD',
    cveMetadata: { cveId: cve, state: 'PUBLISHED', datePublished: '2026-11-01T10:00:00.000Z' },
    containers: {
      cna: {
        metrics: [
          { cvssV4_0: { version: '4.0', baseScore: 9.3, vectorString: 'CVSS:4.0/AV:N' } },
          { cvssV3_1: { version: '3.1', baseScore: 8.1, vectorString: 'CVSS:3.1/AV:N' } },
        ],
      },
      adp: [
        {
          title: 'CISA ADP Vulnrichment',
          providerMetadata: { shortName: 'CISA-ADP' },
          metrics: [{ other: { type: 'ssvc', content: { timestamp: '2026-11-02T00:00:00Z', options } } }],
        },
      ],
    },
    ...more,
  }
}
const points = [{ Exploitation: 'PoC' }, { Automatable: 'Yes' }, { 'Technical Impact': 'total' }]
const records = Buffer.from(JSON.stringify([record('CVE-2026-9700004', points), record('CVE-2026-9700005', [])]))
catalogFeedContract({
  name: 'CVE records',
  kind: cveRecords,
  create: (options) => createCveRecordsFeed({ name: 'cves', ...options }),
  good: records,
  records: 2,
  oneBad: spoil(records, '"cveId":"CVE-2026-9700005"', '"cveId":"CVE-1"'),
  recordsOfOneBad: 1,
})

const nvd = Buffer.from(
  JSON.stringify({
    format: 'NVD_CVE',
    version: '2.0',
    vulnerabilities: ['CVE-2026-9700006', 'CVE-2026-9700007'].map((id) => ({
      cve: {
        id,
        published: '2026-11-01T10:00:00.000',
        vulnStatus: 'Analyzed',
        metrics: {
          cvssMetricV31: [
            {
              source: 'nvd@nist.gov',
              type: 'Primary',
              cvssData: { version: '3.1', baseScore: 7.5, vectorString: 'v' },
            },
            {
              source: 'cna@example.net',
              type: 'Secondary',
              cvssData: { version: '3.1', baseScore: 6.1, vectorString: 'w' },
            },
          ],
        },
      },
    })),
  }),
)
catalogFeedContract({
  name: 'NVD',
  kind: nvdKind,
  create: (options) => createNvdFeed({ name: 'nvd', part: '2026', ...options }),
  good: nvd,
  records: 2,
  oneBad: spoil(nvd, '"id":"CVE-2026-9700007"', '"id":"7"'),
  recordsOfOneBad: 1,
})

const support = Buffer.from(
  JSON.stringify({
    schema_version: '1.2.0',
    generated_at: '2026-11-20T00:00:00+00:00',
    result: [
      {
        name: 'debian',
        label: 'Debian',
        releases: [
          { name: '12', label: '12 (Bookworm)', eolFrom: '2026-07-11', eoesFrom: '2028-06-30' },
          { name: '13', label: '13 (Trixie)', eolFrom: '2028-08-09', eoesFrom: null },
        ],
      },
      { name: 'nodejs', label: 'Node.js', releases: [{ name: '20', eolFrom: '2026-04-30' }] },
    ],
  }),
)
catalogFeedContract({
  name: 'endoflife.date',
  kind: endOfLife,
  create: (options) => createEndOfLifeFeed({ name: 'eol', ...options }),
  good: support,
  records: 2,
  oneBad: spoil(support, '"eolFrom":"2028-08-09"', '"eolFrom":"some day"'),
  recordsOfOneBad: 1,
})

const wesng = [
  '"DatePosted","CVE","BulletinKB","Title","AffectedProduct","AffectedComponent","Severity","Impact","Supersedes","Exploits"',
  '"20261110","CVE-2026-9700008","5090010","Example","Windows Server 2019","Kernel","Important","EoP","5080010;5070010",""',
  '"20261110","CVE-2026-9700009","5090010","Example","Windows Server 2019","Kernel","Critical","RCE","5080010",""',
  '"20261110","CVE-2026-9700009","Release Notes","Example","Example Studio","","","","",""',
  '',
].join('\n')

describe('what feeds say of CVEs', () => {
  it('Alpine: several names in one entry, and what never was affected', async () => {
    const { content } = await fetched(
      createSecdbFeed({ name: 's', release: '3.20', repository: 'main', location: fileWith(secdb) }),
    )
    expect(content.fixes?.filter((fix) => fix.package === 'curl').map((fix) => [fix.fixedVersion, fix.cves])).toEqual([
      ['0', ['CVE-2026-9700002']],
      ['8.9.0-r0', ['CVE-2026-9700001']],
    ])
    expect(content.fixes?.[0]).toMatchObject({ platform: 'alpine:3.20', by: 'source' })
  })

  it('CVE records: SSVC points in any case, scores by who gave them, rejection', async () => {
    const rejected = record('CVE-2026-9700010', [], {
      cveMetadata: { cveId: 'CVE-2026-9700010', state: 'REJECTED' },
    })
    const text = JSON.stringify([record('CVE-2026-9700004', points), rejected])
    const { content } = await fetched(createCveRecordsFeed({ name: 'c', location: fileWith(text) }))
    expect(content.cves?.[0]).toEqual({
      cve: 'CVE-2026-9700004',
      published: '2026-11-01',
      rejected: false,
      ssvc: { exploitation: 'poc', automatable: 'yes', technicalImpact: 'total', date: '2026-11-02' },
      scores: [
        { source: 'CNA', version: '4.0', score: 9.3, vector: 'CVSS:4.0/AV:N' },
        { source: 'CNA', version: '3.1', score: 8.1, vector: 'CVSS:3.1/AV:N' },
      ],
      exploited: null,
    })
    expect(content.cves?.[1]).toMatchObject({ rejected: true, published: null, ssvc: null })
  })

  it('NVD: its own score beside the one that it repeats; the recent part adds to what is known', async () => {
    const { content } = await fetched(createNvdFeed({ name: 'n', part: '2026', location: fileWith(nvd) }))
    expect(content.cves?.[0]?.scores.map((score) => [score.source, score.score])).toEqual([
      ['NVD', 7.5],
      ['CNA', 6.1],
    ])
    const recent = await createNvdFeed({ name: 'n', part: 'modified', location: fileWith(nvd) }).fetch(
      null,
      new AbortController().signal,
    )
    expect(recent).toMatchObject({ changes: { records: ['CVE-2026-9700006', 'CVE-2026-9700007'] } })
  })

  it('endoflife.date: platforms, and no languages', async () => {
    const { content } = await fetched(createEndOfLifeFeed({ name: 'e', location: fileWith(support) }))
    expect(content.lifecycles).toEqual([
      {
        platform: 'debian:12',
        name: 'Debian 12 (Bookworm)',
        endOfSupport: '2026-07-11',
        endOfExtendedSupport: '2028-06-30',
      },
      { platform: 'debian:13', name: 'Debian 13 (Trixie)', endOfSupport: '2028-08-09', endOfExtendedSupport: null },
    ])
  })

  it('wesng: is recognised by its kind alone', () => expectRecognised(wesngKind, Buffer.from(wesng)))

  it('wesng: saved with semicolons by a spreadsheet, says the same', async () => {
    const { content } = await fetched(createWesngFeed({ name: 'w', location: fileWith(wesng) }))
    const saved = Buffer.from(wesng.replace(/","/g, '";"'))
    expect((await fetched(createWesngFeed({ name: 'w', location: fileWith(saved) }))).content).toEqual(content)
    await expectRecognised(wesngKind, saved)
  })

  it('wesng: rows of one KB and product are one update', async () => {
    const { content } = await fetched(createWesngFeed({ name: 'w', location: fileWith(wesng) }))
    expect(content.updates).toEqual([
      {
        platform: 'windows:server-2019',
        kb: 'KB5090010',
        title: 'Example',
        cves: ['CVE-2026-9700008', 'CVE-2026-9700009'],
        supersedes: ['KB5080010', 'KB5070010'],
        fixedBuild: null,
        type: 'security',
        severity: 'Critical',
        restart: null,
        published: '2026-11-10',
        record: 'wesng',
      },
    ])
  })
})
