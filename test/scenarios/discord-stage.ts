import { createServer, type Server } from 'node:http'
import { expect } from 'vitest'
import { questionsOf } from '../../src/chat/actions.ts'
import { createDiscord } from '../../src/chat/discord/connection.ts'
import { drawPng } from '../../src/integrations/picture/index.ts'
import { createPosts } from '../../src/store/posts.ts'
import { createFakeDiscord, type FakeDiscord } from '../fakes/discord/fake-discord.ts'
import type { Interaction } from '../fakes/discord/interactions.ts'
import type { Message } from '../fakes/discord/world.ts'
import { accountsOf } from '../support/chat-people.ts'
import { type PersonName, persons, type Stage } from './stage.ts'

const plenty = { limit: 10_000, windowMilliseconds: 1_000 }

export interface DiscordStage extends Stage {
  readonly discord: FakeDiscord
  readonly userId: (person: PersonName) => string
}

/** @param mode how clicks reach the app */
export async function discordStage(
  mode: 'gateway' | 'http',
  log: { warn(message: string): void },
): Promise<DiscordStage> {
  const discord = await createFakeDiscord({
    limits: {
      messageCreate: plenty,
      messageEdit: plenty,
      webhook: plenty,
      otherRoutes: plenty,
      threadCreate: plenty,
      global: plenty,
    },
  })
  const guild = discord.addGuild()
  const channel = discord.addChannel(guild, 'patches').id
  const users = new Map(
    persons.map((person) => {
      const user = discord.addUser(person)
      discord.join(guild, user)
      return [person, user.id] as const
    }),
  )
  const id = (person: PersonName) => users.get(person) ?? ''
  let server: Server | null = null

  async function answer(interaction: Interaction): Promise<string> {
    await expect.poll(() => interaction.messages.find((message) => !message.loading), { timeout: 4_000 }).toBeDefined()
    return interaction.messages.map(({ content }) => content).join()
  }

  function cards(): readonly Message[] {
    return discord.messages(channel).filter(({ components }) => components.length > 0)
  }

  function cardOf(proposal: string): Message {
    const found = cards().find(({ components }) => JSON.stringify(components).includes(`:${proposal}:`))
    if (!found) throw new Error(`Discord has no card of ${proposal}.`)
    return found
  }

  return {
    name: `Discord, ${mode}`,
    discord,
    userId: id,
    accounts: accountsOf(Object.fromEntries(persons.slice(0, 3).map((person) => [person, id(person)]))),
    connect(desk, db, accounts) {
      const connection = createDiscord({
        drawPng,
        botToken: discord.token,
        publicKey: mode === 'http' ? discord.publicKey : null,
        apiUrl: discord.url,
        desk,
        posts: createPosts(db),
        accounts,
        places: new Map([['web-platform', channel]]),
        consoleUrl: 'https://patchwarden.example.net',
        clock: () => new Date(),
        log: { info: () => {}, warn: log.warn },
      })
      if (mode === 'http') {
        server = createServer((request, response) => connection.http?.handle(request, response)).listen(0, '127.0.0.1')
      }
      return connection
    },
    async arrive() {
      const address = server?.address()
      const port = typeof address === 'object' && address ? address.port : 0
      if (server !== null) await discord.setInteractionsEndpoint(`http://127.0.0.1:${port}/discord/interactions`)
    },
    async click(person, proposal, action, typed = {}) {
      const card = cardOf(proposal)
      const [, customId = ''] =
        new RegExp(`"custom_id":"(pw(?:-sure)?:${action}:${proposal}:\\d+)"`).exec(JSON.stringify(card.components)) ??
        []
      const [, entry = ''] =
        new RegExp(`"value":"(${action}:${proposal}:\\d+(?::sure)?)"`).exec(JSON.stringify(card.components)) ?? []
      if (customId === '' && entry === '')
        throw new Error(`The card of ${proposal} has neither a button nor an entry ${action}.`)
      const clicked = await (customId === ''
        ? discord.select(id(person), card.id, `pw-more:${proposal}`, [entry])
        : discord.click(id(person), card.id, customId))
      const asked = questionsOf(action)
      if (clicked.modal === null) return answer(clicked)
      const values = Object.fromEntries(Object.entries(typed).filter(([name]) => asked.some(({ ask }) => ask === name)))
      return answer(await discord.submitModal(clicked, values))
    },
    dialogs: () => discord.interactions.filter(({ modal }) => modal !== null).length,
    async type(sender, text) {
      const [verb = 'help', ...rest] = text.split(' ')
      const said = rest.join(' ')
      const options: Record<string, string> = {}
      const [, proposal] = /\b(PW-\d+)\b/.exec(said) ?? []
      const [, until] = /\buntil (\S+)/.exec(said) ?? []
      const [, because] = /\bbecause (.+)$/.exec(said) ?? []
      if (proposal !== undefined) options.proposal = proposal
      if (until !== undefined) options.until = until
      if (because !== undefined) options.because = because
      if (verb === 'ask') {
        const [person = '', , ...words] = rest
        const given = { ...options, person, ...(words.length === 0 ? {} : { because: words.join(' ') }) }
        return answer(await discord.command(id(sender), channel, 'patch-people ask', given))
      }
      if (verb === 'link' && rest[0] !== undefined) options.code = rest[0]
      if (verb === 'link' && rest[1] !== undefined) options.confirm = rest[1]
      if (verb === 'unlink' && rest[0] !== undefined) options.platform = rest[0]
      if (verb === 'unlink' && rest[1] !== undefined) options.account = rest[1]
      return answer(await discord.command(id(sender), channel, `patch ${verb}`, options))
    },
    card: async (proposal) => JSON.stringify(cardOf(proposal).components),
    cards: async () => cards().length,
    thread: async (proposal) =>
      discord.messages(cardOf(proposal).id).flatMap(({ content }) => (content === '' ? [] : [content])),
    direct: async (person) =>
      discord.directMessages(id(person)).map(({ content, components }) => JSON.stringify([content, components])),
    complaints: () => [
      // What cannot wait names those who can act; nothing else notifies anybody.
      ...discord
        .notified()
        .filter(
          ({ message, notified: { everyone, here, roles } }) =>
            everyone || here || roles.length > 0 || !/^(🔴|🟠) /u.test(message.content),
        )
        .map(({ message }) => `notified by ${message.content}`),
      ...discord.unacknowledged().map((item) => `unacknowledged ${item.customId ?? item.type}`),
      ...discord.interactions.flatMap(({ refusedAnswers }) => refusedAnswers.map((refused) => JSON.stringify(refused))),
      ...discord.requests.flatMap(({ status, path, answer: said }) =>
        // 40060: the same click again, answered already
        (status === 400 && !JSON.stringify(said).includes('40060')) || status === 429
          ? [`${status} ${path} ${JSON.stringify(said)}`]
          : [],
      ),
    ],
    async close() {
      server?.closeAllConnections()
      server?.close()
      await discord.close()
    },
  }
}
