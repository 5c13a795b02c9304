import { App, type BlockButtonAction, type Logger, LogLevel } from '@slack/bolt'
import { WebClient } from '@slack/web-api'
import { errorText } from '../../core/error-text.ts'
import type { Accounts } from '../accounts.ts'
import { type ActionName, actions, isActionName } from '../actions.ts'
import type { ActRequest, Answer, Desk, Person } from '../desk.ts'
import type { ChatConnection, Posts } from '../platform.ts'
import { plain, rich } from '../rich-text.ts'
import { count } from '../story.ts'
import { shorten } from '../visible.ts'
import { answerMessage } from './answer.ts'
import type { Surroundings } from './card-blocks.ts'
import { createSlackDelivery } from './delivery.ts'
import { createMembership } from './membership.ts'
import { askModal, MODAL, type ModalMemory, readButton, readModal } from './modal.ts'
import { type PaceLimits, slackPace } from './pace.ts'

export interface SlackOptions {
  readonly botToken: string
  readonly appToken: string
  /** `null`: Slack's own. */
  readonly apiUrl: string | null
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  /** Slack channel ids by channel of the configuration. */
  readonly places: ReadonlyMap<string, string>
  readonly consoleUrl: string
  readonly clock: () => Date
  readonly log: { info(message: string): void; warn(message: string): void }
  readonly pace?: PaceLimits
}

const CALL_MS = 15_000
const HOLDS_DAYS = 30

/** Slack over Socket Mode: nothing needs to reach us from outside. */
export function createSlack(options: SlackOptions): ChatConnection {
  const { desk, posts, accounts, places, log } = options
  const surroundings: Surroundings = { consoleUrl: options.consoleUrl }
  const clientOptions = {
    // Sending again is our own business: Slack has no key that would keep a repeated post from being two.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_MS,
    ...(options.apiUrl === null ? {} : { slackApiUrl: options.apiUrl }),
  }
  const client = new WebClient(options.botToken, clientOptions)
  const channelOf = (place: string) => [...places].find(([, id]) => id === place)?.[0] ?? null
  const membership = createMembership(client, accounts, options.clock)

  async function asPerson(
    user: string,
    team: string | null,
    work: (person: Person) => Promise<Answer>,
  ): Promise<Answer> {
    const who = await membership.recognise(user, team)
    return 'problem' in who ? { ok: false, message: rich(who.problem) } : work(who.person)
  }

  function answered(answer: Answer, proposal: string | null, action: ActionName | null) {
    const shows = action !== null && actions[action].command === null
    const link = proposal === null ? null : `/p/${proposal}${shows ? `/${action}` : ''}`
    const { text, blocks } = answerMessage(answer, link, surroundings)
    return { response_type: 'ephemeral' as const, replace_original: false, text, blocks }
  }

  function createApp() {
    const app = new App({
      token: options.botToken,
      appToken: options.appToken,
      socketMode: true,
      // bolt writes its own retries into these options
      clientOptions: { ...clientOptions },
      logger: quiet(log),
    })
    app.error(async (error) => log.warn(`Slack: ${errorText(error)}`))

    app.action<BlockButtonAction>(
      { type: 'block_actions', action_id: /^pw:/ },
      async ({ ack, action, body, respond }) => {
        await ack()
        const asked = readButton(action.action_id, action.value)
        if (asked === null) return
        const { user, team, channel, trigger_id: trigger } = body
        const answer = await asPerson(user.id, user.team_id ?? team?.id ?? null, async (person) => {
          if (actions[asked.action].asks === 'nothing') return desk.act(complete(asked, person), person)
          return openDialog({ ...asked, place: channel?.id ?? null }, trigger, person)
        })
        if (answer.message.length > 0) await respond(answered(answer, asked.proposal, asked.action))
      },
    )

    app.view(MODAL, async ({ ack, body, view }) => {
      const asked = readModal(view.private_metadata, view.state)
      if (asked === null) return ack()
      const answer = await asPerson(body.user.id, body.user.team_id ?? body.team?.id ?? null, (person) =>
        desk.act(asked, person),
      )
      // A refusal is said inside the dialog: what was typed is not lost.
      if (!answer.ok)
        return ack({ response_action: 'errors', errors: { reason: shorten(plain(answer.message), 2_000) } })
      await ack()
      if (asked.place === null) return
      const { text, blocks } = answerMessage(answer, null, surroundings)
      await client.chat.postEphemeral({ channel: asked.place, user: body.user.id, text, blocks })
    })

    app.command('/patch', async ({ ack, command, respond }) => {
      await ack()
      const answer = await asPerson(command.user_id, command.team_id, (person) =>
        desk.slash(command.text, { channel: channelOf(command.channel_id), proposal: null }, person),
      )
      const proposal = /\bPW-\d+\b/i.exec(command.text)?.[0].toUpperCase() ?? null
      const verb = command.text.trim().split(/\s+/)[0]?.toLowerCase() ?? ''
      await respond(answered(answer, proposal, isActionName(verb) ? verb : null))
    })
    return app
  }

  async function openDialog(about: ModalMemory, trigger: string, person: Person): Promise<Answer> {
    const card = await desk.card(about.proposal, person)
    if (card === null) return { ok: false, message: rich(`There is no proposal ${about.proposal}.`) }
    const until = new Date(options.clock().getTime() + HOLDS_DAYS * 86_400_000).toISOString().slice(0, 10)
    const people = [...accounts.all].sort((a, b) => Number(b.id === person.id) - Number(a.id === person.id))
    await client.views.open({ trigger_id: trigger, view: askModal(about, card.title, { people, until }) })
    return { ok: true, message: [] }
  }

  function complete(asked: Pick<ActRequest, 'proposal' | 'action' | 'revision'>, person: Person): ActRequest {
    return { ...asked, reason: null, owner: person.id, until: null }
  }

  const delivery = createSlackDelivery({
    client,
    desk,
    posts,
    placeOf: (channel) => places.get(channel) ?? null,
    surroundings,
    pace: options.pace ?? slackPace,
  })
  let apps: App[] = []

  return {
    platform: delivery,
    async check() {
      const workspace = await membership.start()
      try {
        await new WebClient(options.appToken, clientOptions).apps.connections.open()
      } catch (error) {
        throw new Error(
          `Slack does not take SLACK_APP_TOKEN: ${errorText(error)}. It needs the scope connections:write.`,
        )
      }
      return `both tokens work in the workspace ${workspace}; ${count(places.size, 'channel')} configured`
    },
    async start() {
      await membership.start()
      // Two: Slack closes each every few hours for a moment, and a click must not fall into the gap.
      apps = [createApp(), createApp()]
      for (const app of apps) await app.start()
      log.info(`Slack: connected, ${count(places.size, 'channel')}`)
    },
    async stop() {
      await Promise.allSettled(apps.map((app) => app.stop()))
      apps = []
    },
  }
}

/** What the client says about its sockets goes to our log; that one closed is ordinary, there is another. */
function quiet(log: SlackOptions['log']): Logger {
  return {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (...said) => {
      const text = said.map((item) => errorText(item)).join(' ')
      if (!/WebSocket error/.test(text)) log.warn(`Slack: ${text}`)
    },
    setLevel: () => {},
    getLevel: () => LogLevel.ERROR,
    setName: () => {},
  }
}
