import { beforeEach, describe, expect, it } from 'vitest'
import type { Asset } from '../../src/core/asset.ts'
import type { PackageChange } from '../../src/core/change.ts'
import type { Batch, DeployEngine, DeploymentOutcome, RebootRule } from '../../src/core/ports.ts'
import type { Fleet } from './fleet.ts'
import { demoChanges, type RpmHosts } from './rpm-scene.ts'
import { outcomeOf } from './ssh-hosts.ts'

export interface RpmBadDays {
  hosts(): RpmHosts
  fleet(): Fleet
  /** Locks demo-lib at its version. */
  readonly lock: string
  /** Lets a process hold the lock of the package manager for 60 s. */
  readonly occupy: string
}

/** What can go wrong on a host with RPM packages, and must be said as it is. */
export function rpmBadDays(days: RpmBadDays): void {
  const { signal } = new AbortController()
  let engine: DeployEngine
  let asset: Asset
  let hosts: RpmHosts
  let runs = 0

  async function batch(changes = demoChanges('2.0'), reboot: RebootRule = 'never'): Promise<Batch> {
    const transaction = await engine.preview(asset, changes, signal)
    return {
      key: `bad-days.${process.pid}.${++runs}`,
      deployments: [{ asset, changes, transaction, reboot, notAfter: null }],
    }
  }
  async function run(wanted: Batch): Promise<DeploymentOutcome> {
    return outcomeOf(engine, await engine.start(wanted, signal))
  }
  async function withKind(kind: 'broken-install' | 'broken-preinst' | 'reboot' | 'slow'): Promise<void> {
    await days.fleet().publish('2.0', kind)
    await hosts.fresh()
  }

  describe('on bad days', () => {
    beforeEach(async () => {
      hosts = days.hosts()
      const [first] = hosts.assets
      if (first === undefined) throw new Error('The fleet has no hosts.')
      asset = first
      engine = hosts.createEngine()
    })

    it('a script that fails after its package was installed makes it failed, with what it said', async () => {
      await withKind('broken-install')
      expect(await run(await batch())).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/%post.* of demo-app-2\.0-1\.noarch failed.*cannot migrate its data/),
      })
    })

    it('a script that fails before its package is installed leaves the old one, and is failed', async () => {
      await withKind('broken-preinst')
      expect(await run(await batch())).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/%pre.* of demo-app-2\.0-1\.noarch failed.*refuses to unpack/),
      })
      expect(await hosts.installed(asset, 'demo-app')).toBe('1.0-1')
    })

    it('reboots when asked to and the host wants it, and proves it by a new boot id', async () => {
      await withKind('reboot')
      const bootId = () => hosts.shell(asset.name, 'cat /proc/sys/kernel/random/boot_id')
      const before = await bootId()
      expect(await run(await batch(demoChanges('2.0'), 'if required'))).toMatchObject({
        state: 'succeeded',
        rebooted: true,
      })
      expect(await bootId()).not.toBe(before)
    })

    it('outlives its connection and its Patchwarden, and a later one reads how it ended', async () => {
      await withKind('slow')
      await hosts.shell(asset.name, 'mkdir -p /etc/fleet; echo 6 >/etc/fleet/slow')
      const handle = JSON.parse(JSON.stringify(await engine.start(await batch(), signal)))
      await days.fleet().fault('net-cut', asset.name, 4)
      const later = hosts.createEngine()
      expect(await outcomeOf(later, handle)).toMatchObject({ state: 'succeeded' })
      expect(await hosts.transactions(asset)).toBe(1)
    })

    describe('where all is well with the packages', () => {
      beforeEach(async () => {
        await days.fleet().publish('2.0', 'good')
        await hosts.fresh()
      })

      it('goes back to the versions that were there before', async () => {
        expect(await run(await batch())).toMatchObject({ state: 'succeeded' })
        // What it fetches afterwards holds the lock of zypper for a moment.
        await hosts.shell(asset.name, 'while pgrep -f [p]atchwarden/runs >/dev/null; do sleep 0.2; done')
        const back: readonly PackageChange[] = demoChanges('1.0', '2.0')
        const wanted = await batch(back)
        expect(
          wanted.deployments[0]?.transaction.map(({ action, name, to }) => `${action} ${name} ${to}`).sort(),
        ).toEqual(['downgrade demo-app 1.0-1', 'downgrade demo-lib 1.0-1'])
        const outcome = await run(wanted)
        expect(outcome, JSON.stringify(outcome)).toMatchObject({ state: 'succeeded' })
        expect(await hosts.installed(asset, 'demo-app')).toBe('1.0-1')
        expect(await hosts.installed(asset, 'demo-lib')).toBe('1.0-1')
      })

      it('goes back from what was kept where the repository has lost it', async () => {
        expect(await run(await batch())).toMatchObject({ state: 'succeeded' })
        await days.fleet().publish('2.1', 'good')
        try {
          await hosts.refresh(asset.name)
          expect(await run(await batch(demoChanges('2.1', '2.0')))).toMatchObject({ state: 'succeeded' })
          const kept = () => hosts.shell(asset.name, 'ls /var/lib/patchwarden/kept')
          await expect
            .poll(kept, { timeout: 20_000 })
            .toMatch(/demo-app-2\.0-1\.noarch\.rpm[\s\S]*demo-lib-2\.0-1\.noarch\.rpm/)
          await days.fleet().unpublish('2.0')
          await hosts.refresh(asset.name)
          const back = await batch(demoChanges('2.0', '2.1'))
          expect(await engine.preflight(back, signal)).toMatchObject([{ ready: true }])
          const outcome = await run(back)
          expect(outcome, JSON.stringify(outcome)).toMatchObject({ state: 'succeeded' })
          expect(await hosts.installed(asset, 'demo-app')).toBe('2.0-1')
          expect(await hosts.installed(asset, 'demo-lib')).toBe('2.0-1')
        } finally {
          await days.fleet().unpublish('2.1')
        }
      })

      it('restarts a service that still runs a deleted program, and says so', async () => {
        await hosts.shell(
          asset.name,
          `cp /bin/sleep /usr/bin/holder
           printf '#!/bin/sh\n[ "$1" != restart ] || echo yes >/run/holder-restarted\n' >/etc/init.d/holder
           chmod 755 /etc/init.d/holder
           holder 600 >/dev/null 2>&1 &
           sleep 0.5; rm /usr/bin/holder`,
        )
        const wanted = await batch()
        const deployments = wanted.deployments.map((one) => ({ ...one, restartServices: 'if required' as const }))
        expect(await run({ ...wanted, deployments })).toMatchObject({
          state: 'succeeded',
          log: expect.stringMatching(/^restarted holder$/m),
        })
        expect(await hosts.shell(asset.name, 'cat /run/holder-restarted')).toBe('yes')
      })

      it('the quick look after an upgrade sees the same packages as the full one', async () => {
        expect(await run(await batch())).toMatchObject({ state: 'succeeded' })
        const look = async (depth: 'full' | 'installed') => {
          for await (const one of hosts.createInventory().observe({ only: [asset.id], depth, signal })) {
            if (one.kind === 'seen') return one.snapshot
          }
          throw new Error('It was not seen.')
        }
        const [full, quick] = [await look('full'), await look('installed')]
        const named = (seen: typeof full) => seen.packages.map(({ name, version }) => `${name} ${version}`)
        expect(named(quick)).toEqual(named(full))
        expect(named(quick)).toContain('demo-app 2.0-1')
        expect(quick).toMatchObject({ bootId: full.bootId, rebootRequired: full.rebootRequired })
      })

      it('what one change pulls in is part of the preview', async () => {
        const changes = demoChanges('2.0').filter((change) => change.name === 'demo-app')
        const transaction = await engine.preview(asset, changes, signal)
        expect(transaction.map((step) => step.name).sort()).toEqual(['demo-app', 'demo-lib'])
      })

      it('holds back what somebody locked since, with how to mend it, and touches nothing', async () => {
        const wanted = await batch()
        await hosts.shell(asset.name, days.lock)
        const [result] = await engine.preflight(wanted, signal)
        expect(result).toMatchObject({ ready: false, outcome: { state: 'held back' } })
        expect(await run(wanted)).toMatchObject({ state: 'held back' })
        expect(await hosts.installed(asset, 'demo-app')).toBe('1.0-1')
      })

      it('does what is left where somebody did a part since it was approved', async () => {
        const wanted = await batch()
        await hosts.shell(asset.name, 'rpm -U --quiet /srv/fleet/demo-lib-2.0-1.noarch.rpm')
        expect(await run(wanted)).toMatchObject({ state: 'succeeded', changed: [{ name: 'demo-app' }] })
        expect(await hosts.installed(asset, 'demo-app')).toBe('2.0-1')
      })

      it('waits for the lock as long as it was told to, names who holds it, and starts nothing', async () => {
        const wanted = await batch()
        await hosts.shell(asset.name, days.occupy)
        expect(await run(wanted)).toMatchObject({
          state: 'held back',
          reason: expect.stringMatching(/process \d+ \(sleep\)/),
        })
        expect(await hosts.installed(asset, 'demo-app')).toBe('1.0-1')
      })

      it('its time is over while another program holds the lock: it is not begun', async () => {
        const { key, deployments } = await batch()
        await hosts.shell(asset.name, days.occupy)
        engine = hosts.createEngine({ lockWaitSeconds: 60 })
        // So long that the run has begun to wait by then, on a slow machine, too.
        const notAfter = new Date(Date.now() + 8_000).toISOString()
        expect(await run({ key, deployments: deployments.map((one) => ({ ...one, notAfter })) })).toMatchObject({
          state: 'not begun',
          reason: expect.stringMatching(/process \d+ \(sleep\)/),
        })
        expect(await hosts.installed(asset, 'demo-app')).toBe('1.0-1')
      })

      it('no value of a request can become a command on a host', async () => {
        const wanted = await batch()
        const [deployment] = wanted.deployments
        if (deployment === undefined) throw new Error('The batch is empty.')
        for (const name of ['-o=x', 'a b', 'x$(touch /root/owned)', "x';touch /root/owned;'", 'x\ntouch /root/owned']) {
          const changes = [{ name, architecture: 'noarch', from: '1-1', to: '2-1' }]
          await expect(engine.preview(asset, changes, signal)).rejects.toThrow(/not the name of an RPM package/)
          expect(
            await run({ key: `bad-days.${process.pid}.${++runs}`, deployments: [{ ...deployment, changes }] }),
          ).toMatchObject({ state: 'held back' })
        }
        expect(await hosts.shell(asset.name, 'ls /root')).not.toContain('owned')
      })
    })
  })
}
