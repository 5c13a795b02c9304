import { networkProblem } from '../network-problem.ts'
import { type Access, authorization } from './access.ts'
import { boundedBody } from './bounded-body.ts'

export interface HttpRequest {
  readonly url: string | URL
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** Default: no login. */
  readonly access?: Access
  /** Sent as JSON. Left out: the request has no body. */
  readonly json?: unknown
  /** Sent as a form instead. */
  readonly form?: Readonly<Record<string, string>>
  /** `manual`: a redirect is returned as the answer. Default: it is followed. */
  readonly redirect?: 'follow' | 'manual'
  /** The limit for the whole request with its answer. Left out: only `signal` ends it. */
  readonly timeoutSeconds?: number
  /** The limit for the body. */
  readonly maxBytes: number
  /** Whether to read the body of this response. Left out: it is always read. */
  readonly reads?: (response: Response) => boolean
  /** Replaces the built-in fetch in tests. */
  readonly fetch?: typeof fetch
}

export type HttpAnswer =
  /** `body` is `null` when it is longer than `maxBytes`, or when it was not to be read. */
  | { readonly kind: 'answer'; readonly response: Response; readonly body: Buffer | null }
  | {
      readonly kind: 'none'
      readonly timedOut: boolean
      /** Why there is no answer, in words that an operator knows. */
      readonly problem: string
      readonly cause: unknown
    }

/** Sends one request and reads the answer. Throws only when `signal` aborts. */
export async function request(asked: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { url, method = 'GET', headers = {}, access = { kind: 'open' }, json, form, redirect = 'follow' } = asked
  const { timeoutSeconds, maxBytes, reads = () => true } = asked
  const limit = timeoutSeconds === undefined ? null : AbortSignal.timeout(timeoutSeconds * 1_000)
  try {
    const response = await (asked.fetch ?? fetch)(url, {
      method,
      redirect,
      headers: {
        ...headers,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...authorization(access),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
      signal: limit === null ? signal : AbortSignal.any([signal, limit]),
    })
    if (reads(response)) return { kind: 'answer', response, body: await boundedBody(response, maxBytes) }
    await response.body?.cancel()
    return { kind: 'answer', response, body: null }
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'none', timedOut: limit?.aborted === true, problem: networkProblem(error), cause: error }
  }
}
