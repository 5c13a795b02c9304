/** The same client against a real Prometheus, with a history of our making. */

import { execFileSync, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietestWindow } from '../../src/core/load.ts'
import { createPrometheusLoad, createPrometheusMetrics } from '../../src/integrations/prometheus/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const here = isHere('prometheus') && isHere('promtool')
if (!here) console.info('skipped: there is no prometheus here (Debian: apt install prometheus)')

function isHere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const { signal } = new AbortController()
const WEEK = 7 * 86_400
/** A Monday, three to four weeks ago, so that the blocks are in order with what Prometheus itself writes. */
const end = Math.floor(Date.now() / 1_000 / WEEK) * WEEK + 4 * 86_400 - 3 * WEEK
const start = end - 4 * WEEK

/** A counter of requests that restarts each ten days; quiet on Wednesdays from 03:00 to 06:00 UTC. */
function openMetrics(): string {
  const lines = ['# TYPE requests counter']
  let total = 0
  for (let at = start; at <= end; at += 300) {
    if ((at - start) % (10 * 86_400) === 0) total = 0
    const hour = Math.floor((at / 3_600) % 24)
    const day = Math.floor((at - start) / 86_400) % 7
    total += day === 2 && hour >= 3 && hour < 6 ? 30 : hour >= 7 && hour < 19 ? 3_000 : 900
    lines.push(`requests_total{host="a"} ${total} ${at}`)
  }
  for (let at = start; at <= end; at += 300) lines.push(`requests_total{host="b"} ${(at - start) / 10} ${at}`)
  return `${lines.join('\n')}\n# EOF\n`
}

describe.runIf(here)('a real Prometheus', () => {
  let url = ''
  let stop: () => Promise<void> = async () => undefined

  beforeAll(async () => {
    // Not before: where the tests are skipped, nothing would remove it.
    const folder = temporaryFolder('pw-prometheus')
    writeFileSync(join(folder, 'history.om'), openMetrics())
    writeFileSync(join(folder, 'prometheus.yml'), 'global: {}\n')
    execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', 'history.om', 'data'], {
      cwd: folder,
      stdio: 'ignore',
    })
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const server = spawn(
      'prometheus',
      [
        '--config.file=prometheus.yml',
        '--storage.tsdb.path=data',
        '--storage.tsdb.retention.time=1y',
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { cwd: folder, stdio: 'ignore' },
    )
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
    stop = async () => {
      server.kill('SIGKILL')
      await ended
    }
    const isReady = async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok ?? false
    await until('Prometheus answers', 15, isReady, 100)
  }, 180_000)

  afterAll(() => stop())

  const server = () => ({ name: 'prom', url, access: { kind: 'open' } as const })

  it('answers with a number', async () => {
    const source = createPrometheusMetrics(server())
    expect(await source.value('1 + 1', signal)).toBe(2)
    expect(await source.value('vector(0.25)', signal)).toBe(0.25)
    expect(await source.value(`count(requests_total @ ${end})`, signal)).toBe(2)
  })

  it.each([
    ['sum(', 'refuses "sum(": invalid parameter "query"'],
    ['nothing_of_this_name', 'has no value for'],
    [`requests_total @ ${end}`, 'with 2 series'],
    ['0/0', 'with NaN'],
    ['1/0', 'with +Inf'],
    ['"text"', 'with a string'],
    [`requests_total[5m] @ ${end}`, 'with a matrix'],
  ])('has no number for %s', async (query, sentence) => {
    await expect(createPrometheusMetrics(server()).value(query, signal)).rejects.toThrow(sentence)
  })

  it('is asked for more than it gives at once, in pieces', async () => {
    const source = createPrometheusLoad({ name: 'load', server: server(), query: 'vector(1)', stepSeconds: 60 })
    const until = new Date(end * 1_000).toISOString()
    const samples = await source.history(new Date(start * 1_000).toISOString(), until, signal)
    expect(samples).toHaveLength((4 * WEEK) / 60)
    expect(samples.at(-1)?.at).toBe(new Date((end - 60) * 1_000).toISOString())
  })

  it('has a history whose quietest time is the planted one, over restarts of the counter', async () => {
    const query = 'sum(rate(requests_total{host="a"}[15m]))'
    const source = createPrometheusLoad({ name: 'load', server: server(), query, stepSeconds: 900 })
    const samples = await source.history(
      new Date(start * 1_000).toISOString(),
      new Date(end * 1_000).toISOString(),
      signal,
    )
    const found = quietestWindow(samples, { durationSeconds: 2 * 3_600, timeZone: 'UTC' })
    expect(found).toMatchObject({
      kind: 'measured',
      rule: { days: [3] },
      evidence: { sentence: expect.stringMatching(/^quietest 2 h: Wed 0(3:30|4:00), 1 % of peak over 4 weeks$/) },
    })
    if (found.kind !== 'measured') return
    // What Prometheus itself says of the window in each week, and of its mean.
    const [hours = 0, minutes = 0] = found.rule.start.split(':').map(Number)
    const metrics = createPrometheusMetrics(server())
    let sum = 0
    for (let week = 0; week < 4; week++) {
      const last = start + week * WEEK + 2 * 86_400 + hours * 3_600 + minutes * 60 + 7_200 - 900
      sum += await metrics.value(`avg_over_time((${query})[106m:15m] @ ${last})`, signal)
    }
    const { share, peak } = found.evidence
    expect(Math.abs(share * peak - sum / 4)).toBeLessThan(peak / 10_000)
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return typeof address === 'object' && address !== null ? address.port : 0
}
