/** The numbers of a running service, judged by promtool and read by a real Prometheus with the rules and the dashboard that we ship. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createService, freePort, type RunningService } from '../support/running-service.ts'

const token = 'a-token-for-tests-only'
const hasPrometheus = spawnSync('promtool', ['--version']).status === 0
if (!hasPrometheus) console.warn('the numbers were not judged by Prometheus: it is not installed here.')

let service: RunningService
let listen: string
let beats = 0
let heartbeat: Server

beforeAll(async () => {
  heartbeat = createServer((_, response) => {
    beats++
    response.end('ok')
  })
  await new Promise<void>((resolve) => heartbeat.listen(0, '127.0.0.1', resolve))
  listen = `127.0.0.1:${await freePort()}`
  service = await createService({
    PATCHWARDEN_METRICS_LISTEN: listen,
    PATCHWARDEN_METRICS_TOKEN: token,
    PATCHWARDEN_HEARTBEAT_URL: `http://127.0.0.1:${(heartbeat.address() as AddressInfo).port}/beat`,
  })
  await service.start()
})
afterAll(async () => {
  await service.remove()
  heartbeat.close()
})

async function numbers(authorization = `Bearer ${token}`): Promise<Response> {
  return fetch(`http://${listen}/metrics`, { headers: { authorization } })
}

test('only whoever bears the token reads the numbers, and the console has none', async () => {
  expect((await numbers('Bearer another-token-here')).status).toBe(401)
  expect((await numbers('')).status).toBe(401)
  const answer = await numbers()
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect((await fetch(`http://${listen}/`)).status).toBe(404)
  expect((await fetch(`${service.url}/metrics`, { redirect: 'manual' })).status).not.toBe(200)
})

test('the heartbeat is sent', async () => {
  await expect.poll(() => beats, { timeout: 30_000 }).toBeGreaterThan(0)
})

test('the numbers say what is there, and no host or person', { timeout: 120_000 }, async () => {
  await expect
    .poll(async () => (await numbers()).text(), { timeout: 100_000, interval: 2_000 })
    .toMatch(/^patchwarden_proposals\{status="open",priority="immediate"\} 1$/m)
  const text = await (await numbers()).text()
  expect(text).toMatch(/^patchwarden_database_writable 1$/m)
  expect(text).toMatch(/^patchwarden_numbers_known 1$/m)
  expect(text).toMatch(/^patchwarden_source_failing\{role="inventory",name="example"\} 0$/m)
  expect(Number(/^patchwarden_assets (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(10)
  for (const name of ['web-0', 'mara', 'Mara', 'tom', hostname()]) expect(text).not.toContain(`"${name}`)
})

describe.skipIf(!hasPrometheus)('by Prometheus', () => {
  test('promtool finds nothing to say about the numbers, and the rules pass their tests', async () => {
    const check = spawnSync('promtool', ['check', 'metrics'], {
      input: await (await numbers()).text(),
      encoding: 'utf8',
    })
    expect(check.stdout + check.stderr).toBe('')
    expect(check.status).toBe(0)
    const rules = spawnSync('promtool', ['test', 'rules', 'alerts.test.yaml'], {
      cwd: 'manifests/prometheus',
      encoding: 'utf8',
    })
    expect({ status: rules.status, out: rules.stdout }).toMatchObject({
      status: 0,
      out: expect.stringContaining('SUCCESS'),
    })
  })

  test('a real one reads them with our configuration, and knows every name that rules and dashboard use', {
    timeout: 120_000,
  }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden prometheus '))
    let prometheus: ChildProcess | null = null
    try {
      await cp('manifests/prometheus', folder, { recursive: true })
      await writeFile(path.join(folder, 'token'), token)
      const ours = await readFile('manifests/prometheus/scrape.yaml', 'utf8')
      const quick = ours
        .replace('127.0.0.1:9464', listen)
        .replace(
          '# authorization: { credentials_file: /etc/prometheus/patchwarden-token }',
          `authorization: { credentials_file: ${JSON.stringify(path.join(folder, 'token'))} }`,
        )
        .replaceAll(': 30s', ': 1s')
      await writeFile(path.join(folder, 'scrape.yaml'), quick)
      const url = `127.0.0.1:${await freePort()}`
      prometheus = spawn(
        'prometheus',
        [
          `--config.file=${path.join(folder, 'scrape.yaml')}`,
          `--storage.tsdb.path=${path.join(folder, 'data')}`,
          `--web.listen-address=${url}`,
        ],
        { stdio: 'ignore' },
      )
      const ask = async (query: string) =>
        answered.parse(await (await fetch(`http://${url}/api/v1/query?query=${encodeURIComponent(query)}`)).json()).data
          .result
      await expect.poll(() => ask('up{job="patchwarden"} == 1').catch(() => []), { timeout: 60_000 }).toHaveLength(1)
      for (const query of await dashboardQueries())
        await expect.poll(() => ask(query), { message: query, timeout: 15_000 }).not.toEqual([])
      const rules = z.object({
        data: z.object({
          groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string() })) })),
        }),
      })
      const loaded = async () =>
        rules
          .parse(await (await fetch(`http://${url}/api/v1/rules`)).json())
          .data.groups.flatMap((group) => group.rules)
      await expect
        .poll(async () => (await loaded()).filter(({ health }) => health === 'ok').length, { timeout: 15_000 })
        .toBe(11)
    } finally {
      prometheus?.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    }
  })
})

const answered = z.object({ status: z.literal('success'), data: z.object({ result: z.array(z.unknown()) }) })

/** Those of the panels, for our job. The example has no chat platform, so what is told of one is empty. */
async function dashboardQueries(): Promise<readonly string[]> {
  const shape = z.object({ panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })) })) })
  const { panels } = shape.parse(JSON.parse(await readFile('manifests/grafana-dashboard.json', 'utf8')))
  return panels
    .flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$job', 'patchwarden')))
    .filter((expr) => !/_(messages_waiting|message_oldest_seconds|chat_connected)\{/.test(expr))
}
