import type { IncomingMessage, ServerResponse } from 'node:http'
import { type HTTPReceiver, type InstallationStore, type Logger, LogLevel } from '@slack/bolt'
import { WebClient, type WebClientOptions } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { readRealmId } from '../../core/realm.ts'
import type { Account, Accounts } from '../accounts.ts'
import { createDelivery } from '../delivery.ts'
import type { Desk } from '../desk.ts'
import { createInteraction } from '../interaction.ts'
import type { DrawPng } from '../picture/sending.ts'
import { type ChatConnection, type ConnectionEvents, type Posts, untold } from '../platform.ts'
import { createTroubles, type Troubles } from '../troubles.ts'
import { count } from '../words.ts'
import type { SlackAccess } from './access.ts'
import { type Surroundings, testMessage } from './card-blocks.ts'
import { createMembership } from './membership.ts'
import { createSlackMessaging } from './messaging.ts'
import { type PaceLimits, slackPace } from './pace.ts'
import { slackProblem } from './problem.ts'
import { byRequests, byRequestsOfMany, overSockets, type Receiving } from './receiving.ts'
import { type Arrived, noteSignature, passOn } from './requests.ts'
import { type Installations, manyWorkspaces, oneWorkspace, type Workspaces, type WorkspacesSeen } from './workspaces.ts'

export interface SlackOptions {
  readonly access: SlackAccess
  /** `null`: Slack's own address. */
  readonly apiUrl: string | null
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  /** Ids of workspaces that the operator named. With a bot token: empty, or the token's workspace is among them. */
  readonly named: readonly string[]
  /** Slack channels, by channel of the configuration: `C...`, or `T.../C...`. */
  readonly places: ReadonlyMap<string, string>
  readonly installations: Installations & InstallationStore
  readonly consoleUrl: string
  readonly drawPng: DrawPng
  readonly clock: () => Date
  readonly log: { info(message: string): void; warn(message: string): void }
  /** Left out: troubles are only logged. */
  readonly troubles?: Troubles
  readonly pace?: PaceLimits
  /** Time between the openings of the two sockets, in milliseconds. Default: ten minutes. */
  readonly staggerMs?: number
}

/** What the functions of this file need to call Slack. */
interface Slack {
  readonly access: SlackAccess
  readonly places: SlackOptions['places']
  readonly workspaces: Workspaces
  readonly clientOptions: WebClientOptions
}

const CALL_MS = 15_000
const STAGGER_MS = 600_000

const members = z.object({ users: z.array(z.string()) })

export function createSlack(options: SlackOptions): ChatConnection {
  const { access, desk, posts, places, log, troubles = createTroubles({ name: 'slack', log }) } = options
  const clientOptions = clientOptionsOf(options.apiUrl)
  const workspaces = workspacesOf(options, clientOptions)
  const slack: Slack = { access, places, workspaces, clientOptions }
  const surroundings: Surroundings = { consoleUrl: options.consoleUrl }
  const messaging = createSlackMessaging({
    ...options,
    workspaces,
    surroundings,
    placeOf: (channel) => places.get(channel) ?? null,
    pace: options.pace ?? slackPace,
  })
  const { sockets, requests } = waysIn(options, {
    listening: {
      interaction: createInteraction(options),
      membership: createMembership(workspaces, options.clock, troubles),
      surroundings,
      places,
      log,
    },
    clientOptions,
    logger: quiet(log),
    log,
  })
  let stopping = new AbortController()

  return {
    platform: createDelivery({ desk, posts, clock: options.clock, log }, messaging),
    ...(requests === null
      ? {}
      : {
          http: { path: '/slack/', handle: handling(requests, (arrived) => noteArrival(options, troubles, arrived)) },
        }),
    check: () => check(slack),
    async start(events = untold) {
      noteWorkspaces(await workspaces.check(), troubles)
      stopping = new AbortController()
      if (sockets !== null) await sockets(events, stopping.signal)
      log.info(`Slack: connected (${access.mode}), ${count(places.size, 'channel')}`)
    },
    async stop() {
      stopping.abort()
    },
    accountsIn: (group) => accountsIn(slack, group),
    postTest: (nonce) => postTest(slack, nonce),
  }
}

function clientOptionsOf(apiUrl: string | null) {
  return {
    // We try again ourselves, because Slack has no key that prevents a second post.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_MS,
    ...(apiUrl === null ? {} : { slackApiUrl: apiUrl }),
  }
}

