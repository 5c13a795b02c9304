/**
 * The sockets over which Slack tells what people do. Slack closes each every few hours for a moment: there are two, so that
 * no click falls into the gap, and the second is opened anew a while later, so that the two are never closed together.
 * A socket that breaks is opened again until it works, by ourselves: the library gives up at an answer of 500 or a broken
 * connection, with a rejection that nobody could catch.
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
  /** What the client says of itself. */
  readonly logger: Logger
  readonly log: { info(message: string): void; warn(message: string): void }
  /** Is handed what people did; never rejects. */
  readonly take: (event: ReceiverEvent) => Promise<void>
  /** How far apart the two sockets are opened in the end. */
  readonly staggerMs: number
}

/** Settles `closed` once, however it ends. */
interface Socket {
  readonly closed: Promise<void>
  close(): void
}

const HELLO_MS = 30_000
/** A socket that lives shorter than this was not really had. */
const SHORT_MS = 5_000

/** https://docs.slack.dev/apis/events-api/using-socket-mode. Anything else does not come from Slack, and is ignored. */
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

/** One of the two, whichever socket that is at the moment. */
interface Kept {
  socket: Socket
  isOpen: boolean
  /** When it was opened, in milliseconds. */
  since: number
  /** How often it was opened in vain, or did not live, since it was last really had. */
  failures: number
}

/** Opens both sockets and keeps them open until the signal aborts. Throws a sentence when they cannot be had at first. */
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

/** Opens it again until it works. */
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

/** Opens another in its place, and then closes the one before. */
async function openAnew(sockets: Sockets, kept: Kept): Promise<void> {
  const fresh = await openSocket(sockets.options, sockets.signal)
  // It broke meanwhile and is being opened again anyway.
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
 * Returns whether it wrote to the log. Without any socket the connection itself is down, and whoever watches the
 * connection reports that.
 */
function failed({ open, events, options: { log } }: Sockets, why: string): boolean {
  if (open === 0) events.down(why)
  else log.warn(`Slack: one of two sockets is closed: ${why} It is tried again until it opens; clicks use the other.`)
  return open > 0
}

async function openSocket(options: SocketOptions, signal: AbortSignal): Promise<Socket> {
  const { appToken, logger, take } = options
  // The client writes its own retries into the options it is given.
  const clientOptions = { ...options.clientOptions }
  const client = new SocketModeClient({ appToken, clientOptions, logger, autoReconnectEnabled: false })
  // The client's own reader throws, where nobody can catch it, when a message is not Slack's.
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
