import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createPrometheusLoad,
  createPrometheusMetrics,
  type PrometheusAccess,
} from '../../../src/integrations/prometheus/index.ts'
import { createFakePrometheus, type FakePrometheusOptions } from '../../fakes/prometheus/fake-prometheus.ts'

const { signal } = new AbortController()
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function fake(options: FakePrometheusOptions) {
  const server = await createFakePrometheus(options)
  open.push(server.close)
  return server
}

async function metrics(options: FakePrometheusOptions, access: PrometheusAccess = { kind: 'open' }) {
  return createPrometheusMetrics({ name: 'prom', url: `${(await fake(options)).url}/`, access })
}

/** Whatever else may listen at that address. */
async function answering(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

describe('the value of a query', () => {
  const series = {
    one: [() => 0.25],
    two: [() => 1, () => 2],
    ratio: [() => Number.NaN],
    endless: [() => Number.POSITIVE_INFINITY],
  }

  it('is a number', async () => {
    expect(await (await metrics({ series })).value('one', signal)).toBe(0.25)
  })

  it.each([
    [
      'nothing',
      'Prometheus prom has no value for "nothing": check the names in it; where nothing means 0, add "or vector(0)".',
    ],
    ['two', 'Prometheus prom answers "two" with 2 series: make one of them, with sum() or max() around it.'],
    ['ratio', 'Prometheus prom answers "ratio" with NaN, which is not a number to judge by: a division by 0?'],
    ['endless', 'Prometheus prom answers "endless" with +Inf, which is not a number to judge by: a division by 0?'],
    ['sum(', 'Prometheus prom refuses "sum(": invalid parameter "query": 1:5: parse error: unclosed left parenthesis.'],
  ])('of %s is none, and it says why', async (query, sentence) => {
    await expect((await metrics({ series })).value(query, signal)).rejects.toThrow(sentence)
  })

  it('is not taken from an answer that may lack data', async () => {
    const source = await metrics({ series, warnings: ['2 of 3 stores did not answer'] })
    await expect(source.value('one', signal)).rejects.toThrow(
      'Prometheus prom warns, so its answer to "one" is not used: 2 of 3 stores did not answer.',
    )
  })

  it('is taken with information about a name, which earlier versions and Thanos give as a warning', async () => {
    const notice =
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "one" (1:10)'
    const both = [notice, 'PromQL warning: quantile value should be between 0 and 1']
    expect(await (await metrics({ series, warnings: [notice] })).value('one', signal)).toBe(0.25)
    await expect((await metrics({ series, warnings: both })).value('one', signal)).rejects.toThrow('PromQL warning')
  })

  it('is had with a token or a password, and without them there is a sentence', async () => {
    const bearer = { kind: 'bearer', token: 't0ken' } as const
    const basic = { kind: 'basic', user: 'pw', password: 'pässword' } as const
    expect(await (await metrics({ series, authorization: 'Bearer t0ken' }, bearer)).value('one', signal)).toBe(0.25)
    const both = Buffer.from('pw:pässword', 'utf8').toString('base64')
    expect(await (await metrics({ series, authorization: `Basic ${both}` }, basic)).value('one', signal)).toBe(0.25)
    await expect((await metrics({ series, authorization: 'Bearer t0ken' })).value('one', signal)).rejects.toThrow(
      'Prometheus prom lets nobody in with this (401): it wants a token or a password: set PROMETHEUS_TOKEN.',
    )
    const missing = { kind: 'missing', problem: 'PROMETHEUS_TOKEN_EU is not set.' } as const
    await expect((await metrics({ series }, missing)).value('one', signal)).rejects.toThrow(
      'PROMETHEUS_TOKEN_EU is not set.',
    )
  })

  it.each<[string, RequestListener, string]>([
    [
      'a web page',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'answers 200 without JSON: is http',
    ],
    [
      'a proxy without a server',
      (_, response) => response.writeHead(502).end('bad gateway'),
      'answers 502 without JSON',
    ],
    [
      'half an answer',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"succ'),
      'The answer of Prometheus prom is not valid JSON: it is cut off at line 1, column 16',
    ],
    [
      'another API',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"success","data":[]}'),
      'answers something that is not a result of a query',
    ],
    ['a connection that breaks', (request) => request.socket.destroy(), 'does not answer: the connection was closed'],
    [
      'an answer without end',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const more = () => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        }
        response.on('drain', more)
        more()
      },
      'answers more than 8388608 bytes: aggregate the query.',
    ],
    ['silence', () => undefined, 'gave no answer within 0.2 s.'],
  ])('%s', async (what, listener, sentence) => {
    const url = await answering(listener)
    const timeoutSeconds = what === 'silence' ? 0.2 : 20
    const source = createPrometheusMetrics({ name: 'prom', url, access: { kind: 'open' }, timeoutSeconds })
    await expect(source.value('one', signal)).rejects.toThrow(sentence)
  })

  it('stops when it is told to', async () => {
    const url = await answering(() => undefined)
    const stopping = new AbortController()
    const asked = createPrometheusMetrics({ name: 'prom', url, access: { kind: 'open' } }).value('one', stopping.signal)
    stopping.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
  })
})

describe('a history', () => {
  it('is asked for in pieces of at most 11,000 points, with every sample once', async () => {
    const server = await fake({ series: { load: [(at) => at % 7_200] } })
    const source = createPrometheusLoad({
      name: 'web-load',
      server: { name: 'prom', url: server.url, access: { kind: 'open' } },
      query: 'load',
      stepSeconds: 60,
    })
    const samples = await source.history('2026-10-01T00:00:30Z', '2026-10-18T00:00:00Z', signal)
    // 17 days of minutes, less the first, which lies before; `until` is left out.
    expect(samples).toHaveLength(17 * 1_440 - 1)
    expect(samples[0]).toEqual({ at: '2026-10-01T00:01:00.000Z', value: 60 })
    expect(samples.at(-1)?.at).toBe('2026-10-17T23:59:00.000Z')
    expect(
      samples.every(
        ({ at }, index) => index === 0 || Date.parse(at) - Date.parse(samples[index - 1]?.at ?? '') === 60_000,
      ),
    ).toBe(true)
    expect(server.asked).toHaveLength(3)
  })

  it('leaves out what is no number, and says when there is nothing at all or too much', async () => {
    const gaps = (at: number) => (at % 1_800 === 0 ? 3 : at % 900 === 0 ? Number.NaN : null)
    const server = await fake({ series: { gaps: [gaps], two: [gaps, gaps] } })
    const load = (query: string, stepSeconds = 900) =>
      createPrometheusLoad({
        name: 'web-load',
        server: { name: 'prom', url: server.url, access: { kind: 'open' } },
        query,
        stepSeconds,
      }).history('2026-10-01T00:00:00Z', '2026-10-01T02:00:00Z', signal)
    expect((await load('gaps')).map(({ value }) => value)).toEqual([3, 3, 3, 3])
    await expect(load('nothing')).rejects.toThrow('Prometheus prom has no history for "nothing" from 2026-10-01')
    await expect(load('two')).rejects.toThrow('with 2 series')
    await expect(load('gaps', 0.01)).rejects.toThrow('web-load would be 720000 samples, more than 530000')
  })
})
