/** What a real Fleet is known to do, one at a time. */

import { describe, expect, it } from 'vitest'
import { thirdParty } from '../../../src/core/assessment/third-party.ts'
import type { Change } from '../../../src/core/change.ts'
import { isApplied } from '../../../src/core/change.ts'
import { aHost, deb, fleetScene, looksOf, NOW, rocky, rpm, signal, snapshotIn, windows } from './scene.ts'

const many = (count: number) => Array.from({ length: count }, (_, index) => aHost(index + 1))
const upgrade: Change = {
  name: 'openssl',
  architecture: 'x86_64',
  from: '1:3.0.7-25.el9',
  to: '1:3.0.7-27.el9_4',
}

describe('machines', () => {
  it('are told when they said it: packages with the software, Windows with the details of the host', async () => {
    const { source } = fleetScene({ hosts: [aHost(1), aHost(2, windows)] })
    const looks = await looksOf(source)
    expect(snapshotIn(looks, 'fleet/host1.corp.example')).toMatchObject({
      observedAt: '2026-11-20T09:00:00.000Z',
      asset: { platform: 'debian:12', address: '10.1.2.3', engine: null },
      identity: { fqdn: 'host1.corp.example', hardware: '00000001-1111-4222-8333-444455556666' },
    })
    expect(snapshotIn(looks, 'fleet/host2.corp.example')).toMatchObject({
      observedAt: '2026-11-20T09:20:00.000Z',
      asset: { platform: 'windows:server-2022' },
      packages: [{ name: 'Windows', version: '10.0.20348.2700' }],
    })
  })

  it.each([
    ['Ubuntu 24.04.1 LTS', 'ubuntu', 'ubuntu:24.04'],
    ['CentOS Linux 7.9.2009', 'centos', 'centos:7'],
    ['Red Hat Enterprise Linux 9.4.0', 'rhel', 'rhel:9'],
    ['Rocky Linux 9.8.0', 'rhel', 'rocky:9'],
    ['Amazon Linux 2023', 'amzn', 'amazon:2023'],
    ['SLES 15.6.0', 'sles', 'sles:15.6'],
    ['Windows 11 Pro 23H2 10.0.22631.4317', 'windows', 'windows:11-23h2'],
    ['Windows 10 Enterprise LTSC 10.0.17763.6293', 'windows', 'windows:10-1809'],
    ['Windows Server 2019 Standard 10.0.17763.6414', 'windows', 'windows:server-2019'],
  ])('%s is on a known platform', async (osVersion, platform, expected) => {
    const looks = await looksOf(fleetScene({ hosts: [aHost(1, { osVersion, platform })] }).source)
    const [look] = looks
    expect(
      look?.kind === 'seen' ? look.snapshot.asset.platform : look?.kind === 'unreachable' ? look.asset.platform : '',
    ).toBe(expected)
  })

  it('of a team in Fleet are of a team here, under the old names and the new ones', async () => {
    for (const names of ['old', 'new'] as const) {
      const scene = { hosts: [aHost(1, { team: 'Web' })], faults: { names }, teams: { Web: 'web' } }
      const { asset } = snapshotIn(await looksOf(fleetScene(scene).source), 'fleet/host1.corp.example')
      expect(asset).toMatchObject({ team: 'web', tags: ['Web'] })
    }
  })

  it('without Premium are in no team, and that is no fault', async () => {
    const { source } = fleetScene({ hosts: [aHost(1, { team: 'Web' })], faults: { free: true } })
    expect(snapshotIn(await looksOf(source), 'fleet/host1.corp.example').asset.team).toBe('servers')
  })

  it('enrolled again count once, as they were seen last, with a warning', async () => {
    const uuid = 'AAAAAAAA-1111-4222-8333-444455556666'
    const old = aHost(1, { hostname: 'app01', uuid, seenAt: '2026-10-01T00:00:00Z', osVersion: 'Debian GNU/Linux 11' })
    const looks = await looksOf(fleetScene({ hosts: [old, aHost(2, { hostname: 'APP01', uuid })] }).source)
    expect(looks.map(({ kind }) => kind)).toEqual(['seen', 'all'])
    expect(snapshotIn(looks, 'fleet/app01').asset.platform).toBe('debian:12')
    expect(looks[0]).toMatchObject({ warnings: [expect.stringMatching(/lists app01 2 times.*enrolled again/)] })
  })

  it('of one name and two hardware ids are two machines', async () => {
    const twins = [aHost(1, { hostname: 'app01' }), aHost(2, { hostname: 'app01' })]
    const looks = await looksOf(fleetScene({ hosts: twins }).source)
    expect(snapshotIn(looks, 'fleet/app01-00000001').identity).toMatchObject({ fqdn: null })
    expect(snapshotIn(looks, 'fleet/app01-00000002')).toBeDefined()
  })

  it('that nothing here patches are left out; of an unknown system they cannot be looked at', async () => {
    const hosts = [aHost(1, { platform: 'darwin', osVersion: 'macOS 14.5' }), aHost(2, { osVersion: 'Arch Linux' })]
    const looks = await looksOf(fleetScene({ hosts }).source)
    expect(looks).toMatchObject([
      { kind: 'unreachable', reason: expect.stringMatching(/"Arch Linux"/) },
      { kind: 'all' },
    ])
  })

  it('that never told their software are not up to date: nobody knows', async () => {
    const looks = await looksOf(fleetScene({ hosts: [aHost(1, { softwareAt: '2000-01-01T00:00:00Z' })] }).source)
    expect(looks[0]).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringMatching(/not told Fleet its software/),
    })
  })
})

