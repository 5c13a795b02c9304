import { describe, expect, it } from 'vitest'
import { createDebianAdvisoriesFeed } from '../../../src/integrations/feeds/debian-advisories/index.ts'
import { debianAdvisories } from '../../../src/integrations/feeds/debian-advisories/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { sharedData } from '../shared-data.ts'
import { fetched, fileWith, fixture, spoil, unpackZstd } from './read-feed.ts'

const good = fixture('dsa-list')

catalogFeedContract({
  name: 'Debian advisories',
  kind: debianAdvisories,
  create: (options) => createDebianAdvisoriesFeed({ name: 'dsa', ...options }),
  good,
  records: 4,
  oneBad: spoil(good, '[26 Jul 2026]', '[36 Jul 2026]'),
  recordsOfOneBad: 3,
})

describe('Debian advisories', () => {
  it('give title, day, CVEs and the fixed version of each release', async () => {
    const { content } = await fetched(createDebianAdvisoriesFeed({ name: 'dsa', location: fileWith(good) }))
    expect(content.advisories).toEqual([
      {
        id: 'DSA-9902-1',
        title: 'openssl - security update',
        published: '2026-08-07',
        cves: ['CVE-2026-9100001', 'CVE-2026-9100002'],
        fixes: [
          { platform: 'debian:12', source: 'openssl', fixedVersion: '3.0.17-1~deb12u2' },
          { platform: 'debian:13', source: 'openssl', fixedVersion: '3.5.1-1+deb13u1' },
        ],
      },
      {
        id: 'DSA-9356-2',
        title: 'sox - regression update',
        published: '2026-08-01',
        cves: [],
        fixes: [{ platform: 'debian:12', source: 'sox', fixedVersion: '14.4.2+git20190427-3.5+deb12u1' }],
      },
      { id: 'DSA-9901-1', title: 'bookworm end-of-life', published: '2026-07-30', cves: [], fixes: [] },
      {
        id: 'DSA-9900-1',
        title: 'curl libcurl-example - several vulnerabilities',
        published: '2026-07-26',
        cves: ['CVE-2026-9100003'],
        fixes: [{ platform: 'debian:13', source: 'curl', fixedVersion: '8.14.1-2+deb13u1' }],
      },
    ])
  })

  it.each([
    ['DSA', 5406],
    ['DLA', 3534],
  ])('of the real %s list are all read', { timeout: 30_000 }, async (list, heads) => {
    const path = sharedData(`debian/tracker-2023-04/${list}-list.zst`)
    const text = path === null ? null : unpackZstd(path)
    if (text === null) return
    const { content, rejected } = await fetched(createDebianAdvisoriesFeed({ name: list, location: fileWith(text) }))
    const lines = text.toString('utf8').split('\n')
    expect(lines.filter((line) => line.startsWith('['))).toHaveLength(heads)
    expect([content.advisories?.length, rejected]).toEqual([heads, []])
    const bullseye = content.advisories?.flatMap((one) => one.fixes.filter((fix) => fix.platform === 'debian:11')) ?? []
    const theirs = lines.filter((line) => /^\s+\[bullseye\] - \S+ +[^<\s]/.test(line))
    expect(bullseye).toHaveLength(theirs.length)
  })
})
