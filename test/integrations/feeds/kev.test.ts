import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createKevFeed } from '../../../src/integrations/feeds/kev/index.ts'
import { kev } from '../../../src/integrations/feeds/kev/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { sharedData } from '../shared-data.ts'
import { fetched, fileWith, fixture, spoil } from './read-feed.ts'

const good = fixture('kev.json')

catalogFeedContract({
  name: 'CISA KEV',
  kind: kev,
  create: (options) => createKevFeed({ name: 'kev', ...options }),
  good,
  records: 4,
  oneBad: spoil(good, '"2021-11-17"', '"soon"'),
  recordsOfOneBad: 3,
})

function catalog(entries: number, version = '2026.08.07'): string {
  const vulnerabilities = Array.from({ length: entries }, (_, index) => ({
    cveID: `CVE-2026-${9_200_000 + index}`,
    dateAdded: '2026-08-07',
    dueDate: '2026-08-10',
  }))
  return JSON.stringify({ catalogVersion: version, count: entries, vulnerabilities })
}

function feed(content: string, options: { allowShrinking?: boolean; mirrors?: string[] } = {}) {
  return createKevFeed({ name: 'kev', location: fileWith(content), ...options })
}

describe('CISA KEV', () => {
  it('gives dates, name and ransomware use', async () => {
    const { content, saidAt } = await fetched(createKevFeed({ name: 'kev', location: fileWith(good) }))
    expect(saidAt).toBe('2026-08-07')
    expect(content.kev?.[0]).toEqual({
      cve: 'CVE-2026-9100001',
      dateAdded: '2026-08-07',
      dueDate: '2026-08-10',
      ransomware: true,
      name: 'Example Gateway Command Injection Vulnerability',
    })
    expect(content.kev?.map((entry) => entry.ransomware)).toEqual([true, false, false, false])
  })

  it('is refused when it has not as many entries as it says', async () => {
    await expect(fetched(feed(catalog(3).replace('"count":3', '"count":4')))).rejects.toThrow(
      'says it has 4 entries and has 3',
    )
  })

  it('lets single entries go, which withdraws them', async () => {
    const { cursor } = await fetched(feed(catalog(100)))
    expect((await fetched(feed(catalog(95)), cursor)).content.kev).toHaveLength(95)
  })

  it('is not believed when more than 5 % of it is gone, unless that is allowed', async () => {
    const { cursor } = await fetched(feed(catalog(100)))
    await expect(fetched(feed(catalog(94)), cursor)).rejects.toThrow('only 94 records where the last good one had 100')
    expect((await fetched(feed(catalog(94), { allowShrinking: true }), cursor)).content.kev).toHaveLength(94)
  })

  it('comes from a mirror when the first place fails, but never from one that is behind', async () => {
    const fresh = fileWith(catalog(10, '2026.08.07'))
    const stale = fileWith(catalog(10, '2026.08.06'))
    const { cursor } = await fetched(createKevFeed({ name: 'kev', location: '/nowhere', mirrors: [fresh] }))
    const behind = createKevFeed({ name: 'kev', location: '/nowhere', mirrors: [stale] })
    await expect(fetched(behind, cursor)).rejects.toThrow('mirror that still has 2026.08.06')
  })

  const newer = sharedData('kev/kev_2026-08-08.json.gz')
  const older = sharedData('kev/kev_2025-08-25_cisagov.json.gz')
  it.skipIf(newer === null || older === null)('reads the real catalogs entry for entry', async () => {
    for (const [path, entries] of [
      [older ?? '', 1404],
      [newer ?? '', 1662],
    ] as const) {
      const { content, rejected } = await fetched(createKevFeed({ name: 'kev', location: path }))
      const raw: { vulnerabilities: { cveID: string }[] } = JSON.parse(gunzipSync(readFileSync(path)).toString())
      expect(content.kev?.map((entry) => entry.cve)).toEqual(raw.vulnerabilities.map((entry) => entry.cveID))
      expect([content.kev?.length, rejected.length]).toEqual([entries, 0])
    }
  })

  it.skipIf(newer === null)('has 338 real entries used by ransomware', async () => {
    const { content } = await fetched(createKevFeed({ name: 'kev', location: newer ?? '' }))
    expect(content.kev?.filter((entry) => entry.ransomware)).toHaveLength(338)
  })
})
