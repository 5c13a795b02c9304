import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AssetSnapshot, onlyLooks } from '../../src/core/asset.ts'
import { createSshInventory } from '../../src/integrations/ssh/index.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { type RpmHosts, rpmHosts, rpmKinds } from '../support/rpm-scene.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped the inventory of hosts with RPM packages: ${reason}`)

const lock = {
  dnf: 'dnf -q -C versionlock add demo-lib',
  zypper: 'zypper --non-interactive addlock demo-lib',
}

describe.skipIf(reason !== null).each(['dnf', 'zypper'] as const)('the inventory of a host with %s', (kind) => {
  const { signal } = new AbortController()
  let fleet: Fleet
  let hosts: RpmHosts

  beforeAll(async () => {
    fleet = await upFleet(1, { name: `pwi${kind.slice(0, 3)}`, kind })
    await fleet.publish('2.0', 'good')
    hosts = rpmHosts(fleet, rpmKinds[kind])
  })
  afterAll(() => fleet?.down())

  async function look(refresh = false): Promise<{ snapshot: AssetSnapshot; warnings: readonly string[] }> {
    const inventory = createSshInventory({
      name: 'lab',
      hosts: hosts.assets.map((asset) => ({
        asset: { ...asset, platform: '' },
        target: {
          host: asset.address,
          user: 'patch',
          identityFile: fleet.identity,
          knownHostsFile: fleet.knownHosts,
          connectTimeoutSeconds: 5,
        },
      })),
      refresh,
      concurrency: 2,
      clock: () => new Date(),
    })
    for await (const observation of onlyLooks(inventory.observe({ signal }))) {
      if (observation.kind === 'unreachable') throw new Error(observation.reason)
      return observation
    }
    throw new Error('No host answered.')
  }

  it('says what is installed, as rpm says it, and what is pending with its security flag', async () => {
    await hosts.fresh()
    const { snapshot, warnings } = await look()
    expect(warnings).toEqual([])
    expect(snapshot.asset.platform).toBe(rpmKinds[kind].platform)
    const listed = await hosts.shell('web01', "rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE} %{ARCH}\\n' | sort")
    expect(
      snapshot.packages
        .map((one) => `${one.name} ${one.version} ${one.architecture}`)
        .sort()
        .join('\n'),
    ).toBe(listed)
    expect(snapshot.pending.map((one) => ({ ...one })).sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
      ['demo-app', 'demo-lib'].map((name) => ({
        name,
        architecture: 'noarch',
        installed: '1.0-1',
        candidate: '2.0-1',
        source: name,
        origins: ['fleet'],
        security: true,
        held: null,
      })),
    )
    expect(snapshot.bootId).toBe(await hosts.shell('web01', 'cat /proc/sys/kernel/random/boot_id'))
    expect(snapshot).toMatchObject({ rebootRequired: false, staleServices: [], listsRefreshedAt: expect.any(String) })
  })

  it('a locked package is on hold, and what needs its update is kept back', async () => {
    await hosts.fresh()
    await hosts.shell('web01', lock[kind])
    const { snapshot } = await look()
    expect(Object.fromEntries(snapshot.pending.map((one) => [one.name, one.held]))).toEqual({
      'demo-lib': 'hold',
      'demo-app': 'kept back',
    })
  })

  it('knows a host that wants a reboot', async () => {
    await hosts.fresh()
    await hosts.shell('web01', 'touch /run/reboot-needed')
    expect((await look()).snapshot.rebootRequired).toBe(true)
  })

  it('refreshes the package lists when told to, and otherwise goes by those that the host has', async () => {
    await hosts.fresh()
    await fleet.publish('3.0', 'good')
    const candidates = async (refresh: boolean) =>
      new Set((await look(refresh)).snapshot.pending.map((one) => `${one.candidate} ${one.security}`))
    try {
      expect(await candidates(false)).toEqual(new Set(['2.0-1 true']))
      // 2.0, which 3.0 contains, was of security.
      expect(await candidates(true)).toEqual(new Set(['3.0-1 true']))
    } finally {
      await fleet.unpublish('3.0')
    }
  })

  it('a host without package lists says what is installed all the same', async () => {
    await fleet.reset('web01')
    const { snapshot } = await look()
    expect(snapshot.packages.map((one) => one.name).sort()).toEqual(['demo-app', 'demo-lib', 'fleet-system'])
    expect(snapshot.pending).toEqual([])
  })
})
