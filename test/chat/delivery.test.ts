/** The flow of delivery, on a platform that is nothing but lists: each message once, and a card that is never out of sight. */

import { beforeEach, expect, test } from 'vitest'
import type { ThreadEntry } from '../../src/chat/card.ts'
import { createDelivery } from '../../src/chat/delivery.ts'
import type { Messaging, Spot } from '../../src/chat/messaging.ts'
import { PICTURE_SECONDS, type Post, type Posts } from '../../src/chat/platform.ts'
import { refusal } from '../../src/chat/reach.ts'
import { plain, rich } from '../../src/chat/rich-text.ts'
import { cardDesk } from '../support/card-desk.ts'

class Refused extends Error {}
class Gone extends Error {}
class Sealed extends Error {}
class TooLong extends Error {}
class Nobody extends Error {}

interface Message {
  readonly id: string
  readonly key: string
  readonly spot: Spot
  content: string
}

let kept: Map<string, Post>
let messages: Message[]
let warnings: string[]
/** What the next post does instead of answering. */
let next: 'refuse' | 'lose the answer' | 'take none' | 'too long' | null
/** Cards that can be edited no more, and whose threads are locked. */
let sealed: Set<string>
let locked: Set<string>
let now: number
let threads: Set<string>

const posts: Posts = {
  find: async (_, key) => kept.get(key) ?? null,
  async begin(_, post) {
    if (!kept.has(post.key)) kept.set(post.key, { ...post, message: null })
  },
  async sent(_, key, message) {
    const post = kept.get(key)
    if (post !== undefined) kept.set(key, { ...post, message })
  },
  async forget(_, key) {
    kept.delete(key)
  },
  proposalOf: async () => null,
}

const plainMessaging: Messaging<string> = {
  name: 'elsewhere',
  title: 'Elsewhere',
  placeOf: (channel) => (channel === 'web' ? 'C1' : null),
  conversationWith: async (person) => (person === 'mara' ? 'D1' : null),
  cardContent: ({ proposal }) => `card of ${proposal}`,
  aloneContent: ({ text }) => plain(text),
  async post(spot, key, content) {
    const how = next
    next = null
    if (how === 'refuse') throw new Refused('no')
    if (how === 'take none') throw new Nobody('no messages')
    if (how === 'too long') throw new TooLong('too long')
    if (locked.has(spot.thread ?? spot.place.slice(1))) throw new Sealed('locked')
    if (spot.thread !== null && !messages.some(({ id }) => id === spot.thread)) throw new Gone('no thread')
    const id = `M${messages.length + 1}`
    messages.push({ id, key, spot, content })
    if (how === 'lose the answer') throw new Error('broken pipe')
    return id
  },
  find: async (_, key) => messages.find((message) => message.key === key)?.id ?? null,
  async editCard({ message }, _, current) {
    const found = messages.find(({ id }) => id === message)
    if (found === undefined) throw new Gone('no message')
    if (sealed.has(message)) throw new Sealed('sealed')
    const card = await current()
    const said = plain(card?.say ?? []).startsWith('This goes on') ? ` that ${plain(card?.say ?? [])}` : ''
    found.content = `shown ${card?.proposal}${said}`
    return null
  },
  threadSpot: (place, card) => ({ place, thread: card }),
  say: async ({ entry }, write) => write(plain(entry.text)),
  refusalOf(error) {
    if (error instanceof Refused) return refusal('channel', 'refuses it.')
    if (error instanceof Gone) return refusal('message', 'does not have it any more.', 'anew')
    if (error instanceof Sealed) return refusal('message', 'does not let it be changed.', 'anew')
    if (error instanceof TooLong) return refusal('message', 'finds it too long.', 'shorter')
    return error instanceof Nobody ? refusal('message', 'takes none.', 'nothing') : null
  },
  isGone: (error) => error instanceof Gone,
  linkTo: async ({ message }) => `elsewhere://${message}`,
  problem: (error, place) => (error instanceof Refused ? new Error(`${place} refuses it.`) : error),
}