function workspacesOf(
  { access, installations, named, log }: SlackOptions,
  clientOptions: WebClientOptions,
): Workspaces {
  const speaking = { ...clientOptions, logger: quiet(log) }
  return access.mode === 'oauth'
    ? manyWorkspaces(installations, named, speaking)
    : oneWorkspace(access.botToken, named, speaking)
}

interface WaysIn {
  readonly sockets: ((events: ConnectionEvents, signal: AbortSignal) => Promise<void>) | null
  readonly requests: HTTPReceiver | null
}

function waysIn(options: SlackOptions, receiving: Receiving): WaysIn {
  const { access } = options
  switch (access.mode) {
    case 'socket':
      return { sockets: overSockets(receiving, access, options.staggerMs ?? STAGGER_MS), requests: null }
    case 'http':
      return { sockets: null, requests: byRequests(receiving, access) }
    case 'oauth':
      return { sockets: null, requests: byRequestsOfMany(receiving, access, options) }
  }
}

function handling(receiver: HTTPReceiver, arrived: (request: Arrived) => void) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    passOn(receiver, request, response, arrived).catch(() => response.destroy())
  }
}

function noteArrival({ access, clock }: SlackOptions, troubles: Troubles, request: Arrived): void {
  if (access.mode !== 'socket') noteSignature(access.signingSecret, clock, troubles, request)
}

function noteWorkspaces({ lacking, failing }: WorkspacesSeen, troubles: Troubles): void {
  const [scopes] = lacking
  if (scopes === undefined) troubles.end('scopes')
  else troubles.begin('scopes', scopes)
  if (failing.length === 0) troubles.end('channels')
  else troubles.begin('channels', failing.join(' '))
}

async function check({ access, places, workspaces, clientOptions }: Slack): Promise<string> {
  const { working, refused, lacking, failing } = await workspaces.check()
  const beside =
    refused.length === 0
      ? ''
      : `; not trusted, because identity.slackWorkspaces does not name it: ${refused.join(', ')}`
  if (access.mode === 'socket') {
    try {
      await new WebClient(access.appToken, clientOptions).apps.connections.open()
    } catch (error) {
      throw new Error(`Slack does not take SLACK_APP_TOKEN: ${errorText(error)}. It needs the scope connections:write.`)
    }
  }
  if (working.length + failing.length === 0)
    return `no workspace has installed the app yet: open /slack/install${beside}`
  for (const place of places.values()) await workspaces.clientOf(readRealmId(place).realm)
  const tokens = access.mode === 'socket' ? 'both tokens work' : 'the token works'
  const seen = `${tokens} in the workspace ${working.join(', ')}; ${count(places.size, 'channel')} configured${beside}`
  const wrong = [...failing, ...lacking]
  if (wrong.length > 0) throw new Error(`${wrong.join(' ')} Otherwise ${seen}.`)
  return seen
}

async function accountsIn(
  { workspaces }: Slack,
  { server, id }: Parameters<ChatConnection['accountsIn']>[0],
): Promise<readonly Account[]> {
  const client = await workspaces.clientOf(server)
  const realm = await workspaces.realmOf(server)
  // Without its workspace, the same id may belong to different people.
  if (realm === null) throw new Error(`Which workspace the user group ${id} is in, is not known.`)
  try {
    const { users } = members.parse(await client.usergroups.users.list({ usergroup: id }))
    return users.map((user) => ({ platform: 'slack', id: user, realm, label: user, verifiedEmail: null }))
  } catch (error) {
    throw new Error(`Slack does not say who is in the user group ${id}: ${slackProblem(error, id)}`)
  }
}

async function postTest({ places, workspaces }: Slack, nonce: string): Promise<string | null> {
  const [place] = places.values()
  if (place === undefined) return null
  const { realm, id: channel } = readRealmId(place)
  const client = await workspaces.clientOf(realm)
  try {
    await client.chat.postMessage({ channel, ...testMessage(nonce) })
  } catch (error) {
    throw new Error(`The test button could not be posted in ${channel}: ${slackProblem(error, place)}`)
  }
  return channel
}

/**
 * Sends the client's errors to our log. Two are normal and left out: a socket that closed, because there is a second
 * one, and a file that Slack has not processed yet.
 */
function quiet(log: SlackOptions['log']): Logger {
  return {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (...said) => {
      const text = said.map((item) => errorText(item)).join(' ')
      if (!/WebSocket error|invalid slack file/.test(text)) log.warn(`Slack: ${text}`)
    },
    setLevel: () => {},
    getLevel: () => LogLevel.ERROR,
    setName: () => {},
  }
}
