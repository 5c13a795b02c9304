import { z } from 'zod'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { type HttpAnswer, request } from '../http/request.ts'
import { pauseAfter, retryAfterSeconds } from '../http/retry.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'
import * as schema from './schema.ts'

export interface AwxOptions {
  /**
   * For example `https://awx.example.net`. If the URL has a path, the API is there, such as `/api/controller/v2` behind
   * a gateway.
   */
  readonly url: string
  /** `null`: no token is set, and every call fails. */
  readonly token: string | null
}

const CALL_SECONDS = 30
const ATTEMPTS = 5
const PAUSES = { firstSeconds: 0.5, longestSeconds: 30 }
const PAGE = 200
const MAX_PAGES = 100

/**
 * `sent` false: AWX certainly did nothing, and would refuse the call again. True: AWX may have acted; look for the
 * result.
 */
export class AwxProblem extends Error {
  readonly status: number
  readonly sent: boolean
  constructor(message: string, status: number, sent: boolean) {
    super(message)
    this.status = status
    this.sent = sent
  }
}

/** One AWX server. Each call throws an AwxProblem, whose message is a sentence. */
export interface Awx {
  readonly origin: string
  /** The URL where the API begins. */
  readonly base: string
  readonly token: string | null
}

export function createAwx({ url, token }: AwxOptions): Awx {
  const { origin, pathname } = new URL(url)
  return { origin, base: `${origin}${pathname === '/' ? '/api/v2' : pathname.replace(/\/$/, '')}`, token }
}

/** `null`: no template has the name, or several have it. */
export async function templateNamed(awx: Awx, name: string, signal: AbortSignal) {
  const found = await all(awx, `job_templates/?${query({ name })}`, schema.template, signal)
  return found.length === 1 ? (found[0] ?? null) : null
}

/** `null`: no inventory has the name, or several have it. */
export async function inventoryNamed(awx: Awx, name: string, signal: AbortSignal) {
  const found = await all(awx, `inventories/?${query({ name })}`, schema.named, signal)
  return found.length === 1 ? (found[0] ?? null) : null
}

export function launchInfoOf(awx: Awx, template: number, signal: AbortSignal) {
  return call(awx, { method: 'GET', path: `job_templates/${template}/launch/` }, schema.launchInfo, signal)
}

export function launchTemplate(awx: Awx, template: number, body: LaunchBody, signal: AbortSignal) {
  return call(awx, { method: 'POST', path: `job_templates/${template}/launch/`, body }, schema.launched, signal)
}

export function jobWithId(awx: Awx, id: number, signal: AbortSignal) {
  return call(awx, { method: 'GET', path: `jobs/${id}/` }, schema.job, signal)
}

/** Returns the jobs with the newest first. */
export function recentJobs(awx: Awx, template: number, since: Date, signal: AbortSignal) {
  const wanted = { job_template: String(template), created__gt: since.toISOString(), order_by: '-id' }
  return all(awx, `jobs/?${query(wanted)}`, schema.job, signal)
}

export function summariesOf(awx: Awx, job: number, signal: AbortSignal) {
  return all(awx, `jobs/${job}/job_host_summaries/?${query({ order_by: 'id' })}`, schema.summary, signal)
}

export function eventsOf(awx: Awx, job: number, signal: AbortSignal) {
  const event__in = 'runner_on_ok,runner_on_failed,runner_on_unreachable'
  return all(awx, `jobs/${job}/job_events/?${query({ event__in, order_by: 'counter' })}`, schema.event, signal)
}

export function hostsNamed(awx: Awx, inventory: number, names: readonly string[], signal: AbortSignal) {
  return all(awx, `inventories/${inventory}/hosts/?${query({ name__in: names.join(',') })}`, schema.host, signal)
}

export function groupsNamed(awx: Awx, inventory: number, names: readonly string[], signal: AbortSignal) {
  return all(awx, `inventories/${inventory}/groups/?${query({ name__in: names.join(',') })}`, schema.named, signal)
}

