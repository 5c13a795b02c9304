import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type APIChannel,
  Client,
  DiscordAPIError,
  Events,
  GatewayDispatchEvents,
  GatewayIntentBits,
  REST,
  Routes,
} from 'discord.js'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import type { Account, Accounts } from '../accounts.ts'
import { type ActionName, actions, isActionName } from '../actions.ts'
import type { Answer, Desk } from '../desk.ts'
import type { DrawPng } from '../picture/sending.ts'
import { type ChatConnection, type ConnectionEvents, type Posts, untold } from '../platform.ts'
import { createReception } from '../reception.ts'
import { readBody } from '../request-body.ts'
import { plain, rich } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'
import { count } from '../words.ts'
import { createAnswers, type DiscordInteraction, interaction, interactionTypes, typedInto } from './answers.ts'
import { noMentions } from './card-components.ts'
import { helpHere, patchCommand } from './commands.ts'
import { createDiscordDelivery, discordProblem } from './delivery.ts'
import { watchGateway } from './gateway.ts'
import { codeBlock, markdown } from './markdown.ts'
import { askModal } from './modal.ts'
import { makeRequest } from './requests.ts'
import { discordKey, isSigned } from './signature.ts'

export interface DiscordOptions {
  readonly botToken: string
  /** Clicks come as signed requests to the console's address; `null`: over the gateway. */
  readonly publicKey: string | null
  /** `null`: Discord's own. */
  readonly apiUrl: string | null
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  /** Discord channel ids by channel of the configuration. */
  readonly places: ReadonlyMap<string, string>
  readonly consoleUrl: string
  readonly drawPng: DrawPng
  readonly clock: () => Date
  readonly log: { info(message: string): void; warn(message: string): void }
}

const HOLDS_DAYS = 30
const ANSWER = 1_900
const BODY_BYTES = 256 * 1024
const ALREADY_ANSWERED = 40_060
const READY_MS = 60_000
export const discordPath = '/discord/interactions'

const application = z.object({ id: z.string() })
const member = z.object({ roles: z.array(z.string()) })

