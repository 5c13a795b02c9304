import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { onlyDemoApp } from '../support/held-installation.ts'
import { createRandom } from '../support/random.ts'
import { createRolloutScene, type RolloutScene } from '../support/rollout-scene.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped killing Patchwarden during rollouts on real hosts: ${reason}`)

const HOSTS = 10
/** Half an hour's worth on a slow machine: fewer where that is too long. */
const KILLS = Number(process.env.PATCHWARDEN_KILLS ?? 20)
const KILLS_A_ROLLOUT = 5
/** Seconds that the service lives before it is killed again. */
const LONGEST_LIFE = 4
const RINGS =
  '[{ name: canary, select: { count: 4 }, batch: 4, concurrency: 2 }, { name: rest, select: rest, batch: 6, concurrency: 3 }]'

/** Reproducible: the same seed kills after the same times. */
const seed = Number(process.env.PATCHWARDEN_KILL_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe.skipIf(reason !== null)('Patchwarden, killed again and again during rollouts on real Debian hosts', () => {
  let fleet: Fleet
  let scene: RolloutScene

  beforeAll(async () => {
    fleet = await upFleet(HOSTS, { name: 'pwkil' })
    await Promise.all(fleet.hosts.map(({ name }) => onlyDemoApp(fleet, name, 2)))
    await fleet.publish('2.0', 'slow')
    scene = await createRolloutScene(fleet, [{ name: 'web', hosts: fleet.hosts.map(({ name }) => name), rings: RINGS }])
  })
  afterAll(async () => {
    await scene?.remove()
    await fleet?.down()
  })

  async function status(id: string): Promise<string> {
    return (await scene.proposals()).find((proposal) => proposal.id === id)?.status ?? 'none'
  }

  it(`at ${KILLS} random moments (seed ${seed}): every host is patched once, and said to be`, {
    timeout: 600_000 + KILLS * 60_000,
  }, async () => {
    const random = createRandom(seed)
    const hit: { readonly id: string; readonly at: string }[] = []
    let rollouts = 0
    await scene.service.start()
    while (hit.length < KILLS) {
      rollouts++
      const id = `PW-${rollouts}`
      if (rollouts > 1) {
        await fleet.publish(`2.${rollouts}`, 'slow')
        expect(await scene.service.command('sync')).toMatchObject({ code: 0 })
      }
      await expect.poll(() => status(id), { timeout: 300_000, interval: 1_000 }).toBe('open')
      await scene.as('mara', 'vote', id, 'approve')
      for (let kills = 0; kills < KILLS_A_ROLLOUT && hit.length < KILLS; kills++) {
        await sleep(random() * LONGEST_LIFE * 1_000)
        await scene.service.end('SIGKILL')
        hit.push({ id, at: new Date().toISOString() })
        await scene.service.start()
      }
      await expect.poll(() => status(id), { timeout: 300_000, interval: 1_000 }).toBe('completed')
      for (const { name } of fleet.hosts) {
        const transactions = await fleet.aptTransactions(name)
        expect(transactions, `${name} after ${id}`).toHaveLength(rollouts)
        expect(transactions.every((transaction) => transaction.ended && transaction.error === undefined)).toBe(true)
        const version = await fleet.exec(name, ['dpkg-query', '-W', '-f', '$' + '{Version}', 'demo-app'])
        expect(version.stdout, name).toBe(rollouts === 1 ? '2.0' : `2.${rollouts}`)
      }
      const { state } = await scene.report(id)
      const deployments = Object.values(state.rollout?.deployments ?? {})
      const ends = deployments.map(({ verification }) => verification?.end)
      const why = deployments.map(({ verification }) => verification?.reason).join('; ')
      expect(ends, why).toEqual(fleet.hosts.map(() => 'installed'))
    }
    const after = new Map<string, number>()
    for (const { id, at } of hit) {
      const { events } = await scene.report(id)
      const last = events.findLast((recorded) => recorded.at <= at)?.event.type ?? 'nothing'
      after.set(last, (after.get(last) ?? 0) + 1)
    }
    console.log(
      `seed ${seed}: killed ${hit.length} times in ${rollouts} rollouts; the last that was recorded before: ${[...after].map(([type, times]) => `${type} (${times})`).join(', ')}`,
    )
    expect(hit).toHaveLength(KILLS)
    // Few may all fall into one kind of moment.
    if (KILLS >= 10) expect(after.size, 'kinds of moments').toBeGreaterThan(1)
    expect(await scene.service.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
  })
})
