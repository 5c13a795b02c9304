import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ThreadEntry } from '../../../src/chat/card.ts'
import { pictureAlt } from '../../../src/chat/picture/picture.ts'
import { type ChatPlatform, TryLater } from '../../../src/chat/platform.ts'
import { rich } from '../../../src/chat/rich-text.ts'
import { createSlack } from '../../../src/chat/slack/connection.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { createSlackInstallations } from '../../../src/store/slack-installations.ts'
import { createFakeSlack, type FakeSlack } from '../../fakes/slack/fake-slack.ts'
import { cardDesk } from '../../support/card-desk.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { pictures } from '../../support/pictures.ts'

const database = useDatabase()
let slack: FakeSlack
let platform: ChatPlatform
let warnings: string[]

beforeEach(async () => {
  warnings = []
  slack = await createFakeSlack({ channels: ['C0WEB'] })
  platform = connect()
})
afterEach(() => slack.close())

/** As after a restart: nothing is remembered but what is in the database. */
function connect(): ChatPlatform {
  const { db } = database()
  return createSlack({
    access: { mode: 'socket', botToken: slack.botToken, appToken: slack.appToken },
    installations: createSlackInstallations(db, '', () => new Date()),
    apiUrl: slack.url,
    desk: cardDesk,
    posts: createPosts(db),
    accounts: accountsOf({}),
    places: new Map([['web', 'C0WEB']]),
    consoleUrl: 'https://patchwarden.example.net',
    drawPng,
    clock: () => new Date(),
    log: { info: () => {}, warn: (message) => warnings.push(message) },
    pace: { postMs: 0, anyPostMs: 0, editMs: 0 },
  }).platform
}

const said: ThreadEntry = {
  author: null,
  tone: 'neutral',
  text: rich('Scheduled.'),
  detail: [],
  picture: pictures.plan,
}

function deliver(id = 7, entry = said): Promise<void> {
  return platform.deliver({ id, channel: 'web', proposal: 'PW-1', at: '2026-11-20T00:00:00.000Z', entry })
}

const inThread = () => slack.messages.filter(({ thread }) => thread !== null)
const files = () => inThread().flatMap((message) => message.files)
const texts = () => inThread().flatMap(({ text }) => (text === '' ? [] : [text]))

describe('a picture in a thread of Slack', () => {
  test('comes after its text, with words for those who do not see it', async () => {
    await deliver()
    await deliver()
    expect(texts()).toEqual(['Scheduled.'])
    const [file] = files()
    expect(file?.content.subarray(1, 4).toString('latin1')).toBe('PNG')
    expect(file?.alt).toBe(pictureAlt(pictures.plan))
    expect(files()).toHaveLength(1)
    const [card] = slack.messages
    expect(inThread().map(({ thread }) => thread)).toEqual([card?.ts, card?.ts])
  })

  test.each(['files.completeUploadExternal', 'files.getUploadURLExternal', 'chat.postMessage'])(
    'is there once when an answer of %s was lost',
    async (method) => {
      await deliver(6, { ...said, text: rich('Before.') })
      slack.fail(method, { kind: 'lost' })
      await expect(deliver()).rejects.toThrow()
      platform = connect()
      await deliver()
      expect(texts()).toEqual(['Before.', 'Scheduled.'])
      expect(files().filter(({ name }) => name === 'patchwarden-plan-7.png')).toHaveLength(1)
    },
  )

  test.each([
    ['a missing scope', () => slack.home.scopes.delete('files:write'), 'the scope files:write'],
    [
      'a workspace without uploads',
      () => {
        slack.world.uploadsDisabled = true
      },
      'does not allow uploads',
    ],
  ])('is left out for %s, which is said once', async (_, spoil, says) => {
    spoil()
    await deliver(7)
    await deliver(8)
    expect(texts()).toEqual(['Scheduled.', 'Scheduled.'])
    expect(files()).toEqual([])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(says)
  })

  test('holds nothing back when uploads fail and fail', async () => {
    slack.fail('upload', ...Array.from({ length: 9 }, () => ({ kind: 'status' as const, status: 503 })))
    await expect(deliver()).rejects.toThrow('503')
    await expect(deliver()).rejects.toThrow('503')
    await deliver()
    expect(texts()).toEqual(['Scheduled.'])
    expect(warnings.join()).toContain('an upload failed 3 times')
  })

  test('waits when Slack asks to', async () => {
    slack.fail('files.getUploadURLExternal', { kind: 'limited', seconds: 3 })
    await expect(deliver()).rejects.toThrow(TryLater)
    await deliver()
    expect(files()).toHaveLength(1)
  })
})
