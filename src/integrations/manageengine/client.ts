/** Asks a ManageEngine server: one request after another, no faster than it may be asked, and reads what it answers. */

import { setTimeout as sleepFor } from 'node:timers/promises'
import { type HttpAnswer, request } from '../http/request.ts'
import { retryAfterSeconds } from '../http/retry.ts'
import { maybeSent } from '../http/sent.ts'
import { isRow, parsedRow, type Row, textOf } from './rows.ts'
import type { SignIn } from './sign-in.ts'

/** `sent` true: nobody knows whether the server did it. `notThere`: it does not know the address. */
export class ManageEngineError extends Error {
  readonly sent: boolean
  readonly notThere: boolean
  readonly code: string | null

  constructor(
    sentence: string,
    { sent = false, notThere = false, code = null as string | null, cause = undefined as unknown } = {},
  ) {
    super(sentence, { cause })
    this.sent = sent
    this.notThere = notThere
    this.code = code
  }
}

export interface Asking {
  readonly path: string
  readonly query?: Readonly<Record<string, string | number>>
  readonly accept?: string
  /** Left out: it is a question, which may be asked again. */
  readonly change?: { readonly body: unknown; readonly contentType?: string }
}

export interface Client {
  /** For people: a host name. */
  readonly server: string
  readonly isCloud: boolean
  /** One request, and the next ones where it is refused for a reason that passes. Throws a ManageEngineError. */
  ask(asking: Asking, signal: AbortSignal): Promise<Row>
}

export interface ClientOptions {
  readonly url: string
  readonly signIn: SignIn
  /** Runs one request while no other process sends one. */
  readonly alone: <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) => Promise<T>
  /** So much time lies between two requests. */
  readonly gapMs: number
  readonly timeoutSeconds: number
  readonly fetch?: typeof fetch
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Bytes of one answer: a page of 1,000 rows has well under 5 MB. */
const MOST_BYTES = 50_000_000
const MOST_TRIES = 4
/** A server that asks for more patience is asked again at the next look. */
const LONGEST_WAIT_SECONDS = 120
const FIRST_WAIT_SECONDS = 2

export function createClient(options: ClientOptions): Client {
  const { url, signIn, alone, gapMs, timeoutSeconds, sleep = defaultSleep } = options
  const server = new URL(url).host
  const byFetch = options.fetch === undefined ? {} : { fetch: options.fetch }

  function once(asking: Asking, authorization: string, signal: AbortSignal): Promise<HttpAnswer> {
    const { path, query = {}, accept, change } = asking
    const address = new URL(path, url)
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value))
    const headers = {
      authorization,
      accept: accept ?? 'application/json',
      ...(change?.contentType === undefined ? {} : { 'content-type': change.contentType }),
    }
    const body = change === undefined ? {} : { method: 'POST' as const, json: change.body }
    return request(
      { url: address, headers, ...body, redirect: 'manual', timeoutSeconds, maxBytes: MOST_BYTES, ...byFetch },
      signal,
    )
  }

  async function tried(asking: Asking, signal: AbortSignal): Promise<Verdict> {
    const header = await signIn.header(signal)
    const got = await once(asking, header, signal)
    const verdict = judge(server, asking, got)
    if (verdict.kind === 'no sign-in') {
      if (signIn.refused(header)) return { kind: 'again', seconds: 0, error: verdict.error }
      return { kind: 'failed', error: verdict.error }
    }
    return verdict
  }

  return {
    server,
    isCloud: signIn.isCloud,
    async ask(asking, signal) {
      for (let attempt = 1; ; attempt++) {
        signal.throwIfAborted()
        const verdict = await alone(signal, async (mine) => {
          const found = await tried(asking, mine)
          await sleep(gapMs, mine)
          return found
        })
        if (verdict.kind === 'answer') return verdict.row
        if (verdict.kind !== 'again' || verdict.seconds > LONGEST_WAIT_SECONDS) throw verdict.error
        if (attempt >= (verdict.error.notThere ? 2 : MOST_TRIES)) throw verdict.error
        await sleep(
          (verdict.seconds === 0 ? 0 : Math.max(verdict.seconds, FIRST_WAIT_SECONDS * (attempt - 1))) * 1_000,
          signal,
        )
      }
    },
  }
}

async function defaultSleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleepFor(ms, undefined, { signal })
}

