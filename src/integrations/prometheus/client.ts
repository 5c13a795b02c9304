import type { Access } from '../http/access.ts'
import { request } from '../http/request.ts'
import { inputLimits } from '../input-limits.ts'
import { looksLikeHtml, parseJson } from '../json-text.ts'
import { answerSchema, type QueryResult } from './schema.ts'

/** Secrets. */
export type PrometheusAccess =
  | Access
  /** What is missing, as a sentence: nothing is asked then. */
  | { readonly kind: 'missing'; readonly problem: string }

export interface PrometheusServer {
  /** The name that people use for it. */
  readonly name: string
  /** The address includes the path before `/api/v1`, where there is one: Mimir's is `/prometheus`. */
  readonly url: string
  readonly access: PrometheusAccess
  /** Limit for one question. Default 30. */
  readonly timeoutSeconds?: number
}

/**
 * One question to the HTTP API (`/api/v1/query`, `/api/v1/query_range`), which Thanos, Mimir and VictoriaMetrics speak
 * as well. Throws a sentence for anything but a whole answer: an answer with warnings may lack data, and does not
 * count.
 */
export async function ask(
  server: PrometheusServer,
  endpoint: 'query' | 'query_range',
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<QueryResult> {
  const { name, access } = server
  if (access.kind === 'missing') throw new Error(access.problem)
  // A value that a header cannot carry would be quoted in the error.
  if (access.kind === 'bearer' && !/^[\x21-\x7e]+$/.test(access.token)) {
    throw new Error(`The token for Prometheus ${name} holds blanks or other characters that no token has.`)
  }
  const url = new URL(`${server.url.replace(/\/+$/, '')}/api/v1/${endpoint}`)
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value)
  const seconds = server.timeoutSeconds ?? inputLimits.metricTimeoutSeconds
  const asked = await request(
    {
      url,
      headers: { 'user-agent': 'patchwarden', accept: 'application/json' },
      access,
      timeoutSeconds: seconds,
      maxBytes: inputLimits.metricBytes,
    },
    signal,
  )
  if (asked.kind === 'none') {
    if (asked.timedOut) throw new Error(`Prometheus ${name} gave no answer within ${seconds} s.`)
    throw new Error(`Prometheus ${name} does not answer: ${asked.problem}.`, { cause: asked.cause })
  }
  const { response, body } = asked
  if (body === null)
    throw new Error(`Prometheus ${name} answers more than ${inputLimits.metricBytes} bytes: aggregate the query.`)
  const text = body.toString('utf8')
  if (response.status === 401 || response.status === 403) throw new Error(refusedAccess(server, response.status))
  const type = response.headers.get('content-type') ?? ''
  if (!type.includes('json') || looksLikeHtml(text)) {
    throw new Error(`Prometheus ${name} answers ${response.status} without JSON: is ${server.url} the right address?`)
  }
  const read = answerSchema.safeParse(parseJson(text, `The answer of Prometheus ${name}`))
  if (!read.success) throw new Error(`Prometheus ${name} answers something that is not a result of a query.`)
  if (read.data.status === 'error') {
    throw new Error(`Prometheus ${name} refuses ${shown(parameters.query)}: ${read.data.error.slice(0, 300)}.`)
  }
  const [warning] = read.data.warnings ?? []
  if (warning !== undefined) {
    throw new Error(
      `Prometheus ${name} warns, so its answer to ${shown(parameters.query)} is not used: ${warning.slice(0, 300)}.`,
    )
  }
  return read.data.data
}

function refusedAccess({ name, access }: PrometheusServer, status: number): string {
  const mend =
    access.kind === 'open' ? 'it wants a token or a password: set PROMETHEUS_TOKEN' : 'look at its token or password'
  return `Prometheus ${name} lets nobody in with this (${status}): ${mend}.`
}

/** A query, cut where it is long. */
export function shown(query: string | undefined): string {
  const text = (query ?? '').replace(/\s+/g, ' ').trim()
  return `"${text.length > 120 ? `${text.slice(0, 120)}...` : text}"`
}
