/** An answer of nothing missing is given only where somebody could judge. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it, test } from 'vitest'
import { patchwarden } from '../support/command-line.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder('pw-coverage')

/** Writes files into a folder of their own and returns it. */
function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const made = temporaryFolder('pw-coverage-feeds')
  for (const [name, content] of Object.entries(files)) writeFileSync(join(made, name), content)
  return made
}

function inventory(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function osvRecord(id: string, ecosystem: string, name: string, fixed: string): string {
  return JSON.stringify({
    schema_version: '1.7.0',
    id,
    modified: '2026-11-01T00:00:00Z',
    upstream: ['CVE-2026-9800011'],
    affected: [
      { package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }] },
    ],
  })
}

const kev = JSON.stringify({
  catalogVersion: '2026.11.10',
  count: 1,
  vulnerabilities: [{ cveID: 'CVE-2026-9800011', dateAdded: '2026-11-10', dueDate: '2026-11-13' }],
})
const dpkg = (name: string, version: string) =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n\n`

const alma = folderOf({ 'alma.json': osvRecord('ALSA-2026:9011', 'AlmaLinux:9', 'zlib', '1.2.11-41.el9') })
const debian = folderOf({ 'debian.json': osvRecord('DSA-9011-1', 'Debian:12', 'zlib', '1:1.2.13.dfsg-1+deb12u1') })
const rpms = inventory('db01.rpms', 'zlib\t1.2.11-40.el9\tx86_64\tzlib-1.2.11-40.el9.src.rpm\t(none)\tAlmaLinux\n')
const fixed = inventory('db02.rpms', 'zlib\t1.2.11-41.el9\tx86_64\tzlib-1.2.11-41.el9.src.rpm\t(none)\tAlmaLinux\n')
const status = inventory('web01.status', dpkg('zlib', '1:1.2.13.dfsg-1'))
const patched = inventory('web02.status', dpkg('zlib', '1:1.2.13.dfsg-1+deb12u1'))

const assess = (file: string, platform: string, feeds: string, ...more: readonly string[]) =>
  patchwarden('assess', '--inventory', file, '--platform', platform, '--catalog', feeds, ...more)

describe('a platform in any spelling is judged by what feeds say of it', () => {
  test.each(['almalinux:9', 'almalinux:9.4', 'alma:9', 'AlmaLinux:9.4'])('%s', async (platform) => {
    const { code, out } = await assess(rpms, platform, alma)
    expect([code, out]).toEqual([0, expect.stringContaining('zlib 1.2.11-41.el9 on 1 (db01), 1 CVE')])
    expect(out).toContain('almalinux:9 (1 server) is judged by osv.')
    const right = await assess(fixed, platform, alma)
    expect([right.code, right.out]).toEqual([0, expect.stringMatching(/^Nothing is missing\.\n/)])
  })

  test.each(['debian:12', 'debian:12.5', 'bookworm', 'debian:bookworm'])('%s', async (platform) => {
    const { code, out } = await assess(status, platform, debian)
    expect([code, out]).toEqual([0, expect.stringContaining('zlib 1:1.2.13.dfsg-1+deb12u1 on 1 (web01)')])
    expect((await assess(patched, platform, debian)).out).toMatch(/^Nothing is missing\.\n/)
  })
})

describe('a platform no feed speaks of is not assessed', () => {
  test.each(['oracle:9', 'amazon:2023', 'centos:9', 'rocky:9', 'fedora:43'])('%s', async (platform) => {
    const { code, out } = await assess(fixed, platform, alma)
    expect(code).toBe(1)
    expect(out).toContain('Nothing could be judged.')
    expect(out).not.toContain('Nothing is missing')
    expect(out).toContain(`Not assessed: db02 (${platform}), because no feed speaks of ${platform}.`)
  })

  test.each(['ubuntu:22.04', 'linuxmint:21.3', 'raspbian:12', 'debian:13', 'pop:22.04'])('%s', async (platform) => {
    const { code, out } = await assess(patched, platform, debian)
    expect([code, out]).toEqual([1, expect.stringContaining(`no feed speaks of ${platform}`)])
    expect(out).not.toContain('Nothing is missing')
  })

  it('is said to programs, and allowed by those who know', async () => {
    const { code, out } = await assess(fixed, 'oracle:9', alma, '--json')
    expect([code, JSON.parse(out)]).toEqual([
      1,
      { notAssessed: { why: 'no feed speaks of oracle:9', platform: 'oracle:9', count: 1, names: ['db02'] } },
    ])
    expect((await assess(fixed, 'oracle:9', alma, '--allow-unassessed')).code).toBe(0)
    // What is judged adds no line of its own.
    expect((await assess(fixed, 'alma:9', alma, '--json')).out).toBe('')
  })
})

it('judges what it can of an inventory, and names the rest', async () => {
  const one = (name: string, platform: string | undefined, packages: readonly object[]) => ({
    name,
    platform,
    packages,
  })
  const zlib = { name: 'zlib', version: '1:1.2.13.dfsg-1+deb12u1', architecture: 'amd64' }
  const file = inventory(
    'fleet.json',
    JSON.stringify({
      assets: [
        one('good', 'debian:12.11', [zlib]),
        one('bare', 'debian:12', []),
        one('mint', 'linuxmint:22', [zlib]),
        one('who', undefined, [zlib]),
        one('managed', 'linuxmint:22', [zlib]),
      ].map((asset) => (asset.name === 'managed' ? { ...asset, listsRefreshedAt: '2026-11-28T00:00:00Z' } : asset)),
    }),
  )
  const { code, out } = await patchwarden('assess', '--inventory', file, '--catalog', debian)
  expect(code).toBe(1)
  expect(out).toMatch(/^No patch is known to be missing, but not all could be judged\.\n/)
  expect(out).toContain('Not assessed: bare (debian:12), because its inventory lists no package.')
  expect(out).toContain('Not assessed: mint (linuxmint:22), because no feed speaks of linuxmint:22.')
  expect(out).toMatch(/Not assessed: who \(unknown\), because .*no platform/)
  expect(out).toContain('debian:12 (2 servers) is judged by osv.')
  expect(out).toContain(
    'linuxmint:22 (2 servers) is judged by apt on 1 (lists since 2026-11-28 00:00); no feed speaks of it.',
  )
  expect(out).not.toContain('Not assessed: managed')
})

it('does not judge a machine all of whose packages others built', async () => {
  const { code, out } = await assess(
    fixed,
    'rocky:9',
    folderOf({ a: osvRecord('RLSA-2026:1', 'Rocky Linux:9', 'zlib', '1.2.11-41.el9') }),
  )
  expect([code, out]).toEqual([
    1,
    expect.stringContaining('nothing says that the vendor of rocky:9 built any of its packages'),
  ])
})

describe('a feed file that is not data', () => {
  const good = osvRecord('DSA-9011-1', 'Debian:12', 'zlib', '1:1.2.13.dfsg-1+deb12u1')
  const cveOval = `<?xml version="1.0"?>
