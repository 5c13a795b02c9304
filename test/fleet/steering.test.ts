import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { holdUp, onlyDemoApp, release, shell, waitsOn } from '../support/held-installation.ts'
import { createRolloutScene, type RolloutScene } from '../support/rollout-scene.ts'
import { until } from '../support/until.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped steering rollouts on real hosts: ${reason}`)

const ONE_BY_ONE = '[{ name: all, select: rest, batch: 10, concurrency: 1, gate: { minSuccess: 0%, maxFailures: 5 } }]'
const WITH_GO =
  '[{ name: canary, select: { tag: canary }, batch: 1 }, { name: rest, select: rest, batch: 1, gate: { go: [on-call] } }]'
/** Seconds: for what hangs, not for what is slow on a busy machine. */
const PATIENCE = 300
/** Long enough for whatever would begin to have begun. */
const A_WHILE = 5_000
/** What an asset is expected to take while nothing is known; none begins when less of the window is left. */
const UNKNOWN_SECONDS = 600
const MINUTE = 60_000

/** A whole minute, so far away that the first asset still fits in and that a later one soon does not. */
const windowEnds = new Date(Math.ceil((Date.now() + UNKNOWN_SECONDS * 1_000) / MINUTE + 2) * MINUTE).toISOString()

describe.skipIf(reason !== null)('what people say in the middle of a rollout takes effect between two hosts', () => {
  let fleet: Fleet
  let scene: RolloutScene
  const ids = new Map<string, string>()
  const id = (team: string) => ids.get(team) ?? 'none'
  const web = ['web01', 'web02', 'web03', 'web04', 'web05', 'web06']

  beforeAll(async () => {
    fleet = await upFleet(10, { name: 'pwstr' })
    await fleet.publish('2.0', 'slow')
    await Promise.all(fleet.hosts.map(({ name }) => onlyDemoApp(fleet, name, 0)))
    await Promise.all([...web, 'web09'].map((host) => holdUp(fleet, host)))
    scene = await createRolloutScene(fleet, [
      { name: 'web', hosts: web, rings: ONE_BY_ONE },
      { name: 'shop', hosts: ['web07', 'web08'], rings: WITH_GO },
      { name: 'wiki', hosts: ['web09', 'web10'], rings: ONE_BY_ONE, windowEnds },
    ])
    await scene.service.start()
    await until('every team has a proposal', PATIENCE, async () => (await scene.proposals()).length === 3)
    for (const proposal of await scene.proposals()) ids.set(proposal.team, proposal.id)
    await fleet.fault('disk-full', 'web02')
    for (const team of ['wiki', 'shop', 'web']) await scene.as('mara', 'vote', id(team), 'approve')
  })
  afterAll(async () => {
    await scene?.remove()
    await fleet?.down()
  })

  async function begun(hosts: readonly string[]): Promise<readonly string[]> {
    const counted = await Promise.all(
      hosts.map(async (host) => ({ host, many: (await fleet.aptTransactions(host)).length })),
    )
    return counted.flatMap(({ host, many }) => (many > 0 ? [host] : []))
  }

  async function verified(team: string, host: string): Promise<void> {
    await until(`${host} is verified`, PATIENCE, async () => {
      const { state } = await scene.report(id(team))
      return state.rollout?.deployments[`${team}/${host}`]?.verification != null
    })
  }

  async function completed(team: string): Promise<void> {
    await until(
      `${team} is completed`,
      PATIENCE,
      async () => (await scene.report(id(team))).state.status === 'completed',
    )
  }

  it('pause, resume, skip, retry and halt', async () => {
    await waitsOn(fleet, 'web01')
    await scene.as('jonas', 'pause', id('web'))
    await release(fleet, 'web01')
    await verified('web', 'web01')
    await sleep(A_WHILE)
    expect(await begun(web)).toEqual(['web01'])

    await scene.as('mara', 'resume', id('web'))
    await waitsOn(fleet, 'web03')
    expect(await scene.page(id('web'))).toContain('not enough room')
    await scene.as('mara', 'skip', id('web'), '--asset', 'web04', '--because', 'Tom works on it.')
    await shell(fleet, 'web02', 'rm /var/fleet-filler')
    await scene.as('mara', 'retry', id('web'), '--asset', 'web02')
    await sleep(A_WHILE)
    expect(await begun(web)).toEqual(['web01', 'web03'])
    await release(fleet, 'web03')

    await until('the next host begins', PATIENCE, async () => (await begun(web)).length === 3)
    const [next = ''] = (await begun(web)).filter((host) => host !== 'web01' && host !== 'web03')
    expect(['web02', 'web05']).toContain(next)
    await waitsOn(fleet, next)
    await scene.as('jonas', 'halt', id('web'), '--because', 'The shop is slow.')
    await release(fleet, next)
    await verified('web', next)
    await sleep(A_WHILE)
    expect(await begun(web)).toEqual(['web01', 'web03', next].sort())

    await scene.as('mara', 'resume', id('web'))
    for (const host of ['web02', 'web05', 'web06'].filter((one) => one !== next)) {
      await waitsOn(fleet, host)
      await release(fleet, host)
    }
    await completed('web')
    for (const host of web) {
      expect(await fleet.aptTransactions(host), host).toHaveLength(host === 'web04' ? 0 : 1)
    }
    const page = await scene.page(id('web'))
    expect(page).toContain('5 done, 0 not done, 0 never answered, 1 not touched')
    for (const said of ['Tom works on it', 'The shop is slow']) expect(page).toContain(said)
  })

  it('go', async () => {
    await verified('shop', 'web07')
    await sleep(A_WHILE)
    expect(await begun(['web07', 'web08'])).toEqual(['web07'])
    await scene.as('jonas', 'go', id('shop'))
    await completed('shop')
    expect(await begun(['web07', 'web08'])).toEqual(['web07', 'web08'])
  })

  it('extend: what no longer fits into the window begins when it is longer', async () => {
    await waitsOn(fleet, 'web09')
    await sleep(Math.max(0, Date.parse(windowEnds) - UNKNOWN_SECONDS * 1_000 + 1_000 - Date.now()))
    await release(fleet, 'web09')
    await verified('wiki', 'web09')
    await sleep(A_WHILE)
    expect(await begun(['web09', 'web10'])).toEqual(['web09'])
    await scene.as('mara', 'extend', id('wiki'), '--because', 'One host is left.')
    await completed('wiki')
    expect(await begun(['web09', 'web10'])).toEqual(['web09', 'web10'])
  })
})
