import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ThreadEntry } from '../../../src/chat/card.ts'
import { type Picture, pictureAlt } from '../../../src/chat/picture/picture.ts'
import { type ChatPlatform, TryLater } from '../../../src/chat/platform.ts'
import { rich } from '../../../src/chat/rich-text.ts'
import { createSlack } from '../../../src/chat/slack/connection.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { createSlackInstallations } from '../../../src/store/slack-installations.ts'
import { createFakeSlack, type FakeSlack } from '../../fakes/slack/fake-slack.ts'
import { cardDeskWith } from '../../support/card-desk.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { pictures } from '../../support/pictures.ts'

const database = useDatabase()
let slack: FakeSlack
let platform: ChatPlatform
let warnings: string[]
/** By the console, which is told the same. */
let told: readonly Picture[]

beforeEach(async () => {
  warnings = []
  told = []
  slack = await createFakeSlack({ channels: ['C0WEB'] })
  platform = connect()
})
afterEach(() => slack.close())

/** As after a restart: nothing is remembered but what is in the database. */
function connect(): ChatPlatform {
  const { db } = database()
  return createSlack({
    access: { mode: 'socket', botToken: slack.botToken, appToken: slack.appToken },
    named: [],
    installations: createSlackInstallations(db, '', () => new Date()),
    apiUrl: slack.url,
    desk: cardDeskWith(() => told),
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

function deliver(id = 7, entry = said): Promise<number | null> {
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

describe('a picture on a card of Slack', () => {
  const { plan, load } = pictures
  const revised = { ...plan, timeZone: 'Asia/Tokyo' }

  async function tell(id: number, picture: Picture): Promise<number | null> {
    told = [...told, picture]
    return deliver(id, { ...said, picture })
  }
  const showCard = () =>
    platform.deliver({ id: 99, channel: 'web', proposal: 'PW-1', at: '2026-11-20T00:00:00.000Z', entry: null })
  const card = () => slack.messages.find(({ thread }) => thread === null)
  const images = () => (card()?.blocks ?? []).filter(({ type }) => type === 'image')
  const uploads = () => slack.calls.filter(({ method }) => method === 'upload').length
  const updates = () => slack.calls.filter(({ method }) => method === 'chat.update').length
  const fileOf = (id: number, kind = 'plan') => files().find(({ name }) => name === `patchwarden-${kind}-${id}.png`)?.id

  test('is the file of its thread, with its words, and is not uploaded again however often the card changes', async () => {
    expect(await tell(1, plan)).toBeGreaterThan(0)
    await tell(2, load)
    expect(images()).toEqual([])
    expect(await showCard()).toBeNull()
    expect(images()).toEqual([
      { type: 'image', slack_file: { id: fileOf(1) }, alt_text: pictureAlt(plan) },
      { type: 'image', slack_file: { id: fileOf(2, 'load') }, alt_text: pictureAlt(load) },
    ])
    for (let edit = 0; edit < 5; edit++) await showCard()
    platform = connect()
    await showCard()
    expect(images()).toHaveLength(2)
    expect(uploads()).toBe(2)
  })

  test('is the new one where the plan changed', async () => {
    await tell(1, plan)
    await showCard()
    await tell(2, revised)
    await showCard()
    expect(images()).toMatchObject([{ slack_file: { id: fileOf(2) } }])
  })

  test('is known from a picture whose answer was lost', async () => {
    await deliver(6, { ...said, text: rich('Before.') })
    slack.fail('files.completeUploadExternal', { kind: 'lost' })
    await expect(tell(7, revised)).rejects.toThrow()
    platform = connect()
    await deliver(7, { ...said, picture: revised })
    await showCard()
    expect(images()).toMatchObject([{ slack_file: { id: fileOf(7) } }])
  })

  test('comes later where Slack still processes it: the card is there meanwhile', async () => {
    await tell(1, load)
    await showCard()
    slack.world.processingMs = Number.POSITIVE_INFINITY
    await tell(2, plan)
    slack.world.files.set(fileOf(1, 'load') ?? '', { ...firstShared('load'), at: Number.NEGATIVE_INFINITY })
    const before = card()?.edits ?? 0
    const again = await showCard()
    expect(card()?.edits).toBe(before + 1)
    // What is ready is shown.
    expect(images()).toMatchObject([{ slack_file: { id: fileOf(1, 'load') } }])
    expect(again).toBeGreaterThan(0)
    slack.world.processingMs = 0
    expect(await showCard()).toBeNull()
    expect(images()).toHaveLength(2)
    expect(warnings).toEqual([])
  })

  test('is given up where its file was deleted: nothing is tried without end', async () => {
    await tell(1, plan)
    await showCard()
    slack.deleteFile(fileOf(1) ?? '')
    let rounds = 0
    while ((await showCard()) !== null) rounds++
    expect(rounds).toBeGreaterThan(3)
    expect(rounds).toBeLessThan(10)
    const before = updates()
    expect(await showCard()).toBeNull()
    expect(updates()).toBe(before + 1)
    expect(images()).toEqual([])
    expect(warnings.join()).toContain('it may have been deleted')
  })

  test('is there again when somebody deleted the card', async () => {
    await tell(1, plan)
    await showCard()
    slack.delete(card()?.ts ?? '')
    expect(await showCard()).toBeGreaterThan(0)
    expect(images()).toEqual([])
    await showCard()
    expect(images()).toHaveLength(1)
    expect(uploads()).toBe(1)
  })

  function firstShared(kind: string) {
    const shared = [...slack.world.files.values()].find(({ file }) => file.name.includes(kind))
    if (!shared) throw new Error(`No ${kind} was shared.`)
    return shared
  }
})
