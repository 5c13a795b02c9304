import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { boundedBody } from '../bounded-answer.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'
import { networkProblem } from '../network-problem.ts'
import * as schema from './schema.ts'

export interface AwxOptions {
  /** `https://awx.example.net`; with a path, such as `/api/controller/v2` behind a gateway, that one is used. */
  readonly url: string
  /** `null`: there is none, and nothing is asked. */
  readonly token: string | null
}

const CALL_MS = 30_000
const ATTEMPTS = 5
const LONGEST_WAIT_SECONDS = 30
const PAGE = 200
const MAX_PAGES = 100

/** `sent` false: AWX certainly did nothing, and will not do it the next time either. True: nobody knows; ask again. */
export class AwxProblem extends Error {
  readonly status: number
  readonly sent: boolean
  constructor(message: string, status: number, sent: boolean) {
    super(message)
    this.status = status
    this.sent = sent
  }
}

export type Awx = ReturnType<typeof createAwx>

/** The few calls of AWX that are needed. Each throws an AwxProblem with a sentence. */
export function createAwx({ url, token }: AwxOptions) {
  const given = new URL(url)
  const base = `${given.origin}${given.pathname === '/' ? '/api/v2' : given.pathname.replace(/\/$/, '')}`

  async function call<T extends z.ZodType>(
    method: 'GET' | 'POST',
    path: string,
    shape: T,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<z.output<T>> {
    if (token === null) throw new AwxProblem('AWX_TOKEN is not set: put a token of AWX into the environment.', 0, false)
    const address = path.startsWith('/') ? `${given.origin}${path}` : `${base}/${path}`
    const what = `${method} ${new URL(address).pathname}`
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      const response = await request(method, address, what, signal, body)
      // AWX itself sets no limits of rate; a gateway before it may. Only what was certainly not done is done again.
      const again = response.status === 429 || (method === 'GET' && [502, 503, 504].includes(response.status))
      if (again && attempt < ATTEMPTS) {
        await response.body?.cancel()
        await sleep(waitSeconds(response, attempt) * 1_000, undefined, { signal })
        continue
      }
      return read(response, what, shape)
    }
  }

  async function request(method: string, address: string, what: string, signal: AbortSignal, body?: unknown) {
    try {
      return await fetch(address, {
        method,
        // A redirect would lose the body of a POST, and take the token elsewhere.
        redirect: 'manual',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
      })
    } catch (error) {
      signal.throwIfAborted()
      throw silent(what, error)
    }
  }

  function silent(what: string, error: unknown): AwxProblem {
    const late = error instanceof Error && error.name === 'TimeoutError'
    const why = late ? `no answer in full within ${CALL_MS / 1_000} s` : networkProblem(error)
    return new AwxProblem(`AWX at ${base} does not answer ${what}: ${why}.`, 0, true)
  }

  async function read<T extends z.ZodType>(response: Response, what: string, shape: T): Promise<z.output<T>> {
    const { status } = response
    const body = await boundedBody(response, inputLimits.hostOutputBytes).catch((error: unknown) => {
      throw silent(what, error)
    })
    if (body === null) throw new AwxProblem('AWX answers with more than can be read.', status, true)
    const text = body.toString('utf8')
    if (status === 401)
      throw new AwxProblem(`AWX at ${base} does not take AWX_TOKEN: make a token with the scope write.`, status, false)
    if (status === 403)
      throw new AwxProblem(`AWX does not let the owner of AWX_TOKEN do ${what}: grant the role.`, status, false)
    if (status >= 300 && status < 400)
      throw new AwxProblem(`AWX redirects ${what}: write the address that it really has.`, status, false)
    if (status === 404) throw new AwxProblem(`AWX at ${base} has nothing at ${what}.`, status, false)
    if (status < 200 || status >= 300)
      throw new AwxProblem(`AWX answers ${status} to ${what}: ${text.slice(0, 300)}`, status, status >= 500)
    if (text.trim() === '') return shape.parse({})
    const parsed = shape.safeParse(attemptJson(text, what))
    if (parsed.success) return parsed.data
    throw new AwxProblem(`AWX answers ${what} with something else: ${z.prettifyError(parsed.error)}`, status, true)
  }

  async function all<T extends z.ZodType>(path: string, row: T, signal: AbortSignal): Promise<z.output<T>[]> {
    const rows: z.output<T>[] = []
    const shape = schema.pageOf(row)
    let next: string | null = path
    for (let page = 0; next !== null; page++) {
      if (page === MAX_PAGES) throw new AwxProblem(`AWX has more than ${MAX_PAGES} pages at ${path}.`, 200, false)
      const answer: z.infer<typeof shape> = await call('GET', next, shape, signal)
      rows.push(...(answer.results as z.output<T>[]))
      // A path on the same server; anything else is not followed.
      next = answer.next?.startsWith('/') ? answer.next : null
    }
    return rows
  }

  function query(parameters: Readonly<Record<string, string>>): string {
    return new URLSearchParams({ page_size: String(PAGE), ...parameters }).toString()
  }

  return {
    /** `null`: none has the name, or several have. */
    async template(name: string, signal: AbortSignal) {
      const found = await all(`job_templates/?${query({ name })}`, schema.template, signal)
      return found.length === 1 ? (found[0] ?? null) : null
    },
    async inventory(name: string, signal: AbortSignal) {
      const found = await all(`inventories/?${query({ name })}`, schema.named, signal)
      return found.length === 1 ? (found[0] ?? null) : null
    },
    launchInfo: (template: number, signal: AbortSignal) =>
      call('GET', `job_templates/${template}/launch/`, schema.launchInfo, signal),
    launch: (template: number, body: LaunchBody, signal: AbortSignal) =>
      call('POST', `job_templates/${template}/launch/`, schema.launched, signal, body),
    job: (id: number, signal: AbortSignal) => call('GET', `jobs/${id}/`, schema.job, signal),
    /** The newest first. */
    recentJobs: (template: number, since: Date, signal: AbortSignal) =>
      all(
        `jobs/?${query({ job_template: String(template), created__gt: since.toISOString(), order_by: '-id' })}`,
        schema.job,
        signal,
      ),
    summaries: (job: number, signal: AbortSignal) =>
      all(`jobs/${job}/job_host_summaries/?${query({ order_by: 'id' })}`, schema.summary, signal),
    events: (job: number, signal: AbortSignal) => {
      const event__in = 'runner_on_ok,runner_on_failed,runner_on_unreachable'
      return all(`jobs/${job}/job_events/?${query({ event__in, order_by: 'counter' })}`, schema.event, signal)
    },
    hosts: (inventory: number, names: readonly string[], signal: AbortSignal) =>
      all(`inventories/${inventory}/hosts/?${query({ name__in: names.join(',') })}`, schema.host, signal),
    groups: (inventory: number, names: readonly string[], signal: AbortSignal) =>
      all(`inventories/${inventory}/groups/?${query({ name__in: names.join(',') })}`, schema.named, signal),
    /** One that has ended cannot be cancelled any more; that is no error. */
    async cancel(id: number, signal: AbortSignal): Promise<void> {
      try {
        await call('POST', `jobs/${id}/cancel/`, z.unknown(), signal, {})
      } catch (error) {
        if (!(error instanceof AwxProblem && error.status === 405)) throw error
      }
    },
  }
}

export interface LaunchBody {
  readonly limit: string
  readonly job_type: 'run' | 'check'
  readonly extra_vars: Readonly<Record<string, unknown>>
  readonly inventory?: number
}

function waitSeconds(response: Response, attempt: number): number {
  const asked = Number(response.headers.get('retry-after') ?? '')
  const seconds = Number.isFinite(asked) && asked > 0 ? asked : 2 ** (attempt - 2)
  return Math.min(seconds, LONGEST_WAIT_SECONDS)
}

function attemptJson(text: string, what: string): unknown {
  try {
    return parseJson(text, `The answer of AWX to ${what}`)
  } catch (error) {
    throw new AwxProblem(error instanceof Error ? `${error.message}.` : 'AWX answers no JSON.', 200, true)
  }
}
