import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type APIChannel, Client, DiscordAPIError, GatewayIntentBits, REST, type RESTOptions, Routes } from 'discord.js'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import type { Account, Accounts } from '../accounts.ts'
import { createDelivery } from '../delivery.ts'
import type { Desk } from '../desk.ts'
import { createInteraction, testWords } from '../interaction.ts'
import type { DrawPng } from '../picture/sending.ts'
import { type ChatConnection, type ChatPlatform, type Posts, untold } from '../platform.ts'
import { sentence } from '../rich-text.ts'
import { createTroubles, type Troubles } from '../troubles.ts'
import { count } from '../words.ts'
import { createAnswers } from './answers.ts'
import { noMentions } from './card-components.ts'
import { discordCommands } from './commands.ts'
import { logIn } from './gateway.ts'
import { hear, type Listening } from './listening.ts'
import { createDiscordMessaging } from './messaging.ts'
import { discordProblem } from './problem.ts'
import { makeRequest } from './requests.ts'
import { discordKey } from './signature.ts'
import { takeRequest } from './signed-requests.ts'

export interface DiscordOptions {
  readonly botToken: string
  /** With a key, clicks come as signed requests to the console's address; `null`: they come over the gateway. */
  readonly publicKey: string | null
  /** `null`: Discord's own address. */
  readonly apiUrl: string | null
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  /** Discord channel ids, by channel of the configuration. */
  readonly places: ReadonlyMap<string, string>
  readonly consoleUrl: string
  readonly drawPng: DrawPng
  readonly clock: () => Date
  readonly log: { info(message: string): void; warn(message: string): void }
  /** Left out: troubles are only logged. */
  readonly troubles?: Troubles
}

/** What the functions of this file need to call Discord. */
interface Discord extends Pick<DiscordOptions, 'places' | 'accounts'> {
  readonly rest: REST
}

export const discordPath = '/discord/interactions'
/** When refused commands and unseen channels are tried again, in milliseconds. */
const OFFER_MS = 5 * 60_000

const application = z.object({ id: z.string() })
const member = z.object({ roles: z.array(z.string()) })

/** Connects to Discord by its gateway or by signed requests. Needs no privileged intent. */
export function createDiscord(options: DiscordOptions): ChatConnection {
  const { botToken, places, clock, log, troubles = createTroubles({ name: 'discord', log }) } = options
  const restOptions = restOptionsOf(options.apiUrl)
  const rest = new REST({ version: '10', ...restOptions }).setToken(botToken)
  const discord: Discord = { ...options, rest }
  const key = options.publicKey === null ? null : discordKey(options.publicKey)
  const listening = listeningOf(options, restOptions)
  const take = (raw: unknown) => hear(listening, raw)
  let client: Client | null = null
  let stopping = new AbortController()

  return {
    platform: platformOf(options, rest),
    ...(key === null
      ? {}
      : {
          http: {
            path: discordPath,
            handle(request: IncomingMessage, response: ServerResponse) {
              takeRequest(request, response, { key, clock, take, troubles }).catch(() => response.destroy())
            },
          },
        }),
    async check() {
      rest.setToken(botToken)
      const { guilds, unseen } = await guildsOfPlaces(discord)
      if (unseen.length > 0) throw new Error(unseen.join(' '))
      return `the token works; ${count(places.size, 'channel')} in ${count(guilds.size, 'server')} can be seen`
    },
    async start(events = untold) {
      if (key === null) {
        // A client that was ended cannot be used again. So each start makes a new one.
        client = new Client({ intents: [GatewayIntentBits.Guilds], allowedMentions: noMentions, rest: restOptions })
        await logIn(client, botToken, { events, take, log })
      }
      stopping = new AbortController()
      // Clicks arrive without the commands, so a refusal of them ends nothing.
      if (!(await offerCommands(discord, troubles))) void keepOffering(discord, troubles, stopping.signal)
      log.info(`Discord: connected (${key === null ? 'gateway' : 'http'}), ${count(places.size, 'channel')}`)
    },
    async stop() {
      stopping.abort()
      const ended = client
      client = null
      await ended?.destroy()
    },
    accountsIn: (group) => accountsIn(discord, group),
    postTest: (nonce) => postTest(discord, nonce),
  }
}

