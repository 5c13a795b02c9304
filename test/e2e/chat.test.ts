/** The whole service on Slack and Discord at once, killed at the two moments when a message could be lost or doubled. */

import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeDiscord, type FakeDiscord } from '../fakes/discord/fake-discord.ts'
import { createFakeSlack, type FakeSlack } from '../fakes/slack/fake-slack.ts'
import { createService, type RunningService } from '../support/running-service.ts'

const shipped = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

let slack: FakeSlack
let discord: FakeDiscord
let channel: string
let folder: string
let tom: string
let service: RunningService

beforeEach(async () => {
  slack = await createFakeSlack({
    channels: ['C00000WEB'],
    users: ['U00000MARA', 'U000000TOM'].map((id) => ({ id, kind: 'member' as const })),
    pace: 10,
  })
  discord = await createFakeDiscord()
  const guild = discord.addGuild()
  channel = discord.addChannel(guild, 'patches').id
  const join = (name: string) => {
    const user = discord.addUser(name)
    discord.join(guild, user)
    return user.id
  }
  const mara = join('mara')
  tom = join('tom')
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden chat '))
  await cp(shipped('fleet.json'), path.join(folder, 'fleet.json'))
  const file = path.join(folder, 'patchwarden.yaml')
  await writeFile(
    file,
    `
people:
  mara: { name: Mara, slack: U00000MARA, discord: "${mara}" }
  tom: { name: Tom, slack: U000000TOM, discord: "${tom}" }
teams:
  web-platform: { name: Web, channel: web, roles: { owner: [mara], security: [tom] }, policy: both, window: any-time, rollout: all }
  payments: { name: Payments, channel: payments, roles: { owner: [mara], security: [tom] }, policy: both, window: any-time, rollout: all }
channels: { web: { slack: C00000WEB, discord: "${channel}" }, payments: {} }
policies: { both: { kind: quorum, approvals: { owner: 1, security: 1 }, stop: [owner], resume: { owner: 1 } } }
windows: { any-time: { rules: [{ days: every day, start: "00:00", duration: 24 hours }] } }
rollouts: { all: { rings: [{ name: all, select: rest, batch: 8 }] } }
sources: { example: { kind: file, path: fleet.json, format: json, engine: simulated } }
engines: { simulated: { kind: simulated, state: fleet.json, pace: 1 s } }
feeds: { catalog: { kind: file-catalog, path: ${JSON.stringify(shipped('catalog.json'))} } }
`,
  )
  service = await createService({
    PATCHWARDEN_CONFIG: file,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.url,
    DISCORD_BOT_TOKEN: discord.token,
    DISCORD_API_URL: discord.url,
  })
  await service.start()
  await expect.poll(() => slack.sockets(), { timeout: 30_000 }).toBe(2)
  await expect.poll(() => discord.messages(channel).length, { timeout: 30_000 }).toBeGreaterThan(0)
  await expect.poll(() => thread('slack').length + thread('discord').length, { timeout: 30_000 }).toBe(2)
})
afterEach(async () => {
  await service.remove()
  await slack.close()
  await discord.close()
  await rm(folder, { recursive: true, force: true })
})

const slackCards = () =>
  slack.messages.filter(({ thread: parent, channel: place }) => parent === null && place === 'C00000WEB')
const discordCards = () => discord.messages(channel).filter(({ components }) => components.length > 0)

function thread(platform: 'slack' | 'discord'): readonly string[] {
  if (platform === 'slack')
    return slack.messages.filter(({ thread: parent }) => parent !== null).map(({ text }) => text)
  const [card] = discordCards()
  return card === undefined ? [] : discord.messages(card.id).flatMap(({ content }) => (content === '' ? [] : [content]))
}

const approvals = (platform: 'slack' | 'discord') =>
  thread(platform).filter((text) => text.endsWith('Approved.')).length

async function approveInSlack(user: string): Promise<void> {
  const [card] = slackCards()
  if (!card) throw new Error('Slack has no card.')
  await slack.click(user, card, 'pw:approve')
}

