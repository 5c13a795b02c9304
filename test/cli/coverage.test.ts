/** What the commands of the service say of servers that nobody can judge, and of names that nobody knows. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, test, vi } from 'vitest'
import { patchwarden } from '../support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let folder: string

const configuration = `
people: { mara: { name: Mara } }
roles: { owner: [mara] }
teams: { web: { name: Web, channel: web, roles: { owner: [mara] }, policy: standard, window: nights, rollout: careful } }
channels: { web: {} }
policies: { standard: { kind: quorum, approvals: { owner: 1 }, stop: [owner], resume: { owner: 1 } } }
windows: { nights: { rules: [{ days: weekdays, start: "02:00", duration: 3 hours, timeZone: Europe/Berlin }] } }
rollouts: { careful: { rings: [{ name: all, select: rest, batch: 1 }] } }
sources:
  fleet: { kind: file, path: fleet.json, format: json, team: web }
feeds:
  deb: { kind: debian-tracker, location: tracker.json }
  kev: { kind: kev, location: kev.json }
  alma: { kind: osv, ecosystem: AlmaLinux, location: alma }
`

const resolved = (version: string) => ({
  releases: { bookworm: { status: 'resolved', fixed_version: version, urgency: 'high', repositories: {} } },
})
const open = { releases: { bookworm: { status: 'open', urgency: 'high', repositories: {} } } }
const tracker = {
  expat: { 'CVE-2026-9800021': resolved('2.5.0-1+deb12u2') },
  libxml2: { 'CVE-2026-9800022': resolved('2.9.14+dfsg-1.3~deb12u4') },
  gzip: { 'CVE-2026-9800023': open },
}
const kev = {
  catalogVersion: '2026.11.10',
  count: 2,
  vulnerabilities: ['CVE-2026-9800021', 'CVE-2026-9800023'].map((cveID) => ({
    cveID,
    dateAdded: '2026-11-10',
    dueDate: '2026-11-13',
  })),
}
const alsa = {
  schema_version: '1.7.0',
  id: 'ALSA-2026:9021',
  modified: '2026-11-01T00:00:00Z',
  upstream: ['CVE-2026-9800021'],
  affected: [
    {
      package: { ecosystem: 'AlmaLinux:9', name: 'expat' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2.5.0-3.el9' }] }],
    },
  ],
}

const deb = (name: string, source: string, version: string) => ({
  name,
  version,
  architecture: 'amd64',
  source,
  sourceVersion: version,
})
const refreshed = { listsRefreshedAt: '2026-11-28T00:00:00Z' }
const fleet = [
  // Feeds judge it; its platform is written as os-release has it.
  {
    name: 'alma94',
    platform: 'almalinux:9.4',
    packages: [{ name: 'expat', version: '2.5.0-2.el9', architecture: 'x86_64' }],
  },
  {
    name: 'oracle',
    platform: 'oracle:9',
    packages: [{ name: 'expat', version: '2.5.0-2.el9', architecture: 'x86_64' }],
  },
  // Its package manager offers nothing of what the vendor has fixed.
  { name: 'stale', platform: 'bookworm', ...refreshed, packages: [deb('libexpat1', 'expat', '2.5.0-1')] },
  { name: 'clean', platform: 'debian:12', ...refreshed, packages: [deb('libexpat1', 'expat', '2.5.0-1+deb12u2')] },
  { name: 'bare', platform: 'debian:12.5', packages: [deb('libxml2', 'libxml2', '2.9.14+dfsg-1.2')] },
  { name: 'zipped', platform: 'debian:12', packages: [deb('gzip', 'gzip', '1.12-1')] },
  { name: 'mint', platform: 'linuxmint:21.3', ...refreshed, packages: [deb('libexpat1', 'expat', '2.4.7-1')] },
]

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden-coverage-'))
  await mkdir(path.join(folder, 'alma'))
  const write = (name: string, content: unknown) =>
    writeFile(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  await write('patchwarden.yaml', configuration)
  await write('fleet.json', { assets: fleet })
  await write('tracker.json', tracker)
  await write('kev.json', kev)
  await write('alma/ALSA-2026_9021.json', alsa)
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('PATCHWARDEN_DATA', folder)
  vi.stubEnv('PATCHWARDEN_CONFIG', path.join(folder, 'patchwarden.yaml'))
  vi.stubEnv('LOG_LEVEL', 'silent')
  const { code, out, err } = await patchwarden('sync')
  expect([code, err]).toEqual([1, ''])
  expect(out).toContain('Not assessed: oracle (oracle:9), because no feed speaks of oracle:9.')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

it('assess says who judged what, and ends with 1 for a server that nobody can judge', async () => {
  const { code, out } = await patchwarden('assess')
  expect(code).toBe(1)
  expect(out).toMatch(/expat 2\.5\.0-3\.el9 on 1 \(alma94\)/)
  expect(out).toContain('Not assessed: oracle (oracle:9), because no feed speaks of oracle:9.')
  expect(out).toMatch(/almalinux:9 \(1 server\) is judged by alma \(read 20/)
  expect(out).toMatch(
    /debian:12 \(4 servers\) is judged by deb \(read .*\), apt on 2 \(lists since 2026-11-28 00:00\)\./,
  )
  expect(out).toContain(
    'linuxmint:21.3 (1 server) is judged by apt on it (lists since 2026-11-28 00:00); no feed speaks of it.',
  )
  expect((await patchwarden('assess', '--allow-unassessed')).code).toBe(0)
})

it('assess for programs and in counts says the same', async () => {
  const lines = (await patchwarden('assess', '--json')).out.trim().split('\n')
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
    notAssessed: { why: 'no feed speaks of oracle:9', platform: 'oracle:9', count: 1, names: ['oracle'] },
  })
  const summary = await patchwarden('assess', '--summary', '--json')
  expect(summary.code).toBe(1)
  expect(JSON.parse(summary.out).coverage).toMatchObject({
    notAssessed: [{ platform: 'oracle:9', count: 1 }],
    platforms: [
      { platform: 'almalinux:9', feeds: [{ feed: 'alma' }], packageManager: null },
      { platform: 'debian:12', assets: 4, feeds: [{ feed: 'deb' }], packageManager: { name: 'apt', assets: 2 } },
      { platform: 'linuxmint:21.3', feeds: [], packageManager: { name: 'apt', assets: 1 } },
      { platform: 'oracle:9', feeds: [], packageManager: null },
    ],
  })
  expect((await patchwarden('assess', '--summary')).out).toContain('Not assessed: oracle (oracle:9)')
})

it('sync and check end with 0 for those who know of the servers that nobody can judge', async () => {
  expect((await patchwarden('sync', '--allow-unassessed')).code).toBe(0)
  const { code, out } = await patchwarden('check', '--no-click', '--allow-unassessed')
  expect([code, out]).toEqual([0, expect.stringContaining('Not assessed: oracle (oracle:9)')])
})

it('check names the platforms that nobody judges', async () => {
  const { code, out } = await patchwarden('check', '--no-click')
  expect([code, out]).toEqual([
    1,
    expect.stringMatching(/FAIL coverage oracle:9: Not assessed: oracle .*docs\/coverage\.md/),
  ])
  expect(out).toMatch(/ok {3}coverage debian:12: /)
})

const explained = (...argv: readonly string[]) => patchwarden('explain', ...argv)

/** Why each server misses it or does not, by name of the server. */
async function reasons(...argv: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { out } = await explained(...argv, '--json')
  const { judged, others } = JSON.parse(out)
  const all = [...judged.flatMap((one: { assets: object[] }) => one.assets), ...others]
  return Object.fromEntries(all.map(({ asset, why }) => [asset, why]))
}

