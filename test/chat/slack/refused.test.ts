/** Every error that Slack documents, at every call that delivers: what it does not reach goes on, and nothing is lost. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ThreadEntry } from '../../../src/chat/card.ts'
import type { ChatPlatform } from '../../../src/chat/platform.ts'
import type { Reach } from '../../../src/chat/reach.ts'
import { plain, rich } from '../../../src/chat/rich-text.ts'
import { createSlack } from '../../../src/chat/slack/connection.ts'
import { slackCodes, slackRefusal } from '../../../src/chat/slack/refusals.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { putMessages } from '../../../src/store/outbox.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { createSlackInstallations } from '../../../src/store/slack-installations.ts'
import { createDispatcher } from '../../../src/workflow/dispatch.ts'
import type { WorkflowParts } from '../../../src/workflow/ports.ts'
import { createFakeSlack, type FakeSlack } from '../../fakes/slack/fake-slack.ts'
import type { Json } from '../../fakes/slack/world.ts'
import { cardDesk } from '../../support/card-desk.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { alwaysMine } from '../../support/leases.ts'
import { documentedErrors } from './documented-errors.ts'

const database = useDatabase()
const WEB = 'C0WEB'
const places = new Map([
  ['web', WEB],
  ['payments', 'C0PAY'],
])

let slack: FakeSlack
let platform: ChatPlatform
let time: number
/** Another account in each scene, because an open conversation is remembered. */
let mara = ''
/** Part of each card's title. */
let view: string

beforeEach(async () => {
  time = Date.parse('2026-11-20T00:00:00Z')
  view = 'first'
  slack = await createFakeSlack({ channels: [...places.values()], users: [] })
  const { db } = database()
  const desk = {
    ...cardDesk,
    card: async (proposal: string) => {
      const card = await cardDesk.card(proposal, null)
      return card === null ? null : { ...card, title: `${proposal} ${view}`, pictures: [] }
    },
  }
  platform = createSlack({
    drawPng,
    access: { mode: 'socket', botToken: slack.botToken, appToken: slack.appToken },
    named: [],
    installations: createSlackInstallations(db, '', () => new Date()),
    apiUrl: slack.url,
    desk,
    posts: createPosts(db),
    accounts: { ...accountsOf({}), accountOf: async () => mara },
    places,
    consoleUrl: 'https://patchwarden.example.net',
    clock: () => new Date(time),
    log: { info: () => {}, warn: () => {} },
    pace: { postMs: 0, anyPostMs: 0, editMs: 0 },
  }).platform
})
afterEach(() => slack.close())

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
    messages.map((message) => ({ ...message, platform: 'slack', at })),
  )
}

/** Delivers until nothing moves. Each round is longer than the longest rest. */
async function deliver(dispatcher: ReturnType<typeof createDispatcher>): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await dispatcher.kick()
    time += 400_000
  }
}

function parts(): WorkflowParts {
  const log = { info: () => {}, warn: () => {} }
  return { db: database().db, clock: () => new Date(time), platforms: [platform], log } as unknown as WorkflowParts
}

const cards = (proposal: string) =>
  slack.messages.filter(({ thread, blocks }) => thread === null && JSON.stringify(blocks).includes(`"${proposal}:`))
const shows = (proposal: string, what: string) =>
  cards(proposal).filter(({ blocks }) => JSON.stringify(blocks).includes(`${proposal} ${what}`))
const texts = () => slack.messages.map(({ text }) => text)
const said = (text: string) => texts().filter((one) => one === text).length
/** `PW-1 card`, `PW-1 entry`, ...: what arrived of the second round. */
function arrived(): readonly string[] {
  return [
    ...proposals.flatMap(({ proposal }) => [
      ...(shows(proposal, 'second').length > 0 ? [`${proposal} card`] : []),
      ...(said(`${proposal} goes on`) > 0 ? [`${proposal} entry`] : []),
      ...(said(`${proposal} ends`) > 0 ? [`${proposal} end`] : []),
    ]),
    ...(said('For Mara.') > 0 ? ['direct'] : []),
  ]
}

type Call = 'card' | 'entry' | 'direct'
const methods = { card: 'chat.update', entry: 'chat.postMessage', direct: 'conversations.open' } as const

