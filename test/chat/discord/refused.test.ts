/** Errors that Discord documents, at every call that delivers: what they do not reach goes on, and nothing is lost. */

import { RESTJSONErrorCodes } from 'discord.js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ThreadEntry } from '../../../src/chat/card.ts'
import { createDiscord } from '../../../src/chat/discord/connection.ts'
import { discordCodes, discordRefusal } from '../../../src/chat/discord/refusals.ts'
import type { ChatPlatform } from '../../../src/chat/platform.ts'
import type { Reach } from '../../../src/chat/reach.ts'
import { rich } from '../../../src/chat/rich-text.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { putMessages } from '../../../src/store/outbox.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { createDispatcher } from '../../../src/workflow/dispatch.ts'
import type { WorkflowParts } from '../../../src/workflow/ports.ts'
import { createFakeDiscord, type FakeDiscord } from '../../fakes/discord/fake-discord.ts'
import type { Message } from '../../fakes/discord/world.ts'
import { cardDesk } from '../../support/card-desk.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { alwaysMine } from '../../support/leases.ts'

const database = useDatabase()
const plenty = { limit: 100_000, windowMilliseconds: 1_000 }

let discord: FakeDiscord
let guild: ReturnType<FakeDiscord['addGuild']>
let places: Map<string, string>
let mara: string
let platform: ChatPlatform
let time: number
let view: string

beforeEach(async () => {
  time = Date.parse('2026-11-20T00:00:00Z')
  const limits = {
    messageCreate: plenty,
    messageEdit: plenty,
    otherRoutes: plenty,
    threadCreate: plenty,
    global: plenty,
  }
  discord = await createFakeDiscord({ limits: { ...limits, activeThreads: 10_000 } })
  guild = discord.addGuild()
  const user = discord.addUser('mara')
  discord.join(guild, user)
  mara = user.id
  places = new Map()
  const desk = {
    ...cardDesk,
    card: async (proposal: string) => {
      const card = await cardDesk.card(proposal, null)
      return card === null ? null : { ...card, title: `${proposal} ${view}`, pictures: [] }
    },
  }
  platform = createDiscord({
    drawPng,
    botToken: discord.token,
    publicKey: null,
    apiUrl: discord.url,
    desk,
    posts: createPosts(database().db),
    accounts: accountsOf({ mara }),
    places,
    consoleUrl: 'https://patchwarden.example.net',
    clock: () => new Date(time),
    log: { info: () => {}, warn: () => {} },
  }).platform
})
afterEach(() => discord.close())

/** The second round of a scene: two new channels, and no memory of the scene before. */
async function fresh(): Promise<void> {
  await database().sql`truncate outbox, posts`
  discord.faults.clear()
  view = 'first'
  for (const name of ['web', 'payments']) places.set(name, discord.addChannel(guild, name).id)
}

const entry = (text: string): ThreadEntry => ({ author: null, tone: 'neutral', text: rich(text), detail: [] })
const proposals = [
  { channel: 'web', proposal: 'PW-1' },
  { channel: 'web', proposal: 'PW-2' },
  { channel: 'payments', proposal: 'PW-3' },
]

async function put(messages: readonly { channel: string; proposal: string; entry: ThreadEntry | null }[]) {
  const at = new Date(time).toISOString()
  await putMessages(
    database().db,
    messages.map((message) => ({ ...message, platform: 'discord', at })),
  )
}

/** Delivers until nothing moves. Each round is longer than the longest rest. */
async function deliver(dispatcher: ReturnType<typeof createDispatcher>): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await dispatcher.kick()
    time += 400_000
  }
}

function parts(): WorkflowParts {
  const log = { info: () => {}, warn: () => {} }
  return { db: database().db, clock: () => new Date(time), platforms: [platform], log } as unknown as WorkflowParts
}

/** The cards of a proposal that have buttons. One that was left has none. */
function cards(proposal: string): readonly Message[] {
  return [...places.values()]
    .flatMap((place) => discord.messages(place))
    .filter(({ components }) => JSON.stringify(components).includes(`:${proposal}:`))
}
const shows = (proposal: string, what: string) =>
  cards(proposal).filter(({ components }) => JSON.stringify(components).includes(`${proposal} ${what}`))
