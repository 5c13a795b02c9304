import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startHeartbeat } from '../../src/app/heartbeat.ts'
import type { Writing } from '../../src/store/write-test.ts'

let server: Server
let url: string
let beats: number
let status: number
let writing: Writing
let logged: string[]
let stop: () => void

beforeEach(async () => {
  ;[beats, status, writing, logged] = [0, 200, 'ok', []]
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
  stop = startHeartbeat({ url, writing: async () => writing, log: { info: say, warn: say }, everyMs: 20 })
}

test('beats while something can be written, and is silent while nothing can', async () => {
  start()
  await expect.poll(() => beats).toBeGreaterThan(2)
  writing = 'no space'
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const before = beats
  await new Promise((resolve) => setTimeout(resolve, 200))
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
