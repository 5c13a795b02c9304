/** A real discord.js client on a fake, for tests of the fake. */

import { Client, type ClientOptions, Events, GatewayIntentBits, REST } from 'discord.js'
import { afterEach } from 'vitest'
import { makeRequest } from '../../../src/chat/discord/requests.ts'
import { createFakeDiscord, type FakeDiscord, type FakeDiscordOptions } from './fake-discord.ts'

const ending: (() => Promise<unknown>)[] = []

/** Ends after each test what it started. */
export function useFakeDiscord(): {
  readonly start: (options?: FakeDiscordOptions) => Promise<FakeDiscord>
  readonly client: (discord: FakeDiscord, options?: Partial<ClientOptions>) => Promise<Client<true>>
} {
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end()
  })
  return {
    start: async (options) => {
      const discord = await createFakeDiscord(options)
      ending.push(() => discord.close())
      return discord
    },
    client: async (discord, options = {}) => {
      const client = new Client({
        intents: [GatewayIntentBits.Guilds],
        ...options,
        rest: { api: discord.url, makeRequest, ...options.rest },
      })
      client.on(Events.Error, () => undefined)
      ending.push(() => client.destroy())
      const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve))
      await client.login(discord.token)
      return ready
    },
  }
}

export function restOf(discord: FakeDiscord, retries = 0): REST {
  return new REST({ api: discord.url, version: '10', retries, makeRequest }).setToken(discord.token)
}

/** The code and nested errors of a refused request. */
export async function refusal(request: Promise<unknown>): Promise<unknown> {
  try {
    await request
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'status' in error)
      return { status: error.status, code: 0, ...('rawError' in error ? (error.rawError as object) : {}) }
    throw error
  }
  throw new Error('The request was not refused.')
}
