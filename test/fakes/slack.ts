/**
 * Slack's servers on the wire: the Web API over HTTP and Socket Mode over WebSocket, as far as Patchwarden uses them.
 * Written from Slack's documentation; nothing of Slack itself is in here. Sources, each at docs.slack.dev:
 * reference/methods/* (answers and errors), apis/web-api/rate-limits, apis/events-api/using-socket-mode,
 * reference/interaction-payloads/*, interactivity/handling-user-interaction (three seconds, response_url).
 */

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { blockProblems, mentions, modalProblems } from './slack-block-kit.ts'

type Json = Record<string, unknown>

export interface SlackMessage {
  readonly channel: string
  readonly ts: string
  readonly thread: string | null
  text: string
  blocks: readonly Json[]
  metadata: { readonly event_type: string; readonly event_payload: Json } | null
  edits: number
}

export interface SlackUser {
  readonly id: string
  readonly kind: 'member' | 'guest' | 'bot' | 'stranger' | 'deactivated'
}

/** What the next call of a method meets. `lost`: it is done, and the connection breaks before the answer. */
export type SlackFault =
  | { readonly kind: 'lost' }
  | { readonly kind: 'limited'; readonly seconds: number }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'status'; readonly status: number }

const WORKSPACE = 'T0000001'
const ACK_MS = 3_000

export interface FakeSlackOptions {
  readonly botToken: string
  readonly appToken: string
  readonly channels: readonly string[]
  readonly users: readonly SlackUser[]
  /** Milliseconds between two messages of one channel before it answers 429. Slack: about 1,000. */
  readonly postMs?: number
}

