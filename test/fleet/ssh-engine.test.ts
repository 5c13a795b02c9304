import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import type { PackageChange } from '../../src/core/catalog.ts'
import type { Batch, DeployEngine, DeploymentHandle, DeploymentOutcome, RebootRule } from '../../src/core/ports.ts'
import { createSshEngine } from '../../src/integrations/ssh/index.ts'
import { deployEngineContract } from '../contracts/deploy-engine.ts'
import { type FaultName, type Fleet, fleetReason, upFleet } from '../support/fleet.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped the SSH engine on real hosts: ${reason}`)

/** Real security updates, and one of the fleet's own that can be made to fail. */
const UPDATED = ['openssl', 'libssl3', 'demo-app']

describe.skipIf(reason !== null)('the SSH engine on real Debian hosts', () => {
  const { signal } = new AbortController()
  let fleet: Fleet
  let assets: readonly Asset[]
  let runs = 0

  beforeAll(async () => {
    fleet = await upFleet(2, { name: 'pweng' })
    assets = fleet.hosts.map((host) => ({
      id: `lab/${host.name}`,
      name: host.name,
      platform: 'debian:12',
      team: 'web',
      tags: [],
      exposure: null,
      criticality: null,
      timeZone: 'UTC',
      source: 'lab',
      engine: 'apt',
      address: host.address,
      simulated: false,
    }))
  })
  afterAll(() => fleet?.down())

  function createEngine(): DeployEngine {
    return createSshEngine({
      name: 'apt',
      target: (asset) => ({
        host: asset.address,
        user: 'patch',
        identityFile: fleet.identity,
        knownHostsFile: fleet.knownHosts,
        connectTimeoutSeconds: 2,
      }),
      concurrency: 4,
      lockWaitSeconds: 3,
      rebootWaitSeconds: 30,
      silenceSeconds: 20,
      clock: () => new Date(),
    })
  }

  async function fresh(): Promise<void> {
    await fleet.reset('all')
    await Promise.all(fleet.hosts.map((host) => shell(host.name, 'apt-get -q update')))
  }

  async function shell(host: string, command: string): Promise<string> {
    return (await fleet.exec(host, ['sh', '-c', command])).stdout
  }

  async function changesFor(asset: Asset): Promise<readonly PackageChange[]> {
    const pending = await fleet.pending(asset.name)
    return pending
      .filter((update) => UPDATED.includes(update.package))
      .map(({ package: name, installed, candidate }) => ({
        name,
        architecture: name === 'demo-app' ? 'all' : 'amd64',
        from: installed,
        to: candidate,
      }))
  }

  async function fingerprint({ name }: Asset): Promise<string> {
    const kept = ['/var/lib/dpkg', '/var/lib/apt', '/var/cache/apt', '/var/log/apt', '/var/lib/patchwarden', '/etc']
    return shell(name, `find ${kept.join(' ')} -type f -printf '%p %s %T@\\n' 2>/dev/null | sort`)
  }

  deployEngineContract({
    name: 'the SSH engine',
    async scene() {
      await fleet.publish('2.0', 'good')
      await fresh()
      return {
        engine: createEngine(),
        restart: createEngine,
        assets,
        changesFor,
        pass: () => sleep(200),
        async installed(asset, name) {
          const asked = await fleet.exec(asset.name, ['dpkg-query', '-W', '-f', '$' + '{Version}', name])
          return asked.code === 0 ? asked.stdout : null
        },
        transactions: async (asset) => (await fleet.aptTransactions(asset.name)).length,
        fingerprint,
        breakInstallation: (asset) => fleet.fault('postinst-fails', asset.name),
        disconnect: (asset) => fleet.fault('down', asset.name),
      }
    },
  })

  describe('on bad days', () => {
    let engine: DeployEngine
    let asset: Asset

    beforeEach(async () => {
      const [first] = assets
      if (first === undefined) throw new Error('The fleet has no hosts.')
      asset = first
      await fleet.publish('2.0', 'good')
      await fresh()
      engine = createEngine()
    })

    async function batch(reboot: RebootRule = 'never'): Promise<Batch> {
      const changes = await changesFor(asset)
      const transaction = await engine.preview(asset, changes, signal)
      return { key: `bad-days.${process.pid}.${++runs}`, deployments: [{ asset, changes, transaction, reboot }] }
    }

    async function outcomeOf(handle: DeploymentHandle, by = engine): Promise<DeploymentOutcome> {
      for (let poll = 0; poll < 400; poll++) {
        const [report] = await by.poll(handle, signal)
        if (report?.outcome) return report.outcome
        await sleep(200)
      }
      throw new Error('It came to no end.')
    }

    async function refusal(wanted: Batch): Promise<DeploymentOutcome | null> {
      const [result] = await engine.preflight(wanted, signal)
      return result === undefined || result.ready ? null : result.outcome
    }

    it.each<[FaultName, RegExp]>([
      ['disk-full', /not enough room on (\/|the disk)/],
      ['dpkg-interrupted', /dpkg --configure -a/],
      ['held', /on hold.*apt-mark unhold/],
      ['sudo-denied', /sudo/],
    ])('%s: is held back before anything is touched, with how to mend it', async (fault, says) => {
      const wanted = await batch()
      const later = await batch()
      expect(await refusal(wanted)).toBeNull()
      await fleet.fault(fault, asset.name)
      expect(await outcomeOf(await engine.start(wanted, signal))).toMatchObject({ state: 'held back' })
      expect(await refusal(later)).toMatchObject({ state: 'held back', reason: expect.stringMatching(says) })
      expect(await fleet.aptTransactions(asset.name)).toEqual([])
    })

    it.each<[FaultName, RegExp]>([
      ['hostkey-changed', /host key/i],
      ['ssh-refused', /refuses/],
      ['frozen', /./],
    ])('%s: counts as never answered, and is not touched', async (fault, says) => {
      const wanted = await batch()
      await fleet.fault(fault, asset.name)
      const outcome = { state: 'unreachable', touched: false, reason: expect.stringMatching(says) }
      expect(await refusal(wanted)).toMatchObject(outcome)
    })

    it('waits for a lock as long as it was told to, names who holds it, and starts nothing', async () => {
      const wanted = await batch()
      await fleet.fault('apt-locked', asset.name, 60)
      expect(await refusal(wanted)).toBeNull()
      const outcome = await outcomeOf(await engine.start(wanted, signal))
      expect(outcome).toMatchObject({ state: 'held back', reason: expect.stringMatching(/unattended-upgr/) })
      expect(await fleet.aptTransactions(asset.name)).toEqual([])
    })

    it('goes on when the lock comes free in time', async () => {
      const wanted = await batch()
      await fleet.fault('apt-locked', asset.name, 2)
      expect(await outcomeOf(await engine.start(wanted, signal))).toMatchObject({ state: 'succeeded' })
    })

    it('refuses at the last moment what has changed since it was approved', async () => {
      const wanted = await batch()
      expect(await refusal(wanted)).toBeNull()
      await fleet.publish('2.1', 'good')
      try {
        await shell(asset.name, 'apt-get -q update && apt-get -y -q install openssl')
        const outcome = await outcomeOf(await engine.start(wanted, signal))
        expect(outcome).toMatchObject({
          state: 'held back',
          reason: expect.stringMatching(/not the transaction that was approved.*no longer.*openssl/),
        })
        expect(await shell(asset.name, "dpkg-query -W -f '$" + "{Version}' demo-app")).toBe('1.0')
      } finally {
        await fleet.unpublish('2.1')
      }
    })

    it('an upgrade outlives its connection and its Patchwarden, and a later one reads how it ended', async () => {
      await fleet.unpublish('2.0')
      await fleet.publish('2.0', 'slow')
      await shell(asset.name, 'apt-get -q update')
      const wanted = await batch()
      const handle = JSON.parse(JSON.stringify(await engine.start(wanted, signal)))
      await fleet.fault('net-cut', asset.name, 4)
      const later = createEngine()
      const [report] = await later.poll(handle, signal)
      expect(report?.outcome).toBeNull()
      expect(await outcomeOf(handle, later)).toMatchObject({ state: 'succeeded' })
      expect(await fleet.aptTransactions(asset.name)).toHaveLength(1)
    })

    it('a runner killed in the middle is reported as what it left behind, never as done', async () => {
      await fleet.unpublish('2.0')
      await fleet.publish('2.0', 'slow')
      await shell(asset.name, 'apt-get -q update')
      const handle = await engine.start(await batch(), signal)
      await expect
        .poll(() => shell(asset.name, 'pgrep -f demo-app.postinst || true'), { timeout: 30_000, interval: 100 })
        .not.toBe('')
      await shell(
        asset.name,
        'pkill -9 -f patchwarden/runs; pkill -9 apt-get; pkill -9 dpkg; pkill -9 -f postinst; true',
      )
      expect(await outcomeOf(handle)).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/killed on the host.*demo-app.*dpkg --configure -a/),
      })
    })

    it('pulling the plug in the middle is reported as what it left behind', async () => {
      await fleet.unpublish('2.0')
      await fleet.publish('2.0', 'slow')
      await shell(asset.name, 'apt-get -q update')
      const handle = await engine.start(await batch(), signal)
      await expect
        .poll(() => shell(asset.name, 'pgrep -f demo-app.postinst || true'), { timeout: 30_000, interval: 100 })
        .not.toBe('')
      await fleet.power('off', asset.name)
      await fleet.power('on', asset.name)
      expect(await outcomeOf(handle)).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining('interrupted by a reboot'),
      })
    })

    it('reboots when asked to and the host wants it, and proves it by a new boot id', async () => {
      await fleet.unpublish('2.0')
      await fleet.publish('2.0', 'reboot')
      await shell(asset.name, 'apt-get -q update')
      const before = await shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')
      expect(await outcomeOf(await engine.start(await batch('if required'), signal))).toMatchObject({
        state: 'succeeded',
        rebooted: true,
      })
      expect(await shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')).not.toBe(before)
    })

    it('does not reboot when the policy says never', async () => {
      await fleet.unpublish('2.0')
      await fleet.publish('2.0', 'reboot')
      await shell(asset.name, 'apt-get -q update')
      const before = await shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')
      expect(await outcomeOf(await engine.start(await batch(), signal))).toMatchObject({ rebooted: false })
      expect(await shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')).toBe(before)
    })

    it('says so when a host does not come back from its reboot', async () => {
      await fleet.unpublish('2.0')
      await fleet.publish('2.0', 'reboot')
      await shell(asset.name, 'apt-get -q update')
      await fleet.fault('boot-never', asset.name)
      expect(await outcomeOf(await engine.start(await batch('if required'), signal))).toMatchObject({
        state: 'unreachable',
        touched: true,
        reason: expect.stringMatching(/did not come back|was silent/),
      })
    })

    it('keeps what an administrator changed in a configuration file, without a question', async () => {
      await fleet.unpublish('2.0')
      await fleet.publish('2.0', 'conffile')
      await fleet.fault('conffile-edited', asset.name)
      await shell(asset.name, 'apt-get -q update')
      const before = await shell(asset.name, 'cat /etc/demo-app.conf')
      expect(await outcomeOf(await engine.start(await batch(), signal))).toMatchObject({ state: 'succeeded' })
      expect(await shell(asset.name, 'cat /etc/demo-app.conf')).toBe(before)
    })

    it('no value of a request can become a command on a host', async () => {
      const wanted = await batch()
      const [deployment] = wanted.deployments
      if (deployment === undefined) throw new Error('The batch is empty.')
      for (const name of ['-o=x', 'a b', 'x$(touch /root/owned)', "x';touch /root/owned;'", 'x\ntouch /root/owned']) {
        const changes = [{ name, architecture: 'amd64', from: '1', to: '2' }]
        await expect(engine.preview(asset, changes, signal)).rejects.toThrow(/not the name of a Debian package/)
        const other = { key: `${wanted.key}.x`, deployments: [{ ...deployment, changes }] }
        expect(await outcomeOf(await engine.start(other, signal))).toMatchObject({ state: 'held back' })
      }
      expect(await shell(asset.name, 'ls /root')).not.toContain('owned')
    })
  })
})
