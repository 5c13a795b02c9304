import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ThreadEntry } from '../../../src/chat/card.ts'
import { createDiscord } from '../../../src/chat/discord/connection.ts'
import { type Picture, pictureAlt } from '../../../src/chat/picture/picture.ts'
import type { ChatPlatform } from '../../../src/chat/platform.ts'
import { rich } from '../../../src/chat/rich-text.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { everyComponent } from '../../fakes/discord/components.ts'
import { createFakeDiscord, type FakeDiscord } from '../../fakes/discord/fake-discord.ts'
import { objects } from '../../fakes/discord/json.ts'
import { cardDeskWith } from '../../support/card-desk.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { pictures } from '../../support/pictures.ts'

const database = useDatabase()
const plenty = { limit: 1_000, windowMilliseconds: 1_000 }
let discord: FakeDiscord
let platform: ChatPlatform
let warnings: string[]
/** By the console, which is told the same. */
let told: readonly Picture[]
let channel: string

beforeEach(async () => {
  warnings = []
  told = []
  discord = await createFakeDiscord({ limits: { messageCreate: plenty, messageEdit: plenty, otherRoutes: plenty } })
  channel = discord.addChannel(discord.addGuild(), 'patches').id
  platform = connect()
})
afterEach(() => discord.close())

/** As after a restart: nothing is remembered but what is in the database. */
function connect(): ChatPlatform {
  const { db } = database()
  return createDiscord({
    botToken: discord.token,
    publicKey: null,
    apiUrl: discord.url,
    desk: cardDeskWith(() => told),
    posts: createPosts(db),
    accounts: accountsOf({}),
    places: new Map([['web', channel]]),
    consoleUrl: 'https://patchwarden.example.net',
    drawPng,
    clock: () => new Date(),
    log: { info: () => {}, warn: (message) => warnings.push(message) },
  }).platform
}

const said: ThreadEntry = { author: null, tone: 'good', text: rich('Done.'), detail: [], picture: pictures.outcome }

function deliver(id = 7): Promise<number | null> {
  return platform.deliver({ id, channel: 'web', proposal: 'PW-1', at: '2026-11-20T00:00:00.000Z', entry: said })
}

function thread() {
  const [card] = discord.messages(channel)
  return card === undefined ? [] : discord.messages(card.id).filter(({ content }) => content !== '')
}

describe('a picture in a thread of Discord', () => {
  test('is in the message itself, with words for those who do not see it', async () => {
    await deliver()
    await deliver()
    expect(thread()).toHaveLength(1)
    const [file] = thread()[0]?.attachments ?? []
    expect(thread()[0]?.content).toContain('Done.')
    expect(file).toMatchObject({
      name: 'patchwarden-outcome-7.png',
      type: 'image/png',
      description: pictureAlt(pictures.outcome),
    })
    expect(file?.content.subarray(1, 4).toString('latin1')).toBe('PNG')
  })

  test('arrives whichever HTTP client the process loaded first', async () => {
    const shared = Symbol.for('undici.globalDispatcher.1')
    const discords: unknown = Reflect.get(globalThis, shared)
    const slacks = createRequire(createRequire(import.meta.url).resolve('@slack/socket-mode'))('undici')
    const agent = new slacks.Agent()
    Reflect.set(globalThis, shared, agent)
    try {
      await deliver()
    } finally {
      Reflect.set(globalThis, shared, discords)
      await agent.close()
    }
    expect(thread()[0]?.attachments).toHaveLength(1)
  })

  test('is there once when the answer was lost, and after a restart', async () => {
    await deliver(6)
    // The client itself sends it once more.
    discord.faults.add({ method: 'POST', path: /\/messages$/ }, { kind: 'reset', carriedOut: true }, 2)
    await expect(deliver(7)).rejects.toThrow()
    platform = connect()
    await deliver(7)
    expect(thread().map(({ attachments }) => attachments.map(({ name }) => name))).toEqual([
      ['patchwarden-outcome-6.png'],
      ['patchwarden-outcome-7.png'],
    ])
  })

  test.each([
    ['a missing permission', 'missingPermissions', 'the permission Attach Files'],
    ['a file that is too large', 'tooLarge', 'files of their size'],
  ] as const)('is left out for %s, which is said once', async (_, reason, says) => {
    await deliver(6)
    for (const id of [7, 8]) {
      discord.faults.add({ method: 'POST', path: /\/messages$/ }, { kind: 'refusal', reason })
      await deliver(id)
    }
    expect(thread().map(({ attachments }) => attachments.length)).toEqual([1, 0, 0])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(says)
  })

  test('does not hide that the app may not write at all', async () => {
    await deliver(6)
    const refusal = { kind: 'refusal', reason: 'missingPermissions' } as const
    discord.faults.add({ method: 'POST', path: /\/messages$/ }, refusal, 2)
    await expect(deliver(7)).rejects.toThrow('does not let the app write')
    expect(warnings).toEqual([])
  })
})

