/**
 * Discord's servers in miniature, on the wire: HTTP API v10 and gateway v10, written from Discord's documentation
 * (docs.discord.com/developers, read in its version of August 2026). Each file names the pages its rules come from:
 *
 * - reference, topics/opcodes-and-status-codes: server, api-error, form
 * - resources/message, resources/channel, topics/threads, topics/permissions: message-body, post, rest-*, access, mentions
 * - components/reference: components, modals
 * - interactions/receiving-and-responding, interactions/application-commands, interactions/overview: interactions,
 *   callback, commands, people, endpoint
 * - topics/rate-limits: rate-limits, limits
 * - events/gateway, events/gateway-events: gateway
 *
 * It errs on the strict side: what it takes, Discord takes. Not there: voice, reactions, polls, stickers, forums,
 * webhooks of channels, OAuth2, shards, compression.
 */

import { once } from 'node:events'
import { createEndpoint, type EndpointAnswer, type SigningFault } from './endpoint.ts'
import { createFaults, type Faults } from './faults.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { createInteractions, type Interaction } from './interactions.ts'
import type { Json } from './json.ts'
import type { Limits } from './limits.ts'
import { createPeople, type People } from './people.ts'
import { archiveIdleThreads } from './post.ts'
import { createRateLimits } from './rate-limits.ts'
import { channelRoutes, openDirectMessages } from './rest-channels.ts'
import { applicationRoutes, commandRoutes, guildRoutes } from './rest-guilds.ts'
import { interactionRoutes } from './rest-interactions.ts'
import { messageRoutes } from './rest-messages.ts'
import { createServer, type RequestRecord } from './server.ts'
import { createTown, type Town } from './town.ts'
import { type Channel, createWorld, type Message, type Notified, type World } from './world.ts'

export interface FakeDiscordOptions {
  /** Shorter times and smaller allowances than Discord's. */
  readonly limits?: Partial<Limits>
  /** Bits of the privileged intents that are switched on in the developer portal; none when left out. */
  readonly privilegedIntents?: number
}

export interface FakeDiscord extends Town, People {
  /** For `new Client({ rest: { api } })` and `new REST({ api })`. */
  readonly url: string
  /** What GET /gateway/bot answers. */
  readonly gatewayUrl: string
  readonly token: string
  readonly applicationId: string
  readonly botId: string
  /** The key to check signed requests with, in hexadecimal. */
  readonly publicKey: string

  /** Every request since the start, in order. */
  readonly requests: readonly RequestRecord[]
  /** How many answers counted toward the ban for invalid requests. */
  readonly invalidRequests: () => number
  /** The messages of a channel, thread or direct message channel, oldest first; no ephemeral ones. */
  readonly messages: (channelId: string) => readonly Message[]
  readonly message: (messageId: string) => Message | undefined
  readonly channel: (channelId: string) => Channel | undefined
  readonly threads: (channelId: string) => readonly Channel[]
  /** The bot's direct messages to a user. */
  readonly directMessages: (userId: string) => readonly Message[]
  /** Commands as registered in a server. */
  readonly commands: (guildId: string) => readonly Json[]
  /** Every message of the bot that notified somebody, with whom. */
  readonly notified: () => readonly { readonly message: Message; readonly notified: Notified }[]

  readonly interactions: readonly Interaction[]
  /** Interactions whose time to be answered went by without an accepted answer. */
  readonly unacknowledged: () => readonly Interaction[]
  readonly settled: (interaction: Interaction) => Promise<Interaction>

  /** Checks the address as Discord does when it is saved, then sends interactions there; null: back to the gateway. */
  readonly setInteractionsEndpoint: (url: string | null) => Promise<void>
  /** An interaction with a signature that must be refused. */
  readonly sendForged: (payload: Json, how: SigningFault) => Promise<EndpointAnswer>

  readonly gateway: Gateway
  readonly faults: Faults
  /** From now on the token is refused, as after a reset in the developer portal; connections end with 4004. */
  readonly invalidateToken: () => void
  /** Lets time pass on Discord's side only: tokens expire, nonces are forgotten, threads are archived. */
  readonly advance: (milliseconds: number) => void
  readonly close: () => Promise<void>
}

export async function createFakeDiscord(options: FakeDiscordOptions = {}): Promise<FakeDiscord> {
  const world = createWorld(options.limits ?? {})
  const interactions = createInteractions(world)
  const rates = createRateLimits(world)
  const faults = createFaults()
  const endpoint = createEndpoint(world.applicationId, world.now)
  const log: RequestRecord[] = []
  const place = { port: 0 }
  const gatewayUrl = (): string => `ws://127.0.0.1:${place.port}/gateway`
  const privilegedIntents = options.privilegedIntents ?? 0
  const around = {
    gatewayUrl,
    verifyKey: endpoint.publicKey,
    privilegedIntents,
    identifiesLeft: () => Math.max(0, world.limits.identifiesPerDay - gateway.identifies()),
  }
  const routes = [
    ...applicationRoutes(world, around),
    ...channelRoutes(world),
    ...messageRoutes(world),
    ...commandRoutes(world),
    ...guildRoutes(world, around),
    ...interactionRoutes(world, interactions),
  ]
  const server = createServer({ world, routes, rates, faults, log })
  const gateway = createGateway(world, server, privilegedIntents, gatewayUrl)
  world.dispatch = gateway.dispatch
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  place.port = typeof address === 'object' && address !== null ? address.port : 0

  return {
    ...createTown(world),
    ...createPeople(world, interactions, endpoint),
    ...views(world),
    url: `http://127.0.0.1:${place.port}/api`,
    gatewayUrl: gatewayUrl(),
    token: world.token,
    applicationId: world.applicationId,
    botId: world.botId,
    publicKey: endpoint.publicKey,
    requests: log,
    invalidRequests: rates.invalidRequests,
    interactions: interactions.all,
    unacknowledged: interactions.unacknowledged,
    settled: interactions.settled,
    setInteractionsEndpoint: endpoint.set,
    sendForged: endpoint.post,
    gateway,
    faults,
    invalidateToken: () => {
      world.tokenValid = false
      gateway.closeWith(4004)
    },
    advance: (milliseconds) => {
      world.advance(milliseconds)
      archiveIdleThreads(world)
    },
    close: async () => {
      gateway.close()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function views(
  world: World,
): Pick<FakeDiscord, 'messages' | 'message' | 'channel' | 'threads' | 'directMessages' | 'commands' | 'notified'> {
  function all(): readonly Message[] {
    return [...world.channels.values()].flatMap((channel) => [...channel.messages.values()])
  }
  function messages(channelId: string): readonly Message[] {
    return [...(world.channels.get(channelId)?.messages.values() ?? [])]
  }
  return {
    messages,
    message: (id) => all().find((message) => message.id === id) ?? world.ephemeral.get(id),
    channel: (id) => world.channels.get(id),
    threads: (channelId) => [...world.channels.values()].filter((channel) => channel.parentId === channelId),
    directMessages: (userId) => messages(openDirectMessages(world, userId).id),
    commands: (guildId) => world.guilds.get(guildId)?.commands ?? [],
    notified: () =>
      all()
        .filter((message) => message.authorId === world.botId && reaches(message.notified))
        .map((message) => ({ message, notified: message.notified })),
  }
}

function reaches(notified: Notified): boolean {
  return notified.everyone || notified.here || notified.users.length > 0 || notified.roles.length > 0
}
