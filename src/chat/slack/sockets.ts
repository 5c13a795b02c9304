/**
 * The two sockets on which Slack sends what people do. Slack closes each socket every few hours for a moment. With two
 * sockets no click is lost; the second is opened again later, so that both are never closed at once. We reopen broken
 * sockets ourselves: after a status 500 or a broken connection the library gives up, with a rejection that nobody can
 * catch.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger, ReceiverEvent } from '@slack/bolt'
import { SocketModeClient } from '@slack/socket-mode'
import type { WebClientOptions } from '@slack/web-api'
import { z } from 'zod'
import { backoffMs } from '../../core/backoff.ts'
import { errorText } from '../../core/error-text.ts'
import type { ConnectionEvents } from '../platform.ts'

export interface SocketOptions {
  readonly appToken: string
  readonly clientOptions: WebClientOptions
  /** The log of Slack's own client. */
  readonly logger: Logger
  readonly log: { info(message: string): void; warn(message: string): void }
  /** Called with each event. It never rejects. */
  readonly take: (event: ReceiverEvent) => Promise<void>
  /** Time between the openings of the two sockets, in milliseconds. */
  readonly staggerMs: number
}

/** `closed` resolves when the socket has closed for any reason. */
interface Socket {
  readonly closed: Promise<void>
  close(): void
}

const HELLO_MS = 30_000
/** A socket that closes sooner than this counts as failed, in milliseconds. */
const SHORT_MS = 5_000

/** Messages of Slack: https://docs.slack.dev/apis/events-api/using-socket-mode. Anything else is ignored. */
const said = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello') }),
  z.object({ type: z.literal('disconnect') }),
  z.object({
    type: z.enum(['events_api', 'interactive', 'slash_commands']),
    envelope_id: z.string(),
    payload: z.record(z.string(), z.unknown()),
    retry_attempt: z.number().optional(),
    retry_reason: z.string().optional(),
  }),
])

/** Both sockets. */
interface Sockets {
  readonly options: SocketOptions
  readonly events: ConnectionEvents
  readonly signal: AbortSignal
  /** How many of the two are open. */
  open: number
}

/** One of the two sockets. `socket` changes when it is opened again. */
interface Kept {
  socket: Socket
  isOpen: boolean
  /** When the socket was opened, in milliseconds since 1970. */
  since: number
  /** How many tries have failed since a socket last lived long enough. */
  failures: number
}

/** Opens both sockets and keeps them open until the signal aborts. Throws a sentence if the first opening fails. */
export async function keepSockets(
  options: SocketOptions,
  events: ConnectionEvents,
  signal: AbortSignal,
): Promise<void> {
  const { log, staggerMs } = options
  const first = await openSocket(options, signal)
  const second = await openSocket(options, signal)
  const sockets: Sockets = { options, events, signal, open: 2 }
  keep(sockets, first)
  const other = keep(sockets, second)
  const staggering = setTimeout(() => {
    openAnew(sockets, other).catch((error: unknown) => {
      if (!signal.aborted) log.warn(`Slack: the second socket was not opened anew: ${errorText(error)}`)
    })
  }, staggerMs)
  staggering.unref()
  signal.addEventListener('abort', () => clearTimeout(staggering), { once: true })
}

/** Keeps one socket open. */
function keep(sockets: Sockets, socket: Socket): Kept {
  const kept: Kept = { socket, isOpen: true, since: Date.now(), failures: 0 }
  use(sockets, kept, socket)
  return kept
}

function use(sockets: Sockets, kept: Kept, socket: Socket): void {
  kept.socket = socket
  kept.isOpen = true
  kept.since = Date.now()
  void socket.closed.then(() => {
    if (socket !== kept.socket || sockets.signal.aborted) return
    kept.isOpen = false
    sockets.open -= 1
    if (Date.now() - kept.since >= SHORT_MS) kept.failures = 0
    void reopen(sockets, kept)
  })
}

