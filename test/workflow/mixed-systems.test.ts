/**
 * One team whose servers are behind a WSUS, behind Configuration Manager, behind ManageEngine, and reached directly: one proposal, one
 * vote and one thread, a lane for each. With a real database and the simulated systems behind the real clients.
 */

import { expect, test } from 'vitest'
import { noMachineRule } from '../../src/core/witnesses.ts'
import { listAssets } from '../../src/store/inventory.ts'
import { createKeeping } from '../../src/store/keeping.ts'
import { openLeases } from '../../src/store/leases.ts'
import * as configurationManager from '../integrations/configuration-manager/scene.ts'
import { aHost, fleetScene, windows } from '../integrations/fleet/scene.ts'
import * as manageEngine from '../integrations/manageengine/scene.ts'
import * as wsus from '../integrations/wsus/scene.ts'
import { useDatabase } from '../support/database.ts'
import { directHosts } from '../support/direct-hosts.ts'
import { approveAs, exampleService, mara, tom } from '../support/example-service.ts'
import { counted, ends, openLateProposal } from '../support/late-proposal.ts'
import { daily } from '../support/windows.ts'

const database = useDatabase()
/** Long, because time goes by while the machine that tests is busy. */
const nights = daily('nights', '22:00', 8)
const START = '2026-11-20T12:00:00Z'

const named = (letter: string) => Array.from({ length: 6 }, (_, index) => `${letter}0${index + 1}.corp.example`)

async function scene() {
  const { db, url } = database()
  const leases = openLeases(url)
  const keeping = createKeeping(db, leases.alone)
  const first = await wsus.wsusScene(wsus.memoryStore(wsus.fresh(named('w'))), { start: START, keeping })
  // Told two hours ahead, so that every agent has learned of it when the window of the deployment policy opens.
  const policies = [{ ...manageEngine.policy, window: { opens: ['22:00'], minutes: 480 } }]
  const second = await manageEngine.manageEngineScene(
    manageEngine.memoryStore(manageEngine.fresh(named('m'), { policies })),
    { start: START, keeping },
  )
  const maintenance = {
    ...{ id: 'P0100012', name: 'Maintenance', rules: [{ kind: 'query', name: 'all', begins: 'c' }] },
    // From 1 January 2026 on, every day from 21:00 UTC.
    windows: [{ name: 'Every night', schedule: '02A11E0000100008', minutes: 600, isUtc: true }],
  }
  const third = await configurationManager.siteScene(
    configurationManager.memoryStore(configurationManager.fresh(named('c'), { collections: [maintenance] })),
    { start: START, keeping },
  )
  const clock = first.now
  const service = await exampleService(db, { clock })
  const direct = directHosts(clock)
  // Of one server, a witness knows, too.
  const witness = fleetScene({ hosts: [aHost(1, { ...windows, hostname: 'w01.corp.example' })] })
  witness.at.now = START
  const system = {
    pass(hours: number) {
      first.pass(hours)
      second.pass(hours)
      third.pass(hours)
    },
    changeMachine: (name: string, change: Parameters<typeof first.changeMachine>[1]) =>
      first.changeMachine(name, change),
  }
  const opened = await openLateProposal<wsus.Dies>({
    ...{ database: { db, url }, service, leases, clock, system, tickHours: 1 / 120, window: nights },
    ...{ first: { kind: 'count', count: 2 }, batchSize: 99 },
    parts: (dies) => ({
      machines: { ...noMachineRule, order: ['lab', 'wsus', 'site', 'me', 'fleet'] },
      sources: [direct.source, first.source, second.source, third.source, witness.source],
      feeds: [first.catalog(), second.catalog(), third.catalog()],
      engines: new Map([
        ['direct', direct.engine],
        ['wsus', first.engine({ dies })],
        ['me', second.engine({ leadHours: 2 })],
        [configurationManager.SOURCE, third.engine()],
      ]),
    }),
  })
  return { ...opened, db, wsus: first, manageEngine: second, site: third }
}

test('four ways to patch in one proposal: one vote and one thread, each in its own lane; a server of two systems is one asset', async () => {
  const one = await scene()
  const { subject } = await one.state()
  if (subject.kind !== 'patches') throw new Error('It is about no patches.')
  const assets = (await listAssets(one.db)).map(({ asset }) => asset)
  expect(assets).toHaveLength(20)
  expect(assets.filter(({ name }) => name.startsWith('w01'))).toMatchObject([{ source: 'wsus', engine: 'wsus' }])
  expect(subject.assets).toHaveLength(20)
  expect(new Set(subject.rings.map(({ engine }) => engine ?? subject.engine))).toEqual(
    new Set(['direct', 'wsus', 'me', configurationManager.SOURCE]),
  )

  const inWsus = async () => (await one.wsus.state()).groups.filter(({ name }) => name.startsWith('Patchwarden ('))
  const inManageEngine = async () => (await one.manageEngine.state()).configurations.filter(({ trashed }) => !trashed)
  const inSite = async () => {
    const { groups, deployments } = await one.site.state()
    return [...groups, ...deployments]
  }
  const inAll = async () => [await inWsus(), await inManageEngine(), await inSite()]
  await one.pass(2)
  expect(await inAll()).toEqual([[], [], []])

  for (const who of [mara, tom]) await approveAs(one.workflow, one.id, who)
  const told = { wsus: 0, manageEngine: 0, site: 0 }
  for (let hour = 1; hour <= 24 * 9 && (await one.state()).status !== 'completed'; hour++) {
    await one.pass(1)
    if (told.wsus === 0 && (await inWsus()).length > 0) told.wsus = hour
    if (told.manageEngine === 0 && (await inManageEngine()).length > 0) told.manageEngine = hour
    if (told.site === 0 && (await inSite()).length > 0) told.site = hour
  }
  // ManageEngine is told two hours before the window of this night, Configuration Manager four, a WSUS a day before that of the next:
  // about 6, 4 and 10 hours after the vote, and some time goes by while each hour is worked on.
  expect(told.site).toBeGreaterThan(0)
  expect(told.manageEngine).toBeGreaterThan(told.site)
  expect(told.wsus).toBeGreaterThan(told.manageEngine)
  expect(told.wsus).toBeLessThan(20)
  const state = await one.state()
  expect(state.votes).toHaveLength(2)
  expect(state.status, JSON.stringify(counted(ends(state)))).toBe('completed')
  // A cumulative update on each machine of the three systems, and a package on each host.
  expect(counted(ends(state))).toEqual({ 'rebooted and re-scanned': 6, installed: 14 })
  expect(Object.keys(ends(state))).toHaveLength(20)
  expect(await inAll()).toEqual([[], [], []])
  expect(await one.calls()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^make the group "Patchwarden \(test\) PW-1\./),
      expect.stringMatching(/^make the empty collection "Patchwarden \(test\) PW-1\./),
      expect.stringMatching(/^make the configuration "Patchwarden \(test\) PW-1\./),
    ]),
  )
  expect(await one.verify()).toMatchObject({ ok: true })
  await one.close()
}, 300_000)
