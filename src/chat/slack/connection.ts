import type { IncomingMessage, ServerResponse } from 'node:http'
import { App, type BlockButtonAction, HTTPReceiver, type InstallationStore, type Logger, LogLevel } from '@slack/bolt'
import { WebClient } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { readRealmId, writeRealmId } from '../../core/realm.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import type { Account, Accounts } from '../accounts.ts'
import { type ActionName, actions, isActionName } from '../actions.ts'
import type { Answer, Desk } from '../desk.ts'
import type { DrawPng } from '../picture/sending.ts'
import { type ChatConnection, type ConnectionEvents, type Posts, untold } from '../platform.ts'
import { createReception } from '../reception.ts'
import { plain, rich } from '../rich-text.ts'
import { shorten } from '../visible.ts'
import { count } from '../words.ts'
import { answerMessage } from './answer.ts'
import { type Surroundings, testMessage } from './card-blocks.ts'
import { createSlackDelivery, slackProblem } from './delivery.ts'
import { homeNotice, homeView } from './home.ts'
import { namedInstallations, refusing } from './installing.ts'
import { createMembership } from './membership.ts'
import { askModal, MODAL, type ModalMemory, readButton, readModal } from './modal.ts'
import { type PaceLimits, slackPace } from './pace.ts'
import { passOn, refuseEvent } from './requests.ts'
import { keepSockets } from './sockets.ts'
import { type Installations, manyWorkspaces, oneWorkspace } from './workspaces.ts'

/** How Slack reaches us, and with which secrets. */
export type SlackAccess =
  /** Over sockets that we open: nothing needs to reach us from outside. */
  | { readonly mode: 'socket'; readonly botToken: string; readonly appToken: string }
  /** By signed requests to the console's address. */
  | { readonly mode: 'http'; readonly botToken: string; readonly signingSecret: string }
  /** By signed requests, from each named workspace that installs the app. */
  | {
      readonly mode: 'oauth'
      readonly clientId: string
      readonly clientSecret: string
      readonly signingSecret: string
      readonly stateSecret: string
    }

export interface SlackOptions {
  readonly access: SlackAccess
  /** `null`: Slack's own. */
  readonly apiUrl: string | null
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  /** Ids of the workspaces that the operator named. With a bot token: none, or the one of the token among them. */
  readonly named: readonly string[]
  /** Slack channels by channel of the configuration: `C...`, or `T.../C...`. */
  readonly places: ReadonlyMap<string, string>
  readonly installations: Installations & InstallationStore
  readonly consoleUrl: string
  readonly drawPng: DrawPng
  readonly clock: () => Date
  readonly log: { info(message: string): void; warn(message: string): void }
  readonly pace?: PaceLimits
  /** How far apart the two sockets are opened in the end, in milliseconds. Default: ten minutes. */
  readonly staggerMs?: number
}

const CALL_MS = 15_000
const STAGGER_MS = 600_000
export const slackPaths = {
  events: '/slack/events',
  install: '/slack/install',
  redirect: '/slack/oauth_redirect',
} as const
/** As in manifests/slack.yaml. */
export const slackScopes = [
  'chat:write',
  'commands',
  'users:read',
  'users:read.email',
  'usergroups:read',
  'im:write',
  'im:history',
  'channels:history',
  'groups:history',
  'files:write',
]

const members = z.object({ users: z.array(z.string()) })

