/**
 * The HTTP side: who is calling, how often, what is asked, what goes wrong on the way.
 * Discord: reference (authentication, user agent, error messages, uploading files), topics/rate-limits.
 */

import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, refuse } from './api-error.ts'
import type { Fault, Faults } from './faults.ts'
import { isObject, type Json } from './json.ts'
import type { UploadedFile } from './message-body.ts'
import { archiveIdleThreads } from './post.ts'
import { type Limited, type RateLimits, retryAfterHeader, type Scope, tooMany } from './rate-limits.ts'
import { matchRoute, type Reply, type Route } from './route.ts'
import type { World } from './world.ts'

/** A request as it arrived. */
export interface RequestRecord {
  readonly at: number
  readonly method: string
  /** After `/api/v10`, with the query. */
  readonly path: string
  readonly body: unknown
  /** The files that came along. */
  readonly files: readonly UploadedFile[]
  /** Null when the connection was broken instead of an answer. */
  status: number | null
  answer: unknown
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly scope?: Scope
}

export interface ServerParts {
  readonly world: World
  readonly routes: readonly Route[]
  readonly rates: RateLimits
  readonly faults: Faults
  readonly log: RequestRecord[]
}

const prefix = '/api/v10'

export function createServer(parts: ServerParts): http.Server {
  return http.createServer((request, response) => {
    serve(parts, request, response).catch((error: unknown) => {
      response.writeHead(500, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ message: '500: Internal Server Error', code: 0, fake: String(error) }))
    })
  })
}

async function serve(parts: ServerParts, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const raw = await readBody(request)
  const method = request.method ?? 'GET'
  const path = (request.url ?? '').slice(prefix.length)
  const { body, files } = await parseBody(request, raw)
  const record: RequestRecord = { at: parts.world.now(), method, path, body, files, status: null, answer: null }
  parts.log.push(record)
  const fault = parts.faults.take(method, path)
  if (fault?.kind === 'delay' && fault.carriedOut !== 'after') await sleep(fault.milliseconds)
  const answer = reply(parts, request, record, fault)
  if (fault?.kind === 'delay' && fault.carriedOut === 'after') await sleep(fault.milliseconds)
  if (fault?.kind === 'reset') {
    request.socket.resetAndDestroy()
    return
  }
  parts.rates.noteStatus(answer.status, answer.scope ?? null)
  record.status = answer.status
  record.answer = answer.body ?? null
  send(response, answer)
}

function send(response: http.ServerResponse, answer: Answer): void {
  if (answer.body === undefined) {
    response.writeHead(answer.status, answer.headers)
    response.end()
    return
  }
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers })
  response.end(text)
}

function reply(parts: ServerParts, request: http.IncomingMessage, record: RequestRecord, fault: Fault | null): Answer {
  if (fault?.kind === 'rate limit') return limitedAnswer(tooMany(fault.seconds, fault.scope))
  if (fault?.kind === 'refusal') return errorAnswer(refuse(fault.reason))
  if (fault?.kind === 'code')
    return errorAnswer(new ApiError(fault.status, { message: `refused with ${fault.code}`, code: fault.code }))
  const carriedOut = !(fault?.kind === 'status' || fault?.kind === 'reset') || fault.carriedOut
  const answer = carriedOut ? carryOut(parts, request, record) : { status: 500, headers: {} }
  if (fault?.kind !== 'status') return answer
  return { status: fault.status, headers: {}, body: { message: `${fault.status}: Service Unavailable`, code: 0 } }
}

function carryOut(parts: ServerParts, request: http.IncomingMessage, record: RequestRecord): Answer {
  const { world, rates } = parts
  const banned = rates.banned()
  if (banned) return limitedAnswer(banned)
  if (!(request.headers['user-agent'] ?? '').startsWith('DiscordBot (')) return errorAnswer(refuse('userAgent'))
  if (!request.url?.startsWith(`${prefix}/`)) return errorAnswer(refuse('notFound'))
  const url = new URL(record.path, 'http://discord')
  const same = parts.routes.flatMap((route) => {
    const found = matchRoute(route, url.pathname)
    return found ? [{ route, found }] : []
  })
  const match = same.find(({ route }) => route.method === record.method)
  const authorized = world.tokenValid && request.headers.authorization === `Bot ${world.token}`
  if (!match?.route.byToken && !authorized) return errorAnswer(refuse('unauthorized'))
  if (!match) return errorAnswer(refuse(same.length > 0 ? 'methodNotAllowed' : 'notFound'))
  const { route, found } = match
  const global = route.byToken ? null : rates.takeGlobal()
  if (global) return limitedAnswer(global)
  const major = found.channel ?? found.guild ?? found.token ?? ''
  const taken = route.path.endsWith('/callback')
    ? null
    : rates.take(`${route.method} ${route.path}`, major, world.limits[route.bucket])
  if (taken?.limited) return limitedAnswer(taken.limited, taken.headers)
  const headers = taken?.headers ?? {}
  try {
    if (record.body === badJson) throw refuse('badJson')
    archiveIdleThreads(world)
    const part = (name: string): string => found[name] ?? ''
    const result: Reply = route.handle({ part, query: url.searchParams, body: record.body, files: record.files })
    return { ...result, headers }
  } catch (error) {
    if (error instanceof ApiError) return errorAnswer(error, headers)
    throw error
  }
}

function errorAnswer(error: ApiError, headers: Readonly<Record<string, string>> = {}): Answer {
  const seconds = error.body.retry_after
  const more: Record<string, string> =
    typeof seconds === 'number' ? { 'Retry-After': retryAfterHeader(seconds), 'X-RateLimit-Scope': 'user' } : {}
  return { status: error.status, headers: { ...headers, ...more }, body: error.body }
}

function limitedAnswer(limited: Limited, headers: Readonly<Record<string, string>> = {}): Answer {
  const scope = limited.headers['X-RateLimit-Scope']
  const known = scope === 'shared' || scope === 'global' ? scope : 'user'
  return { status: 429, headers: { ...headers, ...limited.headers }, body: limited.body, scope: known }
}

async function readBody(request: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

const badJson: Json = { unreadable: true }

interface Parsed {
  readonly body: unknown
  readonly files: readonly UploadedFile[]
}

async function parseBody(request: http.IncomingMessage, raw: Buffer): Promise<Parsed> {
  if (raw.length === 0) return { body: {}, files: [] }
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) return { body: parseJson(raw.toString()), files: [] }
  const data = await new Response(new Uint8Array(raw), { headers: { 'Content-Type': type } }).formData()
  const files: UploadedFile[] = []
  let body: unknown = {}
  for (const [field, value] of data) {
    if (typeof value === 'string') {
      if (field === 'payload_json') body = parseJson(value)
    } else {
      const content = Buffer.from(await value.arrayBuffer())
      files.push({ field, name: value.name, type: value.type || 'application/octet-stream', content })
    }
  }
  return { body, files }
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) || Array.isArray(value) ? value : badJson
  } catch {
    return badJson
  }
}