async function restart(): Promise<void> {
  await service.end('SIGKILL')
  await service.start()
  await expect.poll(() => slack.sockets(), { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
}

async function settled(): Promise<void> {
  await expect.poll(() => [approvals('slack'), approvals('discord')], { timeout: 60_000 }).toEqual([1, 1])
  // Long enough for whatever would be sent a second time.
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect([approvals('slack'), approvals('discord')]).toEqual([1, 1])
  expect([slackCards().length, discordCards().length]).toEqual([1, 1])
  expect(JSON.stringify(slackCards()[0]?.blocks)).toContain('owner 1/1')
  expect(JSON.stringify(discordCards()[0]?.components)).toContain('owner 1/1')
  const { stdout } = await service.command('proposals', '--json')
  expect(stdout).toContain('PW-')
  expect((await service.command('audit', 'verify', '--rebuild')).code).toBe(0)
}

test('kill -9 between the database’s commit and the post: each post comes once, after the next start', async () => {
  slack.fail('chat.postMessage', { kind: 'stalled', done: false })
  discord.faults.add(
    { method: 'POST', path: /messages$/ },
    { kind: 'delay', milliseconds: 60_000, carriedOut: 'before' },
  )
  const before = slack.calls.filter(({ method }) => method === 'chat.postMessage').length
  await approveInSlack('U00000MARA')
  await expect
    .poll(() => slack.calls.filter(({ method }) => method === 'chat.postMessage').length, { timeout: 10_000 })
    .toBeGreaterThan(before)
  expect(approvals('slack')).toBe(0)
  await restart()
  await settled()
})

test('kill -9 between the post and its answer: nothing is posted twice, and the rollout that follows is told in both', async () => {
  slack.fail('chat.postMessage', { kind: 'stalled', done: true })
  discord.faults.add(
    { method: 'POST', path: /messages$/ },
    { kind: 'delay', milliseconds: 60_000, carriedOut: 'after' },
  )
  await approveInSlack('U00000MARA')
  await expect.poll(() => [approvals('slack'), approvals('discord')], { timeout: 10_000 }).toEqual([1, 1])
  await restart()
  await settled()
  const [card] = discordCards()
  const [, button = ''] = /"(pw:approve:[^"]+)"/.exec(JSON.stringify(card?.components)) ?? []
  await discord.click(tom, card?.id ?? '', button)
  for (const platform of ['slack', 'discord'] as const) {
    await expect.poll(() => thread(platform).join('\n'), { timeout: 120_000 }).toContain('Done.')
  }
  expect(slack.limited()).toBe(0)
})

test('check posts a button on each platform and waits for the click, whether the service runs or not', async () => {
  async function clickTests(): Promise<void> {
    const posted = () => slack.messages.findLast((message) => JSON.stringify(message.blocks).includes('pw:test:'))
    await expect.poll(posted, { timeout: 30_000 }).toBeDefined()
    const message = posted()
    const [, action = ''] = /"(pw:test:[^"]+)"/.exec(JSON.stringify(message?.blocks)) ?? []
    if (message) await slack.click('U00000MARA', message, action)
    const inDiscord = () =>
      discord.messages(channel).findLast(({ components }) => JSON.stringify(components).includes('pw:test:'))
    await expect.poll(inDiscord, { timeout: 30_000 }).toBeDefined()
    const [, button = ''] = /"(pw:test:[^"]+)"/.exec(JSON.stringify(inDiscord()?.components)) ?? []
    await discord.click(tom, inDiscord()?.id ?? '', button)
    slack.delete(message?.ts ?? '')
  }
  const running = service.command('check', '--wait', '30')
  await clickTests()
  expect(await running).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ok {3}click slack: the click arrived/),
  })
  await service.end('SIGTERM')
  const alone = service.command('check', '--wait', '30')
  await clickTests()
  expect(await alone).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ok {3}click discord: the click arrived/),
  })
  const nobody = await service.command('check', '--wait', '1', '--json')
  expect(nobody).toMatchObject({ code: 1, stdout: expect.stringContaining('no click arrived within 1 s') })
  expect((await service.command('check', '--no-click')).code).toBe(0)
})
