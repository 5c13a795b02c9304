/** The whole service on Slack and Discord at once, killed at the two moments when a message could be lost or doubled. */

import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ChatService, createChatService, slackPeople } from '../support/chat-service.ts'

let chat: ChatService

beforeEach(async () => {
  chat = await createChatService()
  await chat.service.start()
  await expect.poll(() => chat.slack.sockets(), { timeout: 30_000 }).toBe(2)
  await expect.poll(() => chat.discordCards().length, { timeout: 30_000 }).toBe(1)
  await expect
    .poll(() => [chat.thread('slack').length, chat.thread('discord').length], { timeout: 30_000 })
    .toEqual([1, 1])
})
afterEach(() => chat.remove())

const approvals = (platform: 'slack' | 'discord') =>
  chat.thread(platform).filter((text) => text.endsWith('Approved.')).length

async function approveInSlack(user: string): Promise<void> {
  const [card] = chat.slackCards()
  if (!card) throw new Error('Slack has no card.')
  await chat.slack.click(user, card, 'pw:approve')
}

async function restart(): Promise<void> {
  await chat.service.end('SIGKILL')
  await chat.service.start()
  await expect.poll(() => chat.slack.sockets(), { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
}

async function settled(): Promise<void> {
  await expect.poll(() => [approvals('slack'), approvals('discord')], { timeout: 60_000 }).toEqual([1, 1])
  // Long enough for whatever would be sent a second time.
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect([approvals('slack'), approvals('discord')]).toEqual([1, 1])
  expect([chat.slackCards().length, chat.discordCards().length]).toEqual([1, 1])
  expect(JSON.stringify(chat.slackCards()[0]?.blocks)).toContain('(owner) approved.')
  expect(JSON.stringify(chat.discordCards()[0]?.components)).toContain('(owner) approved.')
  const { stdout } = await chat.service.command('proposals', '--json')
  expect(stdout).toContain('PW-')
  expect((await chat.service.command('audit', 'verify', '--rebuild')).code).toBe(0)
}

test('kill -9 between the database’s commit and the post: each post comes once, after the next start', async () => {
  chat.slack.fail('chat.postMessage', { kind: 'stalled', done: false })
  chat.discord.faults.add(
    { method: 'POST', path: /messages$/ },
    { kind: 'delay', milliseconds: 60_000, carriedOut: 'before' },
  )
  const before = chat.slack.calls.filter(({ method }) => method === 'chat.postMessage').length
  await approveInSlack(slackPeople.mara)
  await expect
    .poll(() => chat.slack.calls.filter(({ method }) => method === 'chat.postMessage').length, { timeout: 10_000 })
    .toBeGreaterThan(before)
  expect(approvals('slack')).toBe(0)
  await restart()
  await settled()
})

test('kill -9 between the post and its answer: nothing is posted twice, and the rollout that follows is told in both', async () => {
  chat.slack.fail('chat.postMessage', { kind: 'stalled', done: true })
  chat.discord.faults.add(
    { method: 'POST', path: /messages$/ },
    { kind: 'delay', milliseconds: 60_000, carriedOut: 'after' },
  )
  await approveInSlack(slackPeople.mara)
  await expect.poll(() => [approvals('slack'), approvals('discord')], { timeout: 10_000 }).toEqual([1, 1])
  await restart()
  await settled()
  const [card] = chat.discordCards()
  const [, button = ''] = /"(pw:approve:[^"]+)"/.exec(JSON.stringify(card?.components)) ?? []
  await chat.discord.click(chat.discordPeople.tom, card?.id ?? '', button)
  for (const platform of ['slack', 'discord'] as const) {
    await expect.poll(() => chat.thread(platform).join('\n'), { timeout: 120_000 }).toContain('Done.')
  }
  expect(chat.slack.limited()).toBe(0)
})

test('check posts a button on each platform and waits for the click, whether the service runs or not', async () => {
  async function clickTests(): Promise<void> {
    const posted = () => chat.slack.messages.findLast((message) => JSON.stringify(message.blocks).includes('pw:test:'))
    await expect.poll(posted, { timeout: 30_000 }).toBeDefined()
    const message = posted()
    const [, action = ''] = /"(pw:test:[^"]+)"/.exec(JSON.stringify(message?.blocks)) ?? []
    if (message) await chat.slack.click(slackPeople.mara, message, action)
    const inDiscord = () =>
      chat.discord
        .messages(chat.discordChannel)
        .findLast(({ components }) => JSON.stringify(components).includes('pw:test:'))
    await expect.poll(inDiscord, { timeout: 30_000 }).toBeDefined()
    const [, button = ''] = /"(pw:test:[^"]+)"/.exec(JSON.stringify(inDiscord()?.components)) ?? []
    await chat.discord.click(chat.discordPeople.tom, inDiscord()?.id ?? '', button)
    chat.slack.delete(message?.ts ?? '')
  }
  const running = chat.service.command('check', '--wait', '30')
  await clickTests()
  expect(await running).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ok {3}click slack: the click arrived/),
  })
  await chat.service.end('SIGTERM')
  const alone = chat.service.command('check', '--wait', '30')
  await clickTests()
  expect(await alone).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ok {3}click discord: the click arrived/),
  })
  const nobody = await chat.service.command('check', '--wait', '1', '--json')
  expect(nobody).toMatchObject({ code: 1, stdout: expect.stringContaining('no click arrived within 1 s') })
  expect((await chat.service.command('check', '--no-click')).code).toBe(0)
})