type Verdict =
  | { readonly kind: 'answer'; readonly row: Row }
  /** Nothing was done, and it may be asked again after so many seconds. */
  | { readonly kind: 'again'; readonly seconds: number; readonly error: ManageEngineError }
  | { readonly kind: 'no sign-in'; readonly error: ManageEngineError }
  | { readonly kind: 'failed'; readonly error: ManageEngineError }

/** Codes of a token that is unknown or over, and of a missing right. Both come with HTTP 200, too. */
const NO_TOKEN = /^(?:10001|10002|IAM0027)$/
const NO_RIGHT = /^IAM0028$/

function judge(server: string, { path, change }: Asking, got: HttpAnswer): Verdict {
  const what = change === undefined ? 'answer' : 'say whether it did it'
  if (got.kind === 'none') {
    const sent = change !== undefined && maybeSent(got.cause)
    return failed(new ManageEngineError(`${server} did not ${what}: ${got.problem}`, { sent, cause: got.cause }))
  }
  const { response, body } = got
  const { status } = response
  const row = parsedRow(body)
  const code = row === null ? null : textOf(row, 'error_code', 'errorCode')
  const said = row === null ? null : textOf(row, 'error_description', 'errorMsg', 'errorMessage', 'message')
  const why = said ?? (code === null ? `HTTP ${status}` : `error ${code}`)
  if (status === 401 || (code !== null && NO_TOKEN.test(code)))
    return { kind: 'no sign-in', error: new ManageEngineError(noSignIn(server, why), { code }) }
  if (status === 403 || (code !== null && NO_RIGHT.test(code)))
    return failed(
      new ManageEngineError(`${server} does not let us use ${path} (${why}): the token lacks the right for it`, {
        code,
      }),
    )
  if (status === 429) {
    const seconds = retryAfterSeconds(response) ?? 30
    return {
      kind: 'again',
      seconds: Math.max(seconds, 1),
      error: new ManageEngineError(`${server} wants to be asked less often: try again in ${seconds} s`),
    }
  }
  if (status === 404) return failed(new ManageEngineError(`${server} does not know ${path}`, { notThere: true, code }))
  if (status >= 500) {
    const error = new ManageEngineError(`${server} failed at ${path}: ${why}`, { sent: change !== undefined, code })
    return change === undefined
      ? { kind: 'again', seconds: retryAfterSeconds(response) ?? FIRST_WAIT_SECONDS, error }
      : failed(error)
  }
  if (status >= 300 && status < 400)
    return failed(
      new ManageEngineError(
        `${server} sends ${path} to another address (HTTP ${status}): is "url" the address of the server itself?`,
      ),
    )
  if (row === null) return noJson(server, path, change !== undefined)
  // Refusals come with HTTP 200 as often as with 400.
  if (/^(?:error|failed|failure)$/i.test(textOf(row, 'status') ?? '') || status >= 400)
    return failed(new ManageEngineError(`${server} refused ${path}: ${why}`, { code }))
  return { kind: 'answer', row }
}

/** A page for people instead of an answer: of an old server that lacks the address, or of one that is asked too often. */
function noJson(server: string, path: string, isChange: boolean): Verdict {
  const error = new ManageEngineError(
    `${server} gave a page for people at ${path}: it does not know the address, or the sign-in is over`,
    { sent: isChange, notThere: true },
  )
  return isChange ? failed(error) : { kind: 'again', seconds: 1, error }
}

function failed(error: ManageEngineError): Verdict {
  return { kind: 'failed', error }
}

function noSignIn(server: string, why: string): string {
  return `${server} does not take the token (${why}): it may be over, or of an account whose password was changed. Make a new one`
}

/** The list under one of these names, in any case, wherever the answer has it. `null`: it has none. */
export function listIn(answer: Row, names: readonly string[]): readonly Row[] | null {
  const wanted = [...names, 'messageResponse', 'data'].map((name) => name.toLowerCase())
  for (const place of [answer, answer.message_response, answer.messageResponse, answer.data]) {
    if (Array.isArray(place)) return place.filter(isRow)
    if (!isRow(place)) continue
    for (const [name, value] of Object.entries(place))
      if (Array.isArray(value) && wanted.includes(name.toLowerCase())) return value.filter(isRow)
  }
  return null
}
