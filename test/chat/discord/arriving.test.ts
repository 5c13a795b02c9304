/** Discord by requests: signatures; completion, roles and direct messages. */

import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDiscord } from '../../../src/chat/discord/connection.ts'
import { discordKey, isSigned } from '../../../src/chat/discord/signature.ts'
import type { ChatConnection } from '../../../src/chat/platform.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { createFakeDiscord, type FakeDiscord } from '../../fakes/discord/fake-discord.ts'
import type { Guild, Role } from '../../fakes/discord/world.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { exampleService, jonas, mara, proposeAll, tom } from '../../support/example-service.ts'

const database = useDatabase()

/** In the payments team alone. */
const marek = { id: 'marek', name: 'Marek', roles: ['owner'] }

let discord: FakeDiscord
let guild: Guild
let role: Role
let users: Readonly<Record<'mara' | 'tom', string>>
let channel: string
let server: Server
let connection: ChatConnection
let service: Awaited<ReturnType<typeof exampleService>>
let address: string

beforeEach(async () => {
  discord = await createFakeDiscord()
  guild = discord.addGuild()
  role = discord.addRole(guild, 'security')
  channel = discord.addChannel(guild, 'patches').id
  const join = (name: string, roles: readonly Role[]) => {
    const user = discord.addUser(name)
    discord.join(guild, user, roles)
    return user.id
  }
  users = { mara: join('mara', []), tom: join('tom', [role]) }
  const { db } = database()
  service = await exampleService(db, {
    members: (team) => (team === 'payments' ? [mara, tom, jonas, marek] : [mara, tom, jonas]),
    connect(desk) {
      connection = createDiscord({
        drawPng,
        botToken: discord.token,
        publicKey: discord.publicKey,
        apiUrl: discord.url,
        desk,
        posts: createPosts(db),
        accounts: accountsOf(users),
        places: new Map([['web-platform', channel]]),
        consoleUrl: 'https://patchwarden.example.net',
        clock: () => new Date(),
        log: { info: () => {}, warn: (message) => void service.warnings.push(message) },
      })
      return [connection.platform]
    },
  })
  server = createServer((request, response) => connection.http?.handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const bound = server.address()
  address = `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}/discord/interactions`
  await connection.start()
})
afterEach(async () => {
  await connection.stop()
  server.closeAllConnections()
  server.close()
  await discord.close()
  await service.remove()
})

test('the address passes Discord’s own check, which forges a signature, and no gateway is opened', async () => {
  await discord.setInteractionsEndpoint(address)
  expect(discord.gateway.sessions()).toEqual([])
})

test('only what Discord signed is answered', async () => {
  await discord.setInteractionsEndpoint(address)
  for (const how of ['key', 'body', 'missing', 'old'] as const) {
    expect((await discord.sendForged({ type: 1 }, how)).status, how).toBe(401)
  }
  const wrongKey = () => service.warnings.filter((warning) => warning.includes('DISCORD_PUBLIC_KEY')).length
  // Discord forges one now and then by itself; after several in a row, with none that is right, the key is wrong.
  expect(wrongKey()).toBe(1)
  await discord.sendForged({ type: 1 }, 'key')
  expect(wrongKey()).toBe(1)
  expect((await fetch(address)).status).toBe(405)
  expect((await fetch(address, { method: 'POST', body: 'x'.repeat(1_000_000) })).status).toBe(401)
})

test('a key that is none is refused at the start, and odd headers are no signature', () => {
  expect(() => discordKey('abc')).toThrow(/64 hexadecimal digits/)
  const key = discordKey(discord.publicKey)
  expect(key.asymmetricKeyType).toBe('ed25519')
  const body = Buffer.from('{}')
  for (const signature of ['', 'zz', '00'.repeat(64), '00'.repeat(4_000)]) {
    for (const timestamp of ['', '1', '-1', '9'.repeat(40)]) {
      expect(isSigned(key, { signature, timestamp, body }, 1)).toBe(false)
    }
  }
})

test('proposals, and people of their teams, are completed while they are typed, for those who are known', async () => {
  await discord.setInteractionsEndpoint(address)
  await proposeAll(service.workflow)
  await service.workflow.deliver()
  const typed = await discord.autocomplete(users.tom, channel, 'patch approve', ['proposal', 'open'])
  expect(typed.choices?.map(({ value }) => value)).toEqual(['PW-2', 'PW-1'])
  const narrowed = await discord.autocomplete(users.tom, channel, 'patch approve', ['proposal', 'on 8 serv'])
  expect(narrowed.choices).toEqual([{ name: 'PW-1 openssl and 4 more on 8 servers', value: 'PW-1' }])
  const owners = async (who: string, where: string, options: Readonly<Record<string, string>> = {}) =>
    (await discord.autocomplete(who, where, 'patch reject', ['owner', 'mar'], { until: '2026-12-31', ...options }))
      .choices
  const ofWeb = [{ name: 'Mara (mara)', value: 'mara' }]
  expect(await owners(users.tom, channel, { proposal: 'pw-1' })).toEqual(ofWeb)
  const ofPayments = [...ofWeb, { name: 'Marek (marek)', value: 'marek' }]
  expect(await owners(users.tom, channel, { proposal: 'PW-2' })).toEqual(ofPayments)
  const [card] = discord.messages(channel).filter(({ components }) => components.length > 0)
  expect(await owners(users.tom, card?.id ?? '')).toEqual(ofWeb)
  // Nobody knows yet which team it is about.
  expect(await owners(users.tom, channel)).toEqual([])
  expect(await owners(users.tom, channel, { proposal: 'PW-99' })).toEqual([])
  const stranger = discord.addUser('stranger')
  discord.join(guild, stranger)
  const nothing = await discord.autocomplete(stranger.id, channel, 'patch approve', ['proposal', ''])
  expect(nothing.choices).toEqual([])
  expect(await owners(stranger.id, channel, { proposal: 'PW-1' })).toEqual([])
})

test('who has a role of the server is asked person by person, without a privileged intent', async () => {
  expect(await connection.accountsIn({ server: guild.id, id: role.id })).toMatchObject([{ id: users.tom, realm: null }])
  discord.leave(guild, users.tom)
  expect(await connection.accountsIn({ server: guild.id, id: role.id })).toEqual([])
})

test('a person who takes no direct messages is one notice, and holds nothing up', async () => {
  const user = discord.addUser('shy', { acceptsDirectMessages: false })
  discord.join(guild, user)
  const entry = {
    author: null,
    tone: 'neutral' as const,
    text: [{ kind: 'text' as const, text: 'Hello.' }],
    detail: [],
  }
  const message = { id: 77, channel: '@mara', proposal: 'PW-1', at: new Date().toISOString(), entry }
  await connection.platform.deliver(message)
  expect(discord.directMessages(users.mara).map(({ content }) => content)).toEqual(['Hello.'])
  await connection.platform.deliver(message)
  expect(discord.directMessages(users.mara)).toHaveLength(1)
})

test('a token that was changed is one notice; with the old one back, messages arrive', async () => {
  discord.faults.add({ method: 'POST', path: /messages$/ }, { kind: 'refusal', reason: 'unauthorized' })
  await proposeAll(service.workflow)
  await service.workflow.deliver()
  expect(service.warnings.filter((warning) => warning.includes('DISCORD_BOT_TOKEN is not valid'))).toHaveLength(1)
  await expect
    .poll(
      async () => {
        await service.workflow.deliver()
        return discord.messages(channel).filter(({ components }) => components.length > 0).length
      },
      { timeout: 8_000 },
    )
    .toBe(1)
})