describe('lists', () => {
  it('are whole where servers give fewer rows than asked for', async () => {
    const { source } = fleetScene({ hosts: many(23), faults: { mostRows: 5 } })
    const looks = await looksOf(source)
    expect(looks.filter(({ kind }) => kind === 'seen')).toHaveLength(23)
    expect(looks.at(-1)).toEqual({ kind: 'all' })
  })

  it('that end before all hosts were listed make none of them gone', async () => {
    const { source } = fleetScene({ hosts: many(9), faults: { ceiling: 5 } })
    const looks = await looksOf(source)
    expect(looks).toHaveLength(5)
    expect(looks[0]).toMatchObject({
      warnings: [expect.stringMatching(/has 9 hosts and listed 5: nothing counts as gone/)],
    })
  })

  it('from which a host was deleted meanwhile make none of them gone', async () => {
    const { source } = fleetScene({ hosts: many(9), faults: { mostRows: 3, deletes: [1] } })
    const looks = await looksOf(source)
    // Host 4 moved to the page that was read already.
    expect(looks.map((look) => (look.kind === 'seen' ? look.snapshot.asset.name : look.kind))).not.toContain(
      'host4.corp.example',
    )
    expect(looks.some(({ kind }) => kind === 'all')).toBe(false)
  })

  it('in which one host came for another that went make none of them gone', async () => {
    const faults = { mostRows: 3, deletes: [1], enrols: [aHost(10)], changesAfter: Number.POSITIVE_INFINITY }
    const { source, server } = fleetScene({ hosts: many(9), faults })
    await looksOf(source)
    faults.changesAfter = server.requests.length + 2
    expect((await looksOf(source)).some(({ kind }) => kind === 'all')).toBe(false)
  })

  it('whose page number is ignored are refused', async () => {
    const { source } = fleetScene({ hosts: many(9), faults: { mostRows: 3, ignores: ['page'] } })
    await expect(looksOf(source)).rejects.toThrow(/gives the same hosts on every page/)
  })

  it('without software, because the parameter was ignored, are read host by host', async () => {
    const { source, paths } = fleetScene({ hosts: many(3), faults: { ignores: ['populate_software'] } })
    expect((await looksOf(source)).filter(({ kind }) => kind === 'seen')).toHaveLength(3)
    expect(paths().filter((path) => path.startsWith('GET /hosts/') && !path.endsWith('count'))).toHaveLength(3)
  })

  it('say that a host is gone by leaving it out', async () => {
    const { source, hosts } = fleetScene({ hosts: many(3) })
    await looksOf(source)
    hosts.shift()
    const looks = await looksOf(source)
    expect(looks.map((look) => (look.kind === 'seen' ? look.snapshot.asset.name : look.kind))).toEqual([
      'host2.corp.example',
      'host3.corp.example',
      'all',
    ])
  })
})

