/**
 * How what people do reaches the app: over Socket Mode, or by signed requests.
 * docs.slack.dev: apis/events-api/using-socket-mode, authentication/verifying-requests-from-slack,
 * interactivity/handling-user-interaction (three seconds), apis/events-api (three retries).
 */

import { createHmac, randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Json } from './world.ts'

export const ACK_MS = 3_000

export type ArrivalType = 'interactive' | 'slash_commands' | 'events_api'

export interface Arrivals {
  /** The acknowledgement's payload; null when there was none in time, or it was empty. */
  readonly send: (type: ArrivalType, payload: Json, copies?: number) => Promise<Json | null>
  /** Everything that was sent to the app. */
  readonly sent: { readonly type: ArrivalType; readonly payload: Json }[]
  readonly unacknowledged: ArrivalType[]
  /** Milliseconds that each took to be acknowledged. */
  readonly times: number[]
  readonly sockets: () => number
  /** As every few hours: one socket is told to come back. */
  readonly refresh: () => void
  /** Breaks every socket without a word. */
  readonly drop: () => void
  /** Sends a text over every socket as it is. */
  readonly say: (text: string) => void
  /** From now on by requests to this address; null: over the sockets. */
  readonly setRequestUrl: (url: string | null) => void
  /** Posts a request whose signature must be refused; the status that came back. */
  readonly forge: (how: 'unsigned' | 'wrong secret' | 'old') => Promise<number>
  /** Posts a body as it is, rightly signed; the status that came back. */
  readonly post: (body: string, contentType: string) => Promise<number>
  readonly close: () => void
}

export function createArrivals(server: Server, signingSecret: string): Arrivals {
  const sockets = new Set<WebSocket>()
  /** Told to come back; nothing new is sent to them. */
  const leaving = new WeakSet<WebSocket>()
  const waiting = new Map<string, (payload: Json | null) => void>()
  const unacknowledged: ArrivalType[] = []
  const sent: { readonly type: ArrivalType; readonly payload: Json }[] = []
  const times: number[] = []
  let requestUrl: string | null = null

  const hub = new WebSocketServer({ server })
  hub.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => sockets.delete(socket))
    socket.on('message', (data) => {
      const { envelope_id: id, payload } = JSON.parse(String(data))
      waiting.get(id)?.(payload ?? null)
      waiting.delete(id)
    })
    socket.send(JSON.stringify({ type: 'hello', num_connections: sockets.size, connection_info: { app_id: 'A1' } }))
  })

  function overSocket(type: ArrivalType, payload: Json): Promise<Json | null> {
    const open = [...sockets].filter((one) => !leaving.has(one))
    const socket = open[Math.floor(Math.random() * open.length)]
    if (!socket) throw new Error('No socket is open.')
    const id = randomBytes(8).toString('hex')
    const acknowledged = new Promise<Json | null>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ envelope_id: id, type, payload, accepts_response_payload: true }))
    return acknowledged
  }

  async function request(type: ArrivalType, payload: Json, how: 'right' | Parameters<Arrivals['forge']>[0] = 'right') {
    const body =
      type === 'events_api'
        ? JSON.stringify(payload)
        : new URLSearchParams(
            type === 'interactive' ? { payload: JSON.stringify(payload) } : (payload as Record<string, string>),
          ).toString()
    return post(body, type === 'events_api' ? 'application/json' : 'application/x-www-form-urlencoded', how)
  }

  function post(body: string, contentType: string, how: 'right' | Parameters<Arrivals['forge']>[0]): Promise<Response> {
    const at = String(Math.floor(Date.now() / 1_000) - (how === 'old' ? 600 : 0))
    const secret = how === 'wrong secret' ? 'another' : signingSecret
    const signature = `v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`
    const signed = { 'x-slack-request-timestamp': at, 'x-slack-signature': signature }
    return fetch(requestUrl ?? '', {
      method: 'POST',
      body,
      headers: { 'content-type': contentType, ...(how === 'unsigned' ? {} : signed) },
    })
  }

  async function overHttp(type: ArrivalType, payload: Json): Promise<Json | null> {
    const response = await request(type, payload)
    if (!response.ok) throw new Error(`The app answered ${response.status}.`)
    const text = await response.text()
    return text.startsWith('{') ? (JSON.parse(text) as Json) : null
  }

  async function once(type: ArrivalType, payload: Json): Promise<Json | null> {
    const began = performance.now()
    const acknowledged = requestUrl === null ? overSocket(type, payload) : overHttp(type, payload)
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), ACK_MS).unref())
    const first = await Promise.race([acknowledged.catch(() => 'late' as const), late])
    if (first === 'late') {
      unacknowledged.push(type)
      return null
    }
    times.push(performance.now() - began)
    return first
  }

  return {
    async send(type, payload, copies = 1) {
      sent.push({ type, payload })
      const answers = await Promise.all(Array.from({ length: copies }, () => once(type, payload)))
      return answers[0] ?? null
    },
    sent,
    unacknowledged,
    times,
    sockets: () => sockets.size,
    refresh() {
      const [socket] = sockets
      if (socket) leaving.add(socket)
      socket?.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested', debug_info: {} }))
      setTimeout(() => socket?.close(), 50).unref()
    },
    drop() {
      for (const socket of sockets) socket.terminate()
    },
    say(text) {
      for (const socket of sockets) socket.send(text)
    },
    setRequestUrl(url) {
      requestUrl = url
    },
    forge: async (how) => (await request('slash_commands', { command: '/patch', text: 'help' }, how)).status,
    post: async (body, contentType) => (await post(body, contentType, 'right')).status,
    close() {
      for (const socket of sockets) socket.terminate()
      hub.close()
    },
  }
}
