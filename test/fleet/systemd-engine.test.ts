/** The SSH engine where systemd is PID 1, as on most machines: services are units, logins are sessions of logind. */

import { expect, it } from 'vitest'
import { sshEngineSuite } from '../support/ssh-engine-suite.ts'
import { outcomeOf } from '../support/ssh-hosts.ts'

const { signal } = new AbortController()

await sshEngineSuite(
  { name: 'the SSH engine on real Debian hosts with systemd', fleetName: 'pwsysd', kind: 'systemd' },
  ({ asset, hosts, fleet, engine, batch, run, look, offer, midway }) => {
    const shell = async (command: string) => (await hosts().shell(asset().name, command)).trim()

    it('restarts units, and of one that fails the reason is what it said itself', async () => {
      const wanted = await batch('never', 'if required')
      await shell('echo "nonsense;" >>/etc/nginx/nginx.conf')
      expect(await run(wanted)).toMatchObject({
        state: 'failed',
        reason: expect.stringMatching(/nginx did not restart: .*unknown directive "nonsense"/s),
        log: expect.stringMatching(/^restarted ssh$/m),
      })
      expect(await shell('systemctl is-failed nginx')).toBe('failed')
    })

    it('the inventory names the units that run what was replaced, and no login', async () => {
      expect(await run(await batch())).toMatchObject({ state: 'succeeded' })
      const { snapshot } = await look()
      expect(snapshot.staleServices).toEqual(expect.arrayContaining(['nginx', 'ssh']))
      for (const name of snapshot.staleServices) expect(await shell(`systemctl is-active ${name}`)).toBe('active')
    })

    it('an upgrade outlives its login where the host ends what a login leaves behind', async () => {
      await shell('mkdir -p /etc/systemd/logind.conf.d')
      await shell('printf "[Login]\\nKillUserProcesses=yes\\n" >/etc/systemd/logind.conf.d/kill.conf')
      await shell('systemctl restart systemd-logind')
      await offer('slow')
      await shell('echo 5 >/etc/fleet/slow')
      const handle = await engine().start(await batch(), signal)
      await midway()
      expect(await shell('loginctl --no-legend list-sessions')).not.toBe('')
      await shell("loginctl --no-legend list-sessions | awk '{ print $1 }' | xargs loginctl terminate-session")
      expect(await shell('pgrep -f [d]emo-app.postinst')).not.toBe('')
      expect(await outcomeOf(engine(), handle)).toMatchObject({ state: 'succeeded' })
      expect(await fleet().aptTransactions(asset().name)).toHaveLength(1)
    })

    it('a program that a package starts by itself, without a unit, outlives the upgrade', async () => {
      await shell(`printf 'DPkg::Post-Invoke { "setsid -f sleep 4321"; };' >/etc/apt/apt.conf.d/99-agent`)
      expect(await run(await batch())).toMatchObject({ state: 'succeeded' })
      await expect.poll(() => shell('systemctl is-active "patchwarden-*"')).toBe('')
      const [pid] = (await shell('pgrep -f "[s]leep 4321"')).split('\n')
      expect(pid).toMatch(/^\d+$/)
      expect(await shell(`tr '\\0' '\\n' </proc/${pid}/environ`)).toMatch(/^HOME=\/root$/m)
    })
  },
)