/** What must have arrived although the call about PW-1, or the one to Mara, is refused. */
function mustArrive(call: Call, reach: Reach): readonly string[] {
  const all = ['PW-1 card', 'PW-1 entry', 'PW-1 end', 'PW-2 card', 'PW-2 entry', 'PW-2 end']
  const other = ['PW-3 card', 'PW-3 entry', 'PW-3 end', 'direct']
  if (reach === 'platform' || reach === 'workspace') return []
  if (call === 'direct') return [...all, ...other].filter((one) => one !== 'direct')
  if (reach === 'channel') return other
  const silent = call === 'card' ? ['PW-1 card'] : reach === 'thread' ? ['PW-1 entry', 'PW-1 end'] : ['PW-1 entry']
  return [...all, ...other].filter((one) => !silent.includes(one))
}

async function scene(call: Call, code: string, dispatcher: ReturnType<typeof createDispatcher>): Promise<void> {
  mara = `U0${code.replaceAll('_', '').toUpperCase()}`
  slack.home.users.set(mara, { id: mara, kind: 'member' })
  await put(
    proposals.flatMap((one) => [
      { ...one, entry: null },
      { ...one, entry: entry(`${one.proposal} begins`) },
    ]),
  )
  await deliver(dispatcher)
  const [first] = cards('PW-1')
  const refused: Readonly<Record<Call, (body: Json) => boolean>> = {
    card: ({ ts }) => ts === first?.ts,
    // One entry: its text, and in brief the same.
    entry: ({ text }) => text === 'PW-1 goes on',
    direct: () => true,
  }
  slack.world.refuses = (method, body) => (method === methods[call] && refused[call](body) ? code : null)
  view = 'second'
  const about = (text: string) => proposals.map((one) => ({ ...one, entry: entry(`${one.proposal} ${text}`) }))
  await put([...proposals.map((one) => ({ ...one, entry: null })), ...about('goes on'), ...about('ends')])
  await put([{ channel: '@mara', proposal: 'PW-1', entry: entry('For Mara.') }])
  await deliver(dispatcher)
  expect(arrived(), `${call} ${code}`).toEqual(expect.arrayContaining([...mustArrive(call, slackRefusal(code).reach)]))
  slack.world.refuses = () => null
  await deliver(dispatcher)
  const nobody = call === 'direct' && slackRefusal(code).instead === 'nothing'
  for (const { proposal } of proposals) {
    expect(shows(proposal, 'second'), `${call} ${code} ${proposal}`).toHaveLength(1)
    for (const text of ['begins', 'goes on', 'ends']) expect(said(`${proposal} ${text}`)).toBe(1)
  }
  expect(said('For Mara.'), `${call} ${code}`).toBe(nobody ? 0 : 1)
  const [left] = await database().sql`select count(*)::int as waiting from outbox where delivered_at is null`
  expect(left).toEqual({ waiting: 0 })
}

test.each(['card', 'entry', 'direct'] as const)(
  'an error at the %s holds back what it reaches, until it is gone',
  async (call) => {
    const dispatcher = createDispatcher(parts(), alwaysMine)
    for (const code of [...documentedErrors[methods[call]], 'an_error_that_nobody_knows']) {
      await scene(call, code, dispatcher)
      await database().sql`truncate outbox, posts`
      slack.messages.splice(0)
      view = 'first'
    }
  },
)

test('a card of an earlier installation goes on in a new one, and each links to the other', async () => {
  await scene('card', 'cant_update_message', createDispatcher(parts(), alwaysMine))
  const links = texts().filter((text) => text.includes('https://example.slack.com/archives/C0WEB/p'))
  expect(links).toEqual([
    expect.stringMatching(/^The proposal goes on here. The story so far is there: https:/),
    expect.stringMatching(/^The proposal goes on there: https:/),
  ])
  expect(cards('PW-1')).toHaveLength(2)
})

test('the codes of the table are Slack’s own', () => {
  const known = new Set<string>(Object.values(documentedErrors).flat())
  /** Documented elsewhere: auth.test, conversations.replies, and in Slack's own clients. */
  const elsewhere = ['cannot_dm_bot', 'internal_error', 'invalid_auth', 'thread_not_found']
  expect(slackCodes.filter((code) => !known.has(code)).sort()).toEqual(elsewhere)
})

test('what is wrong goes on after the name of Slack, as a sentence', () => {
  for (const code of slackCodes) expect(plain(rich(slackRefusal(code).problem)), code).toMatch(/^[a-z].*[.]$/)
})