it('explain tells the true reason for each server that has something to do with it', async () => {
  expect(await reasons('CVE-2026-9800021')).toEqual({
    alma94: 'expat 2.5.0-2.el9 is older than 2.5.0-3.el9',
    stale: expect.stringMatching(
      /^libexpat1 2\.5\.0-1 is affected, and its package manager does not offer 2\.5\.0-1\+deb12u2: its package lists are \d+ days old$/,
    ),
    oracle: 'no feed speaks of oracle:9',
    mint: 'no feed speaks of linuxmint:21.3',
    clean: 'libexpat1 2.5.0-1+deb12u2 has it mended (since 2.5.0-1+deb12u2)',
  })
})

test.each([
  ['bare', 'CVE-2026-9800021', 'has none of the software that feeds name for it: expat'],
  ['alma94', 'CVE-2026-9800022', 'feeds name no software of almalinux:9 for it'],
  ['zipped', 'CVE-2026-9800023', 'gzip 1.12-1 is affected, and there is no fix yet, since 2026-11-10'],
  ['clean', 'gzip', 'does not have gzip'],
])('explain for %s and %s tells the true reason', async (asset, name, why) => {
  expect(await reasons(name, '--asset', asset)).toEqual({ [asset]: why })
})

it('an empty list of proposals is no all-clear', async () => {
  const { code, out } = await patchwarden('proposals')
  expect(code).toBe(0)
  expect(out).toContain('Not assessed: oracle (oracle:9), because no feed speaks of oracle:9.')
})