/** Tries to open the socket again until it works. */
async function reopen(sockets: Sockets, kept: Kept): Promise<void> {
  const { options, signal } = sockets
  let told = false
  while (!signal.aborted) {
    if (kept.failures > 0) await sleep(backoffMs(kept.failures), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    kept.failures += 1
    try {
      use(sockets, kept, await openSocket(options, signal))
      opened(sockets, told)
      return
    } catch (error) {
      if (!told && !signal.aborted) told = failed(sockets, errorText(error))
    }
  }
}

/** Opens a new socket, and then closes the old one. */
async function openAnew(sockets: Sockets, kept: Kept): Promise<void> {
  const fresh = await openSocket(sockets.options, sockets.signal)
  // The old socket broke meanwhile and is already being opened again.
  if (!kept.isOpen) return fresh.close()
  const old = kept.socket
  use(sockets, kept, fresh)
  old.close()
}

function opened(sockets: Sockets, wasTold: boolean): void {
  sockets.open += 1
  if (sockets.open === 1) sockets.events.up()
  else if (wasTold) sockets.options.log.info('Slack: both sockets are open again.')
}

/**
 * Reports a failed try. Returns true if it wrote to the log. If no socket is open, it reports the whole connection as
 * down instead.
 */
function failed({ open, events, options: { log } }: Sockets, why: string): boolean {
  if (open === 0) events.down(why)
  else log.warn(`Slack: one of two sockets is closed: ${why} It is tried again until it opens; clicks use the other.`)
  return open > 0
}

async function openSocket(options: SocketOptions, signal: AbortSignal): Promise<Socket> {
  const { appToken, logger, take } = options
  // The client writes its own retry settings into the options, so it gets a copy.
  const clientOptions = { ...options.clientOptions }
  const client = new SocketModeClient({ appToken, clientOptions, logger, autoReconnectEnabled: false })
  // The client's own reader throws an error that nobody can catch when a message is not Slack's. So it is replaced.
  client.removeAllListeners('ws_message')
  client.on('ws_message', (data: unknown) => read(client, data, take))
  const closed = new Promise<void>((resolve) => client.once('disconnected', () => resolve()))
  const close = () => void client.disconnect().catch(() => undefined)
  signal.addEventListener('abort', close, { once: true })
  void closed.then(() => signal.removeEventListener('abort', close))
  const late = AbortSignal.any([signal, AbortSignal.timeout(HELLO_MS)])
  try {
    await Promise.race([
      client.start(),
      new Promise((_, reject) => late.addEventListener('abort', () => reject(late.reason), { once: true })),
    ])
  } catch (error) {
    close()
    throw new Error(error === undefined ? 'Slack closed the socket before it said hello.' : errorText(error))
  }
  return { closed, close }
}

function read(client: SocketModeClient, data: unknown, take: SocketOptions['take']): void {
  const message = said.safeParse(parsed(data))
  if (!message.success) return
  switch (message.data.type) {
    case 'hello':
      client.emit('connected')
      return
    case 'disconnect':
      client.websocket?.disconnect()
      return
    default: {
      const { envelope_id: id, payload: body, retry_attempt: retryNum, retry_reason: retryReason } = message.data
      void take({
        body,
        ack: (answer) => acknowledge(client, id, answer),
        ...(retryNum === undefined ? {} : { retryNum }),
        ...(retryReason === undefined ? {} : { retryReason }),
      })
    }
  }
}

function acknowledge(client: SocketModeClient, id: string, answer: unknown): Promise<void> {
  const payload = typeof answer === 'string' ? { text: answer } : (answer ?? {})
  return new Promise((resolve, reject) => {
    const { websocket } = client
    if (!websocket?.isActive()) {
      reject(new Error('The socket closed before the click was acknowledged.'))
      return
    }
    websocket.send(JSON.stringify({ envelope_id: id, payload }), (error) => (error ? reject(error) : resolve()))
  })
}

function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return null
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
