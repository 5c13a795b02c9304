/**
 * One team with real Debian hosts over SSH and Windows servers behind a WSUS: one proposal and one vote, a lane each. A server
 * that SSH, WSUS and a file know is one asset.
 */

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAssets } from '../../src/store/inventory.ts'
import { openProposals } from '../../src/store/proposals.ts'
import { useDatabase } from '../support/database.ts'
import { proposeAll } from '../support/example-service.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { idOf, named, site } from './support/example-site.ts'
import { type Course, machinesOf } from './support/machines.ts'
import { type Extra, operator } from './support/operator.ts'
import { powershellHost, type StandIn, startStandIn } from './support/standin.ts'

const reason = powershellHost === null ? 'no PowerShell' : await fleetReason()
if (reason !== null) console.info(`skipped: ${reason}`)
const database = useDatabase()
const windows = ['app01', 'app02', 'app03', 'app04']
const courses: Readonly<Record<string, Course>> = Object.fromEntries(windows.map((name) => [idOf(name), 'installs']))

/** The hosts of the fleet, and a list that knows one of them as WSUS does. */
function extra(fleet: Fleet): Extra {
  const list = path.join(temporaryFolder('pw-mixed'), 'register.json')
  writeFileSync(
    list,
    JSON.stringify({ assets: [{ name: 'server-5', platform: 'debian:12', criticality: 'high', packages: [] }] }),
  )
  const hosts = fleet.hosts.map(({ name, address }) => `{ name: ${name}, address: ${address} }`).join(', ')
  const login = `user: patch, identityFile: ${fleet.identity}, knownHostsFile: ${fleet.knownHosts}, sshConfig: /dev/null`
  return {
    sources: `  lab: { kind: ssh, engine: apt, team: servers, tags: [linux], ${login}, hosts: [${hosts}] }
  register: { kind: file, path: ${list}, format: json, team: servers }`,
    engines: '  apt: { kind: ssh }',
    team: '    windows: [{ tag: linux, window: always }]',
    windows: '  always: { rules: [{ days: every day, start: "00:00", duration: 24 hours }] }',
    more: `machines:
  order: [lab, wsus, register]
  same: [[lab/web01, wsus/${named('app05')}, register/server-5]]
`,
  }
}

describe.skipIf(reason !== null)('hosts over SSH and servers behind a WSUS, in one team', () => {
  let fleet: Fleet
  let standin: StandIn
  beforeAll(async () => {
    fleet = await upFleet(2, { name: 'pww' })
    standin = await startStandIn()
  })
  afterAll(async () => {
    await standin?.stop()
    await fleet?.down()
  })

  it('one vote, a lane each; what three sources know is one asset', async () => {
    standin.load(site())
    const one = await operator(standin, database(), extra(fleet))
    const machines = machinesOf(standin, courses)
    const ours = () => machines.held().groups.filter(({ name }) => name.startsWith('Patchwarden ('))
    await proposeAll(one.workflow)
    const assets = (await listAssets(database().db)).map(({ asset }) => asset)
    expect(assets).toHaveLength(6)
    expect(assets.filter(({ own }) => own !== undefined)).toMatchObject([
      { engine: 'apt', source: 'lab', criticality: 'high', platform: 'debian:12' },
    ])
    const [opened, ...more] = await openProposals(database().db)
    expect(more).toEqual([])
    const id = opened?.id ?? ''
    const { subject } = await one.state(id)
    if (subject.kind !== 'patches') throw new Error('It is about no patches.')
    expect(subject.assets).toHaveLength(6)
    expect(new Set(subject.rings.map(({ engine }) => engine ?? subject.engine))).toEqual(new Set(['apt', 'wsus']))
    expect(await one.command('vote', id, 'approve', '--as', 'mara')).toMatchObject({ code: 0 })
    await one.sweep()
    const hosts = await Promise.all(fleet.hosts.map(({ name }) => fleet.pending(name)))
    expect(hosts.map((pending) => pending.length)).toEqual([0, 0])
    // The other lane has its own window, a day ahead.
    expect(ours()).toEqual([])
    const hours = (count: number) => new Date(one.windowIn(1).getTime() + count * 3_600_000)
    one.now(hours(-23.9))
    await one.sweep()
    expect(ours()).toHaveLength(1)
    machines.ask(one.clock())
    one.now(hours(0.6))
    machines.work(one.clock())
    one.now(hours(1))
    await one.sweep()
    one.now(hours(3))
    await one.sweep()
    const state = await one.state(id)
    expect(state.votes).toHaveLength(1)
    expect(state.status).toBe('completed')
    const ends = Object.values(state.rollout?.deployments ?? {}).map(({ verification }) => verification?.end)
    expect(ends).toHaveLength(6)
    for (const end of ends) expect(['installed', 'rebooted and re-scanned', 'waiting for reboot']).toContain(end)
    expect(ours()).toEqual([])
    await one.close()
  }, 900_000)
})
