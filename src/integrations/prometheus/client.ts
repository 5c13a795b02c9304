import type { Access } from '../http/access.ts'
import { request } from '../http/request.ts'
import { inputLimits } from '../input-limits.ts'
import { looksLikeHtml, parseJson } from '../json-text.ts'
import { answerSchema, type QueryResult } from './schema.ts'

/** How we log in. Contains secrets. */
export type PrometheusAccess =
  | Access
  /** The secret is missing, and no request is sent. `problem` is a sentence. */
  | { readonly kind: 'missing'; readonly problem: string }

export interface PrometheusServer {
  /** The name for people. */
  readonly name: string
  /** The address, including the path before `/api/v1` if there is one. For Mimir it is `/prometheus`. */
  readonly url: string
  readonly access: PrometheusAccess
  /** Seconds for one query. Default 30. */
  readonly timeoutSeconds?: number
}

/**
 * Sends one query to the HTTP API (`/api/v1/query`, `/api/v1/query_range`). Thanos, Mimir and VictoriaMetrics have the
 * same API. Throws a sentence unless the answer is complete. An answer with warnings counts as incomplete.
 */
export async function ask(
  server: PrometheusServer,
  endpoint: 'query' | 'query_range',
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<QueryResult> {
  const { name, access } = server
  if (access.kind === 'missing') throw new Error(access.problem)
  // If a header cannot carry the token, fetch would quote the token in its error.
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
  const warning = read.data.warnings?.find((text) => !isInformation(text))
  if (warning !== undefined) {
    throw new Error(
      `Prometheus ${name} warns, so its answer to ${shown(parameters.query)} is not used: ${warning.slice(0, 300)}.`,
    )
  }
  if (read.data.isPartial === true) {
    throw new Error(
      `Prometheus ${name} answers ${shown(parameters.query)} with a part of the data only, so it is not used.`,
    )
  }
  return read.data.data
}

/** Before 2.54, and in Thanos, Prometheus says among its warnings what it thinks of a metric's name. No data is lost. */
function isInformation(warning: string): boolean {
  return /^(execution: )?PromQL info:/i.test(warning.trim())
}

function refusedAccess({ name, access }: PrometheusServer, status: number): string {
  const mend =
    access.kind === 'open' ? 'it wants a token or a password: set PROMETHEUS_TOKEN' : 'look at its token or password'
  return `Prometheus ${name} lets nobody in with this (${status}): ${mend}.`
}

/** Returns the query for messages, shortened when it is long. */
export function shown(query: string | undefined): string {
  const text = (query ?? '').replace(/\s+/g, ' ').trim()
  return `"${text.length > 120 ? `${text.slice(0, 120)}...` : text}"`
}