/** Cancels a job. A job that has already ended is not an error. */
export async function cancelJob(awx: Awx, id: number, signal: AbortSignal): Promise<void> {
  try {
    await call(awx, { method: 'POST', path: `jobs/${id}/cancel/`, body: {} }, z.unknown(), signal)
  } catch (error) {
    if (!(error instanceof AwxProblem && error.status === 405)) throw error
  }
}

interface Call {
  readonly method: 'GET' | 'POST'
  /** With a leading slash: a path on the server. Without: relative to the beginning of the API. */
  readonly path: string
  readonly body?: unknown
}

async function call<T extends z.ZodType>(
  { origin, base, token }: Awx,
  { method, path, body }: Call,
  shape: T,
  signal: AbortSignal,
): Promise<z.output<T>> {
  if (token === null) throw new AwxProblem('AWX_TOKEN is not set: put a token of AWX into the environment.', 0, false)
  const url = path.startsWith('/') ? `${origin}${path}` : `${base}/${path}`
  const what = `${method} ${new URL(url).pathname}`
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    // AWX has no rate limits, but a gateway may have. A call is repeated only when it certainly changed nothing.
    const again = ({ status }: Response) =>
      attempt < ATTEMPTS && (status === 429 || (method === 'GET' && [502, 503, 504].includes(status)))
    const answer = await request(
      {
        url,
        method,
        // A redirect would lose the body of a POST, and send the token to another place.
        redirect: 'manual',
        headers: { accept: 'application/json' },
        access: { kind: 'bearer', token },
        ...(body === undefined ? {} : { json: body }),
        timeoutSeconds: CALL_SECONDS,
        maxBytes: inputLimits.hostOutputBytes,
        reads: (response) => !again(response),
      },
      signal,
    )
    if (answer.kind === 'none' || !again(answer.response)) return read(base, what, answer, shape)
    await pauseAfter(attempt, retryAfterSeconds(answer.response), PAUSES, signal)
  }
}

function read<T extends z.ZodType>(base: string, what: string, answer: HttpAnswer, shape: T): z.output<T> {
  if (answer.kind === 'none') {
    const why = answer.timedOut ? `no answer in full within ${CALL_SECONDS} s` : answer.problem
    throw new AwxProblem(`AWX at ${base} does not answer ${what}: ${why}.`, 0, true)
  }
  const { status } = answer.response
  if (answer.body === null) throw new AwxProblem('AWX answers with more than can be read.', status, true)
  const text = answer.body.toString('utf8')
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
  throw new AwxProblem(`AWX answers ${what} with something else: ${schemaProblem(parsed.error)}`, status, true)
}

/** Reads all pages and returns their rows. */
async function all<T extends z.ZodType>(awx: Awx, path: string, row: T, signal: AbortSignal): Promise<z.output<T>[]> {
  const rows: z.output<T>[] = []
  const shape = schema.pageOf(row)
  let next: string | null = path
  for (let page = 0; next !== null; page++) {
    if (page === MAX_PAGES) throw new AwxProblem(`AWX has more than ${MAX_PAGES} pages at ${path}.`, 200, false)
    const answer: z.infer<typeof shape> = await call(awx, { method: 'GET', path: next }, shape, signal)
    rows.push(...(answer.results as z.output<T>[]))
    // Only a path on the same server is followed.
    next = answer.next?.startsWith('/') ? answer.next : null
  }
  return rows
}

function query(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams({ page_size: String(PAGE), ...parameters }).toString()
}

export interface LaunchBody {
  readonly limit: string
  readonly job_type: 'run' | 'check'
  readonly extra_vars: Readonly<Record<string, unknown>>
  readonly inventory?: number
}

function attemptJson(text: string, what: string): unknown {
  try {
    return parseJson(text, `The answer of AWX to ${what}`)
  } catch (error) {
    throw new AwxProblem(error instanceof Error ? `${error.message}.` : 'AWX answers no JSON.', 200, true)
  }
}
