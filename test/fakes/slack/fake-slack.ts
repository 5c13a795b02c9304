/**
 * Slack's servers in miniature, on the wire: the Web API over HTTP, Socket Mode over WebSocket, signed requests, OAuth.
 * Written from Slack's documentation (docs.slack.dev); nothing of Slack itself is in here. Each file names its pages.
 * It errs on the strict side: what it takes, Slack takes. Not there: channels' membership, enterprise grids.
 */

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createArrivals } from './arrivals.ts'
import { mentions } from './block-kit.ts'
import { receiveFile } from './files.ts'
import { createRateLimits } from './rate-limits.ts'
import { exchangeCode, run } from './web-api.ts'
import {
  createWorkspace,
  createWorld,
  type Json,
  type SlackFault,
  type SlackMessage,
  type SlackUser,
  type Workspace,
} from './world.ts'

export const WORKSPACE = 'T0000001'
const RESPONSE_USES = 5

export interface FakeSlackOptions {
  readonly channels?: readonly string[]
  readonly users?: readonly SlackUser[]
  /** 1: Slack's own rate limits; more: as many times faster; left out: none. */
  readonly pace?: number
}

export interface Arriving {
  /** The workspace of the user, should it be another than the one of the app. */
  readonly team?: string
  /** The workspace where the app is met. Left out: the first that has the user. */
  readonly workspace?: string
  /** How often the same is delivered. */
  readonly copies?: number
}

export type FakeSlack = Awaited<ReturnType<typeof createFakeSlack>>

