/** What happened is read from the journals on the hosts, on real ones: stories of faults, with what people read of them. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { holdUp, onlyDemoApp, release, shell, waitsOn } from '../support/held-installation.ts'
import { createRolloutScene, type RolloutScene, type SceneTeam } from '../support/rollout-scene.ts'
import { until } from '../support/until.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped who did it on real hosts: ${reason}`)

const ONE = '[{ name: all, select: rest, batch: 1 }]'
/** Each team has one host, and a story. */
const TEAMS = ['hangs', 'lost', 'hook', 'readonly', 'inodes', 'away'] as const
type Team = (typeof TEAMS)[number]

describe.skipIf(reason !== null)('what happened is read from the journals of real hosts', () => {
  let fleet: Fleet
  let scene: RolloutScene
  let teams: readonly SceneTeam[] = []
  const ids = new Map<string, string>()
  const hostOf = (team: Team) => teams.find(({ name }) => name === team)?.hosts[0] ?? ''
  const id = (team: Team) => ids.get(team) ?? 'none'
  const version = async (team: Team) =>
    (await shell(fleet, hostOf(team), `dpkg-query -W -f '$` + `{Version}' demo-app`)).trim()

  async function ended(proposal: string): Promise<string> {
    let status = ''
    await until(`${proposal} has ended or stopped`, 600, async () => {
      status = (await scene.report(proposal)).state.status
      return status === 'halted' || status === 'completed'
    })
    return status
  }

  async function page(team: Team): Promise<string> {
    return scene.page(id(team))
  }

  beforeAll(async () => {
    fleet = await upFleet(TEAMS.length, { name: 'pwown' })
    teams = fleet.hosts.map(({ name }, index) => ({ name: TEAMS[index] ?? '', hosts: [name], rings: ONE }))
    await fleet.publish('2.0', 'slow')
    await Promise.all(fleet.hosts.map(({ name }) => onlyDemoApp(fleet, name, 0)))
    scene = await createRolloutScene(fleet, teams)
    await scene.service.start()
    await until('every team has a proposal', 480, async () => (await scene.proposals()).length === teams.length)
    for (const proposal of await scene.proposals()) ids.set(proposal.team, proposal.id)
    for (const team of ['hangs', 'lost'] as const) await holdUp(fleet, hostOf(team))
    const hook = 'DPkg::Post-Invoke { "echo no audit server; exit 3"; };'
    await shell(fleet, hostOf('hook'), `echo '${hook}' >/etc/apt/apt.conf.d/99fleet-fault`)
    await shell(
      fleet,
      hostOf('readonly'),
      'mkdir -p /var/lib/patchwarden; mount -t tmpfs -o ro tmpfs /var/lib/patchwarden',
    )
    await shell(
      fleet,
      hostOf('inodes'),
      'mkdir -p /var/lib/patchwarden; mount -t tmpfs -o nr_inodes=1 tmpfs /var/lib/patchwarden',
    )
    await shell(
      fleet,
      hostOf('away'),
      `printf '%s\\n' 'DPkg::Post-Invoke { "touch /run/reboot-required"; };' >/etc/apt/apt.conf.d/99fleet-fault`,
    )
    await fleet.fault('boot-never', hostOf('away'))
    for (const team of TEAMS) await scene.as('mara', 'vote', id(team), 'approve')
    for (const team of ['hangs', 'lost'] as const) {
      await waitsOn(fleet, hostOf(team))
      await fleet.fault('frozen', hostOf(team))
    }
    for (const team of TEAMS) await ended(id(team))
    for (const team of ['hangs', 'lost'] as const) {
      await fleet.thaw(hostOf(team))
      await release(fleet, hostOf(team))
      await until(`apt ends on ${hostOf(team)}`, 120, async () =>
        (await fleet.aptTransactions(hostOf(team))).every((one) => one.ended),
      )
      await sleep(1_000)
    }
  }, 1_500_000)

  afterAll(async () => {
    for (const team of TEAMS)
      if (scene !== undefined) console.log((await page(team).catch(String)).split('## Thread')[1] ?? '')
    await scene?.remove()
    await fleet?.down()
  })

  it('an upgrade whose connection was lost, tried again: it was ours, and is rolled back', {
    timeout: 900_000,
  }, async () => {
    expect(await version('hangs')).toBe('2.0')
    await scene.as('mara', 'retry', id('hangs'))
    await until('it is done', 300, async () => (await scene.report(id('hangs'))).state.status === 'completed')
    const told = await page('hangs')
    expect(told).toMatch(/what Patchwarden began on [-\d: ]+ UTC installed them, as its own journal says/)
    expect(told).not.toContain('somebody else')
    expect(await fleet.aptTransactions(hostOf('hangs'))).toHaveLength(1)

    const said = await scene.as('mara', 'rollback', id('hangs'), '--because', 'It is slow since.')
    const back = /PW-\d+/.exec(said)?.[0] ?? ''
    await until('it is rolled back', 300, async () => (await scene.report(back)).state.status === 'completed')
    expect(await version('hangs')).toBe('1.0')
    expect(await page('hangs')).toContain(`Rolled back by ${back}: 1 server has the versions from before.`)
  })

  it('one that nobody tried again has a new version on its disk, and is rolled back', {
    timeout: 600_000,
  }, async () => {
    expect(await version('lost')).toBe('2.0')
    expect(await page('lost')).toContain('what it holds now is unknown')
    const said = await scene.as('mara', 'rollback', id('lost'), '--because', 'We do not know it.')
    const back = /PW-\d+/.exec(said)?.[0] ?? ''
    await until('it is rolled back', 300, async () => (await scene.report(back)).state.status === 'completed')
    expect(await version('lost')).toBe('1.0')
  })

  it('a hook after the installation is named, and that all was installed', async () => {
    expect(await version('hook')).toBe('2.0')
    expect(await page('hook')).toMatch(
      /All was installed, but a hook of apt failed afterwards \(DPkg::Post-Invoke: .*echo no audit/,
    )
  })

  it('a read-only file system is named', async () => {
    expect(await version('readonly')).toBe('1.0')
    expect(await page('readonly')).toContain('its file system is read-only; look for errors of its disk')
  })

  it('that no inode is left is told apart from a full disk', async () => {
    expect(await version('inodes')).toBe('1.0')
    expect(await page('inodes')).toMatch(/\d+ KiB are free there, but no inode is left for a new file/)
  })

  it('our own reboot is announced, and named where the host stays away', async () => {
    const told = await page('away')
    expect(told).toMatch(/Patchwarden told it to reboot at [-\d: ]+ UTC, because what was installed asks for that/)
    expect(told).toMatch(/was rebooted by Patchwarden at [-\d: ]+ UTC and did not come back within 2 min/)
  })

  it('the record of all of it is whole', async () => {
    const audit = await scene.service.command('audit', 'verify', '--rebuild')
    expect(audit).toMatchObject({ code: 0 })
  })
})
