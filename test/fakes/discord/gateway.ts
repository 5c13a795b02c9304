/**
 * The gateway: hello, heartbeats, identify, ready, resume with replay, and the ways a connection ends.
 * Discord: events/gateway, events/gateway-events, topics/opcodes-and-status-codes#gateway-gateway-close-event-codes.
 */

import { randomBytes } from 'node:crypto'
import type http from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { asNumber, asObject, asText, isObject, type Json } from './json.ts'
import { guildPayload, userPayload } from './payloads.ts'
import { type GatewayEvent, intent, type World } from './world.ts'

const privileged = intent.guildMembers | intent.guildPresences | intent.messageContent
const validIntents = 0x3ff_ffff

interface Session {
  readonly id: string
  readonly intents: number
  sequence: number
  readonly events: { readonly sequence: number; readonly text: string }[]
  socket: WebSocket | null
  lostAt: number
}

export interface GatewaySession {
  readonly id: string
  readonly intents: number
  readonly connected: boolean
  /** The number of the last event. */
  readonly sequence: number
}

export interface Gateway {
  readonly dispatch: (event: GatewayEvent) => void
  readonly sessions: () => readonly GatewaySession[]
  /** Breaks every connection without a word: sessions can be resumed. */
  readonly drop: () => void
  /** Closes every connection with a code, e.g. 4000, or 4004 when the token was changed. */
  readonly closeWith: (code: number) => void
  /** Op 7: please reconnect. */
  readonly askToReconnect: () => void
  /** Op 9. Not resumable: the sessions are forgotten. */
  readonly invalidate: (resumable: boolean) => void
  /** While true, connections stay open but nothing is sent or acknowledged: a zombie. */
  readonly freeze: (frozen: boolean) => void
  /** While true, new connections are refused. */
  readonly refuseConnections: (refused: boolean) => void
  readonly identifies: () => number
  readonly resumes: () => number
  readonly close: () => void
}