function restOptionsOf(apiUrl: string | null) {
  return { retries: 1, timeout: 15_000, makeRequest, ...(apiUrl === null ? {} : { api: apiUrl }) }
}

function listeningOf(options: DiscordOptions, restOptions: Partial<RESTOptions>): Listening {
  // Answers to clicks do not count against the bot's 50 requests a second, so they need not wait behind cards.
  const uncounted = new REST({ version: '10', ...restOptions, globalRequestsPerSecond: Number.POSITIVE_INFINITY })
  return { ...options, interaction: createInteraction(options), answers: createAnswers(uncounted) }
}

function platformOf(options: DiscordOptions, rest: REST): ChatPlatform {
  const placeOf = (channel: string) => options.places.get(channel) ?? null
  const { name, deliver } = createDelivery(options, createDiscordMessaging({ ...options, rest, placeOf }))
  return {
    name,
    deliver(message) {
      // The client drops a token that was refused once, and then fails until a restart. So we set the token each time.
      rest.setToken(options.botToken)
      return deliver(message)
    },
  }
}

/** Registers `/patch` in each server. What is refused is noted. True if nothing was. */
async function offerCommands({ places, rest, accounts }: Discord, troubles: Troubles): Promise<boolean> {
  const { guilds, unseen } = await guildsOfPlaces({ places, rest, accounts })
  const refused: string[] = []
  for (const guild of guilds) {
    try {
      const { id } = application.parse(await rest.get(Routes.currentApplication()))
      await rest.put(Routes.applicationGuildCommands(id, guild), { body: discordCommands() })
    } catch (error) {
      const why = sentence(errorText(error))
      refused.push(`The server ${guild} refuses the commands: ${why} Buttons work; /patch may not.${COMMANDS}`)
    }
  }
  if (unseen.length === 0) troubles.end('channels')
  else troubles.begin('channels', unseen.join(' '))
  if (refused.length === 0) troubles.end('commands')
  else troubles.begin('commands', refused.join(' '))
  return unseen.length + refused.length === 0
}

const COMMANDS = ' Install the app there with the scope applications.commands. It is tried again.'

async function keepOffering(discord: Discord, troubles: Troubles, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(OFFER_MS, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return
    if (await offerCommands(discord, troubles).catch(() => false)) return
  }
}

interface Guilds {
  readonly guilds: ReadonlySet<string>
  /** A sentence for each channel that cannot be seen. */
  readonly unseen: readonly string[]
}

/** Ids of the servers that have our channels. Throws a sentence if Discord refuses the token. */
async function guildsOfPlaces({ places, rest }: Discord): Promise<Guilds> {
  const guilds = new Set<string>()
  const unseen: string[] = []
  for (const place of places.values()) {
    try {
      const channel = (await rest.get(Routes.channel(place))) as APIChannel
      if ('guild_id' in channel && channel.guild_id) guilds.add(channel.guild_id)
    } catch (error) {
      const problem = discordProblem(error, place)
      if (error instanceof DiscordAPIError && error.status === 401) throw new Error(problem)
      unseen.push(
        error instanceof DiscordAPIError ? problem : `Discord channel ${place} could not be asked for: ${problem}.`,
      )
    }
  }
  return { guilds, unseen }
}

/** Asks for the members one by one, because the whole list needs a privileged intent. */
async function accountsIn(
  { accounts, rest }: Discord,
  { server, id }: Parameters<ChatConnection['accountsIn']>[0],
): Promise<readonly Account[]> {
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
}

async function postTest({ places, rest }: Discord, nonce: string): Promise<string | null> {
  const [place] = places.values()
  if (place === undefined) return null
  const button = { type: 2, style: 1, label: testWords.button, custom_id: `pw:test:${nonce}` }
  const body = {
    content: testWords.text,
    components: [{ type: 1, components: [button] }],
    allowed_mentions: noMentions,
  }
  try {
    await rest.post(Routes.channelMessages(place), { body })
  } catch (error) {
    throw error instanceof DiscordAPIError ? new Error(discordProblem(error, place)) : error
  }
  return place
}
