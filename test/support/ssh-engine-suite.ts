import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Asset, Observation } from '../../src/core/asset.ts'
import type { Batch, DeployEngine, DeploymentOutcome, RebootRule, RestartRule } from '../../src/core/ports.ts'
import { createSshConnections, createSshInventory, type SshConnections } from '../../src/integrations/ssh/index.ts'
import { deployEngineContract } from '../contracts/deploy-engine.ts'
import { type AptHosts, aptHosts, fleetAssets } from './apt-hosts.ts'
import { type DemoAppKind, type FaultName, type Fleet, type FleetKind, fleetReason, upFleet } from './fleet.ts'
import { fleetEngine, loginOf, outcomeOf } from './ssh-hosts.ts'

type Seen = Extract<Observation, { kind: 'seen' }>

/** What the tests of one kind of host work with; within a test, on hosts as installed. */
export interface SshEngineHosts {
  readonly asset: () => Asset
  readonly hosts: () => AptHosts
  readonly fleet: () => Fleet
  readonly engine: () => DeployEngine
  /** Of all pending changes of the asset. */
  readonly batch: (reboot?: RebootRule, restartServices?: RestartRule) => Promise<Batch>
  readonly run: (wanted: Batch) => Promise<DeploymentOutcome>
  readonly look: () => Promise<Seen>
  readonly offer: (version: DemoAppKind) => Promise<void>
  readonly midway: () => Promise<void>
}