describe('what lists leave out', () => {
  it('one host tells for all with the same packages: the source of Debian packages, the epoch of RPM packages', async () => {
    const hosts = [...many(30), ...Array.from({ length: 30 }, (_, index) => aHost(index + 101, rocky))]
    const { source, paths } = fleetScene({ hosts })
    const looks = await looksOf(source)
    const debian = snapshotIn(looks, 'fleet/host30.corp.example').packages
    expect(debian.map((item) => `${item.name} ${item.version} ${item.source} ${item.sourceVersion}`)).toEqual([
      'openssl 3.0.17-1~deb12u2 openssl 3.0.17-1~deb12u2',
      'libssl3 3.0.17-1~deb12u2 openssl 3.0.17-1~deb12u2',
      'samba-libs 2:4.17.12+dfsg-0+deb12u1 samba 4.17.12',
    ])
    const versions = snapshotIn(looks, 'fleet/host130.corp.example').packages.map(({ version }) => version)
    expect(versions).toEqual(['1:3.0.7-27.el9_4', '5.1.8-9.el9'])
    expect(paths().filter((path) => path.startsWith('POST'))).toEqual(['POST /hosts/1/query', 'POST /hosts/101/query'])
  })

  it('is not guessed where no host may be asked: nobody judges these packages', async () => {
    const { source, paths } = fleetScene({ hosts: [aHost(1), aHost(2, rocky)], live: false })
    for (const id of ['fleet/host1.corp.example', 'fleet/host2.corp.example']) {
      const { packages, asset } = snapshotIn(await looksOf(source), id)
      expect(packages.map((item) => thirdParty(asset.platform, item))).not.toContain(null)
    }
    expect(paths().filter((path) => path.startsWith('POST'))).toEqual([])
  })

  it('of a module is not judged, because osquery does not say its stream', async () => {
    const packages = [rpm('nodejs', '18.19.1', '1.module+el9.4.0+20000+abcdef12', '1')]
    const { packages: found } = snapshotIn(
      await looksOf(fleetScene({ hosts: [aHost(1, { ...rocky, packages, listed: packages })] }).source),
      'fleet/host1.corp.example',
    )
    expect(thirdParty('rocky:9', found[0] ?? expect.fail())).toMatch(/module/)
  })
})