export function createGateway(world: World, server: http.Server, enabledIntents: number, url: () => string): Gateway {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 })
  const sessions = new Map<string, Session>()
  const open = new Set<WebSocket>()
  let frozen = false
  let refused = false
  let identifies = 0
  let resumes = 0

  server.on('upgrade', (request, socket, head) => {
    if (refused || !request.url?.startsWith('/gateway')) {
      socket.destroy()
      return
    }
    sockets.handleUpgrade(request, socket, head, (ws) => greet(ws))
  })

  function send(ws: WebSocket, op: number, data: unknown, more: Json = {}): void {
    if (!frozen && ws.readyState === ws.OPEN) ws.send(JSON.stringify({ op, d: data, s: null, t: null, ...more }))
  }

  function greet(ws: WebSocket): void {
    open.add(ws)
    const { heartbeatMilliseconds, gatewaySends } = world.limits
    let session: Session | null = null
    let sends: number[] = []
    let heard = Date.now()
    // Some tolerance, as there: a heartbeat may be half an interval late.
    const watch = setInterval(() => {
      if (!frozen && Date.now() - heard > heartbeatMilliseconds * 1.5) ws.close(4000)
    }, heartbeatMilliseconds / 2)
    watch.unref()
    ws.on('close', (code) => {
      clearInterval(watch)
      open.delete(ws)
      if (session?.socket !== ws) return
      session.socket = null
      session.lostAt = world.now()
      if (code === 1000 || code === 1001) sessions.delete(session.id)
    })
    ws.on('message', (raw: Buffer) => {
      if (raw.length > 4096) return ws.close(4002, 'Error while decoding payload.')
      sends = [...sends.filter((at) => at > world.now() - gatewaySends.windowMilliseconds), world.now()]
      if (sends.length > gatewaySends.limit) return ws.close(4008, 'Rate limited.')
      const message = parse(raw)
      const op = message?.op
      if (op === 1) {
        heard = Date.now()
        send(ws, 11, null)
      } else if (op === 2 && session) ws.close(4005, 'Already authenticated.')
      else if (op === 2) session = identify(ws, asObject(message?.d))
      else if (op === 6) session = resume(ws, asObject(message?.d))
      else if (op === 3 || op === 4 || op === 8) {
        if (!session) ws.close(4003, 'Not authenticated.')
      } else ws.close(message ? 4001 : 4002, message ? 'Unknown opcode.' : 'Error while decoding payload.')
    })
    send(ws, 10, { heartbeat_interval: heartbeatMilliseconds })
  }

  function identify(ws: WebSocket, data: Json): Session | null {
    identifies += 1
    if (!world.tokenValid || asText(data.token).replace(/^Bot /, '') !== world.token) {
      ws.close(4004, 'Authentication failed.')
      return null
    }
    const intents = asNumber(data.intents)
    if (typeof data.intents !== 'number' || (intents & ~validIntents) !== 0) {
      ws.close(4013, 'Invalid intent(s).')
      return null
    }
    if ((intents & privileged & ~enabledIntents) !== 0) {
      ws.close(4014, 'Disallowed intent(s).')
      return null
    }
    if (identifies > world.limits.identifiesPerDay) {
      world.tokenValid = false
      ws.close(4004, 'Authentication failed.')
      return null
    }
    const session: Session = {
      id: randomBytes(16).toString('hex'),
      intents,
      sequence: 0,
      events: [],
      socket: ws,
      lostAt: 0,
    }
    sessions.set(session.id, session)
    ready(session)
    return session
  }

  function ready(session: Session): void {
    const bot = world.users.get(world.botId)
    const guilds = [...world.guilds.values()].filter((guild) => guild.members.has(world.botId))
    tell(session, {
      name: 'READY',
      intent: 0,
      data: {
        v: 10,
        user: bot ? { ...userPayload(bot), verified: true, email: null, mfa_enabled: false } : {},
        guilds: guilds.map((guild) => ({ id: guild.id, unavailable: true })),
        session_id: session.id,
        session_type: 'normal',
        resume_gateway_url: url(),
        shard: [0, 1],
        application: { id: world.applicationId, flags: 1 << 19 },
        private_channels: [],
        relationships: [],
        presences: [],
        user_settings: {},
      },
    })
    if ((session.intents & intent.guilds) === 0) return
    const withMembers = (session.intents & intent.guildMembers) !== 0
    for (const guild of guilds)
      tell(session, { name: 'GUILD_CREATE', intent: intent.guilds, data: guildPayload(world, guild, withMembers) })
  }

  function resume(ws: WebSocket, data: Json): Session | null {
    resumes += 1
    if (!world.tokenValid || asText(data.token).replace(/^Bot /, '') !== world.token) {
      ws.close(4004, 'Authentication failed.')
      return null
    }
    const session = sessions.get(asText(data.session_id))
    const expired = session?.socket === null && world.now() - session.lostAt > world.limits.sessionMilliseconds
    if (!session || expired) {
      send(ws, 9, false)
      return null
    }
    const seen = asNumber(data.seq)
    if (seen > session.sequence) {
      ws.close(4007, 'Invalid seq.')
      return null
    }
    session.socket?.close(4000)
    session.socket = ws
    for (const event of session.events) if (event.sequence > seen && !frozen) ws.send(event.text)
    tell(session, { name: 'RESUMED', intent: 0, data: { _trace: [] } })
    return session
  }

  function tell(session: Session, event: GatewayEvent): void {
    if (event.intent !== 0 && (session.intents & event.intent) === 0) return
    session.sequence += 1
    const seesContent = (session.intents & intent.messageContent) !== 0
    const d = seesContent ? event.data : (event.withoutContent ?? event.data)
    const text = JSON.stringify({ op: 0, t: event.name, s: session.sequence, d })
    session.events.push({ sequence: session.sequence, text })
    if (!frozen && session.socket?.readyState === 1) session.socket.send(text)
  }

  return {
    dispatch: (event) => {
      for (const session of sessions.values()) tell(session, event)
    },
    sessions: () =>
      [...sessions.values()].map(({ id, intents, socket, sequence }) => ({
        id,
        intents,
        connected: socket !== null,
        sequence,
      })),
    drop: () => {
      for (const ws of open) ws.terminate()
    },
    closeWith: (code) => {
      for (const ws of open) ws.close(code)
    },
    askToReconnect: () => {
      for (const ws of open) send(ws, 7, null)
    },
    invalidate: (resumable) => {
      if (!resumable) sessions.clear()
      for (const ws of open) send(ws, 9, resumable)
    },
    freeze: (value) => {
      frozen = value
    },
    refuseConnections: (value) => {
      refused = value
    },
    identifies: () => identifies,
    resumes: () => resumes,
    close: () => {
      for (const ws of open) ws.terminate()
      sockets.close()
    },
  }
}

function parse(raw: Buffer): Json | null {
  try {
    const value: unknown = JSON.parse(raw.toString())
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