export async function createFakeSlack(options: FakeSlackOptions = {}) {
  const world = createWorld()
  const rates = createRateLimits(options.pace ?? 0)
  const responses = new Map<string, number>()
  /** When a click or command was first answered, by the path of its response_url. */
  const answeredAt = new Map<string, number>()
  const home = addWorkspace(WORKSPACE, 'Example', 'xoxb-1', options.channels ?? [], options.users ?? [])
  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy())
  })
  const arrivals = createArrivals(server, world.signingSecret)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const origin = `http://127.0.0.1:${port}`

  function addWorkspace(
    id: string,
    name: string,
    botToken: string,
    channels: readonly string[],
    users: readonly SlackUser[],
  ): Workspace {
    const workspace = createWorkspace(id, name, botToken)
    for (const channel of channels) workspace.channels.add(channel)
    for (const user of users) workspace.users.set(user.id, user)
    world.workspaces.set(id, workspace)
    return workspace
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin)
    if (url.pathname.startsWith('/upload/')) return receiveFile(world, url.pathname, request, response)
    const body = await read(request)
    if (url.pathname.startsWith('/respond/')) return respond(url.pathname, body, response)
    if (url.pathname === '/oauth/v2/authorize') return authorize(url, response)
    const method = url.pathname.replace(/^\/api\//, '')
    world.calls.push({ method, body, at: Date.now() })
    const fault = world.faults.get(method)?.shift()
    if (fault?.kind === 'status') return void response.writeHead(fault.status).end('upstream error')
    const token = (request.headers.authorization ?? '').replace('Bearer ', '') || String(body.token ?? '')
    const workspace = [...world.workspaces.values()].find((item) => item.botToken === token)
    const wait =
      fault?.kind === 'limited' ? fault.seconds : rates.take(method, workspace?.id ?? 'app', String(body.channel ?? ''))
    if (wait > 0) {
      response.writeHead(429, { 'retry-after': String(wait), 'content-type': 'application/json' })
      return void response.end(JSON.stringify({ ok: false, error: 'ratelimited' }))
    }
    if (fault?.kind === 'stalled' && !fault.done) return
    const error = fault?.kind === 'error' ? fault.error : world.refuses(method, body)
    const answer = error !== null ? { ok: false, error } : answerTo(method, token, workspace, body)
    if (fault?.kind === 'lost') return void response.destroy()
    if (fault?.kind === 'stalled') return
    // docs.slack.dev/authentication/installing-with-oauth: each answer says the scopes of the token.
    const scopes = workspace === undefined ? {} : { 'x-oauth-scopes': [...workspace.scopes].join(',') }
    response.writeHead(200, { 'content-type': 'application/json', ...scopes }).end(JSON.stringify(answer))
  }

  function answerTo(method: string, token: string, workspace: Workspace | undefined, body: Json): Json {
    if (method === 'oauth.v2.access') return exchangeCode(world, body)
    if (method === 'apps.connections.open') {
      if (token !== world.appToken) return { ok: false, error: 'invalid_auth' }
      return { ok: true, url: `ws://127.0.0.1:${port}/link?ticket=${randomBytes(4).toString('hex')}` }
    }
    if (!workspace) return { ok: false, error: 'invalid_auth' }
    if (workspace.tokenProblem !== null) return { ok: false, error: workspace.tokenProblem }
    const answer = run(world, workspace, method, body)
    // Where files go is an address of its own: here it is this server's.
    return typeof answer.upload_url === 'string' ? { ...answer, upload_url: `${origin}${answer.upload_url}` } : answer
  }

  /** docs.slack.dev/interactivity/handling-user-interaction: a response_url works five times. */
  function respond(path: string, body: Json, response: ServerResponse): void {
    const left = responses.get(path) ?? 0
    if (left === 0) return void response.writeHead(404).end('used_url')
    responses.set(path, left - 1)
    world.answers.push(body)
    if (!answeredAt.has(path)) answeredAt.set(path, Date.now())
    response.end('ok')
  }

  /** The page where an administrator allows the app; here they always do. docs.slack.dev/authentication/installing-with-oauth */
  function authorize(url: URL, response: ServerResponse): void {
    const code = randomBytes(6).toString('hex')
    world.codes.set(code, url.searchParams.get('team') ?? WORKSPACE)
    const back = new URL(url.searchParams.get('redirect_uri') ?? 'http://127.0.0.1/')
    back.searchParams.set('code', code)
    back.searchParams.set('state', url.searchParams.get('state') ?? '')
    response.writeHead(302, { location: back.href }).end()
  }

  function responsePath(): string {
    const path = `/respond/${randomBytes(6).toString('hex')}`
    responses.set(path, RESPONSE_USES)
    return path
  }

  function trigger(user: string): string {
    const id = randomBytes(6).toString('hex')
    world.triggers.set(id, { user, at: Date.now() })
    return id
  }

  function workspaceOf(user: string, id?: string): Workspace {
    const named = id === undefined ? undefined : world.workspaces.get(id)
    if (named) return named
    return [...world.workspaces.values()].find((item) => item.users.has(user)) ?? home
  }

  /** What every interaction says of who acts: `team` is where the app is, `user.team_id` where the user is. */
  function actor(user: string, { team, workspace: met }: Arriving = {}): Json {
    const workspace = workspaceOf(user, met)
    const id = team ?? workspace.id
    return {
      team: { id: workspace.id, domain: 'example' },
      user: { id: user, username: user, name: user, team_id: id },
      api_app_id: 'A1',
      token: 'x',
      trigger_id: trigger(user),
    }
  }

  async function press(user: string, message: SlackMessage, element: Json, more: Arriving): Promise<string> {
    const path = responsePath()
    const payload = {
      ...actor(user, more),
      type: 'block_actions',
      container: { type: 'message', message_ts: message.ts, channel_id: message.channel, is_ephemeral: false },
      channel: { id: message.channel, name: 'c' },
      message: { type: 'message', ts: message.ts, text: message.text, blocks: message.blocks },
      response_url: `${origin}${path}`,
      actions: [{ ...element, block_id: 'b', action_ts: world.nextTs() }],
    }
    await arrivals.send('interactive', payload, more.copies)
    return path
  }

  return {
    url: `${origin}/api/`,
    origin,
    world,
    home,
    appToken: world.appToken,
    botToken: home.botToken,
    messages: world.messages,
    calls: world.calls,
    answers: world.answers,
    answeredAt,
    views: world.views,
    homes: world.homes,
    archived: world.archived,
    addWorkspace,
    arrivals,
    unacknowledged: arrivals.unacknowledged,
    sockets: arrivals.sockets,
    refresh: arrivals.refresh,
    limited: rates.limited,
    mentions: () => world.messages.flatMap((item) => [...mentions(item.text), ...mentions(item.blocks)]),
    fail(method: string, ...next: SlackFault[]): void {
      world.faults.set(method, [...(world.faults.get(method) ?? []), ...next])
    },
    /** Somebody deletes a file. */
    deleteFile(id: string): void {
      world.files.delete(id)
    },
    delete(ts: string): void {
      const index = world.messages.findIndex((item) => item.ts === ts)
      if (index !== -1) world.messages.splice(index, 1)
    },
    /** @returns the path of its response_url */
    async click(user: string, message: SlackMessage, action: string, more: Arriving = {}): Promise<string> {
      const button = buttonsOf(message).find((item) => item.action_id === action)
      if (!button) throw new Error(`The message has no button ${action}.`)
      return press(user, message, { ...button, type: 'button' }, more)
    },
    /** Somebody chooses the entry with this value in a menu of a message. */
    async choose(user: string, message: SlackMessage, value: string, more: Arriving = {}): Promise<string> {
      for (const { action_id, options } of menusOf(message)) {
        const chosen = options.find((option) => option.value === value)
        if (chosen) return press(user, message, { type: 'overflow', action_id, selected_option: chosen }, more)
      }
      throw new Error(`No menu of the message has ${value}.`)
    },
    /** Sends what was typed into the last dialog; the acknowledgement says whether it closes. */
    async submit(user: string, values: Json): Promise<Json | null> {
      const last = world.views.at(-1)
      if (!last) throw new Error('No dialog is open.')
      const { callback_id, private_metadata, blocks } = last.view
      const view = { id: 'V1', type: 'modal', callback_id, private_metadata, blocks, state: { values } }
      const answer = await arrivals.send('interactive', { ...actor(user), type: 'view_submission', view })
      // docs.slack.dev/surfaces/modals: errors are for inputs of the view; others make the dialog show a failure.
      const ids = (blocks as readonly Json[]).map(({ block_id: id }) => id)
      const misplaced = Object.keys((answer?.errors as Json | undefined) ?? {}).filter((id) => !ids.includes(id))
      if (misplaced.length > 0) throw new Error(`The dialog has no input ${misplaced.join(', ')}.`)
      return answer
    },
    async slash(user: string, channel: string, text: string, more: Pick<Arriving, 'workspace'> = {}): Promise<void> {
      const workspace = workspaceOf(user, more.workspace)
      await arrivals.send('slash_commands', {
        command: '/patch',
        text,
        user_id: user,
        user_name: user,
        team_id: workspace.id,
        team_domain: 'example',
        channel_id: channel,
        channel_name: 'c',
        api_app_id: 'A1',
        token: 'x',
        trigger_id: trigger(user),
        response_url: `${origin}${responsePath()}`,
      })
    },
    /** Opens the app's own page. */
    async openHome(user: string, more: Pick<Arriving, 'workspace'> = {}): Promise<void> {
      const workspace = workspaceOf(user, more.workspace)
      await arrivals.send('events_api', {
        type: 'event_callback',
        team_id: workspace.id,
        api_app_id: 'A1',
        event_id: `Ev${randomBytes(4).toString('hex')}`,
        event_time: Math.floor(Date.now() / 1_000),
        authorizations: [{ team_id: workspace.id, user_id: 'U0BOT', is_bot: true }],
        event: { type: 'app_home_opened', user, channel: `D${user.slice(1)}`, tab: 'home', event_ts: world.nextTs() },
      })
    },
    /** A click on the app's own page. */
    async clickHome(user: string, action: string, value: string): Promise<void> {
      const view = world.homes.get(user)?.view
      await arrivals.send('interactive', {
        ...actor(user),
        type: 'block_actions',
        container: { type: 'view', view_id: 'V2' },
        view: { ...view, id: 'V2', type: 'home' },
        actions: [{ action_id: action, value, type: 'button', block_id: 'b', action_ts: world.nextTs() }],
      })
    },
    async close(): Promise<void> {
      arrivals.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

export function buttonsOf(message: SlackMessage): readonly { readonly action_id: string; readonly value: string }[] {
  return elementsOf(message, 'button') as readonly { action_id: string; value: string }[]
}

interface Menu {
  readonly action_id: string
  readonly options: readonly { readonly value: string }[]
}

/** The overflow menus of a message. */
export function menusOf(message: SlackMessage): readonly Menu[] {
  return elementsOf(message, 'overflow') as readonly Menu[]
}

function elementsOf(message: SlackMessage, type: string): readonly unknown[] {
  const all = message.blocks.flatMap((block) => (block.type === 'actions' ? (block.elements as Json[]) : []))
  return all.filter((element) => element.type === type)
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
