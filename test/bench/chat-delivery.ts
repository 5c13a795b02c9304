/**
 * A thousand cards to twenty channels at the platform's own pace: how long it takes beside the least its limits allow,
 * with no call told to slow down (429) and no card lost or posted twice. Real outbox, dispatcher, delivery and client
 * libraries; the fakes enforce the documented limits. Slack's minute goes ten times faster on both sides.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Desk } from '../../src/chat/desk.ts'
import { createDiscord } from '../../src/chat/discord/connection.ts'
import type { ChatConnection } from '../../src/chat/platform.ts'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { createSlack } from '../../src/chat/slack/connection.ts'
import { slackPace } from '../../src/chat/slack/pace.ts'
import { drawPng } from '../../src/integrations/picture/index.ts'
import { openDatabase } from '../../src/store/database.ts'
import { putMessages } from '../../src/store/outbox.ts'
import { createPosts } from '../../src/store/posts.ts'
import { createSlackInstallations } from '../../src/store/slack-installations.ts'
import { createDispatcher } from '../../src/workflow/dispatch.ts'
import type { WorkflowParts } from '../../src/workflow/ports.ts'
import { createFakeDiscord } from '../fakes/discord/fake-discord.ts'
import { createFakeSlack } from '../fakes/slack/fake-slack.ts'
import { accountsOf } from '../support/chat-people.ts'
import { placeOf } from '../support/place.ts'
import { members, proposalCase } from '../support/proposal-case.ts'

const CARDS = 1_000
const CHANNELS = 20
const FASTER = 10

const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden bench '))
const database = await openDatabase({
  url: undefined,
  dataDir: path.join(folder, 'postgres'),
  durable: false,
  log: () => {},
})
const { db } = database
const example = proposalCase().state()
const desk = {
  card: async (proposal: string) => proposalCard(placeOf({ ...example, id: proposal }, members), null),
} as unknown as Desk
const log = { info: () => {}, warn: (message: string) => console.error(message) }
const common = {
  desk,
  posts: createPosts(db),
  accounts: accountsOf({}),
  consoleUrl: 'https://patchwarden.example.net',
  drawPng,
  clock: () => new Date(),
  log,
}

/** Puts the cards into the outbox and delivers until none is left; seconds. */
async function deliver({ platform }: ChatConnection): Promise<number> {
  const at = new Date().toISOString()
  const messages = Array.from({ length: CARDS }, (_, index) => ({
    platform: platform.name,
    channel: `c${index % CHANNELS}`,
    proposal: `PW-${index + 1}`,
    at,
    entry: null,
  }))
  await putMessages(db, messages)
  const parts = { db, clock: () => new Date(), platforms: [platform], log } as unknown as WorkflowParts
  const dispatcher = createDispatcher(parts, database.alone)
  const began = performance.now()
  await dispatcher.kick()
  return (performance.now() - began) / 1_000
}

function report(name: string, seconds: number, least: number, posted: readonly string[], limited: number): void {
  const lost = CARDS - new Set(posted).size
  const twice = posted.length - new Set(posted).size
  console.log(`${name}: ${CARDS} cards to ${CHANNELS} channels in ${seconds.toFixed(1)} s`)
  console.log(`  least that its limits allow: ${least.toFixed(1)} s; ratio ${(seconds / least).toFixed(2)}`)
  console.log(`  told to slow down (429): ${limited}; lost: ${lost}; posted twice: ${twice}`)
  if (lost + twice + limited > 0) process.exitCode = 1
}

const proposalIn = (text: string) => /PW-\d+/.exec(text)?.[0] ?? ''

{
  const channels = Array.from({ length: CHANNELS }, (_, index) => `C0000${index}`)
  const slack = await createFakeSlack({ channels, pace: FASTER })
  const { postMs, anyPostMs, editMs } = slackPace
  const connection = createSlack({
    ...common,
    access: { mode: 'socket', botToken: slack.botToken, appToken: slack.appToken },
    apiUrl: slack.url,
    places: new Map(channels.map((channel, index) => [`c${index}`, channel])),
    named: [],
    installations: createSlackInstallations(db, '', () => new Date()),
    pace: { postMs: postMs / FASTER, anyPostMs: anyPostMs / FASTER, editMs: editMs / FASTER },
  })
  const seconds = await deliver(connection)
  // Three hundred messages a minute in a workspace.
  const least = (CARDS / 300) * 60
  report(
    'Slack',
    seconds * FASTER,
    least,
    slack.messages.map(({ text }) => proposalIn(text)),
    slack.limited(),
  )
  await slack.close()
}
{
  const discord = await createFakeDiscord()
  const guild = discord.addGuild()
  const channels = Array.from({ length: CHANNELS }, (_, index) => discord.addChannel(guild, `c${index}`).id)
  const connection = createDiscord({
    ...common,
    botToken: discord.token,
    publicKey: null,
    apiUrl: discord.url,
    places: new Map(channels.map((channel, index) => [`c${index}`, channel])),
  })
  const seconds = await deliver(connection)
  // Five messages in five seconds and channel; the first five at once.
  const least = (CARDS / CHANNELS / 5 - 1) * 5
  const posted = channels.flatMap((channel) =>
    discord.messages(channel).map(({ components }) => proposalIn(JSON.stringify(components))),
  )
  const limited = discord.requests.filter(({ status }) => status === 429).length
  report('Discord', seconds, least, posted, limited)
  await discord.close()
}
await database.close()
await rm(folder, { recursive: true, force: true })
process.exit()