describe('a picture on a card of Discord', () => {
  const { plan, load } = pictures
  const revised = { ...plan, timeZone: 'Asia/Tokyo' }
  const edits = { method: 'PATCH', path: /\/messages\/\d+$/ } as const

  const showCard = () =>
    platform.deliver({ id: 99, channel: 'web', proposal: 'PW-1', at: '2026-11-20T00:00:00.000Z', entry: null })
  const card = () => discord.messages(channel)[0]
  const attached = () => card()?.attachments.map(({ id, name }) => ({ id, name })) ?? []

  /** What its galleries show, by address. */
  function shown() {
    return everyComponent(card()?.components).flatMap(({ type, items }) => (type === 12 ? objects(items) : []))
  }

  test('is sent once, with its words, and kept by each edit after that, also after a restart', async () => {
    await showCard()
    expect(shown()).toEqual([])
    told = [plan, load]
    expect(await showCard()).toBeNull()
    const [first, second] = attached()
    expect([first?.name, second?.name]).toEqual([
      expect.stringMatching(/^patchwarden-plan-\w+\.png$/),
      expect.stringMatching(/^patchwarden-load-\w+\.png$/),
    ])
    expect(shown()).toMatchObject([
      { description: pictureAlt(plan), media: { attachment_id: first?.id } },
      { description: pictureAlt(load), media: { attachment_id: second?.id } },
    ])
    for (let edit = 0; edit < 5; edit++) await showCard()
    platform = connect()
    await showCard()
    // Those that are sent again get new ids.
    expect(attached()).toEqual([first, second])
    expect(shown()).toHaveLength(2)
  })

  test('is replaced where the plan changed, and what was is gone', async () => {
    await showCard()
    told = [plan, load]
    await showCard()
    const [before, kept] = attached()
    told = [plan, load, revised]
    await showCard()
    const after = attached()
    expect(after).toHaveLength(2)
    expect(after.map(({ id }) => id)).toContain(kept?.id)
    expect(after.map(({ id }) => id)).not.toContain(before?.id)
    expect(shown()[0]).toMatchObject({ description: pictureAlt(revised) })
  })

  test('is asked for by an entry that has one', async () => {
    expect(await deliver()).toBeGreaterThan(0)
  })

  test('is sent once more where the answer was lost, and is there once', async () => {
    await showCard()
    told = [plan]
    discord.faults.add(edits, { kind: 'reset', carriedOut: true }, 2)
    await expect(showCard()).rejects.toThrow()
    platform = connect()
    await showCard()
    expect(attached()).toHaveLength(1)
    expect(shown()).toHaveLength(1)
  })

  test.each([
    ['a missing permission', 'missingPermissions', 'the permission Attach Files'],
    ['a file that is too large', 'tooLarge', 'files of their size'],
  ] as const)('is left out for %s: the card arrives without it', async (_, reason, says) => {
    await showCard()
    told = [plan]
    discord.faults.add(edits, { kind: 'refusal', reason })
    expect(await showCard()).toBeNull()
    expect(await showCard()).toBeNull()
    expect(card()?.components).not.toEqual([])
    expect(attached()).toEqual([])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(says)
    // The next picture is another try.
    told = [plan, revised]
    await showCard()
    expect(attached()).toHaveLength(1)
  })

  test('is sent anew where the attachment is not there any more', async () => {
    await showCard()
    told = [plan]
    await showCard()
    const message = card()
    if (message) message.attachments = []
    expect(await showCard()).toBeGreaterThan(0)
    expect(shown()).toEqual([])
    expect(await showCard()).toBeNull()
    expect(shown()).toHaveLength(1)
    expect(warnings).toEqual([])
  })

  test('does not hide that the app may not edit at all', async () => {
    await showCard()
    told = [plan]
    discord.faults.add(edits, { kind: 'refusal', reason: 'missingPermissions' }, 2)
    await expect(showCard()).rejects.toThrow('does not let the app write')
    expect(warnings).toEqual([])
  })

  test('is there again when somebody deleted the card', async () => {
    await showCard()
    told = [plan]
    await showCard()
    discord.deleteMessage(card()?.id ?? '')
    expect(await showCard()).toBeGreaterThan(0)
    await showCard()
    expect(shown()).toHaveLength(1)
  })
})