describe('verifying', () => {
  const id = 'fleet/host1.corp.example'

  it('asks the machine itself, at once, whatever the lists still say', async () => {
    const { source } = fleetScene({
      hosts: [
        aHost(1, {
          ...rocky,
          listed: [rpm('openssl', '3.0.7', '25.el9', '1')],
          packages: [rpm('openssl', '3.0.7', '27.el9_4', '1')],
        }),
      ],
      faults: { lingering: true },
    })
    const snapshot = snapshotIn(await looksOf(source, [id]), id)
    expect(snapshot.observedAt).toBe(NOW)
    expect(isApplied(upgrade, snapshot)).toEqual({ applied: 'yes', found: '1:3.0.7-27.el9_4' })
  })

  it.each([
    ['the token may not ask', { observer: true }],
    ['live queries have another path', { noLiveQuery: true }],
    ['osquery has an error', { osqueryError: 'no such table: rpm_packages' }],
    ['the host never answers', { silentTries: 99 }],
  ])('falls back on the list where %s, and says nothing that the list cannot tell', async (_, faults) => {
    const { source } = fleetScene({ hosts: [aHost(1, rocky)], faults })
    const snapshot = snapshotIn(await looksOf(source, [id]), id)
    expect(snapshot.observedAt).toBe('2026-11-20T09:00:00.000Z')
    expect(isApplied(upgrade, snapshot)).toEqual({ applied: 'not known', found: null })
  })

  it('takes an offline machine by its list', async () => {
    const { source, paths } = fleetScene({ hosts: [aHost(1, { online: false })] })
    expect(snapshotIn(await looksOf(source, [id]), id).observedAt).toBe('2026-11-20T09:00:00.000Z')
    expect(paths().filter((path) => path.startsWith('POST'))).toEqual([])
  })

  it('asks again where an online host answers at the third try', async () => {
    const { source } = fleetScene({ hosts: [aHost(1)], faults: { silentTries: 2 } })
    expect(snapshotIn(await looksOf(source, [id]), id).observedAt).toBe(NOW)
  })

  it('tells Windows by its build and by nothing else: an update that is not in the build is not known', async () => {
    const { source } = fleetScene({ hosts: [aHost(1, windows)] })
    const snapshot = snapshotIn(await looksOf(source, [id]), id)
    const applied = (build: string | null) => isApplied({ kind: 'update', name: 'KB5099999', build }, snapshot).applied
    expect([applied('10.0.20348.2849'), applied('10.0.20348.2900'), applied(null)]).toEqual(['yes', 'no', 'not known'])
  })

  it('says that a restart is missing: a file asks for it, or an older kernel runs', async () => {
    const kernel = deb('linux-image-6.1.0-40-amd64', '6.1.153-1', 'linux-signed-amd64 (6.1.153+1)')
    const older = deb('linux-image-6.1.0-38-amd64', '6.1.147-1', 'linux-signed-amd64 (6.1.147+1)')
    const hosts = [aHost(1, { reboot: true }), aHost(2, { packages: [older, kernel], listed: [older, kernel] })]
    const looks = await looksOf(fleetScene({ hosts }).source, [id, 'fleet/host2.corp.example'])
    expect(snapshotIn(looks, id).rebootRequired).toBe(true)
    expect(snapshotIn(looks, 'fleet/host2.corp.example')).toMatchObject({
      rebootRequired: true,
      rebootPackages: ['linux-image-6.1.0-40-amd64'],
    })
  })
})

describe('a question to a machine', () => {
  const sshd = "SELECT 1 FROM processes WHERE name = 'sshd';"

  it('says how many rows it has, and when', async () => {
    const { source } = fleetScene({ hosts: [aHost(1)] })
    expect(await source.ask?.('fleet/host1.corp.example', sshd, signal)).toEqual({ kind: 'told', rows: 1, at: NOW })
    const none = await source.ask?.('fleet/host1.corp.example', sshd.replace('sshd', 'nginx'), signal)
    expect(none).toMatchObject({ kind: 'told', rows: 0 })
  })

  it.each([
    ['offline', { online: false }, {}, /offline/],
    ['silent', {}, { silentTries: 9 }, /no answer/],
    ['in trouble', {}, { osqueryError: 'boom' }, /boom/],
  ])('has no answer where the host is %s: that is not the answer no', async (_, host, faults, why) => {
    const { source } = fleetScene({ hosts: [aHost(1, host)], faults })
    const answer = await source.ask?.('fleet/host1.corp.example', sshd, signal)
    expect(answer).toEqual({ kind: 'nobody', why: expect.stringMatching(why) })
  })
})

describe('a server that is not well', () => {
  it('is asked again after the time that it wants', async () => {
    const { source, server } = fleetScene({ hosts: [aHost(1)], faults: { busy: 2 } })
    expect(await looksOf(source)).toHaveLength(2)
    expect(server.requests.slice(0, 3).map(({ path }) => path)).toEqual([
      '/hosts/count',
      '/hosts/count',
      '/hosts/count',
    ])
  })

  it('that wants to be left alone for long is left alone', async () => {
    const { source, server, at } = fleetScene({ hosts: [aHost(1)], faults: { busy: 1, retryAfter: 600 } })
    await expect(looksOf(source)).rejects.toThrow(/asked too often.*600 s/)
    await expect(looksOf(source)).rejects.toThrow(/left alone for another 600 s/)
    expect(server.requests).toHaveLength(1)
    at.now = '2026-11-20T10:10:01.000Z'
    expect(await looksOf(source)).toHaveLength(2)
  })

  it('behind a page to sign in is said to be that', async () => {
    await expect(looksOf(fleetScene({ hosts: [], faults: { loginPage: true } }).source)).rejects.toThrow(/a web page/)
  })
})
