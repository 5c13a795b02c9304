/** Asks the console of Ivanti Security Controls: one request after another, and reads what it answers. */

import { setTimeout as sleepFor } from 'node:timers/promises'
import { type HttpAnswer, request } from '../http/request.ts'
import { retryAfterSeconds } from '../http/retry.ts'
import { maybeSent } from '../http/sent.ts'
import { looksLikeHtml, parseJson } from '../json-text.ts'

/** `sent` true: nobody knows whether the console did it. `status` 0: it gave no answer. */
export class ConsoleError extends Error {
  readonly sent: boolean
  readonly status: number

  constructor(sentence: string, { sent = false, status = 0, cause = undefined as unknown } = {}) {
    super(sentence, { cause })
    this.sent = sent
    this.status = status
  }
}

export interface Asking {
  /** Below the base of the API, with a leading slash. */
  readonly path: string
  /** Default `GET`, which may be asked again. */
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number>>
  readonly json?: unknown
}

export interface Answer {
  /** `null`: the answer has no body. */
  readonly body: unknown
  /** Id of the operation that the request began, from the header `Operation-Location`; `null`: it has none. */
  readonly operation: string | null
}

export interface Console {
  /** For people: a host name. */
  readonly server: string
  /** Throws a ConsoleError. */
  ask(asking: Asking, signal: AbortSignal): Promise<Answer>
}

export interface ConsoleOptions {
  readonly url: string
  /** Runs one request while no other process sends one. */
  readonly alone: <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) => Promise<T>
  readonly timeoutSeconds: number
  /** Signs each request in. Left out: none does. */
  readonly fetch?: typeof fetch
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

const BASE = '/st/console/api/v1.0'
/** Bytes of one answer: a page of 1,000 rows has well under 5 MB. */
const MOST_BYTES = 50_000_000
const MOST_TRIES = 4
const FIRST_WAIT_SECONDS = 2
const LONGEST_WAIT_SECONDS = 120

export function createConsole(options: ConsoleOptions): Console {
  const { url, alone, timeoutSeconds } = options
  const sleep = options.sleep ?? ((ms, signal) => sleepFor(ms, undefined, { signal }))
  const server = new URL(url).host
  const byFetch = options.fetch === undefined ? {} : { fetch: options.fetch }

  function once({ path, method = 'GET', query = {}, json }: Asking, signal: AbortSignal): Promise<HttpAnswer> {
    const address = new URL(`${BASE}${path}`, url)
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value))
    const body = json === undefined ? {} : { json }
    return request(
      {
        ...{ url: address, method, ...body, headers: { accept: 'application/json' } },
        ...{ redirect: 'manual', timeoutSeconds, maxBytes: MOST_BYTES, ...byFetch },
      },
      signal,
    )
  }

  return {
    server,
    async ask(asking, signal) {
      for (let attempt = 1; ; attempt++) {
        signal.throwIfAborted()
        const verdict = judge(server, asking, await alone(signal, (mine) => once(asking, mine)))
        if (verdict.kind === 'answer') return verdict.answer
        if (verdict.kind === 'failed' || attempt >= MOST_TRIES || verdict.seconds > LONGEST_WAIT_SECONDS)
          throw verdict.error
        await sleep(Math.max(verdict.seconds, FIRST_WAIT_SECONDS * attempt) * 1_000, signal)
      }
    },
  }
}

type Verdict =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** Nothing was done, and it may be asked again after so many seconds. */
  | { readonly kind: 'again'; readonly seconds: number; readonly error: ConsoleError }
  | { readonly kind: 'failed'; readonly error: ConsoleError }

function judge(server: string, { path, method = 'GET' }: Asking, got: HttpAnswer): Verdict {
  const changes = method !== 'GET'
  if (got.kind === 'none') {
    const sent = changes && maybeSent(got.cause)
    const what = changes ? 'say whether it did it' : 'answer'
    return failed(new ConsoleError(`${server} did not ${what}: ${got.problem}`, { sent, cause: got.cause }))
  }
  const { response, body } = got
  const { status } = response
  const text = body?.toString('utf8') ?? ''
  if (status >= 200 && status < 300) return answered(server, path, response, text, changes)
  const why = reasonIn(text) ?? `HTTP ${status}`
  const error = (sentence: string, sent = false) => new ConsoleError(sentence, { status, sent })
  if (status === 401) return failed(error(`${server} does not take the sign-in: look at the account and its password`))
  if (status === 403)
    return failed(
      error(`${server} does not let us use ${path} (${why}): the account lacks a role in Security Controls`),
    )
  if (status === 404) return failed(error(`${server} has nothing at ${path}`))
  if (status === 429 || status === 503) {
    const seconds = retryAfterSeconds(response) ?? FIRST_WAIT_SECONDS
    return { kind: 'again', seconds, error: error(`${server} is too busy to answer ${path}: it is asked again later`) }
  }
  if (status >= 500) {
    const broken = error(`${server} failed at ${path}: ${why}`, changes)
    return changes ? failed(broken) : { kind: 'again', seconds: FIRST_WAIT_SECONDS, error: broken }
  }
  if (status >= 300 && status < 400)
    return failed(error(`${server} sends ${path} to another address: is "url" the address of the console itself?`))
  return failed(error(`${server} refused ${method} ${path}: ${why}`))
}

function answered(server: string, path: string, response: Response, text: string, changes: boolean): Verdict {
  const operation = guidIn(response.headers.get('operation-location'))
  if (text.trim() === '') return { kind: 'answer', answer: { body: null, operation } }
  if (looksLikeHtml(text))
    return failed(
      new ConsoleError(`${server} gave a page for people at ${path}: is a proxy in between?`, { sent: changes }),
    )
  try {
    return { kind: 'answer', answer: { body: parseJson(text, `The answer of ${server} to ${path}`), operation } }
  } catch (cause) {
    return failed(
      new ConsoleError(`The answer of ${server} to ${path} cannot be read as JSON`, { sent: changes, cause }),
    )
  }
}

/** The last GUID of an address; `null`: it has none. */
export function guidIn(address: string | null): string | null {
  const all = address?.match(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi)
  return all?.at(-1)?.toLowerCase() ?? null
}

/** How an error says its reason is not documented, so a few names are tried. `null`: it says none. */
function reasonIn(text: string): string | null {
  if (text.trim() === '' || looksLikeHtml(text)) return null
  try {
    const body = parseJson(text, 'The error') as unknown
    if (typeof body === 'string') return body.slice(0, 300)
    const row = (body ?? {}) as Readonly<Record<string, unknown>>
    const said = [row.message, row.Message, row.title, row.detail, row.error].find((one) => typeof one === 'string')
    return typeof said === 'string' ? said.slice(0, 300) : null
  } catch {
    return null
  }
}

function failed(error: ConsoleError): Verdict {
  return { kind: 'failed', error }
}
