import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Accounts } from '../../../src/chat/accounts.ts'
import { createDiscord } from '../../../src/chat/discord/connection.ts'
import type { ChatConnection } from '../../../src/chat/platform.ts'
import type { ProposalState } from '../../../src/core/proposal/proposal.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { findProposal, openProposals } from '../../../src/store/proposals.ts'
import { createFakeDiscord, type DiscordMessage, type FakeDiscord } from '../../fakes/discord.ts'
import { useDatabase } from '../../support/database.ts'
import { exampleService } from '../../support/example-service.ts'

const database = useDatabase()
const { signal } = new AbortController()
const CHANNEL = '100000000000000001'
const people = { mara: '500000000000000001', tom: '500000000000000002', jonas: '500000000000000003' }
const BOT = '900000000000000001'
const accounts: Accounts = {
  all: Object.keys(people).map((id) => ({ id, name: id })),
  personOf: (_, user) => {
    const found = Object.entries({ ...people, bot: BOT }).find(([, own]) => own === user)
    return found ? { id: found[0], name: found[0] } : null
  },
}

let discord: FakeDiscord
let connection: ChatConnection
let service: Awaited<ReturnType<typeof exampleService>>
let web: ProposalState
let warnings: string[]

beforeEach(async () => {
  const { db } = database()
  warnings = []
  discord = await createFakeDiscord({ token: 'fake.bot.token', channels: [CHANNEL] })
  service = await exampleService(db, {
    connect(desk) {
      connection = createDiscord({
        botToken: 'fake.bot.token',
        apiUrl: discord.url,
        desk,
        posts: createPosts(db),
        accounts,
        places: new Map([['web-platform', CHANNEL]]),
        consoleUrl: 'https://patchwarden.example.net',
        clock: () => new Date(),
        log: { info: () => {}, warn: (message) => warnings.push(message) },
      })
      return [connection.platform]
    },
  })
  await connection.start()
  await service.workflow.syncFeeds(signal)
  await service.workflow.syncInventory(signal)
  await service.workflow.propose(signal)
  await service.workflow.deliver()
  const found = (await openProposals(db)).find((state) => state.team === 'web-platform')
  if (!found) throw new Error('The example has no proposal.')
  web = found
})
afterEach(async () => {
  await connection.stop()
  await discord.close()
  await service.remove()
})

function cards(): readonly DiscordMessage[] {
  return discord.messages.filter((message) => message.channel === CHANNEL)
}

function card(): DiscordMessage {
  const [first] = cards()
  if (!first) throw new Error(`No card was posted: ${service.warnings.join()}`)
  return first
}

function thread(): readonly string[] {
  return discord.messages.filter((message) => message.channel === card().id).map((message) => message.content)
}

async function settled(): Promise<ProposalState | null> {
  await service.workflow.deliver()
  return findProposal(database().db, web.id)
}

async function lastAnswer(count: number): Promise<string> {
  await expect.poll(() => discord.answers.length, { timeout: 3_000 }).toBeGreaterThanOrEqual(count)
  return JSON.stringify(discord.answers.at(-1))
}

const button = (action: string) => `pw:${action}:${web.id}:${web.revision}`