export async function createFakeSlack(options: FakeSlackOptions) {
  const messages: SlackMessage[] = []
  const calls: { readonly method: string; readonly body: Json }[] = []
  const answers: Json[] = []
  const views: { readonly user: string; readonly view: Json; readonly problems: readonly string[] }[] = []
  const faults = new Map<string, SlackFault[]>()
  const lastPost = new Map<string, number>()
  const archived = new Set<string>()
  const sockets = new Set<WebSocket>()
  /** Told to come back; nothing new is sent to them. */
  const leaving = new WeakSet<WebSocket>()
  const waiting = new Map<string, { readonly sentAt: number; readonly resolve: (payload: Json | null) => void }>()
  const triggers = new Map<string, { readonly user: string; readonly at: number }>()
  const unacknowledged: string[] = []
  let limited = 0
  let clock = 1_795_000_000_000_000

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy())
  })
  const hub = new WebSocketServer({ server })
  hub.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('message', (data) => {
      const { envelope_id: id, payload } = JSON.parse(String(data))
      waiting.get(id)?.resolve(payload ?? null)
      waiting.delete(id)
    })
    socket.send(JSON.stringify({ type: 'hello', num_connections: sockets.size, connection_info: { app_id: 'A1' } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request)
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (path.startsWith('/respond/')) {
      answers.push(body)
      response.end('ok')
      return
    }
    const method = path.replace(/^\/api\//, '')
    calls.push({ method, body })
    const fault = faults.get(method)?.shift()
    if (fault?.kind === 'status') {
      response.writeHead(fault.status).end('upstream error')
      return
    }
    const token = (request.headers.authorization ?? '').replace('Bearer ', '') || String(body.token ?? '')
    const expected = method === 'apps.connections.open' ? options.appToken : options.botToken
    let answer: Json = token === expected ? run(method, body) : { ok: false, error: 'invalid_auth' }
    if (fault?.kind === 'error') answer = { ok: false, error: fault.error }
    const wait = fault?.kind === 'limited' ? fault.seconds : Number(answer.retry_after ?? 0)
    if (wait > 0) {
      limited++
      response.writeHead(429, { 'retry-after': String(wait), 'content-type': 'application/json' })
      response.end(JSON.stringify({ ok: false, error: 'ratelimited' }))
      return
    }
    if (fault?.kind === 'lost') {
      response.destroy()
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }

  function run(method: string, body: Json): Json {
    switch (method) {
      case 'auth.test':
        return { ok: true, team_id: WORKSPACE, team: 'Example', user_id: 'U0BOT', bot_id: 'B0BOT' }
      case 'apps.connections.open':
        return { ok: true, url: `ws://127.0.0.1:${port}/link?ticket=${randomBytes(4).toString('hex')}` }
      case 'users.info':
        return userInfo(String(body.user))
      case 'chat.postMessage':
        return post(body)
      case 'chat.update':
        return update(body)
      case 'chat.postEphemeral':
        answers.push(body)
        return { ok: true, message_ts: nextTs() }
      case 'conversations.history':
        return history(body, null)
      case 'conversations.replies':
        return history(body, String(body.ts))
      case 'views.open':
        return openView(body)
      default:
        return { ok: false, error: 'unknown_method' }
    }
  }

  function userInfo(id: string): Json {
    const user = options.users.find((item) => item.id === id)
    if (!user) return { ok: false, error: 'user_not_found' }
    const { kind } = user
    return {
      ok: true,
      user: {
        id,
        deleted: kind === 'deactivated',
        is_bot: kind === 'bot',
        is_restricted: kind === 'guest',
        is_stranger: kind === 'stranger',
      },
    }
  }

  function refusal(channel: string, body: Json): Json | null {
    if (!options.channels.includes(channel)) return { ok: false, error: 'channel_not_found' }
    if (archived.has(channel)) return { ok: false, error: 'is_archived' }
    const problems = blockProblems(body.blocks, 'message')
    if (problems.length > 0) return { ok: false, error: 'invalid_blocks', response_metadata: { messages: problems } }
    if (String(body.text ?? '').length > 40_000) return { ok: false, error: 'msg_too_long' }
    return null
  }

  function post(body: Json): Json {
    const channel = String(body.channel)
    const refused = refusal(channel, body)
    if (refused) return refused
    const since = Date.now() - (lastPost.get(channel) ?? 0)
    if (since < (options.postMs ?? 0)) return { ok: false, retry_after: 1 }
    lastPost.set(channel, Date.now())
    const thread = typeof body.thread_ts === 'string' ? body.thread_ts : null
    if (thread !== null && !messages.some((item) => item.ts === thread && item.thread === null))
      return { ok: false, error: 'thread_not_found' }
    const message: SlackMessage = {
      channel,
      ts: nextTs(),
      thread,
      text: String(body.text ?? ''),
      blocks: body.blocks as readonly Json[],
      metadata: (body.metadata as SlackMessage['metadata']) ?? null,
      edits: 0,
    }
    messages.push(message)
    return { ok: true, channel, ts: message.ts }
  }

  function update(body: Json): Json {
    const refused = refusal(String(body.channel), body)
    if (refused) return refused
    if (Buffer.byteLength(String(body.text ?? '')) > 4_000) return { ok: false, error: 'msg_too_long' }
    const message = messages.find((item) => item.channel === body.channel && item.ts === body.ts)
    if (!message) return { ok: false, error: 'message_not_found' }
    message.text = String(body.text ?? '')
    message.blocks = body.blocks as readonly Json[]
    message.edits++
    return { ok: true, channel: message.channel, ts: message.ts }
  }

  function history(body: Json, thread: string | null): Json {
    const found = messages.filter(
      (item) =>
        item.channel === body.channel &&
        (thread === null ? item.thread === null : item.thread === thread || item.ts === thread),
    )
    const marked = String(body.include_all_metadata) === 'true'
    const list = found.reverse().slice(0, Number(body.limit ?? 100))
    return {
      ok: true,
      messages: list.map((item) => ({
        ts: item.ts,
        text: item.text,
        ...(marked && item.metadata ? { metadata: item.metadata } : {}),
      })),
    }
  }

  function openView(body: Json): Json {
    const trigger = triggers.get(String(body.trigger_id))
    triggers.delete(String(body.trigger_id))
    if (!trigger || Date.now() - trigger.at > ACK_MS) return { ok: false, error: 'expired_trigger_id' }
    const view = body.view as Json
    const problems = modalProblems(view)
    views.push({ user: trigger.user, view, problems })
    return problems.length > 0
      ? { ok: false, error: 'invalid_arguments', response_metadata: { messages: problems } }
      : { ok: true, view: { id: 'V1' } }
  }

  function nextTs(): string {
    clock += 1_000_000
    return `${Math.floor(clock / 1_000_000)}.${String(clock % 1_000_000).padStart(6, '0')}`
  }

  /** To one of the open sockets, as Slack does; the acknowledgement's payload. */
  async function send(type: string, payload: Json): Promise<Json | null> {
    const [socket] = [...sockets].filter((one) => !leaving.has(one)).sort(() => Math.random() - 0.5)
    if (!socket) throw new Error('No socket is open.')
    const id = randomBytes(8).toString('hex')
    const acknowledged = new Promise<Json | null>((resolve) => {
      waiting.set(id, { sentAt: Date.now(), resolve })
    })
    socket.send(JSON.stringify({ envelope_id: id, type, payload, accepts_response_payload: true }))
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), ACK_MS).unref())
    const first = await Promise.race([acknowledged, late])
    if (first !== 'late') return first
    unacknowledged.push(type)
    return null
  }

  function trigger(user: string): string {
    const id = randomBytes(6).toString('hex')
    triggers.set(id, { user, at: Date.now() })
    return id
  }

  return {
    url: `http://127.0.0.1:${port}/api/`,
    messages,
    calls,
    /** What only one person sees: ephemeral messages and answers to a click or command. */
    answers,
    views,
    unacknowledged,
    archived,
    sockets: () => sockets.size,
    limited: () => limited,
    mentions: () => messages.flatMap((item) => [...mentions(item.text), ...mentions(item.blocks)]),
    fail(method: string, ...next: SlackFault[]): void {
      faults.set(method, [...(faults.get(method) ?? []), ...next])
    },
    delete(ts: string): void {
      const index = messages.findIndex((item) => item.ts === ts)
      if (index !== -1) messages.splice(index, 1)
    },
    async click(
      user: string,
      message: SlackMessage,
      action: string,
      more: { readonly team?: string } = {},
    ): Promise<void> {
      const button = buttonsOf(message).find((item) => item.action_id === action)
      if (!button) throw new Error(`The message has no button ${action}.`)
      await send('interactive', {
        type: 'block_actions',
        team: { id: WORKSPACE, domain: 'example' },
        user: { id: user, username: user, name: user, team_id: more.team ?? WORKSPACE },
        api_app_id: 'A1',
        token: 'x',
        container: { type: 'message', message_ts: message.ts, channel_id: message.channel, is_ephemeral: false },
        trigger_id: trigger(user),
        channel: { id: message.channel, name: 'c' },
        message: { type: 'message', ts: message.ts, text: message.text, blocks: message.blocks },
        response_url: `http://127.0.0.1:${port}/respond/${randomBytes(4).toString('hex')}`,
        actions: [{ ...button, type: 'button', block_id: 'b', action_ts: nextTs() }],
      })
    },
    /** Sends what was typed into the last dialog; the acknowledgement says whether it closes. */
    async submit(user: string, values: Json): Promise<Json | null> {
      const last = views.at(-1)
      if (!last) throw new Error('No dialog is open.')
      return send('interactive', {
        type: 'view_submission',
        team: { id: WORKSPACE, domain: 'example' },
        user: { id: user, username: user, name: user, team_id: WORKSPACE },
        api_app_id: 'A1',
        token: 'x',
        trigger_id: trigger(user),
        view: {
          id: 'V1',
          type: 'modal',
          callback_id: last.view.callback_id,
          private_metadata: last.view.private_metadata,
          state: { values },
        },
      })
    },
    async slash(user: string, channel: string, text: string): Promise<void> {
      await send('slash_commands', {
        command: '/patch',
        text,
        user_id: user,
        user_name: user,
        team_id: WORKSPACE,
        team_domain: 'example',
        channel_id: channel,
        channel_name: 'c',
        api_app_id: 'A1',
        token: 'x',
        trigger_id: trigger(user),
        response_url: `http://127.0.0.1:${port}/respond/${randomBytes(4).toString('hex')}`,
      })
    },
    /** As every few hours: one socket is told to come back. */
    refresh(): void {
      const [socket] = sockets
      if (socket) leaving.add(socket)
      socket?.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested', debug_info: {} }))
      setTimeout(() => socket?.close(), 50).unref()
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.terminate()
      hub.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

export type FakeSlack = Awaited<ReturnType<typeof createFakeSlack>>

export function buttonsOf(message: SlackMessage): readonly { readonly action_id: string; readonly value: string }[] {
  return message.blocks.flatMap((block) =>
    block.type === 'actions' ? (block.elements as { action_id: string; value: string }[]) : [],
  )
}

async function read(request: IncomingMessage): Promise<Json> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  if (text === '') return {}
  if (request.headers['content-type']?.includes('json')) return JSON.parse(text)
  // The client sends forms, with lists and objects as JSON inside.
  const form: Json = {}
  for (const [key, value] of new URLSearchParams(text)) form[key] = /^[[{]/.test(value) ? JSON.parse(value) : value
  return form
}
