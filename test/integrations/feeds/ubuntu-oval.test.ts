import { expect, it } from 'vitest'
import { createUbuntuOvalFeed } from '../../../src/integrations/feeds/ubuntu-oval/index.ts'
import { ubuntuOval } from '../../../src/integrations/feeds/ubuntu-oval/kind.ts'
import { catalogFeedContract } from '../../contracts/catalog-feed.ts'
import { sharedData } from '../shared-data.ts'
import { fetched, fileWith, fixture, spoil } from './read-feed.ts'

const good = fixture('oval.xml')

catalogFeedContract({
  name: 'Ubuntu OVAL',
  kind: ubuntuOval,
  create: (options) => createUbuntuOvalFeed({ name: 'oval', release: 'jammy', ...options }),
  good,
  records: 5,
  oneBad: spoil(good, '<platform>Ubuntu 22.04 LTS</platform><!-- b -->', '<platform>Ubuntu next</platform>'),
  recordsOfOneBad: 3,
})

it('gives fixes by binary package, and says which need a subscription', async () => {
  const { content } = await fetched(createUbuntuOvalFeed({ name: 'oval', release: 'jammy', location: fileWith(good) }))
  expect(content.fixes?.map((fix) => [fix.package, fix.fixedVersion, fix.subscription, fix.advisory])).toEqual([
    ['libexample1', '1.2-3ubuntu0.1', null, 'USN-9001-1'],
    ['example', '1.2-3ubuntu0.1', null, 'USN-9001-1'],
    ['oldexample', '0.9-1ubuntu0.1~esm1', 'Ubuntu Pro', 'USN-9002-1'],
  ])
  expect(content.advisories?.[0]).toMatchObject({
    title: 'Example vulnerability',
    severity: 'Medium',
    published: '2026-11-02',
  })
})

const real = sharedData('ubuntu/com.ubuntu.mantic.usn.oval.xml.bz2')
it.skipIf(real === null)("reads a whole release of Canonical's, packed with bzip2", async () => {
  const { content, rejected } = await fetched(
    createUbuntuOvalFeed({ name: 'oval', release: 'mantic', location: real ?? '' }),
  )
  expect(content.advisories).toHaveLength(273)
  expect(new Set(content.fixes?.map((fix) => fix.platform))).toEqual(new Set(['ubuntu:23.10']))
  expect(content.fixes).toContainEqual(
    expect.objectContaining({
      advisory: 'USN-6402-2',
      package: 'libtommath1',
      fixedVersion: '1.2.0-6ubuntu0.23.10.1',
      cves: ['CVE-2023-36328'],
    }),
  )
  expect(rejected).toEqual([])
})