/** Discord over its gateway or by signed requests. No privileged intent is asked for. */
export function createDiscord(options: DiscordOptions): ChatConnection {
  const { desk, posts, accounts, places, consoleUrl, log } = options
  const restOptions = {
    retries: 1,
    timeout: 15_000,
    makeRequest,
    ...(options.apiUrl === null ? {} : { api: options.apiUrl }),
  }
  const rest = new REST({ version: '10', ...restOptions }).setToken(options.botToken)
  let client: Client | null = null
  const key = options.publicKey === null ? null : discordKey(options.publicKey)
  const reception = createReception(desk, accounts, log)
  // Discord does not count answers to clicks as requests of the bot, which may be 50 a second: cards are not in their way.
  const answers = createAnswers(
    new REST({ version: '10', ...restOptions, globalRequestsPerSecond: Number.POSITIVE_INFINITY }),
  )
  function take(raw: unknown): void {
    const asked = interaction.safeParse(raw)
    if (!asked.success) return
    handle(asked.data).catch((error: unknown) => {
      // The same click, delivered again: it has been answered.
      if (error instanceof DiscordAPIError && error.code === ALREADY_ANSWERED) return
      log.warn(`Discord: a click was not answered: ${errorText(error)} Whoever clicked sees that it failed.`)
    })
  }

  async function handle(asked: DiscordInteraction): Promise<void> {
    switch (asked.type) {
      case interactionTypes.component:
        return onButton(asked)
      case interactionTypes.modal:
        return onModal(asked)
      case interactionTypes.command:
        return onCommand(asked)
      case interactionTypes.autocomplete:
        return onTyping(asked)
    }
  }

  /** Who asks; `null` for a bot. */
  function accountOf(asked: DiscordInteraction): Account | null {
    const user = asked.member?.user ?? asked.user
    if (user === undefined || user.bot) return null
    return { platform: 'discord', id: user.id, realm: null, label: user.username || user.id, verifiedEmail: null }
  }

  async function asAccount(asked: DiscordInteraction, work: (account: Account) => Promise<Answer>): Promise<Answer> {
    const account = accountOf(asked)
    if (account === null) return { ok: false, message: rich('Bots do not decide; people do.') }
    return reception.answered(() => work(account))
  }

  async function onButton(asked: DiscordInteraction): Promise<void> {
    const [, nonce] = /^pw:test:([\w-]+)$/.exec(asked.data.custom_id) ?? []
    if (nonce !== undefined) {
      const said = await asAccount(asked, (account) => reception.tested(nonce, account))
      return answers.replace(asked, plain(said.message))
    }
    const [, name = '', proposal, digits] = /^pw:([a-z-]+):([A-Z]+-\d+):(\d+)$/.exec(asked.data.custom_id) ?? []
    if (!isActionName(name) || proposal === undefined) return
    const revision = Number(digits)
    const request = { action: name, proposal, revision, reason: null, owner: null, until: null, asset: null }
    if (actions[name].asks.length === 0) {
      await answers.think(asked)
      const given = await asAccount(asked, (account) => reception.act(request, account))
      return answers.finish(asked, shown(given, proposal, name))
    }
    // A dialog must come at once: only who clicked is checked first.
    let known = false
    const refused = await asAccount(asked, async (account) => {
      known = (await reception.personOf(account)) !== null
      return known ? { ok: true, message: rich('') } : reception.act(request, account)
    })
    if (!known) return answers.say(asked, shown(refused, proposal, name))
    const days = actions[name].untilDays ?? HOLDS_DAYS
    const until = new Date(options.clock().getTime() + days * DAY_MS).toISOString().slice(0, 10)
    await answers.dialog(asked, askModal({ action: name, proposal, revision, until }))
  }

  async function onModal(asked: DiscordInteraction): Promise<void> {
    const [, name = '', proposal, revision] = /^pw-ask:([a-z-]+):([A-Z]+-\d+):(\d+)$/.exec(asked.data.custom_id) ?? []
    if (!isActionName(name) || proposal === undefined) return
    await answers.think(asked)
    const typed = typedInto(asked.data.components)
    const field = (id: string) => typed.get(id)?.trim() || null
    const given = await asAccount(asked, (account) =>
      reception.act(
        {
          action: name,
          proposal,
          revision: Number(revision),
          reason: field('reason'),
          owner: field('owner'),
          asset: field('asset'),
          until: field('until'),
        },
        account,
      ),
    )
    await answers.finish(asked, shown(given, proposal, null))
  }

  async function onCommand(asked: DiscordInteraction): Promise<void> {
    await answers.think(asked)
    const [sub] = asked.data.options
    const verb = sub?.name ?? 'help'
    const values = new Map(sub?.options.map(({ name, value }) => [name, String(value ?? '')]))
    const given = (name: string, before = '') => (values.has(name) ? ` ${before}${values.get(name)}` : '')
    const text = `${verb}${given('code')}${given('confirm')}${given('platform')}${given('account')}${given('proposal')}${given('asset', 'asset ')}${given('owner', 'owner ')}${given('until', 'until ')}${given('because', 'because ')}`
    let thread: string | null = null
    const said = await asAccount(asked, async (account) => {
      const here = await whereIs(asked.channel_id)
      thread = here.proposal
      return reception.slash(text, here, account)
    })
    const proposal = /\bPW-\d+\b/i.exec(given('proposal'))?.[0].toUpperCase() ?? thread
    const { detail } = said
    const answer = detail && verb === 'help' ? { ...said, detail: { ...detail, lines: helpHere(detail.lines) } } : said
    await answers.finish(asked, shown(answer, proposal, isActionName(verb) ? verb : null))
  }

  async function onTyping(asked: DiscordInteraction): Promise<void> {
    const focused = asked.data.options[0]?.options.find((option) => option.focused)
    const what = focused?.name === 'owner' ? 'person' : 'proposal'
    const account = accountOf(asked)
    const person = account === null ? null : await reception.personOf(account)
    const found = person === null ? [] : await desk.suggest(what, String(focused?.value ?? ''))
    await answers.choices(
      asked,
      found.map(({ name, value }) => ({ name: shorten(oneLine(name), 100), value })),
    )
  }

  /** A command typed in a proposal's thread is about that proposal: a thread has the id of the message it began at. */
  async function whereIs(channelId: string) {
    for (const [channel, place] of places) {
      if (place === channelId) return { channel, proposal: null }
      const proposal = await posts.proposalOf('discord', place, channelId)
      if (proposal !== null) return { channel, proposal }
    }
    return { channel: null, proposal: null }
  }

  function shown(given: Answer, proposal: string | null, action: ActionName | null): string {
    const message = markdown(given.message, 900)
    const lines = given.detail ? detailLines(given.detail) : []
    const page = action !== null && actions[action].command === null ? `/${action}` : ''
    const path = given.link ?? (given.detail && proposal !== null ? `/p/${proposal}${page}` : null)
    const link = path === null ? '' : `\n<${consoleUrl}${path}>`
    const body = codeBlock(lines.slice(0, 30), ANSWER - message.length - link.length)
    const content = `${given.ok ? '' : '⚠️ '}${message}${body === '' ? '' : `\n${body}`}${link}`.trim()
    return content === '' ? 'Done.' : content
  }

  /** A signed request: what is asked is answered over the API, as over the gateway. */
  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, BODY_BYTES)
    const header = (name: string) => String(request.headers[name] ?? '')
    const signed =
      key !== null &&
      body !== null &&
      isSigned(
        key,
        { signature: header('x-signature-ed25519'), timestamp: header('x-signature-timestamp'), body },
        options.clock().getTime() / 1_000,
      )
    if (request.method !== 'POST' || !signed) {
      response.writeHead(request.method === 'POST' ? 401 : 405).end()
      return
    }
    const raw = parsed(body)
    const asked = interaction.safeParse(raw)
    if (asked.success && asked.data.type === interactionTypes.ping) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ type: 1 }))
      return
    }
    response.writeHead(asked.success ? 202 : 400).end()
    take(raw)
  }

  const delivery = createDiscordDelivery({
    rest,
    desk,
    posts,
    accounts,
    placeOf: (channel) => places.get(channel) ?? null,
    consoleUrl,
    drawPng: options.drawPng,
    log,
    // After one refused token the client would send none at all until the next start.
    renew: () => rest.setToken(options.botToken),
  })

  /** The servers of our channels. Throws a sentence for a channel that cannot be seen. */
  async function guildsOfPlaces(): Promise<ReadonlySet<string>> {
    const guilds = new Set<string>()
    for (const place of places.values()) {
      try {
        const channel = (await rest.get(Routes.channel(place))) as APIChannel
        if ('guild_id' in channel && channel.guild_id) guilds.add(channel.guild_id)
      } catch (error) {
        throw error instanceof DiscordAPIError ? new Error(discordProblem(error, place)) : error
      }
    }
    return guilds
  }

  async function logIn(events: ConnectionEvents): Promise<void> {
    // A client that was ended is not to be had back: each start has its own.
    const own = new Client({ intents: [GatewayIntentBits.Guilds], allowedMentions: noMentions, rest: restOptions })
    client = own
    // Without a listener an error of the client would end the process.
    own.on(Events.Error, (error) => log.warn(`Discord: ${errorText(error)}`))
    own.ws.on(GatewayDispatchEvents.InteractionCreate, (raw: unknown) => take(raw))
    let isReady = false
    const ready = new Promise<void>((resolve, reject) => {
      own.once(Events.ClientReady, () => {
        isReady = true
        resolve()
      })
      watchGateway(own, {
        ...events,
        lost: (why) => {
          if (isReady) events.lost(why)
          else reject(new Error(why))
        },
      })
      setTimeout(() => reject(new Error('Discord does not answer over the gateway.')), READY_MS).unref()
    })
    // It may come to nothing while the login still waits; then that is why.
    ready.catch(() => undefined)
    const loggedIn = own.login(options.botToken).catch((error: unknown) => {
      throw new Error(`Discord does not take DISCORD_BOT_TOKEN: ${errorText(error)} Check it.`)
    })
    await Promise.race([loggedIn, ready.then(() => loggedIn)])
    await ready
  }

  return {
    platform: delivery,
    ...(key === null
      ? {}
      : {
          http: {
            path: discordPath,
            handle: (request: IncomingMessage, response: ServerResponse) => {
              onRequest(request, response).catch(() => response.destroy())
            },
          },
        }),
    async check() {
      rest.setToken(options.botToken)
      const guilds = await guildsOfPlaces()
      return `the token works; ${count(places.size, 'channel')} in ${count(guilds.size, 'server')} can be seen`
    },
    async start(events = untold) {
      if (key === null) await logIn(events)
      const { id } = application.parse(await rest.get(Routes.currentApplication()))
      for (const guild of await guildsOfPlaces()) {
        await rest.put(Routes.applicationGuildCommands(id, guild), { body: [patchCommand()] })
      }
      log.info(`Discord: connected (${key === null ? 'gateway' : 'http'}), ${count(places.size, 'channel')}`)
    },
    async stop() {
      const ended = client
      client = null
      await ended?.destroy()
    },
    /** Members are asked for one by one: the whole list would take a privileged intent. */
    async accountsIn({ server, id }) {
      const held: Account[] = []
      for (const { id: person } of accounts.all) {
        const account = await accounts.accountOf('discord', person)
        if (account === null || server === null) continue
        try {
          const { roles } = member.parse(await rest.get(Routes.guildMember(server, account)))
          if (roles.includes(id))
            held.push({ platform: 'discord', id: account, realm: null, label: account, verifiedEmail: null })
        } catch (error) {
          const gone = error instanceof DiscordAPIError && error.status === 404
          if (!gone) throw new Error(`Discord does not say who has the role ${id}: ${errorText(error)}`)
        }
      }
      return held
    },
    async postTest(nonce) {
      const [place] = places.values()
      if (place === undefined) return null
      const components = [
        { type: 1, components: [{ type: 2, style: 1, label: 'Click me', custom_id: `pw:test:${nonce}` }] },
      ]
      const content = 'This is a test by patchwarden check: click the button, and it is done.'
      try {
        await rest.post(Routes.channelMessages(place), { body: { content, components, allowed_mentions: noMentions } })
      } catch (error) {
        throw error instanceof DiscordAPIError ? new Error(discordProblem(error, place)) : error
      }
      return place
    },
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return null
  }
}

function detailLines({ tables, lines }: NonNullable<Answer['detail']>): readonly string[] {
  const rows = tables.flatMap((table) => [
    table.caption,
    ...table.rows.map((row) => `  ${row.map((cell) => plain(cell)).join(' | ')}`),
  ])
  return [...rows, ...lines]
}
