import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Listening, listenTo } from '../../src/store/listening.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const NAME = 'patchwarden listening test'

let heard: string[]
let told: string[]
let listening: Listening

function listen(url = database().url): void {
  listening = listenTo({
    url,
    channel: 'news: "quoted"',
    name: NAME,
    onMessage: (payload) => heard.push(payload),
    onUp: () => told.push('up'),
    onDown: () => told.push('down'),
  })
}

async function kill(): Promise<void> {
  await database().sql`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = ${NAME} and datname = current_database()`
}

beforeEach(() => {
  heard = []
  told = []
})
afterEach(() => listening.stop())

test('a connection that ends, even every ten milliseconds, is made again, and then everything is heard', async () => {
  listen()
  await expect.poll(() => told).toEqual(['up'])
  const until = Date.now() + 2_000
  while (Date.now() < until) {
    await kill()
    await sleep(10)
  }
  await expect.poll(() => told.at(-1), { timeout: 10_000 }).toBe('up')
  expect(told).toContain('down')
  await database().sql.notify('news: "quoted"', 'back')
  await expect.poll(() => heard).toEqual(['back'])
})

test('a database that is not there is waited for, until it is stopped', async () => {
  const url = new URL(database().url)
  url.port = '1'
  listen(url.href)
  await expect.poll(() => told).toEqual(['down'])
  await listening.stop()
  expect(heard).toEqual([])
})
