import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ThreadEntry } from '../../../src/chat/card.ts'
import { createDiscord } from '../../../src/chat/discord/connection.ts'
import { pictureAlt } from '../../../src/chat/picture/picture.ts'
import type { ChatPlatform } from '../../../src/chat/platform.ts'
import { rich } from '../../../src/chat/rich-text.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { createFakeDiscord, type FakeDiscord } from '../../fakes/discord/fake-discord.ts'
import { cardDesk } from '../../support/card-desk.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { pictures } from '../../support/pictures.ts'

const database = useDatabase()
const plenty = { limit: 1_000, windowMilliseconds: 1_000 }
let discord: FakeDiscord
let platform: ChatPlatform
let warnings: string[]
let channel: string

beforeEach(async () => {
  warnings = []
  discord = await createFakeDiscord({ limits: { messageCreate: plenty, otherRoutes: plenty } })
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
    desk: cardDesk,
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

function deliver(id = 7): Promise<void> {
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
