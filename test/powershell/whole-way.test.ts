/**
 * A WSUS over SSH as an operator uses it: checked, started, proposed, voted on, told a day ahead, followed to the end. With
 * a real sshd, the real script in the real engine of PowerShell, and a stand-in of the API that keeps what it was told.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { cumulative, idOf, named, names, site } from './support/example-site.ts'
import { type Course, machinesOf } from './support/machines.ts'
import { operator } from './support/operator.ts'
import { powershellHost, type StandIn, startStandIn } from './support/standin.ts'

const courses: Readonly<Record<string, Course>> = {
  [idOf('app01')]: 'installs',
  [idOf('app02')]: 'installs',
  [idOf('app03')]: 'fails',
  [idOf('app04')]: 'waits for a restart',
  [idOf('app05')]: 'silent',
}

const database = useDatabase()

describe.skipIf(powershellHost === null)('a WSUS over SSH, as an operator uses it', () => {
  let standin: StandIn
  beforeAll(async () => {
    standin = await startStandIn()
  })
  afterAll(() => standin?.stop())

  it('from the check to the report: one fails, one waits for a restart, one is silent', async () => {
    standin.load(site())
    const one = await operator(standin, database())
    const machines = machinesOf(standin, courses)
    const check = await one.command('check', '--system', 'wsus')
    expect(check).toMatchObject({ code: 0, err: '' })
    const report = check.out.slice(check.out.indexOf('What follows names nothing'), check.out.indexOf('ok   feed'))
    expect(report).toMatch(/Machines that asked in the last 22 hours: 5 of 5/)
    expect(report).not.toMatch(/WSUS01|corp\.example|Pilot/)
    const id = await one.startUntilProposed()
    const plan = (await one.command('plan', id)).out
    expect(plan).toMatch(
      /\n {2}Made ready, .*:00 UTC at the earliest:\n {4}1\. make the group "Patchwarden \(Example Ltd\) PW-1\./,
    )
    expect(plan).toMatch(/\n {4}3\. approve KB9000001 for "Patchwarden .*", deadline \d{4}-\d\d-\d\d \d\d:00 UTC\n/)
    for (const name of names) expect(plan).toMatch(new RegExp(`\\. add ${named(name)} to "Patchwarden`))
    expect(await one.command('vote', id, 'approve', '--as', 'mara')).toMatchObject({ code: 0 })
    const window = one.windowIn(1)
    const hours = (count: number) => new Date(window.getTime() + count * 3_600_000)
    // Told a day ahead.
    one.now(hours(-23.9))
    await one.sweep()
    const { groups, approvals, computers } = machines.held()
    const [ours] = groups.filter(({ name }) => name.startsWith('Patchwarden (Example Ltd) PW-1.'))
    expect(approvals).toMatchObject([{ update: cumulative, group: ours?.id, action: 'Install' }])
    expect(Math.abs(Date.parse(approvals[0]?.deadline ?? '') - window.getTime())).toBeLessThan(1_800_000)
    expect(computers.map((computer) => computer.groups)).toEqual(names.map(() => [ours?.id]))
    one.now(hours(-10))
    machines.ask(one.clock())
    // They work in their window, and report; then it is over, and then the time for reports is.
    one.now(hours(0.6))
    machines.work(one.clock())
    for (const hour of [1, 3, 15]) {
      one.now(hours(hour))
      await one.sweep()
    }
    const state = await one.state(id)
    expect(state.status).toBe('completed')
    const ends = Object.values(state.rollout?.deployments ?? {}).map(({ asset, verification }) => [
      asset.replace('wsus/', ''),
      verification?.end,
    ])
    expect(Object.fromEntries(ends)).toEqual({
      [named('app01')]: 'installed',
      [named('app02')]: 'installed',
      [named('app03')]: 'failed',
      [named('app04')]: 'waiting for reboot',
      [named('app05')]: 'silent',
    })
    const written = (await one.command('report', id)).out
    for (const text of [await one.thread(id), written]) {
      expect(text).toMatch(/KB9000001 could not be installed: error 0x80070643/)
      expect(text).toContain('Its window is over')
      expect(text).toContain('It did not report in time')
    }
    expect(written).toMatch(/## Calls to systems\n[\s\S]*\| 1 to \d+ \|/)
    // Nothing of ours is left on the server.
    expect(machines.held().groups.map(({ name }) => name)).toEqual(['All Computers', 'Unassigned Computers'])
    expect(machines.held().approvals).toEqual([])
    expect(await one.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
    expect(one.warnings).toEqual([])
    await one.close()
  }, 900_000)
})
