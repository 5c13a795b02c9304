/** The flow of delivery, on a platform that is nothing but lists: each message once, and a card that is never out of sight. */

import { beforeEach, expect, test } from 'vitest'
import type { ThreadEntry } from '../../src/chat/card.ts'
import { createDelivery } from '../../src/chat/delivery.ts'
import type { Messaging, Spot } from '../../src/chat/messaging.ts'
import { PICTURE_SECONDS, type Post, type Posts } from '../../src/chat/platform.ts'
import { plain, rich } from '../../src/chat/rich-text.ts'
import { cardDesk } from '../support/card-desk.ts'

class Refused extends Error {}
class Gone extends Error {}

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
let next: 'refuse' | 'lose the answer' | 'take none' | null
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
    if (how === 'take none') return null
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
    found.content = `shown ${(await current())?.proposal}`
    return null
  },
  threadSpot: (place, card) => ({ place, thread: card }),
  say: async ({ entry }, write) => write(plain(entry.text)),
  isRefusal: (error) => error instanceof Refused || error instanceof Gone,
  isGone: (error) => error instanceof Gone,
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
const over = (messaging: Messaging<string>) => createDelivery({ desk: cardDesk, posts, log }, messaging)
const entry = (text: string): ThreadEntry => ({ author: null, tone: 'neutral', text: rich(text), detail: [] })
const about = { channel: 'web', proposal: 'PW-1', at: '2026-11-29T00:00:00Z' }
const contents = () => messages.map(({ content }) => content)

beforeEach(() => {
  kept = new Map()
  messages = []
  warnings = []
  threads = new Set()
  next = null
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
    expect(await deliver({ ...about, id: 3, entry: null })).toBe(PICTURE_SECONDS)
    expect(contents()).toEqual(['card of PW-1'])
    expect(warnings).toEqual(['Somebody deleted the card of PW-1 in Elsewhere; it is posted again.'])
  },
)

test('a card where nothing counts any more is posted anew, without a word', async () => {
  const { deliver } = over({ ...plainMessaging, editCard: async () => 'elsewhere' })
  await deliver({ ...about, id: 1, entry: null })
  expect(await deliver({ ...about, id: 2, entry: null })).toBe(PICTURE_SECONDS)
  expect(contents()).toEqual(['card of PW-1', 'card of PW-1'])
  expect(warnings).toEqual([])
})