export function createSlack(options: SlackOptions): ChatConnection {
  const { desk, posts, access, accounts, named, places, log } = options
  const surroundings: Surroundings = { consoleUrl: options.consoleUrl }
  const clientOptions = {
    // Sending again is our own business: Slack has no key that would keep a repeated post from being two.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_MS,
    ...(options.apiUrl === null ? {} : { slackApiUrl: options.apiUrl }),
  }
  const speaking = { ...clientOptions, logger: quiet(log) }
  const workspaces =
    access.mode === 'oauth'
      ? manyWorkspaces(options.installations, named, speaking)
      : oneWorkspace(access.botToken, named, speaking)
  const channelOf = (workspace: string, channel: string) => {
    const names = [writeRealmId({ realm: workspace, id: channel }), channel]
    return [...places].find(([, written]) => names.includes(written))?.[0] ?? null
  }
  const membership = createMembership(workspaces, options.clock)
  const reception = createReception(desk, accounts, log)

  interface Speaker {
    readonly user: string
    /** The workspace the user belongs to. */
    readonly workspace: string | null
    readonly client: WebClient
  }

  async function asAccount({ user, workspace }: Speaker, work: (account: Account) => Promise<Answer>): Promise<Answer> {
    return reception.answered(async () => {
      const who = await membership.recognise(user, workspace)
      return 'problem' in who ? { ok: false, message: rich(who.problem) } : work(who.account)
    })
  }

  function answered(answer: Answer, proposal: string | null, action: ActionName | null) {
    const shows = action !== null && actions[action].command === null
    const link =
      answer.link ?? (proposal === null || !answer.detail ? null : `/p/${proposal}${shows ? `/${action}` : ''}`)
    const { text, blocks } = answerMessage(answer, link, surroundings)
    return { response_type: 'ephemeral' as const, replace_original: false, text, blocks }
  }

  function listen(app: App): App {
    app.error(async (error) => log.warn(`Slack: ${errorText(error)}`))

    app.action<BlockButtonAction>(
      { type: 'block_actions', action_id: /^pw:/ },
      async ({ ack, action, body, respond, client }) => {
        await ack()
        const { user, team, channel, trigger_id: trigger, view } = body
        const speaker: Speaker = { user: user.id, workspace: user.team_id ?? team?.id ?? null, client }
        const [, nonce] = /^pw:test:([\w-]+)$/.exec(action.action_id) ?? []
        if (nonce !== undefined) {
          const said = await asAccount(speaker, (account) => reception.tested(nonce, account))
          await respond({ replace_original: true, text: plain(said.message) })
          return
        }
        const asked = readButton(action.action_id, action.value)
        if (asked === null) return
        const answer = await asAccount(speaker, async (account) => {
          if (actions[asked.action].asks.length === 0)
            return reception.act({ ...asked, reason: null, owner: null, until: null, asset: null }, account)
          return openDialog({ ...asked, place: channel?.id ?? null }, trigger, account, client)
        })
        if (view?.type === 'home') await showHome(speaker, answer.ok ? null : plain(answer.message))
        else if (answer.message.length > 0) await respond(answered(answer, asked.proposal, asked.action))
      },
    )

    app.view(MODAL, async ({ ack, body, view, client }) => {
      const asked = readModal(view.private_metadata, view.state)
      if (asked === null) return ack()
      const speaker: Speaker = { user: body.user.id, workspace: body.user.team_id ?? body.team?.id ?? null, client }
      const answer = await asAccount(speaker, (account) => reception.act(asked, account))
      // A refusal is said inside the dialog: what was typed is not lost.
      if (!answer.ok)
        return ack({ response_action: 'errors', errors: { reason: shorten(plain(answer.message), 2_000) } })
      await ack()
      if (asked.place === null) return
      const { text, blocks } = answerMessage(answer, null, surroundings)
      await client.chat.postEphemeral({ channel: asked.place, user: body.user.id, text, blocks })
    })

    app.command('/patch', async ({ ack, command, respond, client }) => {
      await ack()
      const speaker: Speaker = { user: command.user_id, workspace: command.team_id, client }
      const answer = await asAccount(speaker, (account) =>
        reception.slash(
          command.text,
          { channel: channelOf(command.team_id, command.channel_id), proposal: null },
          account,
        ),
      )
      const proposal = /\bPW-\d+\b/i.exec(command.text)?.[0].toUpperCase() ?? null
      const verb = command.text.trim().split(/\s+/)[0]?.toLowerCase() ?? ''
      await respond(answered(answer, proposal, isActionName(verb) ? verb : null))
    })

    app.event('app_home_opened', async ({ event, client, context }) => {
      if (event.tab !== 'home') return
      await showHome({ user: event.user, workspace: context.teamId ?? null, client }, null)
    })
    return app
  }

  async function showHome(speaker: Speaker, problem: string | null): Promise<void> {
    let home: ReturnType<typeof homeView> | null = null
    const answer = await asAccount(speaker, async (account) => {
      const person = await reception.personOf(account)
      if (person === null)
        return { ok: false, message: rich('Patchwarden does not know you yet. Type /patch link in a channel.') }
      home = homeView(await desk.overview(person), surroundings)
      return { ok: true, message: rich('') }
    })
    const view = home ?? homeNotice(plain(answer.message))
    const shown = problem === null ? view : { ...view, blocks: [...homeNotice(problem).blocks, ...view.blocks] }
    await speaker.client.views.publish({ user_id: speaker.user, view: shown })
  }

  async function openDialog(about: ModalMemory, trigger: string, account: Account, client: WebClient): Promise<Answer> {
    const person = await reception.personOf(account)
    // A stranger is told what to do by the same words as on any other click.
    if (person === null)
      return reception.act({ ...about, reason: null, owner: null, until: null, asset: null }, account)
    const card = await desk.card(about.proposal, person)
    if (card === null) return { ok: false, message: rich(`There is no proposal ${about.proposal}.`) }
    const days = actions[about.action].untilDays ?? 30
    const until = new Date(options.clock().getTime() + days * DAY_MS).toISOString().slice(0, 10)
    const people = [...accounts.all].sort((a, b) => Number(b.id === person.id) - Number(a.id === person.id))
    await client.views.open({ trigger_id: trigger, view: askModal(about, card.title, { people, until }) })
    return { ok: true, message: [] }
  }

  // bolt writes its own retries into the options it is given
  const common = () => ({ clientOptions: { ...clientOptions }, logger: quiet(log), convoStore: false as const })
  /** Bolt alone would ask Slack at once who the token is, and never again: no answer then would be none for ever. */
  const speakAs = (botToken: string) => ({ authorize: async () => ({ botToken }), ignoreSelf: false })

  function onSockets(botToken: string, appToken: string) {
    const app = listen(
      new App({
        receiver: { init: () => {}, start: async () => {}, stop: async () => {} },
        ...speakAs(botToken),
        ...common(),
      }),
    )
    return (events: ConnectionEvents, signal: AbortSignal) =>
      keepSockets(
        {
          appToken,
          clientOptions,
          logger: quiet(log),
          log,
          take: (event) => app.processEvent(event).catch((error: unknown) => log.warn(`Slack: ${errorText(error)}`)),
          staggerMs: options.staggerMs ?? STAGGER_MS,
        },
        events,
        signal,
      )
  }

  function receiver(): HTTPReceiver | null {
    if (access.mode === 'socket') return null
    const http = {
      signingSecret: access.signingSecret,
      endpoints: slackPaths.events,
      logger: quiet(log),
      processEventErrorHandler: refuseEvent(log),
    }
    if (access.mode === 'http') {
      const own = new HTTPReceiver(http)
      listen(new App({ receiver: own, ...speakAs(access.botToken), ...common() }))
      return own
    }
    const { clientId, clientSecret, stateSecret } = access
    const lookAt = refusing(named, (token) => new WebClient(token, speaking).auth.revoke(), log)
    const own = new HTTPReceiver({
      ...http,
      clientId,
      clientSecret,
      stateSecret,
      scopes: slackScopes,
      installationStore: namedInstallations(options.installations, named),
      installerOptions: {
        installPath: slackPaths.install,
        redirectUriPath: slackPaths.redirect,
        clientOptions,
        callbackOptions: {
          afterInstallation: (installation, _asked, _request, response) => lookAt(installation, response),
        },
        ...(options.apiUrl === null ? {} : { authorizationUrl: new URL('/oauth/v2/authorize', options.apiUrl).href }),
      },
    })
    listen(new App({ receiver: own, ...common() }))
    return own
  }

  const delivery = createSlackDelivery({
    workspaces,
    desk,
    posts,
    accounts,
    placeOf: (channel) => places.get(channel) ?? null,
    surroundings,
    pace: options.pace ?? slackPace,
    drawPng: options.drawPng,
    log,
  })
  const http = receiver()
  const sockets = access.mode === 'socket' ? onSockets(access.botToken, access.appToken) : null
  let stopping = new AbortController()

  return {
    platform: delivery,
    ...(http === null
      ? {}
      : {
          http: {
            path: '/slack/',
            handle: (request: IncomingMessage, response: ServerResponse) => {
              passOn(http, request, response).catch(() => response.destroy())
            },
          },
        }),
    async check() {
      const { working, refused } = await workspaces.check()
      const beside =
        refused.length === 0
          ? ''
          : `; not trusted, because identity.slackWorkspaces does not name it: ${refused.join(', ')}`
      if (access.mode === 'socket') {
        try {
          await new WebClient(access.appToken, clientOptions).apps.connections.open()
        } catch (error) {
          throw new Error(
            `Slack does not take SLACK_APP_TOKEN: ${errorText(error)}. It needs the scope connections:write.`,
          )
        }
      }
      if (working.length === 0) return `no workspace has installed the app yet: open /slack/install${beside}`
      for (const place of places.values()) await workspaces.clientOf(readRealmId(place).realm)
      const tokens = access.mode === 'socket' ? 'both tokens work' : 'the token works'
      return `${tokens} in the workspace ${working.join(', ')}; ${count(places.size, 'channel')} configured${beside}`
    },
    async start(events = untold) {
      await workspaces.check()
      stopping = new AbortController()
      if (sockets !== null) await sockets(events, stopping.signal)
      log.info(`Slack: connected (${access.mode}), ${count(places.size, 'channel')}`)
    },
    async stop() {
      stopping.abort()
    },
    async accountsIn({ server, id }) {
      const client = await workspaces.clientOf(server)
      const realm = await workspaces.realmOf(server)
      // An id without its workspace would be anybody's.
      if (realm === null) throw new Error(`Which workspace the user group ${id} is in, is not known.`)
      try {
        const { users } = members.parse(await client.usergroups.users.list({ usergroup: id }))
        return users.map((user) => ({ platform: 'slack', id: user, realm, label: user, verifiedEmail: null }))
      } catch (error) {
        throw new Error(`Slack does not say who is in the user group ${id}: ${slackProblem(error)}`)
      }
    },
    async postTest(nonce) {
      const [place] = places.values()
      if (place === undefined) return null
      const { realm, id: channel } = readRealmId(place)
      const client = await workspaces.clientOf(realm)
      try {
        await client.chat.postMessage({ channel, ...testMessage(nonce) })
      } catch (error) {
        throw new Error(`The test button could not be posted in ${channel}: ${slackProblem(error)}`)
      }
      return channel
    },
  }
}

/**
 * What the client says goes to our log. That a socket closed is ordinary, there is another; so is a file that Slack has not
 * processed yet.
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
