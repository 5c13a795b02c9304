import { readFileSync } from 'node:fs'
import { deflateSync, gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { schemeFor } from '../../../src/core/versions/scheme.ts'
import { createDebsecanFeed } from '../../../src/integrations/feeds/debsecan/index.ts'
import { debsecan } from '../../../src/integrations/feeds/debsecan/kind.ts'
import { parseDpkgStatus } from '../../../src/integrations/file-inventory/index.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { sharedData } from '../shared-data.ts'
import { fetched, fileWith, fixture, spoil } from './read-feed.ts'

const text = fixture('debsecan.txt')
const good = deflateSync(text)
const { compare } = schemeFor('debian:12')

catalogFeedContract({
  name: 'debsecan',
  kind: debsecan,
  create: (options) => createDebsecanFeed({ name: 'debsecan', release: 'bookworm', ...options }),
  good,
  records: 6,
  oneBad: deflateSync(spoil(text, 'linux,0,S ?F', 'linux,99,S ?F')),
  recordsOfOneBad: 5,
})

function feed(location: string, release = 'bookworm') {
  return createDebsecanFeed({ name: 'debsecan', release, location })
}

describe('debsecan', () => {
  it.each([
    ['bookworm', 'curl', 'CVE-2026-9100001', '7.88.1-10+deb12u5', 'the lowest with the mark of the release'],
    ['bullseye', 'curl', 'CVE-2026-9100001', '7.74.0-1.3+deb11u14', 'the lowest with the mark of the release'],
    ['bookworm', 'curl', 'CVE-2026-9100002', null, 'fixed nowhere'],
    ['bookworm', 'curl', 'CVE-2026-9100003', '8.15.0-1', 'fixed in unstable only'],
    ['bookworm', 'linux', 'CVE-2026-9100001', '6.1.112-1', 'the kernel series of the release'],
    ['trixie', 'linux', 'CVE-2026-9100001', '6.12.6-1', 'the kernel series of the release'],
    ['bookworm', 'xz-utils', 'CVE-2026-9100002', '5.4.1-1', 'what the release shipped with was not affected'],
    ['bookworm', 'zlib', 'CVE-2026-9100003', '1:1.2.13-1', 'nothing tells the releases apart: the highest'],
  ])('in %s has %s mend %s with %s: %s', async (...row) => {
    const [release, source, cve, version] = row
    const { content } = await fetched(feed(fileWith(good), release))
    const fix = content.fixes?.find((one) => one.package === source && one.cves[0] === cve)
    expect(fix).toMatchObject({ fixedVersion: version })
  })

  it('is refused for a release that is not known', () => {
    expect(() => feed('x', 'debian-12')).toThrow('"debian-12" is not a Debian release')
  })

  const real = sharedData('debian/debsecan-feed/bookworm')
  const derived = sharedData('debian/bookworm_fixes.csv.gz')
  it.skipIf(real === null || derived === null)('of full size agrees with the table it was made from', async () => {
    const { content, rejected } = await fetched(feed(real ?? ''))
    const rows = gunzipSync(readFileSync(derived ?? ''))
      .toString()
      .trimEnd()
      .split(/\r?\n/)
      .slice(1)
    const theirs = new Map(
      rows.map((row) => row.split(',')).map(([source, cve, version]) => [`${source} ${cve}`, version]),
    )
    expect([content.fixes?.length, rejected]).toEqual([theirs.size, []])
    const different =
      content.fixes?.filter((fix) => theirs.get(`${fix.package} ${fix.cves[0]}`) !== fix.fixedVersion) ?? []
    // Versions without the release's mark that lie before its first marked one: told apart by nothing in the feed.
    expect(different.length).toBeLessThan(40)
    for (const { package: source, cves, fixedVersion } of different) {
      const lower = theirs.get(`${source} ${cves[0]}`) ?? ''
      if (fixedVersion !== null) expect(compare(lower, fixedVersion)).toBeLessThan(0)
    }
  })

  const status = sharedData('debian/host/dpkg-status.gz')
  const expected = sharedData('debian/host/expected_findings_version_order.csv.gz')
  const hostAbsent = real === null || status === null || expected === null
  it.skipIf(hostAbsent)('finds on a real host what the version order of its own table finds', async () => {
    const { content } = await fetched(feed(real ?? ''))
    const { packages } = parseDpkgStatus(gunzipSync(readFileSync(status ?? '')).toString(), 'status')
    const ours = new Set<string>()
    for (const { name, architecture, version, source, sourceVersion } of packages) {
      for (const fix of content.fixes?.filter((one) => one.package === source) ?? []) {
        const { fixedVersion } = fix
        if (fixedVersion !== null && compare(sourceVersion, fixedVersion) >= 0) continue
        ours.add([name, architecture, version, source, sourceVersion, fix.cves[0], fixedVersion].join())
      }
    }
    const [, ...rows] = gunzipSync(readFileSync(expected ?? ''))
      .toString()
      .trimEnd()
      .split(/\r?\n/)
    expect([...ours].sort()).toEqual(rows.sort())
  })

  it.each(['inv2023-07-01_adv2024-01-01', 'inv2024-01-01_adv2024-07-01'])(
    'finds what debsecan itself finds on %s',
    async (name) => {
      const folder = sharedData(`debian/timetravel/${name}`)
      if (folder === null) return
      const { content } = await fetched(feed(`${folder}/feed/bookworm`))
      const { packages } = parseDpkgStatus(gunzipSync(readFileSync(`${folder}/status.gz`)).toString(), 'status')
      const ours = new Set<string>()
      for (const one of packages) {
        for (const { package: source, cves, fixedVersion } of content.fixes ?? []) {
          if (source !== one.source) continue
          if (fixedVersion === null || compare(one.sourceVersion, fixedVersion) < 0) ours.add(`${cves[0]} ${one.name}`)
        }
      }
      const theirs = gunzipSync(readFileSync(`${folder}/debsecan-simple.txt.gz`))
        .toString()
        .trimEnd()
        .split('\n')
      expect([...ours].sort()).toEqual(theirs.sort())
    },
  )
})
