/**
 * A WSUS over SSH as an operator uses it: checked, started, proposed, voted on, told a day ahead, followed to the end. With
 * a real sshd, the real script in the real engine of PowerShell, and a stand-in of the API that keeps what it was told.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { idOf, site } from './support/example-site.ts'
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
    console.info(check.out, check.err)
    const id = await one.startUntilProposed()
    console.info((await one.command('plan', id)).out)
    expect(await one.command('vote', id, 'approve', '--as', 'mara')).toMatchObject({ code: 0 })
    const window = one.windowIn(1)
    const hours = (count: number) => new Date(window.getTime() + count * 3_600_000)
    one.now(hours(-23.9))
    await one.sweep()
    console.info(await one.thread(id), JSON.stringify(machines.held(), null, 1).slice(0, 3000))
    one.now(hours(-10))
    machines.ask(one.clock())
    await one.sweep()
    one.now(hours(0.6))
    machines.work(one.clock())
    one.now(hours(1))
    await one.sweep()
    one.now(hours(3))
    await one.sweep()
    one.now(hours(15))
    await one.sweep()
    console.info(await one.thread(id))
    console.info((await one.command('report', id)).out, one.warnings)
    const state = await one.state(id)
    console.info(state.status)
    expect(machines.held().groups.map(({ name }) => name)).toEqual(['All Computers', 'Unassigned Computers'])
    expect(await one.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
    await one.close()
  })
})
