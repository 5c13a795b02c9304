import { describe, expect, it } from 'vitest'
import { createDebianTrackerFeed } from '../../../src/integrations/feeds/debian-tracker/index.ts'
import { debianTracker } from '../../../src/integrations/feeds/debian-tracker/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { fetched, fileWith, fixture, spoil } from './read-feed.ts'

const good = fixture('tracker.json')

catalogFeedContract({
  name: 'the Debian security tracker',
  kind: debianTracker,
  create: (options) => createDebianTrackerFeed({ name: 'debian', ...options }),
  good,
  records: 6,
  oneBad: spoil(good, '"fixed_version": "3.5.1-1+deb13u1"', '"fixed_version": 35'),
  recordsOfOneBad: 5,
})

function feed(data: unknown, platforms?: string[]) {
  const location = fileWith(JSON.stringify(data))
  return createDebianTrackerFeed({ name: 'debian', location, ...(platforms && { platforms }) })
}

describe('the Debian security tracker', () => {
  it('gives the fixed version of each release, 0 where it never was affected, none where it is open', async () => {
    const { content } = await fetched(createDebianTrackerFeed({ name: 'debian', location: fileWith(good) }))
    expect(content.fixes?.map((fix) => [fix.platform, fix.package, fix.cves[0], fix.fixedVersion])).toEqual([
      ['debian:12', 'openssl', 'CVE-2026-9100001', '3.0.17-1~deb12u2'],
      ['debian:13', 'openssl', 'CVE-2026-9100001', '3.5.1-1+deb13u1'],
      ['debian:11', 'openssl', 'CVE-2026-9100001', null],
      ['debian:12', 'curl', 'CVE-2026-9100002', '0'],
      ['debian:12', 'curl', 'CVE-2026-9100003', null],
      ['debian:13', 'curl', 'CVE-2026-9100003', null],
    ])
  })

  it('keeps to the platforms asked for', async () => {
    const location = fileWith(good)
    const { content } = await fetched(createDebianTrackerFeed({ name: 'debian', location, platforms: ['debian:13'] }))
    expect(new Set(content.fixes?.map((fix) => fix.platform))).toEqual(new Set(['debian:13']))
  })

  const release = { status: 'resolved', fixed_version: '1' }

  it('reports a release it does not know once, however often it comes', async () => {
    const releases = { bookworm: release, zurg: release }
    const { content, rejected } = await fetched(
      feed({ a: { 'CVE-2026-9000': { releases } }, b: { 'CVE-2026-9000': { releases } } }),
    )
    expect(content.fixes).toHaveLength(2)
    expect(rejected).toEqual([{ where: 'a CVE-2026-9000', reason: expect.stringContaining('"zurg" is not known') }])
  })

  it.each([
    ['a name that is no CVE', { 'CAN-2026-1': { releases: { bookworm: release } } }],
    ['no releases', { 'CVE-2026-9001': { description: 'x' } }],
    ['a status nobody knows', { 'CVE-2026-9001': { releases: { bookworm: { status: 'maybe' } } } }],
    ['a fix without a version', { 'CVE-2026-9001': { releases: { bookworm: { status: 'resolved' } } } }],
    ['a list for an object', ['CVE-2026-9001']],
  ])('skips and reports a source with %s', async (_, bad) => {
    const { content, rejected } = await fetched(
      feed({ good: { 'CVE-2026-9000': { releases: { bookworm: release } } }, bad }),
    )
    expect(content.fixes).toHaveLength(1)
    expect(rejected).toHaveLength(1)
  })

  it('is not believed when almost everything is gone', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`p${index}`, { 'CVE-2026-9000': { releases: { bookworm: release } } }]),
    )
    const { cursor } = await fetched(feed(many))
    const { p0 } = many
    await expect(fetched(feed({ p0 }), cursor)).rejects.toThrow('only 1 records where the last good one had 10')
  })

  it('leaves others their turn while it reads a feed of full size', { timeout: 30_000 }, async () => {
    const sources = Array.from({ length: 4_000 }, (_, source) => [
      `source-${source}`,
      Object.fromEntries(
        Array.from({ length: 10 }, (_, cve) => [
          `CVE-2026-${9000 + cve}`,
          { releases: { bookworm: release, trixie: release } },
        ]),
      ),
    ])
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const { content } = await fetched(feed(Object.fromEntries(sources)))
    clearInterval(timer)
    expect(content.fixes).toHaveLength(80_000)
    expect(turns).toBeGreaterThan(3)
  })
})
