/**
 * Discord's servers on the wire: the HTTP API and the gateway, as far as Patchwarden uses them. Written from Discord's
 * documentation; nothing of Discord itself is in here. Sources, each under discord.com/developers/docs:
 * resources/message, resources/channel, topics/threads, interactions/receiving-and-responding (three seconds),
 * events/gateway, topics/rate-limits, topics/opcodes-and-status-codes.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { commandProblems, mentioned, messageProblems, modalProblems } from './discord-limits.ts'

type Json = Record<string, unknown>

const GUILD = '200000000000000001'
const APP = '300000000000000001'
const ACK_MS = 3_000
const PRIVILEGED = (1 << 1) | (1 << 8) | (1 << 15)

export interface DiscordMessage {
  readonly id: string
  readonly channel: string
  content: string
  components: unknown
  readonly nonce: string | null
  edits: number
}

/** What the next call of a route meets. `lost`: it is done, and the connection breaks before the answer. */
export type DiscordFault =
  | { readonly kind: 'lost' }
  | { readonly kind: 'limited'; readonly seconds: number }
  | { readonly kind: 'error'; readonly status: number; readonly code: number }

export async function createFakeDiscord(options: { readonly token: string; readonly channels: readonly string[] }) {
  const messages: DiscordMessage[] = []
  const threads = new Map<string, { readonly parent: string; readonly name: string }>()
  const answers: Json[] = []
  const modals: { readonly data: Json; readonly problems: readonly string[] }[] = []
  const commands: Json[] = []
  const faults: { readonly route: RegExp; readonly fault: DiscordFault }[] = []
  const pending = new Map<string, (callback: Json) => void>()
  const unacknowledged: string[] = []
  const notified: string[] = []
  const sockets = new Set<WebSocket>()
  let sequence = 1
  let next = 400_000_000_000_000_000n
  let intents = 0

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy())
  })
  const hub = new WebSocketServer({ server, path: '/gateway' })
  hub.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: 30_000 } }))
    socket.on('message', (data) => {
      const { op, d } = JSON.parse(String(data))
      if (op === 1) socket.send(JSON.stringify({ op: 11 }))
      if (op !== 2) return
      if (d.token !== options.token) return socket.close(4004, 'Authentication failed.')
      intents = d.intents
      if ((intents & PRIVILEGED) !== 0) return socket.close(4014, 'Disallowed intent(s).')
      dispatch('READY', {
        v: 10,
        user: bot,
        guilds: [],
        session_id: 's',
        resume_gateway_url: gateway(),
        application: { id: APP, flags: 0 },
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const bot = { id: APP, username: 'Patchwarden', discriminator: '0000', bot: true, global_name: null, avatar: null }

  function gateway(): string {
    return `ws://127.0.0.1:${port}/gateway`
  }

  function dispatch(type: string, d: Json): void {
    for (const socket of sockets) socket.send(JSON.stringify({ op: 0, t: type, s: ++sequence, d }))
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request)
    const route = `${request.method} ${(request.url ?? '').replace(/^\/api(\/v\d+)?/, '').split('?')[0]}`
    const interaction = /^POST \/interactions\/\d+\/[^/]+\/callback$/.test(route) || /\/webhooks\//.test(route)
    if (!interaction && request.headers.authorization !== `Bot ${options.token}`)
      return send(response, 401, { code: 0, message: '401: Unauthorized' })
    const at = faults.findIndex((item) => item.route.test(route))
    const fault = at === -1 ? null : (faults.splice(at, 1)[0]?.fault ?? null)
    if (fault?.kind === 'limited') {
      response.setHeader('retry-after', String(fault.seconds))
      return send(response, 429, { message: 'You are being rate limited.', retry_after: fault.seconds, global: false })
    }
    if (fault?.kind === 'error')
      return send(response, fault.status, { code: fault.code, message: `Error ${fault.code}` })
    const [status, answer] = run(route, body)
    if (fault?.kind === 'lost') return void response.destroy()
    send(response, status, answer)
  }

  function run(route: string, body: Json): readonly [number, unknown] {
    const [, channel = '', message = '', rest = ''] =
      /^\w+ \/channels\/(\d+)(?:\/messages(?:\/(\d+))?)?(\/threads)?$/.exec(route) ?? []
    if (route === 'GET /gateway/bot') {
      return [
        200,
        {
          url: gateway(),
          shards: 1,
          session_start_limit: { total: 1_000, remaining: 999, reset_after: 1, max_concurrency: 1 },
        },
      ]
    }
    if (/^PUT \/applications\/\d+\/guilds\/\d+\/commands$/.test(route)) {
      const list = body as unknown as Json[]
      const problems = list.flatMap((command) => commandProblems(command))
      if (problems.length > 0) return invalid(problems)
      commands.splice(0, commands.length, ...list)
      return [200, list]
    }
    const callback = /^POST \/interactions\/(\d+)\//.exec(route)?.[1]
    if (callback !== undefined) return acknowledge(callback, body)
    if (/^(PATCH|POST) \/webhooks\//.test(route)) {
      const problems = messageProblems(body)
      if (problems.length > 0) return invalid(problems)
      answers.push(body)
      return [
        200,
        shape({ id: fresh(), channel: '1', content: String(body.content), components: [], nonce: null, edits: 0 }),
      ]
    }
    if (channel === '') return [404, { code: 0, message: '404: Not Found' }]
    if (!options.channels.includes(channel) && !threads.has(channel))
      return [404, { code: 10_003, message: 'Unknown Channel' }]
    if (rest !== '') return startThread(channel, message, body)
    if (route.startsWith('GET') && message === '' && !route.endsWith('/messages'))
      return [200, { id: channel, type: 0, guild_id: GUILD }]
    if (route.startsWith('GET'))
      return [
        200,
        messages
          .filter((item) => item.channel === channel)
          .reverse()
          .slice(0, 50)
          .map(shape),
      ]
    const problems = messageProblems(body)
    if (problems.length > 0) return invalid(problems)
    notified.push(...mentioned(body))
    return message === '' ? create(channel, body) : edit(channel, message, body)
  }

  function create(channel: string, body: Json): readonly [number, unknown] {
    const nonce = typeof body.nonce === 'string' ? body.nonce : null
    const same =
      body.enforce_nonce === true ? messages.find((item) => item.nonce !== null && item.nonce === nonce) : undefined
    if (same) return [200, shape(same)]
    const message: DiscordMessage = {
      id: fresh(),
      channel,
      content: String(body.content ?? ''),
      components: body.components ?? [],
      nonce,
      edits: 0,
    }
    messages.push(message)
    return [200, shape(message)]
  }

  function edit(channel: string, id: string, body: Json): readonly [number, unknown] {
    const message = messages.find((item) => item.channel === channel && item.id === id)
    if (!message) return [404, { code: 10_008, message: 'Unknown Message' }]
    message.content = String(body.content ?? '')
    message.components = body.components ?? []
    message.edits++
    return [200, shape(message)]
  }

  function startThread(channel: string, id: string, body: Json): readonly [number, unknown] {
    if (!messages.some((item) => item.channel === channel && item.id === id))
      return [404, { code: 10_008, message: 'Unknown Message' }]
    if (threads.has(id)) return [400, { code: 160_004, message: 'A thread has already been created for this message' }]
    const name = String(body.name ?? '')
    if (name.length < 1 || name.length > 100) return invalid(['name: Must be between 1 and 100 in length.'])
    threads.set(id, { parent: channel, name })
    return [201, { id, type: 11, name, parent_id: channel, guild_id: GUILD }]
  }

  function acknowledge(id: string, body: Json): readonly [number, unknown] {
    const resolve = pending.get(id)
    if (!resolve) return [404, { code: 10_062, message: 'Unknown interaction' }]
    pending.delete(id)
    const data = (body.data ?? {}) as Json
    if (body.type === 9) modals.push({ data, problems: modalProblems(data) })
    if (body.type === 4) answers.push(data)
    resolve(body)
    return [204, null]
  }

  function shape({ id, channel, content, components, nonce }: DiscordMessage): Json {
    const base = {
      embeds: [],
      attachments: [],
      mentions: [],
      mention_roles: [],
      mention_everyone: false,
      pinned: false,
      tts: false,
      type: 0,
      flags: 0,
    }
    return {
      ...base,
      id,
      channel_id: channel,
      content,
      components,
      author: bot,
      timestamp: new Date().toISOString(),
      edited_timestamp: null,
      ...(nonce === null ? {} : { nonce }),
    }
  }

  function fresh(): string {
    next += 1n
    return String(next)
  }

  /** Settles when it was acknowledged, or when it is too late. */
  async function interact(user: string, more: Json): Promise<void> {
    const id = fresh()
    const acknowledged = new Promise<'acknowledged'>((resolve) => {
      pending.set(id, () => resolve('acknowledged'))
    })
    const member = {
      user: {
        id: user,
        username: user,
        discriminator: '0',
        global_name: null,
        avatar: null,
        bot: user.startsWith('9'),
      },
      roles: [],
      permissions: '0',
      joined_at: new Date().toISOString(),
      deaf: false,
      mute: false,
      flags: 0,
    }
    dispatch('INTERACTION_CREATE', {
      id,
      application_id: APP,
      token: `token-${id}`,
      version: 1,
      guild_id: GUILD,
      member,
      entitlements: [],
      authorizing_integration_owners: {},
      app_permissions: '0',
      attachment_size_limit: 1,
      locale: 'en-US',
      ...more,
    })
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), ACK_MS).unref())
    if ((await Promise.race([acknowledged, late])) === 'acknowledged') return
    pending.delete(id)
    unacknowledged.push(JSON.stringify(more.data))
  }

  const place = (channel: string) => ({
    channel_id: channel,
    channel: threads.has(channel)
      ? {
          id: channel,
          type: 11,
          parent_id: threads.get(channel)?.parent,
          guild_id: GUILD,
          thread_metadata: {
            archived: false,
            auto_archive_duration: 10_080,
            archive_timestamp: new Date().toISOString(),
            locked: false,
          },
        }
      : { id: channel, type: 0, guild_id: GUILD },
  })

  return {
    url: `http://127.0.0.1:${port}/api`,
    messages,
    threads,
    /** What only one person sees. */
    answers,
    modals,
    commands,
    unacknowledged,
    notified,
    intents: () => intents,
    fail(route: RegExp, fault: DiscordFault): void {
      faults.push({ route, fault })
    },
    delete(id: string): void {
      const index = messages.findIndex((item) => item.id === id)
      if (index !== -1) messages.splice(index, 1)
    },
    click(user: string, message: DiscordMessage, customId: string): Promise<void> {
      if (!JSON.stringify(message.components).includes(`"${customId}"`))
        throw new Error(`The message has no button ${customId}.`)
      return interact(user, {
        type: 3,
        ...place(message.channel),
        data: { component_type: 2, custom_id: customId },
        message: shape(message),
      })
    },
    /** Sends what was typed into the last dialog. */
    submit(user: string, channel: string, values: Readonly<Record<string, string>>): Promise<void> {
      const components = Object.entries(values).map(([id, value]) => ({
        type: 1,
        components: [{ type: 4, custom_id: id, value }],
      }))
      return interact(user, {
        type: 5,
        ...place(channel),
        data: { custom_id: modals.at(-1)?.data.custom_id, components },
      })
    },
    command(user: string, channel: string, name: string, values: Readonly<Record<string, string>> = {}): Promise<void> {
      const given = Object.entries(values).map(([option, value]) => ({ name: option, type: 3, value }))
      return interact(user, {
        type: 2,
        ...place(channel),
        data: { id: '1', name: 'patch', type: 1, options: [{ name, type: 1, options: given }] },
      })
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.terminate()
      hub.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

export type FakeDiscord = Awaited<ReturnType<typeof createFakeDiscord>>

function invalid(problems: readonly string[]): readonly [number, unknown] {
  return [
    400,
    {
      code: 50_035,
      message: 'Invalid Form Body',
      errors: { _errors: problems.map((message) => ({ code: 'INVALID', message })) },
    },
  ]
}

function send(response: ServerResponse, status: number, answer: unknown): void {
  if (answer === null) {
    response.writeHead(status).end()
    return
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}

async function read(request: IncomingMessage): Promise<Json> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? {} : JSON.parse(text)
}
