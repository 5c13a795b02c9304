import { type RequestOptions, request } from 'node:https'
import { Readable } from 'node:stream'

/** What the built-in fetch cannot be told. */
export interface ConnectionOptions extends Pick<RequestOptions, 'rejectUnauthorized' | 'agent' | 'lookup'> {
  /** Called with each answer: whether it came over the connection of an earlier one. */
  readonly reused?: (yes: boolean) => void
}

/**
 * `fetch` over https whose connections are made so. It follows no redirect, and takes a body only as text or as a form. A change gets
 * a connection of its own: on one that the server is just closing, nobody would know whether the change arrived.
 */
export function fetchBy({ reused, ...connection }: ConnectionOptions): typeof fetch {
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const headers = Object.fromEntries(new Headers(init?.headers))
    const body = init?.body
    const text = body === undefined || body === null ? null : String(body)
    if (body instanceof URLSearchParams) headers['content-type'] ??= 'application/x-www-form-urlencoded'
    return new Promise((resolve, reject) => {
      const method = init?.method ?? 'GET'
      const options = { ...(method === 'GET' ? {} : { agent: false }), ...connection, method, headers }
      const asked = request(url, init?.signal ? { ...options, signal: init.signal } : options, (answer) => {
        reused?.(asked.reusedSocket)
        const received = new Headers()
        for (const [name, value] of Object.entries(answer.headers))
          for (const one of Array.isArray(value) ? value : [value ?? '']) received.append(name, one)
        const status = answer.statusCode ?? 502
        const hasBody = status !== 204 && status !== 304
        const stream = hasBody ? (Readable.toWeb(answer) as ReadableStream<Uint8Array>) : null
        if (!hasBody) answer.resume()
        resolve(new Response(stream, { status, headers: received }))
      })
      asked.on('error', (error) => reject(new TypeError('fetch failed', { cause: error })))
      asked.end(text ?? undefined)
    })
  }
}

/**
 * `fetch` for a server whose certificate is not looked at. Whoever stands between can read and change everything, so it is used
 * only where the configuration says so in as many words.
 */
export const unverifiedFetch: typeof fetch = fetchBy({ rejectUnauthorized: false })
