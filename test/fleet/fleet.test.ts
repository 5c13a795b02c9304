import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type DemoAppKind, type FaultName, type Fleet, fleetReason, upFleet } from '../support/fleet.ts'

const call = promisify(execFile)
const HOSTS = 3
const UPGRADE =
  'export DEBIAN_FRONTEND=noninteractive; apt-get -q update && apt-get -y -q -o Dpkg::Use-Pty=0 --only-upgrade install'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped the fleet tests: ${reason}`)

describe.skipIf(reason !== null)('the test fleet', () => {
  let fleet: Fleet

  beforeAll(async () => {
    fleet = await upFleet(HOSTS, { name: 'pwtself' })
  })
  afterAll(async () => {
    await fleet?.down()
    expect(existsSync(`/sys/class/net/${fleet.name}0`)).toBe(false)
    expect((await call('ip', ['netns'])).stdout).not.toContain(fleet.name)
  })

  async function ssh(host: string, command: string, user = 'root') {
    const argv = ['-F', fleet.sshConfig, '-l', user, '-o', 'ConnectTimeout=3', host, `${command} </dev/null`]
    try {
      return { code: 0, output: (await call('ssh', argv)).stdout }
    } catch (error) {
      const failed = error as { code: number; stdout: string; stderr: string }
      return { code: failed.code, output: failed.stdout + failed.stderr }
    }
  }

  async function health(host: string) {
    const url = fleet.hosts.find((known) => known.name === host)?.health ?? ''
    const response = await fetch(url, { signal: AbortSignal.timeout(3000) })
    return { code: response.status, ...((await response.json()) as { status: string; version: string }) }
  }

  async function installed(host: string, name: string) {
    return (await fleet.exec(host, ['dpkg-query', '-W', '-f', `\${Version} \${db:Status-Status}`, name])).stdout
  }

  describe('hosts', () => {
    it('come up as asked, each reached by ssh with a known host key', async () => {
      expect(fleet.hosts.map((host) => host.name)).toEqual(['web01', 'web02', 'web03'])
      for (const host of fleet.hosts) {
        expect((await ssh(host.name, 'hostname')).output).toBe(`${host.name}\n`)
        expect((await ssh(host.name, 'sudo -n id -un', 'patch')).output).toBe('root\n')
        expect(await health(host.name)).toEqual({ code: 200, status: 'ok', version: '1.0' })
      }
    })

    it('are Debian 12 with real security updates pending, and no apt history', async () => {
      for (const host of fleet.hosts) {
        const pending = await fleet.pending(host.name)
        expect(pending.map((update) => update.package)).toContain('openssl')
        for (const update of pending) {
          expect(update.archive).toMatch(/^Debian-Security:/)
          const newer = ['dpkg', '--compare-versions', update.installed, 'lt', update.candidate]
          expect((await fleet.exec(host.name, newer)).code).toBe(0)
        }
        expect(await fleet.aptTransactions(host.name)).toEqual([])
      }
      expect((await fleet.exec('web01', ['cat', '/etc/debian_version'])).stdout).toMatch(/^12\./)
    })

    it('reach no network but their own', async () => {
      const routes = await fleet.exec('web01', ['ip', 'route'])
      expect(routes.stdout).not.toContain('default')
      const out = await fleet.exec('web01', ['bash', '-c', 'echo >/dev/tcp/192.0.2.1/80'])
      expect(out.stderr).toContain('Network is unreachable')
      // and were the bridge gone, this machine would refuse rather than route
      expect((await call('ip', ['route'])).stdout).toMatch(/^unreachable 198\.19\.\d+\.0\/24/m)
    })

    it('have processes, boot ids and disks of their own', async () => {
      const boots = new Set<string>()
      for (const host of fleet.hosts) {
        boots.add((await fleet.exec(host.name, ['cat', '/proc/sys/kernel/random/boot_id'])).stdout)
        expect((await fleet.exec(host.name, ['cat', '/proc/1/comm'])).stdout).toBe('fleet-init\n')
      }
      expect(boots.size).toBe(HOSTS)
      await fleet.exec('web01', ['touch', '/root/mine'])
      expect((await fleet.exec('web02', ['ls', '/root'])).stdout).not.toContain('mine')
    })

    it('reboot with a new boot id, and stay off once powered off', async () => {
      const before = (await ssh('web01', 'cat /proc/sys/kernel/random/boot_id')).output
      await ssh('web01', 'reboot')
      await expect
        .poll(async () => (await ssh('web01', 'cat /proc/sys/kernel/random/boot_id')).output, { timeout: 20_000 })
        .toMatch(/^(?!.*ssh:)[0-9a-f-]{36}\n$/)
      expect((await ssh('web01', 'cat /proc/sys/kernel/random/boot_id')).output).not.toBe(before)

      await fleet.power('off', 'web02')
      expect((await ssh('web02', 'true')).code).toBe(255)
      await fleet.power('on', 'web02')
      expect((await ssh('web02', 'true')).code).toBe(0)
    })
  })

  describe('upgrades', () => {
    beforeEach(() => fleet.reset('all'))

    it('install a real security update, and leave one transaction that names it', async () => {
      const update = (await fleet.pending('web01')).find((each) => each.package === 'openssl')
      expect((await ssh('web01', `${UPGRADE} openssl`)).code).toBe(0)
      expect(await installed('web01', 'openssl')).toBe(`${update?.candidate} installed`)
      const [transaction, ...more] = await fleet.aptTransactions('web01')
      expect(more).toEqual([])
      expect(transaction).toMatchObject({ ended: true, commandline: expect.stringContaining('install openssl') })
      expect(transaction?.upgraded).toEqual(expect.arrayContaining(['openssl', 'libssl3']))
      // the host's own log counts the same
      const counted = await fleet.exec('web01', ['grep', '-c', '^Start-Date', '/var/log/apt/history.log'])
      expect(counted.stdout).toBe('1\n')
      expect(await fleet.aptTransactions('web02')).toEqual([])
    })

    const outcomes: [DemoAppKind, { exit: number; state: string; health: string }][] = [
      ['good', { exit: 0, state: '2.0 installed', health: '200 2.0' }],
      ['broken-install', { exit: 100, state: '2.0 half-configured', health: '200 1.0' }],
      ['broken-preinst', { exit: 100, state: '1.0 installed', health: '200 1.0' }],
      ['unhealthy', { exit: 0, state: '2.0 installed', health: '503 2.0' }],
      ['crash', { exit: 0, state: '2.0 installed', health: 'refused' }],
      ['reboot', { exit: 0, state: '2.0 installed', health: '200 2.0' }],
      ['unmet', { exit: 100, state: '1.0 installed', health: '200 1.0' }],
    ]
    it.each(outcomes)('of kind %s end as %o', async (kind, expected) => {
      await fleet.publish('2.0', kind)
      try {
        expect((await ssh('web01', `${UPGRADE} demo-app`)).code).toBe(expected.exit)
        expect(await installed('web01', 'demo-app')).toBe(expected.state)
        const seen = await health('web01').then(
          (answer) => `${answer.code} ${answer.version}`,
          () => 'refused',
        )
        expect(seen).toBe(expected.health)
        expect((await fleet.exec('web01', ['test', '-e', '/run/reboot-required'])).code).toBe(kind === 'reboot' ? 0 : 1)
      } finally {
        await fleet.unpublish('2.0')
      }
    })

    it('ask about an edited conffile, and fail without an answer', async () => {
      await fleet.publish('2.0', 'conffile')
      await fleet.fault('conffile-edited', 'web01')
      expect((await ssh('web01', `${UPGRADE} demo-app`)).code).toBe(100)
      await fleet.unpublish('2.0')
    })
  })

  describe('faults', () => {
    beforeAll(() => fleet.publish('2.0', 'good'))
    beforeEach(() => fleet.reset('web01'))
    afterAll(() => fleet.unpublish('2.0'))

    /** What an upgrade of openssl and demo-app over ssh says under the fault. */
    const upgrades: [FaultName, number, RegExp][] = [
      ['apt-locked', 100, /Could not get lock \/var\/lib\/dpkg\/lock-frontend.*unattended-upgr/],
      ['lists-locked', 100, /Could not get lock \/var\/lib\/apt\/lists\/lock/],
      ['disk-full', 100, /No space left on device/],
      ['postinst-fails', 100, /injected failure/],
      ['hook-fails', 100, /Problem executing scripts DPkg::Pre-Invoke/],
      ['dpkg-interrupted', 100, /dpkg was interrupted/],
      ['held', 100, /Held packages were changed/],
      ['repo-gone', 100, /no longer has a Release file/],
      ['net-cut', 255, /timed out/],
      ['net-drop', 255, /timed out/],
      ['ssh-refused', 255, /Connection refused/],
      ['hostkey-changed', 255, /Host key verification failed/],
      ['frozen', 255, /timed out/],
      ['down', 255, /timed out/],
    ]
    it.each(upgrades)('%s: the upgrade exits %i, says why, and works once healed', async (name, code, says) => {
      await fleet.fault(name, 'web01')
      const broken = await ssh('web01', `${UPGRADE} openssl demo-app`)
      expect(broken.output).toMatch(says)
      expect(broken.code).toBe(code)
      await fleet.heal('web01')
      expect((await ssh('web01', `${UPGRADE} openssl demo-app`)).code).toBe(0)
      expect(await health('web01')).toEqual({ code: 200, status: 'ok', version: '2.0' })
      expect((await fleet.exec('web01', ['dpkg', '--audit'])).stdout).toBe('')
    })

    it('repo-tampered: update exits 0, unless told that any error counts', async () => {
      await fleet.fault('repo-tampered', 'web01')
      expect((await ssh('web01', 'apt-get -q update')).code).toBe(0)
      const strict = await ssh('web01', 'apt-get -q -o APT::Update::Error-Mode=any update')
      expect(strict).toMatchObject({ code: 100, output: expect.stringContaining('signature') })
      await fleet.heal('web01')
      expect((await ssh('web01', 'apt-get -q -o APT::Update::Error-Mode=any update')).code).toBe(0)
    })

    it('unhealthy and service-down show in health; sudo-denied in sudo; heal ends all three', async () => {
      await fleet.fault('unhealthy', 'web01')
      expect((await health('web01')).code).toBe(503)
      await fleet.fault('service-down', 'web01')
      await expect(health('web01')).rejects.toThrow()
      await fleet.fault('sudo-denied', 'web01')
      expect((await ssh('web01', 'sudo -n true', 'patch')).code).toBe(1)
      await fleet.heal('web01')
      expect((await health('web01')).code).toBe(200)
      expect((await ssh('web01', 'sudo -n true', 'patch')).code).toBe(0)
    })

    it('boot-never: gone after its next reboot, until healed', async () => {
      await fleet.fault('boot-never', 'web01')
      expect((await ssh('web01', 'true')).code).toBe(0)
      await ssh('web01', 'reboot')
      await expect.poll(async () => (await ssh('web01', 'true')).output, { timeout: 20_000 }).toMatch(/timed out/)
      await fleet.heal('web01')
      expect((await ssh('web01', 'true')).code).toBe(0)
    })

    it('an unknown fault, host or kind is refused by name', async () => {
      await expect(fleet.fault('gremlins' as FaultName, 'web01')).rejects.toThrow(/unknown fault 'gremlins'/)
      await expect(fleet.fault('slow', 'web99')).rejects.toThrow(/no host 'web99'/)
      await expect(fleet.publish('9.0', 'odd' as DemoAppKind)).rejects.toThrow(/unknown kind 'odd'/)
    })
  })
})