describe('from proposal to verified, in Discord', () => {
  test('one card with its thread; two people approve by button; the card follows the rollout', async () => {
    expect(cards()).toHaveLength(1)
    expect(discord.threads.get(card().id)?.name).toMatch(/^PW-\d openssl and 4 more/)
    await discord.click(people.mara, card(), button('approve'))
    expect(await lastAnswer(1)).toContain('Your approval is recorded.')
    await settled()
    expect(JSON.stringify(card().components)).toContain('owner 1/1')
    await discord.click(people.tom, card(), button('approve'))
    await lastAnswer(2)
    expect((await settled())?.status).toBe('scheduled')
    await service.workflow.advance(web.id, signal)
    expect((await settled())?.status).toBe('completed')
    expect(cards()).toHaveLength(1)
    expect(JSON.stringify(card().components)).toContain('Verified')
    expect(thread()[0]).toMatch(/^Proposed by the assessment/)
    expect(thread().at(-1)).toMatch(/Done\.\*\* 8 of 8/)
    expect(discord.unacknowledged).toEqual([])
    expect([...warnings, ...service.warnings]).toEqual([])
  })

  test('a rejection asks for reason, date and owner first', async () => {
    await discord.click(people.tom, card(), button('reject'))
    expect(discord.modals).toMatchObject([{ problems: [], data: { title: `Reject ${web.id}` } }])
    await discord.submit(people.tom, CHANNEL, { reason: 'The release is on Friday.', until: '2020-01-01', owner: '' })
    expect(await lastAnswer(1)).toContain('still to come')
    const until = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10)
    await discord.submit(people.tom, CHANNEL, { reason: 'The release is on Friday.', until, owner: 'mara' })
    expect(await lastAnswer(2)).toContain('Rejected')
    expect((await settled())?.deferral).toMatchObject({ by: 'tom', owner: 'mara' })
  })

  test('every action is a subcommand; in the thread of a proposal it needs no name', async () => {
    expect(discord.commands).toMatchObject([{ name: 'patch' }])
    await discord.command(people.tom, card().id, 'approve')
    expect(await lastAnswer(1)).toContain('Your approval is recorded.')
    await discord.command(people.tom, CHANNEL, 'list')
    expect(await lastAnswer(2)).toContain(web.id)
    await discord.command(people.tom, CHANNEL, 'plan', { proposal: web.id })
    expect(await lastAnswer(3)).toContain('Next windows')
    await discord.command(people.tom, CHANNEL, 'approve', { proposal: 'PW-99' })
    expect(await lastAnswer(4)).toContain('There is no proposal PW-99')
  })

  test('check says that the token works and the channels can be seen, and what is wrong', async () => {
    expect(await connection.check()).toBe('the token works; 1 channel in 1 server can be seen')
    discord.fail(/^GET \/channels/, { kind: 'error', status: 403, code: 50_001 })
    await expect(connection.check()).rejects.toThrow(/View Channel/)
  })

  test('asks for no privileged intent, and notifies nobody', async () => {
    expect(discord.intents()).toBe(1)
    await service.workflow.execute(
      web.id,
      { type: 'comment', text: '@everyone <@500000000000000001> @here' },
      { kind: 'person', id: 'mara', name: '@everyone', via: 'console' },
    )
    await settled()
    expect(thread().join()).toContain('everyone')
    expect(discord.notified).toEqual([])
  })
})

describe('who may not', () => {
  test.each([
    [
      'somebody whom the configuration does not name',
      '500000000000000009',
      'add your Discord user id, 500000000000000009',
    ],
    ['a bot', BOT, 'Bots do not decide'],
    ['somebody without the role', people.jonas, 'takes the role'],
  ])('%s is told why, and nothing changes', async (_, user, says) => {
    await discord.click(user, card(), button('approve'))
    expect(await lastAnswer(1)).toContain(says)
    expect((await settled())?.votes).toEqual([])
  })

  test('a person counts once, however often the click arrives', async () => {
    await Promise.all([1, 2, 3].map(() => discord.click(people.mara, card(), button('approve'))))
    await lastAnswer(3)
    expect((await settled())?.votes).toHaveLength(1)
  })
})

describe('what gets lost', () => {
  test('a post whose answer was lost is not posted twice', async () => {
    discord.fail(/^POST \/channels\/\d+\/messages$/, { kind: 'lost' })
    await discord.command(people.mara, CHANNEL, 'approve', { proposal: web.id })
    await lastAnswer(1)
    await expect
      .poll(
        async () => {
          await settled()
          return thread().filter((text) => text.endsWith('Approved.')).length
        },
        { timeout: 8_000 },
      )
      .toBe(1)
    await settled()
    expect(thread().filter((text) => text.endsWith('Approved.'))).toHaveLength(1)
  })

  test('a card that somebody deleted comes back', async () => {
    discord.delete(card().id)
    await discord.command(people.mara, CHANNEL, 'approve', { proposal: web.id })
    await lastAnswer(1)
    await expect
      .poll(
        async () => {
          await settled()
          return cards().length
        },
        { timeout: 8_000 },
      )
      .toBe(1)
  })

  test('a permission that is missing is one notice with a way back', async () => {
    discord.fail(/^POST \/channels\/\d+\/messages$/, { kind: 'error', status: 403, code: 50_013 })
    await discord.command(people.mara, CHANNEL, 'approve', { proposal: web.id })
    await lastAnswer(1)
    await settled()
    expect(service.warnings.join()).toContain('give it Send Messages')
    await expect
      .poll(
        async () => {
          await settled()
          return thread().some((text) => text.endsWith('Approved.'))
        },
        { timeout: 8_000 },
      )
      .toBe(true)
  })

  test('being told to wait, it waits', async () => {
    discord.fail(/^POST \/channels\/\d+\/messages$/, { kind: 'limited', seconds: 1 })
    await discord.command(people.mara, CHANNEL, 'approve', { proposal: web.id })
    await lastAnswer(1)
    await expect
      .poll(
        async () => {
          await settled()
          return thread().filter((text) => text.endsWith('Approved.')).length
        },
        { timeout: 8_000 },
      )
      .toBe(1)
  })
})
