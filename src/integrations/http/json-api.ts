/** Asks an API that answers JSON: one login, attempts after a rate limit, and errors as sentences. */

import { errorText } from '../../core/error-text.ts'
import { looksLikeHtml, parseJson } from '../json-text.ts'
import { request } from './request.ts'
import { pauseAfter, type RetryPauses, retryAfterSeconds } from './retry.ts'

export interface JsonApiOptions {
  /** For people: `Fleet at https://fleet.example.net`. */
  readonly name: string
  /** Everything before the path of a call. */
  readonly base: string
  /** The headers of the login. `again`: the last one was refused. Throws a sentence if there is none. */
  readonly login: (again: boolean, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>
  /** Whether a refused login may be one that is over, so that it is worth asking for another one. */
  readonly loginEnds?: boolean
  /** What to do about an answer with this status, as a sentence; `null`: nothing special. */
  readonly mend: (status: number) => string | null
  /** The limit for one answer. */
  readonly timeoutSeconds: number
  readonly maxBytes: number
  readonly clock: () => Date
  /** Replaces the built-in fetch. */
  readonly fetch?: typeof fetch
  readonly pauses?: RetryPauses
}

export interface JsonCall {
  readonly method?: 'GET' | 'POST'
  /** With a leading slash. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly json?: unknown
  /** Sent as a form instead. */
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutSeconds?: number
}

export interface JsonAnswer {
  readonly status: number
  /** `undefined`: the answer has no body. */
  readonly body: unknown
  /** When the server says that it answered, ISO 8601 UTC; `null`: it does not say. */
  readonly saidAt: string | null
  readonly bytes: number
}

/** The system refused, or did not answer. The message is a sentence. `status` 0: there was no answer. */
export class ApiProblem extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

export interface JsonApi {
  readonly name: string
  /** Throws an ApiProblem. A call must change nothing there: it may be made again. */
  ask(call: JsonCall, signal: AbortSignal): Promise<JsonAnswer>
}

const ATTEMPTS = 4
const PAUSES: RetryPauses = { firstSeconds: 1, longestSeconds: 60 }
const BUSY: ReadonlySet<number> = new Set([429, 502, 503, 504])

export function createJsonApi(options: JsonApiOptions): JsonApi {
  const { name, clock, pauses = PAUSES } = options
  /** The system asked not to be called before this instant, in milliseconds. */
  let restUntil = 0

  async function ask(call: JsonCall, signal: AbortSignal): Promise<JsonAnswer> {
    let again = false
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      const rest = Math.ceil((restUntil - clock().getTime()) / 1_000)
      if (rest > 0) throw new ApiProblem(`${name} asked to be left alone for another ${rest} s.`, 429)
      const answer = await send(options, call, await options.login(again, signal), signal)
      const { response } = answer
      if (response.status === 401 && options.loginEnds === true && !again) {
        again = true
        continue
      }
      if (!BUSY.has(response.status)) return read(options, call, answer)
      const asked = retryAfterSeconds(response)
      if (asked !== null && asked > pauses.longestSeconds) {
        restUntil = clock().getTime() + asked * 1_000
        throw new ApiProblem(`${name} is asked too often: it wants to be left alone for ${asked} s.`, response.status)
      }
      if (attempt === ATTEMPTS) return read(options, call, answer)
      await pauseAfter(attempt, asked, pauses, signal)
    }
  }
  return { name, ask }
}

interface Sent {
  readonly response: Response
  /** `null`: it is longer than can be read. */
  readonly body: Buffer | null
}

async function send(
  { name, base, timeoutSeconds: usual, maxBytes, fetch }: JsonApiOptions,
  { method = 'GET', path, query = {}, json, form, headers = {}, timeoutSeconds = usual }: JsonCall,
  login: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Sent> {
  const url = new URL(`${base}${path}`)
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
  const asked = {
    ...{ url, method, timeoutSeconds, maxBytes },
    // A redirect would send the login to another place.
    redirect: 'manual' as const,
    headers: { accept: 'application/json', 'user-agent': 'patchwarden', ...headers, ...login },
    ...(json === undefined ? {} : { json }),
    ...(form === undefined ? {} : { form }),
    ...(fetch === undefined ? {} : { fetch }),
  }
  const answer = await request(asked, signal)
  if (answer.kind === 'answer') return answer
  const why = answer.timedOut ? `no full answer within ${timeoutSeconds} s` : answer.problem
  throw new ApiProblem(`${name} does not answer ${method} ${path}: ${why}.`, 0)
}

function read({ name, mend, maxBytes }: JsonApiOptions, call: JsonCall, { response, body }: Sent): JsonAnswer {
  const { status } = response
  const what = `${call.method ?? 'GET'} ${call.path}`
  const problem = (text: string) => new ApiProblem(text, status)
  if (status >= 300 && status < 400)
    throw problem(`${name} redirects ${what}: write the address that it really has, and its https://.`)
  if (status < 200 || status >= 300) {
    const fix = mend(status)
    throw problem(`${name} answers ${status} to ${what}${fix === null ? '.' : `: ${fix}`}`)
  }
  if (body === null) throw problem(`${name} answers ${what} with more than ${maxBytes} bytes.`)
  const text = body.toString('utf8')
  const date = Date.parse(response.headers.get('date') ?? '')
  const said = { status, saidAt: Number.isNaN(date) ? null : new Date(date).toISOString(), bytes: body.length }
  if (text.trim() === '') return { ...said, body: undefined }
  if (looksLikeHtml(text))
    throw problem(`${name} answers ${what} with a web page: is a proxy or a login page in between?`)
  try {
    return { ...said, body: parseJson(text, `The answer of ${name} to ${what}`) }
  } catch (error) {
    throw problem(`${errorText(error).replace(/\.$/, '')}.`)
  }
}