/** The same where a thread is opened first, and is a place of its own. */
const withThreads: Messaging<string> = {
  ...plainMessaging,
  threadSpot: (_, card) => ({ place: `T${card}`, thread: null }),
  async openThread(_, card) {
    if (!messages.some(({ id }) => id === card)) throw new Gone('no card')
    threads.add(`T${card}`)
  },
  async post(spot, key, content) {
    if (spot.place.startsWith('T') && !threads.has(spot.place)) throw new Gone('no thread')
    return plainMessaging.post(spot, key, content)
  },
}

const log = { warn: (message: string) => void warnings.push(message) }
const over = (messaging: Messaging<string>) =>
  createDelivery({ desk: cardDesk, posts, clock: () => new Date(now), log }, messaging)
const entry = (text: string): ThreadEntry => ({ author: null, tone: 'neutral', text: rich(text), detail: [] })
const about = { channel: 'web', proposal: 'PW-1', at: '2026-11-29T00:00:00Z' }
const contents = () => messages.map(({ content }) => content)

beforeEach(() => {
  kept = new Map()
  messages = []
  warnings = []
  threads = new Set()
  next = null
  sealed = new Set()
  locked = new Set()
  now = Date.parse('2026-11-29T00:00:00Z')
})

test.each([
  ['a thread of the message', plainMessaging, { place: 'C1', thread: 'M1' }],
  ['a thread that is opened', withThreads, { place: 'TM1', thread: null }],
] as const)('%s: the card comes before its first entry, and each is one message', async (_, messaging, spot) => {
  const { deliver } = over(messaging)
  const message = { ...about, id: 7, entry: entry('Approved.') }
  expect(await deliver(message)).toBeNull()
  expect(await deliver(message)).toBeNull()
  expect(messages).toMatchObject([
    { key: 'card PW-1', content: 'card of PW-1', spot: { place: 'C1', thread: null } },
    { key: 'entry 7', content: 'Approved.', spot },
  ])
  expect(await deliver({ ...about, id: 8, entry: null })).toBeNull()
  expect(contents()).toEqual(['shown PW-1', 'Approved.'])
})

test('what may have arrived is looked for; what was refused is posted again', async () => {
  const { deliver } = over(plainMessaging)
  const direct = { ...about, id: 1, channel: '@mara', entry: entry('It waits for you.') }
  next = 'lose the answer'
  await expect(deliver(direct)).rejects.toThrow('broken pipe')
  expect(await deliver(direct)).toBeNull()
  expect(contents()).toEqual(['It waits for you.'])
  next = 'refuse'
  await expect(deliver({ ...direct, id: 2 })).rejects.toThrow('D1 refuses it.')
  expect(kept.has('entry 2')).toBe(false)
  expect(await deliver({ ...direct, id: 2 })).toBeNull()
  expect(messages).toHaveLength(2)
})

test('who takes no messages, and who is not there, hold nothing up', async () => {
  const { deliver } = over(plainMessaging)
  next = 'take none'
  expect(await deliver({ ...about, id: 1, channel: '@mara', entry: entry('Hello.') })).toBeNull()
  expect(await deliver({ ...about, id: 2, channel: '@tom', entry: entry('Hello.') })).toBeNull()
  expect(await deliver({ ...about, id: 3, channel: 'payments', entry: null })).toBeNull()
  expect([kept.size, messages.length]).toEqual([0, 0])
})

test.each([
  ['a thread of the message', plainMessaging],
  ['a thread that is opened', withThreads],
] as const)(
  '%s: a card that somebody deleted is posted again, and shown again with its pictures',
  async (_, messaging) => {
    const { deliver } = over(messaging)
    await deliver({ ...about, id: 1, entry: entry('First.') })
    messages = []
    threads.clear()
    expect(await deliver({ ...about, id: 2, entry: entry('Second.') })).toBe(PICTURE_SECONDS)
    expect(contents()).toEqual(['card of PW-1', 'Second.'])
    messages = []
    await expect(deliver({ ...about, id: 3, entry: null })).rejects.toThrow('posted again a short time ago')
    expect(contents()).toEqual([])
    now += 300_000
    expect(await deliver({ ...about, id: 3, entry: null })).toBe(PICTURE_SECONDS)
    expect(contents()).toEqual(['card of PW-1'])
    expect(warnings).toEqual(['The card of PW-1 is posted again: Elsewhere does not have it any more.'])
  },
)