/** Everything that is asked of the SSH engine on Debian hosts, whatever their PID 1 is; `more`: what only these can show. */
export async function sshEngineSuite(
  { name, fleetName, kind }: { readonly name: string; readonly fleetName: string; readonly kind: FleetKind },
  more: (hosts: SshEngineHosts) => void = () => {},
): Promise<void> {
  const reason = await fleetReason(kind)
  if (reason !== null) console.warn(`skipped ${name}: ${reason}`)

  describe.skipIf(reason !== null)(name, () => {
    const { signal } = new AbortController()
    let fleet: Fleet
    let assets: readonly Asset[]
    let hosts: AptHosts
    let runs = 0
    let connections: SshConnections

    beforeAll(async () => {
      fleet = await upFleet(2, { name: fleetName, kind })
      assets = fleetAssets(fleet, 'apt')
      hosts = aptHosts(fleet)
    })
    afterAll(() => fleet?.down())

    function createEngine(): DeployEngine {
      connections = createSshConnections()
      return fleetEngine(fleet, { name: 'apt', connections })
    }

    deployEngineContract({
      name: 'the SSH engine',
      async scene() {
        await hosts.fresh()
        return { ...hosts, engine: createEngine(), restart: createEngine, assets, pass: () => sleep(200) }
      },
    })

    describe('on bad days', () => {
      let engine: DeployEngine
      let asset: Asset

      beforeEach(async () => {
        const [first] = assets
        if (first === undefined) throw new Error('The fleet has no hosts.')
        asset = first
        await hosts.fresh()
        engine = createEngine()
      })

      async function batch(reboot: RebootRule = 'never', restartServices: RestartRule = 'never'): Promise<Batch> {
        const changes = await hosts.changesFor(asset)
        const transaction = await engine.preview(asset, changes, signal)
        return {
          key: `bad-days.${process.pid}.${++runs}`,
          deployments: [{ asset, changes, transaction, reboot, restartServices, notAfter: null }],
        }
      }

      /** The batch, to begin within so many milliseconds from now. */
      function until({ key, deployments }: Batch, milliseconds: number): Batch {
        const notAfter = new Date(Date.now() + milliseconds).toISOString()
        return { key, deployments: deployments.map((deployment) => ({ ...deployment, notAfter })) }
      }

      async function run(wanted: Batch): Promise<DeploymentOutcome> {
        return outcomeOf(engine, await engine.start(wanted, signal))
      }

      /** demo-app 2.0 of this kind instead of a good one. */
      async function offer(version: DemoAppKind): Promise<void> {
        await fleet.unpublish('2.0')
        await fleet.publish('2.0', version)
        await hosts.shell(asset.name, 'apt-get -q update')
      }

      /** Until a slow demo-app is being installed. */
      async function midway(): Promise<void> {
        const installing = () => hosts.shell(asset.name, 'pgrep -f [d]emo-app.postinst || true')
        await expect.poll(installing, { timeout: 30_000, interval: 100 }).not.toBe('')
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
        expect(await run(wanted)).toMatchObject({ state: 'held back' })
        expect(await refusal(later)).toMatchObject({ state: 'held back', reason: expect.stringMatching(says) })
        expect(await fleet.aptTransactions(asset.name)).toEqual([])
      })

      it.each<[FaultName, RegExp]>([
        ['hostkey-changed', /host key/i],
        ['ssh-refused', /refuses/],
        ['frozen', /./],
      ])('%s: counts as never answered, and is not touched', async (fault, says) => {
        const wanted = await batch()
        await connections.close()
        await fleet.fault(fault, asset.name)
        const outcome = { state: 'unreachable', touched: false, reason: expect.stringMatching(says) }
        expect(await refusal(wanted)).toMatchObject(outcome)
      })

      it('waits for a lock as long as it was told to, names who holds it, and starts nothing', async () => {
        const wanted = await batch()
        await fleet.fault('apt-locked', asset.name, 60)
        expect(await refusal(wanted)).toBeNull()
        const outcome = await run(wanted)
        expect(outcome).toMatchObject({ state: 'held back', reason: expect.stringMatching(/unattended-upgr/) })
        expect(await fleet.aptTransactions(asset.name)).toEqual([])
      })

      it('goes on when the lock comes free in time', async () => {
        const wanted = await batch()
        await fleet.fault('apt-locked', asset.name, 2)
        expect(await run(wanted)).toMatchObject({ state: 'succeeded' })
      })

      it('a lock held until its time is over: it is not begun, and stays so when the lock comes free', async () => {
        const patient = fleetEngine(fleet, { name: 'apt', connections, lockWaitSeconds: 60 })
        const wanted = until(await batch(), 4_000)
        await fleet.fault('apt-locked', asset.name, 10)
        const handle = await patient.start(wanted, signal)
        const outcome = await outcomeOf(patient, handle)
        expect(outcome).toMatchObject({
          state: 'not begun',
          reason: expect.stringMatching(/^Its time was over before process .*unattended-upgr.* with dpkg\.$/),
        })
        const locked = () => hosts.shell(asset.name, 'pgrep -f [u]nattended-upgr || true')
        await expect.poll(locked, { timeout: 60_000, interval: 200 }).toBe('')
        const later = until(wanted, 3_600_000)
        expect(await outcomeOf(patient, await patient.start(later, signal))).toMatchObject({ state: 'not begun' })
        expect(await fleet.aptTransactions(asset.name)).toEqual([])
      })

      it('its time is over when apt has its lock and is about to begin: it is not begun', async () => {
        const wanted = until(await batch(), 12_000)
        await hosts.shell(asset.name, `echo 'DPkg::Pre-Invoke {"sleep 15";};' >/etc/apt/apt.conf.d/99slow`)
        expect(await run(wanted)).toMatchObject({
          state: 'not begun',
          reason: expect.stringMatching(/^Its time was over/),
        })
        const journal = `/var/lib/patchwarden/runs/${wanted.key}`
        const said = await hosts.shell(asset.name, `readlink ${journal}/decision; cat ${journal}/result`)
        expect(said).toMatch(/^over\nexit \d+\n$/)
        expect(await fleet.aptTransactions(asset.name)).toEqual([])
      })

      it.each([
        ['behind that of its host', -24, -1],
        ['ahead of that of its host', 24, 1],
      ])('with a clock that is %s, the clock that says so first ends it', async (_, off, end) => {
        const clock = () => new Date(Date.now() + off * 3_600_000)
        const other = fleetEngine(fleet, { name: 'apt', connections, clock })
        const wanted = until(await batch(), end * 3_600_000)
        expect(await outcomeOf(other, await other.start(wanted, signal))).toMatchObject({ state: 'not begun' })
        expect(await fleet.aptTransactions(asset.name)).toEqual([])
      })

      it('does at the last moment what is left of what was approved, and nothing newer', async () => {
        const wanted = await batch()
        expect(await refusal(wanted)).toBeNull()
        await fleet.publish('2.1', 'good')
        try {
          await hosts.shell(asset.name, 'apt-get -q update && apt-get -y -q install openssl')
          const outcome = await run(wanted)
          const changed = outcome.state === 'succeeded' ? outcome.changed.map(({ name }) => name) : []
          expect(changed).toContain('demo-app')
          expect(changed).not.toContain('openssl')
          expect(await hosts.shell(asset.name, "dpkg-query -W -f '$" + "{Version}' demo-app")).toBe('2.0')
        } finally {
          await fleet.unpublish('2.1')
        }
      })

      it('an upgrade outlives its connection and its Patchwarden, and a later one reads how it ended', async () => {
        await offer('slow')
        const wanted = await batch()
        const handle = JSON.parse(JSON.stringify(await engine.start(wanted, signal)))
        await fleet.fault('net-cut', asset.name, 4)
        const later = createEngine()
        const [report] = await later.poll(handle, signal)
        expect(report?.outcome).toBeNull()
        expect(await outcomeOf(later, handle)).toMatchObject({ state: 'succeeded' })
        expect(await fleet.aptTransactions(asset.name)).toHaveLength(1)
      })

      it('a runner killed in the middle is reported as what it left behind, never as done', async () => {
        await offer('slow')
        const handle = await engine.start(await batch(), signal)
        await midway()
        await hosts.shell(
          asset.name,
          'pkill -9 -f [p]atchwarden/runs; pkill -9 apt-get; pkill -9 dpkg; pkill -9 -f [p]ostinst; true',
        )
        expect(await outcomeOf(engine, handle)).toMatchObject({
          state: 'failed',
          reason: expect.stringMatching(/killed on the host.*demo-app.*dpkg --configure -a/),
        })
      })

      it('pulling the plug in the middle is reported as what it left behind', async () => {
        await offer('slow')
        const handle = await engine.start(await batch(), signal)
        await midway()
        await fleet.power('off', asset.name)
        await fleet.power('on', asset.name)
        expect(await outcomeOf(engine, handle)).toMatchObject({
          state: 'failed',
          reason: expect.stringContaining('interrupted by a reboot'),
        })
      })

      it('reboots when asked to and the host wants it, and proves it by a new boot id', async () => {
        await offer('reboot')
        const before = await hosts.shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')
        expect(await run(await batch('if required'))).toMatchObject({
          state: 'succeeded',
          rebooted: true,
        })
        expect(await hosts.shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')).not.toBe(before)
      })

      it('does not reboot when the policy says never', async () => {
        await offer('reboot')
        const before = await hosts.shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')
        expect(await run(await batch())).toMatchObject({ rebooted: false })
        expect(await hosts.shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')).toBe(before)
      })

      it('says so when a host does not come back from its reboot', async () => {
        await offer('reboot')
        await fleet.fault('boot-never', asset.name)
        expect(await run(await batch('if required'))).toMatchObject({
          state: 'unreachable',
          touched: true,
          reason: expect.stringMatching(/did not come back|was silent/),
        })
      })

      /** Processes with deleted programs or libraries in memory, as the kernel names them. */
      const stale = () =>
        hosts.shell(
          asset.name,
          "grep -ls '/lib.* (deleted)' /proc/[0-9]*/maps | cut -d/ -f3 | xargs -I{} cat /proc/{}/comm | sort -u",
        )

      it('restarts services that still run what was replaced, and says which', async () => {
        expect(await run(await batch())).toMatchObject({ state: 'succeeded' })
        expect(await stale()).toContain('sshd')
        await hosts.fresh()
        const wanted = await batch('never', 'if required')
        const outcome = await run(wanted)
        expect(outcome).toMatchObject({
          state: 'succeeded',
          log: expect.stringMatching(/^restarted nginx$[\s\S]*^restarted ssh$/m),
        })
        expect(await stale()).not.toContain('nginx')
      })

      it('a service that does not start again makes it a failure, in the words of the service', async () => {
        const wanted = await batch('never', 'if required')
        await hosts.shell(asset.name, 'echo "nonsense;" >>/etc/nginx/nginx.conf')
        expect(await run(wanted)).toMatchObject({
          state: 'failed',
          reason: expect.stringMatching(/^All was installed, but nginx did not restart: /),
        })
      })

      it('no command line says what people wrote, here or on the host', async () => {
        await offer('slow')
        await hosts.shell(asset.name, 'echo 4 >/etc/fleet/slow')
        const secret = 'why-we-do-this-at-night'
        const wanted = await batch()
        const named = wanted.deployments.map((one) => ({
          ...one,
          asset: { ...one.asset, team: secret, tags: [secret] },
        }))
        const handle = await engine.start({ ...wanted, deployments: named }, signal)
        await midway()
        const there = await hosts.shell(asset.name, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
        const here = (await readCommandLines()).join(' ')
        expect(there).toContain('apt-get')
        expect(here).toContain('ControlPath')
        for (const lines of [there, here]) expect(lines).not.toMatch(new RegExp(`${secret}|PRIVATE KEY`))
        expect(await outcomeOf(engine, handle)).toMatchObject({ state: 'succeeded' })
      })

      describe('when the archive has lost the older version', () => {
        const demoApp = () => hosts.shell(asset.name, "dpkg-query -W -f '$" + "{Version}' demo-app")
        const kept = async () =>
          (await hosts.shell(asset.name, 'ls /var/lib/patchwarden/kept 2>/dev/null || true'))
            .split('\n')
            .filter(Boolean)
        const owed = () => hosts.shell(asset.name, 'cat /var/lib/patchwarden/runs/*/to-keep 2>/dev/null || true')

        /** demo-app 2.0 installed, 2.1 on offer. */
        beforeEach(async () => {
          await hosts.shell(asset.name, 'apt-get -y -q install demo-app=2.0')
          await fleet.publish('2.1', 'good')
          await hosts.shell(asset.name, 'apt-get clean; apt-get -q update')
        })
        afterEach(() => fleet.unpublish('2.1'))

        async function change(from: string, to: string): Promise<Batch> {
          const changes = [{ name: 'demo-app', architecture: 'all', from, to }]
          const transaction = await engine.preview(asset, changes, signal)
          expect(transaction).toMatchObject([{ name: 'demo-app', from, to }])
          return {
            key: `kept.${process.pid}.${++runs}`,
            deployments: [{ asset, changes, transaction, reboot: 'never', notAfter: null }],
          }
        }

        it('an upgrade is rolled back from the package that was kept', async () => {
          const up = await change('2.0', '2.1')
          expect(await engine.preflight(up, signal)).toEqual([{ asset: asset.id, ready: true, notes: [] }])
          expect(await run(up)).toMatchObject({ state: 'succeeded' })
          await expect.poll(kept, { timeout: 10_000 }).toEqual(['demo-app_2.0_all.deb'])
          await fleet.unpublish('2.0')
          await hosts.shell(asset.name, 'apt-get clean; apt-get -q update')
          expect(
            await hosts.shell(asset.name, 'apt-get -s --allow-downgrades install demo-app=2.0 2>&1 || true'),
          ).toContain('was not found')
          const down = await change('2.1', '2.0')
          expect(await engine.preflight(down, signal)).toMatchObject([{ ready: true }])
          expect(await run(down)).toMatchObject({
            state: 'succeeded',
            changed: [{ name: 'demo-app', from: '2.1', to: '2.0' }],
          })
          expect(await demoApp()).toBe('2.0')
        })

        it('what apt has in its cache is kept without fetching it', async () => {
          const up = await change('2.0', '2.1')
          await hosts.shell(asset.name, 'cd /var/cache/apt/archives && apt-get -q download demo-app=2.0')
          await fleet.unpublish('2.0')
          await hosts.shell(asset.name, 'apt-get -q update')
          expect(await run(up)).toMatchObject({ state: 'succeeded' })
          expect(await kept()).toEqual(['demo-app_2.0_all.deb'])
          expect(await hosts.shell(asset.name, 'stat -c %h /var/lib/patchwarden/kept/*')).toBe('2\n')
        })

        it('what a run could not fetch is said by the next preflight and fetched by the next run', async () => {
          const up = await change('2.0', '2.1')
          // It is killed just after it has left its result.
          await hosts.shell(
            asset.name,
            "printf '#!/bin/sh\\nkill -9 $PPID\\n' >/usr/local/bin/renice; chmod 755 /usr/local/bin/renice",
          )
          expect(await run(up)).toMatchObject({ state: 'succeeded' })
          await hosts.shell(asset.name, 'rm /usr/local/bin/renice')
          expect(await owed()).toBe('demo-app=2.0\n')
          expect(await kept()).toEqual([])
          const wanted = await batch()
          const note =
            'what an earlier upgrade replaced is not kept yet: demo-app=2.0; this one fetches it when it has ended'
          expect(await engine.preflight(wanted, signal)).toMatchObject([{ ready: true, notes: [note] }])
          expect(await run(wanted)).toMatchObject({ state: 'succeeded' })
          await expect.poll(kept, { timeout: 10_000 }).toContain('demo-app_2.0_all.deb')
          await expect.poll(owed, { timeout: 10_000 }).toBe('')
        })

        it('what was kept half a year ago goes, and what is kept now stays, however old it is', async () => {
          const folder = '/var/lib/patchwarden/kept'
          await hosts.shell(
            asset.name,
            `mkdir -p ${folder}; touch -d '181 days ago' ${folder}/a.deb; touch ${folder}/b.deb`,
          )
          const up = await change('2.0', '2.1')
          await hosts.shell(
            asset.name,
            `cd /var/cache/apt/archives && apt-get -q download demo-app=2.0 && touch -d '400 days ago' demo-app_2.0_all.deb`,
          )
          expect(await run(up)).toMatchObject({ state: 'succeeded' })
          await expect.poll(kept, { timeout: 10_000 }).toEqual(['b.deb', 'demo-app_2.0_all.deb'])
        })

        it('the oldest goes first where too much is kept', async () => {
          const folder = '/var/lib/patchwarden/kept'
          const up = await change('2.0', '2.1')
          // du stands for a folder of 3 GiB, as long as the oldest is there.
          await hosts.shell(
            asset.name,
            `mkdir -p ${folder}; touch -d '9 days ago' ${folder}/z.deb; touch -d '2 days ago' ${folder}/a.deb
           printf '#!/bin/sh\n[ -e ${folder}/z.deb ] && size=3145728 || size=1\nprintf "$size\\\\t."\n' >/usr/local/bin/du
           chmod 755 /usr/local/bin/du`,
          )
          expect(await run(up)).toMatchObject({ state: 'succeeded' })
          await expect.poll(kept, { timeout: 10_000 }).toEqual(['a.deb', 'demo-app_2.0_all.deb'])
        })

        it('the preflight says what cannot be rolled back, and the upgrade goes on without', async () => {
          await fleet.unpublish('2.0')
          await hosts.shell(asset.name, 'apt-get -q update')
          const up = await change('2.0', '2.1')
          const note = 'demo-app 2.0 is not available any more: it cannot be rolled back'
          expect(await engine.preflight(up, signal)).toEqual([{ asset: asset.id, ready: true, notes: [note] }])
          expect(await run(up)).toMatchObject({ state: 'succeeded' })
          expect(await demoApp()).toBe('2.1')
          await expect(
            engine.preview(asset, [{ name: 'demo-app', architecture: 'all', from: '2.1', to: '2.0' }], signal),
          ).rejects.toThrow(/not on offer/)
        })
      })

      it('all sessions of a rollout share one login, which ends with the connection', async () => {
        const logins = async () =>
          Number(await hosts.shell(asset.name, 'awk \'$2 ~ /:0016$/ && $4 == "01"\' /proc/net/tcp | wc -l'))
        const wanted = await batch()
        await engine.preflight(wanted, signal)
        const handle = await engine.start(wanted, signal)
        expect(await logins()).toBe(1)
        expect(await outcomeOf(engine, handle)).toMatchObject({ state: 'succeeded' })
        expect(await logins()).toBe(1)
        await connections.close()
        await expect.poll(logins, { timeout: 5_000 }).toBe(0)
      })

      it('who waits hears of the end when it comes, and not before its time where nothing comes', async () => {
        const handle = await engine.start(await batch(), signal)
        const began = performance.now()
        await engine.wait?.(handle, 60, signal)
        expect(performance.now() - began).toBeLessThan(50_000)
        expect(await engine.poll(handle, signal)).toMatchObject([{ outcome: { state: 'succeeded' } }])
        const again = performance.now()
        await engine.wait?.(handle, 0.5, signal)
        expect(performance.now() - again).toBeGreaterThan(400)
      })

      /** As the inventory sees the asset. */
      async function look(depth: 'full' | 'installed'): Promise<Seen> {
        const inventory = createSshInventory({
          name: 'lab',
          hosts: [{ asset, target: loginOf(fleet, asset), sudo: true }],
          refresh: false,
          concurrency: 1,
          connections,
          clock: () => new Date(),
        })
        for await (const one of inventory.observe({ depth, signal })) if (one.kind === 'seen') return one
        throw new Error('It was not seen.')
      }

      it('a look while apt replaces its lists waits until they can be read', async () => {
        const list = '/var/lib/apt/lists/_srv_fleet_dists_fleet_InRelease'
        await fleet.fault('lists-locked', asset.name, 3)
        await hosts.shell(asset.name, `chmod 600 ${list}; (sleep 2; chmod 644 ${list}) >/dev/null 2>&1 &`)
        expect((await look('full')).snapshot.pending.length).toBeGreaterThan(0)
        await hosts.shell(asset.name, `chmod 600 ${list}; (sleep 1; chmod 644 ${list}) >/dev/null 2>&1 &`)
        expect((await look('full')).snapshot.pending.length).toBeGreaterThan(0)
      })

      it('the quick look after an upgrade sees the same packages as the full one', async () => {
        const [full, quick] = [await look('full'), await look('installed')]
        const named = (seen: Seen) => seen.snapshot.packages.map(({ name, version }) => `${name} ${version}`)
        expect(named(quick)).toEqual(named(full))
        expect(quick.warnings).toEqual(full.warnings)
        expect(quick.snapshot).toMatchObject({
          bootId: full.snapshot.bootId,
          staleServices: full.snapshot.staleServices,
        })
        expect(full.snapshot.pending.length).toBeGreaterThan(0)
        expect(quick.snapshot.pending).toEqual([])
      })

      it('keeps what an administrator changed in a configuration file, without a question', async () => {
        await offer('conffile')
        await fleet.fault('conffile-edited', asset.name)
        const before = await hosts.shell(asset.name, 'cat /etc/demo-app.conf')
        expect(await run(await batch())).toMatchObject({ state: 'succeeded' })
        expect(await hosts.shell(asset.name, 'cat /etc/demo-app.conf')).toBe(before)
      })

      it('no value of a request can become a command on a host', async () => {
        const wanted = await batch()
        const [deployment] = wanted.deployments
        if (deployment === undefined) throw new Error('The batch is empty.')
        for (const name of ['-o=x', 'a b', 'x$(touch /root/owned)', "x';touch /root/owned;'", 'x\ntouch /root/owned']) {
          const changes = [{ name, architecture: 'amd64', from: '1', to: '2' }]
          await expect(engine.preview(asset, changes, signal)).rejects.toThrow(/not the name of a Debian package/)
          const other = { key: `${wanted.key}.x`, deployments: [{ ...deployment, changes }] }
          expect(await run(other)).toMatchObject({ state: 'held back' })
        }
        expect(await hosts.shell(asset.name, 'ls /root')).not.toContain('owned')
      })

      more({
        asset: () => asset,
        hosts: () => hosts,
        fleet: () => fleet,
        engine: () => engine,
        batch,
        run,
        look: () => look('full'),
        offer,
        midway,
      })
    })
  })
}

/** Of every process on this machine, the fleet's included. */
async function readCommandLines(): Promise<readonly string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
}
