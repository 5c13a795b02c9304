import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startHeartbeat } from '../../src/app/heartbeat.ts'
import type { Writing } from '../../src/store/write-test.ts'

let server: Server
let url: string
let beats: number
let asked: number
let status: number
let writing: Writing
let logged: string[]
let stop: () => void

beforeEach(async () => {
  ;[beats, asked, status, writing, logged] = [0, 0, 200, 'ok', []]
  server = createServer((_, response) => {
    beats++
    response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-4f1c`
})
afterEach(() => {
  stop()
  server.close()
})

function start(): void {
  const say = (message: string) => void logged.push(message)
  const answers = async () => {
    asked++
    return writing
  }
  stop = startHeartbeat({ url, writing: answers, log: { info: say, warn: say }, everyMs: 20 })
}

/** Waits until it was looked so many times more whether something can be written. */
async function looks(more: number): Promise<void> {
  const until = asked + more
  await expect.poll(() => asked).toBeGreaterThanOrEqual(until)
}

test('beats while something can be written, and is silent while nothing can', async () => {
  start()
  await expect.poll(() => beats).toBeGreaterThan(2)
  writing = 'no space'
  // Those on their way arrive within fifty further looks; in ten more, none is sent.
  await looks(50)
  const before = beats
  await looks(10)
  expect(beats).toBe(before)
  writing = 'ok'
  await expect.poll(() => beats).toBeGreaterThan(before)
  expect(logged).toEqual([])
})

test('says once that it does not arrive, and once that it does again, and never the address', async () => {
  status = 503
  start()
  await expect.poll(() => beats).toBeGreaterThan(3)
  expect(logged).toEqual([
    'The heartbeat does not arrive: it is answered with status 503. It is sent again each minute.',
  ])
  status = 200
  await expect.poll(() => logged.at(-1)).toBe('The heartbeat arrives again.')
  server.closeAllConnections()
  server.close()
  await expect.poll(() => logged.length).toBe(3)
  expect(logged[2]).toMatch(/^The heartbeat does not arrive: /)
  expect(logged.join()).not.toContain('4f1c')
})