it('explain takes the name of a package as well as a flaw', async () => {
  expect(await reasons('expat')).toMatchObject({
    alma94: 'expat 2.5.0-2.el9 is older than 2.5.0-3.el9',
    stale: expect.stringMatching(
      /does not offer 2\.5\.0-1\+deb12u2: its package lists are \d+ days old \(CVE-2026-9800021\)$/,
    ),
    clean: 'libexpat1 2.5.0-1+deb12u2 has none of the flaws that feeds name for it',
  })
  expect((await reasons('gzip')).zipped).toBe(
    'gzip 1.12-1 is affected, and there is no fix yet, since 2026-11-10 (CVE-2026-9800023)',
  )
  expect((await reasons('libxml2')).bare).toMatch(/^libxml2 2\.9\.14\+dfsg-1\.2 is older than/)
})

it('explain counts by urgency, and what is affected without a patch', async () => {
  const { code, out } = await explained('CVE-2026-9800021')
  expect(code).toBe(0)
  expect(out).toMatch(
    /\n?(?:immediate|out-of-cycle) for 1 server; 1 server affected and offered no fix, 2 servers not assessed for it\./,
  )
  expect(out).toContain('Not assessed: oracle (oracle:9), because no feed speaks of oracle:9.')
})

it.each(['CVE-2026-9800021', 'libexpat1', 'expat', 'debian:12/expat/2.5.0-1+deb12u2'])(
  'explain %s counts a server that is only not offered the fix, and says how urgent it is',
  async (name) => {
    const { code, out } = await explained(name, '--asset', 'stale')
    expect(code).toBe(0)
    expect(out).toMatch(/\n?(?:immediate|out-of-cycle): 1 server affected and offered no fix\./)
    expect(out).toMatch(/its package lists are \d+ days old/)
    expect(out).not.toContain('No watched server')
  },
)

it('explain says of a flaw without a fix who has it', async () => {
  const { code, out } = await explained('CVE-2026-9800023')
  expect([code, out]).toEqual([1, expect.stringContaining('Nothing to install: 1 server affected without a fix yet')])
})

it('explain takes a name with blanks around it, in any case', async () => {
  const { out } = await explained('CVE-2026-9800021')
  expect((await explained(' cve-2026-9800021 ')).out).toBe(out)
})

test.each(['CVE-2099-9999', 'opensll', 'DSA-99999-1'])('explain says that no feed knows %s', async (name) => {
  const { code, out } = await explained(name)
  expect([code, out]).toEqual([1, expect.stringContaining(`No feed knows ${name}`)])
  expect(out).not.toContain('No watched server misses')
})

it('a feed that was cut off counts on with what it said, and is not passed over', async () => {
  await writeFile(path.join(folder, 'tracker.json'), JSON.stringify(tracker).slice(0, 90))
  const { code, out } = await patchwarden('sync', '--allow-unassessed')
  expect([code, out]).toEqual([1, expect.stringMatching(/FAIL catalog deb: /)])
  const checked = await patchwarden('check', '--no-click')
  expect([checked.code, checked.out]).toEqual([
    1,
    expect.stringMatching(/FAIL coverage deb: The feed deb was last read /),
  ])
  const assessed = await patchwarden('assess')
  expect([assessed.code, assessed.out]).toEqual([
    1,
    expect.stringMatching(/The feed deb was last read 20.*because of this: /),
  ])
})
