import { afterEach, expect, test } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { createReplicas, type Replicas } from '../support/replicas.ts'

const database = useDatabase()

let replicas: Replicas | null = null
afterEach(async () => {
  await replicas?.remove()
  replicas = null
})

test('three processes that start together, and syncs beside them, open one proposal, which is done once', async () => {
  const { url } = database()
  const all = await createReplicas([url, url, url], { pace: 1, drain: 0 })
  replicas = all
  const [first] = all.services
  await Promise.all(all.services.map((service) => service.start()))
  const syncs = await Promise.all([first?.command('sync'), first?.command('sync')])
  for (const sync of syncs) expect(sync).toMatchObject({ code: 0 })
  expect(await all.proposals()).toMatchObject([{ id: 'PW-1', status: 'open' }])
  const opened = await database().sql`select stream from audit.facts where event = 'opened'`
  expect(opened).toHaveLength(1)

  await all.approve('PW-1')
  const status = async () => (await all.proposals())[0]?.status
  await expect.poll(status, { timeout: 180_000, interval: 1_000 }).toBe('completed')
  const drained = (await all.hooks()).filter(({ moment }) => moment === 'drain').map(({ asset }) => asset)
  expect(drained.length).toBeGreaterThan(0)
  expect(new Set(drained).size).toBe(drained.length)
  expect(await first?.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
})