function said(text: string): number {
  const threads = [...places.values()].flatMap((place) => discord.threads(place))
  return threads.flatMap(({ id }) => discord.messages(id)).filter(({ content }) => content === text).length
}
const direct = (text: string) => discord.directMessages(mara).filter(({ content }) => content === text).length

function arrived(mark: string): readonly string[] {
  return [
    ...proposals.flatMap(({ proposal }) => [
      ...(shows(proposal, 'second').length > 0 ? [`${proposal} card`] : []),
      ...(said(`${proposal} goes on`) > 0 ? [`${proposal} entry`] : []),
      ...(said(`${proposal} ends`) > 0 ? [`${proposal} end`] : []),
    ]),
    ...(direct(mark) > 0 ? ['direct'] : []),
  ]
}

type Call = 'card' | 'entry' | 'direct'

/** What must have arrived although the call about PW-1, or the one to Mara, is refused. */
function mustArrive(call: Call, reach: Reach): readonly string[] {
  const all = ['PW-1 card', 'PW-1 entry', 'PW-1 end', 'PW-2 card', 'PW-2 entry', 'PW-2 end']
  const other = ['PW-3 card', 'PW-3 entry', 'PW-3 end', 'direct']
  if (reach === 'platform') return []
  if (call === 'direct') return [...all, ...other].filter((one) => one !== 'direct')
  if (reach === 'channel' || reach === 'workspace') return other
  const silent = call === 'card' ? ['PW-1 card'] : ['PW-1 entry', 'PW-1 end']
  return [...all, ...other].filter((one) => !silent.includes(one))
}

async function scene(call: Call, status: number, code: number, dispatcher: ReturnType<typeof createDispatcher>) {
  await fresh()
  const mark = `For Mara, ${call} ${code}.`
  await put(
    proposals.flatMap((one) => [
      { ...one, entry: null },
      { ...one, entry: entry(`${one.proposal} begins`) },
    ]),
  )
  await deliver(dispatcher)
  const [card] = cards('PW-1')
  const where = {
    card: { method: 'PATCH', path: `/messages/${card?.id}` },
    entry: { method: 'POST', path: `/channels/${card?.id}/messages` },
    direct: { method: 'POST', path: '/users/@me/channels' },
  }[call]
  discord.faults.add(where, { kind: 'code', status, code }, Number.POSITIVE_INFINITY)
  view = 'second'
  const about = (text: string) => proposals.map((one) => ({ ...one, entry: entry(`${one.proposal} ${text}`) }))
  await put([...proposals.map((one) => ({ ...one, entry: null })), ...about('goes on'), ...about('ends')])
  await put([{ channel: '@mara', proposal: 'PW-1', entry: entry(mark) }])
  await deliver(dispatcher)
  const refused = discordRefusal({ code, status, message: '' })
  expect(arrived(mark), `${call} ${code}`).toEqual(expect.arrayContaining([...mustArrive(call, refused.reach)]))
  discord.faults.clear()
  await deliver(dispatcher)
  for (const { proposal } of proposals) {
    expect(shows(proposal, 'second'), `${call} ${code} ${proposal}`).toHaveLength(1)
    for (const text of ['begins', 'goes on', 'ends'])
      expect(said(`${proposal} ${text}`), `${call} ${code} ${proposal} ${text}`).toBe(1)
  }
  expect(direct(mark)).toBe(call === 'direct' && refused.instead === 'nothing' ? 0 : 1)
  const [left] = await database().sql`select count(*)::int as waiting from outbox where delivered_at is null`
  expect(left).toEqual({ waiting: 0 })
}

const unknown = 99_999
/** A code for each meaning: the client of Discord is too slow for a scene with every code. */
const oneOfEach = new Map(
  discordCodes.map((code) => {
    const { reach, instead } = discordRefusal({ code, status: 400, message: '' })
    return [`${reach} ${instead}`, code]
  }),
)

test.each(['card', 'entry', 'direct'] as const)(
  'an error at the %s holds back what it reaches, until it is gone',
  async (call) => {
    const dispatcher = createDispatcher(parts(), alwaysMine)
    for (const code of [...oneOfEach.values(), unknown]) await scene(call, 400, code, dispatcher)
    await scene(call, 401, 0, dispatcher)
  },
)

test('the codes of the table are Discord’s own', () => {
  for (const code of discordCodes) expect(RESTJSONErrorCodes[code], String(code)).toBeDefined()
})
