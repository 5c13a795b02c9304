import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { onlyDemoApp } from '../support/held-installation.ts'
import { createRolloutScene, type RolloutScene } from '../support/rollout-scene.ts'
import { createService, type RunningService } from '../support/running-service.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped two processes that share a rollout on real hosts: ${reason}`)

const HOSTS = 4
const RINGS = '[{ name: all, select: rest, batch: 4, concurrency: 2 }]'

describe.skipIf(reason !== null)('two processes of Patchwarden and real Debian hosts', () => {
  let fleet: Fleet
  let database: TestDatabase
  let scene: RolloutScene
  let second: RunningService

  beforeAll(async () => {
    fleet = await upFleet(HOSTS, { name: 'pwrep' })
    await Promise.all(fleet.hosts.map(({ name }) => onlyDemoApp(fleet, name, 2)))
    await fleet.publish('2.0', 'slow')
    database = await createTestDatabase()
    const environment = { DATABASE_URL: database.url }
    const teams = [{ name: 'web', hosts: fleet.hosts.map(({ name }) => name), rings: RINGS }]
    scene = await createRolloutScene(fleet, teams, environment)
    second = await createService({ ...environment, PATCHWARDEN_CONFIG: scene.file })
  })
  afterAll(async () => {
    await scene?.remove()
    await second?.remove()
    await database?.drop()
    await fleet?.down()
  })

  const holder = async () => {
    const [row] = await database.sql<{ holder: string }[]>`select holder from leases where name = 'PW-1'`
    return row?.holder ?? null
  }

  it('the one that is stopped in the middle of an upgrade is replaced, and every host is patched once', async () => {
    await scene.service.start()
    const status = async () => (await scene.proposals())[0]?.status
    await expect.poll(status, { timeout: 120_000, interval: 1_000 }).toBe('open')
    await scene.as('mara', 'vote', 'PW-1', 'approve')
    const [process_] = await database.sql<{ name: string }[]>`select application_name as name from pg_stat_activity
      where datname = current_database() and application_name like 'patchwarden jobs %'`
    const pid = Number(process_?.name.split('-').at(-1))
    const atWork = async () => (await database.sql`select 1 from at_work`).length
    await expect.poll(atWork, { timeout: 60_000, interval: 100 }).toBeGreaterThan(0)
    const stopped = await holder()
    process.kill(pid, 'SIGSTOP')
    try {
      await second.start()
      const other = async () => ![null, stopped].includes(await holder())
      await expect.poll(other, { timeout: 60_000, interval: 250 }).toBe(true)
      await sleep(3_000)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await expect.poll(status, { timeout: 240_000, interval: 1_000 }).toBe('completed')
    for (const { name } of fleet.hosts) {
      const transactions = await fleet.aptTransactions(name)
      expect(transactions, name).toHaveLength(1)
      expect(transactions[0]).toMatchObject({ ended: true, upgraded: ['demo-app'] })
    }
    const { state } = await scene.report('PW-1')
    const ends = Object.values(state.rollout?.deployments ?? {}).map(({ verification }) => verification?.end)
    expect(ends).toEqual(fleet.hosts.map(() => 'installed'))
  })
})