<oval_definitions><generator><product_name>Canonical CVE OVAL Generator</product_name></generator><definitions>
<definition class="vulnerability" id="oval:com.ubuntu.jammy:def:1"><metadata><title>CVE-2026-9800011 on Ubuntu 22.04</title>
<affected family="unix"><platform>Ubuntu 22.04 LTS</platform></affected><reference source="CVE" ref_id="CVE-2026-9800011"/>
</metadata></definition></definitions></oval_definitions>`
  const files: readonly (readonly [string, string, string | Buffer, RegExp])[] = [
    ['names nothing', 'cve.oval.xml', cveOval, /cve\.oval\.xml .*holds no record/],
    ['is empty', 'kev.json', '', /kev\.json .*empty/],
    ['holds only blanks', 'epss.csv', ' \n\n', /epss\.csv .*empty/],
    ['is an empty object', 'tracker.json', '{}', /tracker\.json .*no kind of feed/],
    ['is an empty list', 'list.json', '[]', /list\.json .*no kind of feed/],
    [
      'is JSON that is cut off',
      'tracker.json',
      '{"zlib": {"CVE-2026-9800011": {"releases": {"bookworm"',
      /tracker\.json/,
    ],
    ['is a record that is cut off', 'b.json', good.slice(0, -9), /b\.json/],
    ['is packed and cut off', 'feed.json.gz', gzipSync(good).subarray(0, 60), /feed\.json\.gz/],
    ['is an HTML page', 'kev.json', '<!DOCTYPE html><html><body>Not found</body></html>', /HTML page/],
    [
      'is a catalog without a record',
      'kev.json',
      '{"catalogVersion":"2026.11.10","count":0,"vulnerabilities":[]}',
      /no records/,
    ],
    [
      'is a release of Alpine without packages',
      'main.json',
      '{"distroversion":"v3.20","reponame":"main","packages":[]}',
      /no record/,
    ],
    ['is words', 'feed', 'lorem ipsum', /feed .*no kind of feed/],
  ]
  test.each(files)('that %s is named, and the answer is 1', async (_, name, content, message) => {
    const feeds = folderOf({ 'a.json': good, [name]: content })
    const { code, out, err } = await assess(patched, 'debian:12', feeds)
    expect(err).toMatch(message)
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/^No patch is known to be missing, but not all could be judged\./),
    ])
    expect((await assess(patched, 'debian:12', feeds, '--allow-unassessed')).code).toBe(0)
  })

  test.each(files)('that %s and is alone is no catalog', async (_, name, content) => {
    const { code, out, err } = await assess(patched, 'debian:12', folderOf({ [name]: content }))
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/holds no feed file that could be read/)
  })

  it('is not what stands beside data, or a feed of something else', async () => {
    const feeds = folderOf({
      'a.json': good,
      'kev.json': kev,
      'README.md': 'what is here\n',
      SHA256SUMS: 'e3b0  a.json\n',
      'npm.json': osvRecord('GHSA-1', 'npm', 'left-pad', '2.0.0'),
      'alma.json': osvRecord('ALSA-2026:9011', 'AlmaLinux:9', 'zlib', '1.2.11-41.el9'),
    })
    const { code, out } = await assess(patched, 'debian:12', feeds)
    expect([code, out]).toEqual([0, expect.stringMatching(/^Nothing is missing\.\n/)])
  })
})

describe("Debian's lists of one release", () => {
  const row = [
    'VERSION 1',
    'CVE-2026-9800011,,a flaw',
    '',
    'zlib,0,S  F,1:1.2.13.dfsg-2,1:1.2.13.dfsg-1+deb12u1',
    '',
    '',
  ]
  const feed = deflateSync(row.join('\n'))

  it('say nothing of another distribution', async () => {
    const { code, out } = await assess(fixed, 'almalinux:9', folderOf({ debsecan: feed }))
    expect([code, out]).toEqual([1, expect.stringContaining('no feed speaks of almalinux:9')])
  })

  it('are of the release in their name, whatever is assessed', async () => {
    const { code, out } = await assess(status, 'debian:11', folderOf({ 'debsecan-bookworm': feed }))
    expect([code, out]).toEqual([1, expect.stringContaining('no feed speaks of debian:11')])
    expect((await assess(status, 'debian:12', folderOf({ 'debsecan-bookworm': feed }))).out).toContain('zlib')
  })
})

describe('an inventory that is not what it is said to be', () => {
  it('is refused where its packages are not those of the platform', async () => {
    const { code, err } = await assess(status, 'almalinux:9', alma)
    expect([code, err]).toEqual([2, expect.stringMatching(/lists dpkg packages, and almalinux:9 has rpm packages/)])
    expect((await assess(rpms, 'bookworm', debian)).err).toMatch(/lists rpm packages, and debian:12 has dpkg packages/)
  })

  test.each([
    ['cut.rpms', 'zlib\t1.2.11-40.el9\tx86_64\nexpat\t2.5.0', 'almalinux:9', () => alma],
    ['cut.status', dpkg('zlib', '1:1.2.13.dfsg-1').slice(0, -7), 'debian:12', () => debian],
  ])('is refused where it was cut off: %s', async (name, content, platform, feeds) => {
    const { code, out, err } = await assess(inventory(name, content), platform, feeds())
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(/is cut off/)])
  })
})

describe('an inventory of which a part cannot be read', () => {
  const old = '1:1.2.13.dfsg-1'
  const good = '1:1.2.13.dfsg-1+deb12u1'
  const host = (more: object) => JSON.stringify({ assets: [{ name: 'h', platform: 'debian:12', ...more }] })
  const bill = (...components: object[]) => JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', components })
  const purl = (version: string) => `pkg:deb/debian/zlib@${encodeURIComponent(version)}?distro=debian-12`
  const spdx = (...packages: object[]) => JSON.stringify({ spdxVersion: 'SPDX-2.3', packages })
  const reference = (locator: string) => [{ referenceType: 'purl', referenceLocator: locator }]
  const rows = (...lines: string[]) =>
    ['asset,package,version,architecture,source,sourceVersion,platform', ...lines, ''].join('\n')
  const look = (name: string, content: string) =>
    patchwarden('assess', '--inventory', inventory(name, content), '--platform', 'debian:12', '--catalog', debian)

  test.each([
    [
      'bill.json',
      bill({ type: 'library', name: 'a', purl: purl(good) }, { type: 'library', name: 'zlib', version: '1' }),
    ],
    [
      'app.json',
      bill({ type: 'library', name: 'a', purl: purl(good) }, { type: 'application', name: 'x', version: '1' }),
    ],
    ['npm.json', bill({ type: 'library', name: 'a', purl: purl(good) }, { type: 'library', purl: 'pkg:npm/a@1' })],
    ['spdx.json', spdx({ name: 'a', externalRefs: reference(purl(good)) }, { name: 'zlib', versionInfo: '1' })],
    ['row.csv', rows(`h,zlib,${good},amd64,,,debian:12`, 'h,expat,2.5.0')],
    ['version.csv', rows(`h,zlib,${good},amd64,,,debian:12`, 'h,expat,unknown,amd64,,,debian:12')],
    ['old.json', host({ observedAt: '2019-01-01T00:00:00Z', packages: [{ name: 'zlib', version: good }] })],
  ])('is never free of flaws without more: %s', async (name, content) => {
    const { code, out } = await look(name, content)
    expect([code, out]).toEqual([0, expect.stringMatching(/^Nothing is missing of what could be judged\.\n/)])
  })

  test.each([
    // deb-version(7): the upstream version starts with a digit.
    [
      'unknown.json',
      host({ packages: [{ name: 'zlib', version: 'unknown' }] }),
      /"unknown" is no version on debian:12/,
    ],
    ['v.json', host({ packages: [{ name: 'zlib', version: 'v1.3' }] }), /"v1.3" is no version on debian:12/],
    [
      'clock.json',
      host({ observedAt: '2199-01-01T00:00:00Z', packages: [{ name: 'zlib', version: good }] }),
      /observedAt 2199-01-01T00:00:00Z is in the future/,
    ],
    ['cut.spdx', `SPDXVersion: SPDX-2.3\nPackageName: a\nExternalRef: PACKAGE-MANAGER purl ${purl(old)}`, /cut off/],
  ])('is refused: %s', async (name, content, problem) => {
    const { code, out, err } = await look(name, content)
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(problem)])
  })

  test.each([
    ['architecture.json', host({ packages: [{ name: 'zlib:amd64', version: old }] })],
    ['architecture.csv', rows(`h,zlib:amd64,${old},amd64,,,debian:12`)],
    // dpkg(1): its installation has begun and not ended, so that its files may be there.
    ['half.status', dpkg('zlib', old).replace('install ok installed', 'install reinstreq half-installed')],
    ['twice.status', dpkg('zlib', old) + dpkg('zlib', good)],
  ])('is judged by all that it lists: %s', async (name, content) => {
    expect((await look(name, content)).out).toContain(`zlib ${good} on 1 (`)
  })

  it('is refused where most of its packages were built for another release', async () => {
    const el8 = inventory('el8.rpms', 'zlib\t0:1.2.11-25.el8\tx86_64\tzlib-1.2.11-25.el8.src.rpm\t(none)\tAlmaLinux\n')
    expect((await assess(el8, 'almalinux:9', alma)).err).toMatch(/lists packages of el8, and not of almalinux:9/)
  })

  it('is not judged where the build of Windows is of no release of the platform', async () => {
    const month = {
      DocumentTracking: { Identification: { ID: { Value: '2026-Nov' } }, InitialReleaseDate: '2026-11-10T08:00:00Z' },
      ProductTree: { FullProductName: [{ ProductID: '1', Value: 'Windows Server 2022' }] },
      Vulnerability: [
        {
          CVE: 'CVE-2026-9800011',
          Remediations: [{ Description: { Value: '5090003' }, FixedBuild: '10.0.20348.5000', ProductID: ['1'] }],
        },
      ],
    }
    const feeds = folderOf({ 'november.json': JSON.stringify(month) })
    const of = (version: string) => host({ platform: 'windows:server-2022', packages: [{ name: 'Windows', version }] })
    const run = (name: string, content: string) =>
      patchwarden('assess', '--inventory', inventory(name, content), '--catalog', feeds)
    // https://learn.microsoft.com/windows/release-health/windows-server-release-info: Server 2022 is 20348, 2019 is 17763.
    expect((await run('2022.json', of('10.0.20348.1'))).out).toContain('KB5090003')
    const other = await run('2019.json', of('10.0.17763.1'))
    expect([other.code, other.out]).toEqual([1, expect.stringContaining('no feed speaks of windows:10.0.17763.')])
    const client = host({ platform: 'Windows 10', packages: [{ name: 'Windows', version: '10.0.19045.1' }] })
    expect((await run('client.json', client)).out).toContain('no feed speaks of windows:10-22h2.')
    const cut = 'OS Name: Microsoft Windows Server 2022 Datacenter\nOS Version: 10.0.2034'
    expect((await run('cut.txt', cut)).out).toContain('no feed speaks of windows:10.0.2034.')
  })
})

describe('an answer that something keeps from being whole', () => {
  it('is said of a fix that needs a subscription', async () => {
    const esm = folderOf({
      'usn.json': osvRecord('USN-9011-1', 'Ubuntu:Pro:22.04:LTS', 'zlib', '1:1.2.11.dfsg-2ubuntu9.9~esm1'),
    })
    const host = inventory('pro.status', dpkg('zlib', '1:1.2.11.dfsg-2ubuntu9'))
    const { out } = await assess(host, 'ubuntu:22.04', esm)
    expect(out).toMatch(/^Nothing that can be installed is missing\.\n.* fix that needs a subscription: zlib\n/)
  })

  it('is said of package lists with a date that is still to come', async () => {
    const asset = {
      name: 'h',
      platform: 'debian:12',
      packages: [{ name: 'expat', version: '2.5.0-1' }],
      listsRefreshedAt: '2199-01-01T00:00:00Z',
    }
    const host = inventory('lists.json', JSON.stringify({ assets: [asset] }))
    const { out } = await patchwarden('assess', '--inventory', host, '--catalog', debian)
    expect(out).toMatch(/^Nothing is missing of what could be judged\.\n.*lists are dated in the future, 2199-01-01\n/)
  })
})