test('a card where nothing counts any more is posted anew, without a word', async () => {
  const { deliver } = over({ ...plainMessaging, editCard: async () => 'elsewhere' })
  await deliver({ ...about, id: 1, entry: null })
  expect(await deliver({ ...about, id: 2, entry: null })).toBe(PICTURE_SECONDS)
  expect(contents()).toEqual(['card of PW-1', 'card of PW-1'])
  expect(warnings).toEqual([])
})

test('a card that cannot be edited goes on in a new one, and each thread says where the other is', async () => {
  const { deliver } = over(plainMessaging)
  await deliver({ ...about, id: 1, entry: entry('First.') })
  sealed.add('M1')
  expect(await deliver({ ...about, id: 2, entry: null })).toBe(PICTURE_SECONDS)
  await deliver({ ...about, id: 3, entry: entry('Second.') })
  expect(messages.map(({ content, spot }) => [spot.thread, content])).toEqual([
    [null, 'card of PW-1'],
    ['M1', 'First.'],
    [null, 'card of PW-1'],
    ['M3', 'The proposal goes on here. The story so far is there: elsewhere://M1'],
    ['M1', 'The proposal goes on there: elsewhere://M3'],
    ['M3', 'Second.'],
  ])
})

test('a workspace where no card can ever be edited gets one more card an hour, and no more', async () => {
  const { deliver } = over({
    ...plainMessaging,
    editCard: async () => {
      throw new Sealed('sealed')
    },
  })
  const show = { ...about, id: 1, entry: null }
  await deliver(show)
  expect(await deliver(show)).toBe(PICTURE_SECONDS)
  for (let minutes = 0; minutes < 59; minutes++) {
    now += 60_000
    await expect(deliver(show)).rejects.toThrow('posted again a short time ago')
  }
  now += 60_000
  await deliver(show)
  expect(contents().filter((content) => content === 'card of PW-1')).toHaveLength(3)
})

test.each([
  ['a thread of the message', plainMessaging],
  ['a thread that is opened', withThreads],
] as const)('%s: what a locked thread does not take is said in the thread of a new card', async (_, messaging) => {
  const { deliver } = over(messaging)
  await deliver({ ...about, id: 1, entry: entry('First.') })
  locked.add('M1')
  await deliver({ ...about, id: 2, entry: entry('Second.') })
  await deliver({ ...about, id: 3, entry: entry('Third.') })
  expect(contents()).toEqual([
    'shown PW-1 that This goes on here: elsewhere://M3',
    'First.',
    'card of PW-1',
    'The proposal goes on here. The story so far is there: elsewhere://M1',
    'Second.',
    'Third.',
  ])
})

test('an entry that is too long is said in brief', async () => {
  const { deliver } = over(plainMessaging)
  await deliver({ ...about, id: 1, entry: null })
  next = 'too long'
  await deliver({ ...about, id: 2, entry: { ...entry('word '.repeat(200)), detail: ['a log'] } })
  expect(contents()[1]).toMatch(/^word .{200,310}… The rest is in the console\.$/)
})

test('a card before that was refused is used again when no new one can be posted', async () => {
  const { deliver } = over(plainMessaging)
  await deliver({ ...about, id: 1, entry: null })
  sealed.add('M1')
  next = 'refuse'
  await expect(deliver({ ...about, id: 2, entry: null })).rejects.toThrow('C1 refuses it.')
  sealed.clear()
  await deliver({ ...about, id: 2, entry: null })
  expect(contents()).toEqual(['shown PW-1'])
})
