/**
 * Prometheus on the wire, in miniature: `/api/v1/query` and `/api/v1/query_range`, written from "HTTP API" of its
 * documentation (prometheus.io/docs/prometheus/latest/querying/api). It knows no PromQL: each query has its series given.
 */

import { createServer } from 'node:http'

/** The value at an instant, in seconds since 1970; `null`: no sample there. */
export type FakeSeries = (at: number) => number | null

export interface FakePrometheusOptions {
  readonly series?: Readonly<Record<string, readonly FakeSeries[]>>
  /** The header that is wanted. */
  readonly authorization?: string
  readonly warnings?: readonly string[]
  /** Seconds since 1970 for questions without a time. Default 1,763,700,000. */
  readonly now?: number
}

export async function createFakePrometheus(options: FakePrometheusOptions = {}) {
  const { series = {}, authorization, warnings, now = 1_763_700_000 } = options
  const asked: URLSearchParams[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    const respond = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const refuse = (error: string) => respond(400, { status: 'error', errorType: 'bad_data', error })
    const succeed = (resultType: string, result: unknown) =>
      respond(200, { status: 'success', data: { resultType, result }, ...(warnings === undefined ? {} : { warnings }) })
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401, { 'content-type': 'text/plain' }).end('Unauthorized\n')
      return
    }
    const parameters = url.searchParams
    asked.push(parameters)
    const query = parameters.get('query') ?? ''
    const found = Object.hasOwn(series, query) ? (series[query] ?? []) : []
    const labelled = found.map((value, index) => ({ metric: { instance: `host${index}` }, value }))
    if (query.endsWith('(')) return refuse('invalid parameter "query": 1:5: parse error: unclosed left parenthesis')
    if (url.pathname === '/api/v1/query') {
      const at = Number(parameters.get('time') ?? now)
      const here = labelled.flatMap(({ metric, value }) => {
        const number = value(at)
        return number === null ? [] : [{ metric, value: [at, written(number)] }]
      })
      return succeed('vector', here)
    }
    if (url.pathname === '/api/v1/query_range') {
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(parameters.get(name)))
      if (start === undefined || end === undefined || step === undefined || !(step > 0) || end < start)
        return refuse('invalid parameter')
      if ((end - start) / step > 11_000) {
        return refuse(
          'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
        )
      }
      const matrix = labelled.flatMap(({ metric, value }) => {
        const values: [number, string][] = []
        for (let at = start; at <= end; at += step) {
          const number = value(at)
          if (number !== null) values.push([at, written(number)])
        }
        return values.length === 0 ? [] : [{ metric, values }]
      })
      return succeed('matrix', matrix)
    }
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Go's way to write a float. */
function written(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
