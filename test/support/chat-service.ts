/** The whole service, connected to a fake of Slack and one of Discord: the example's fleet, with Mara and Tom on both. */

import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createFakeDiscord, type FakeDiscord } from '../fakes/discord/fake-discord.ts'
import type { Message } from '../fakes/discord/world.ts'
import { createFakeSlack, type FakeSlack } from '../fakes/slack/fake-slack.ts'
import type { SlackMessage } from '../fakes/slack/world.ts'
import { createService, type RunningService } from './running-service.ts'

const shipped = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
export const slackPeople = { mara: 'U00000MARA', tom: 'U000000TOM' } as const
const SLACK_CHANNEL = 'C00000WEB'

export interface ChatService {
  readonly slack: FakeSlack
  readonly discord: FakeDiscord
  readonly discordPeople: Readonly<Record<'mara' | 'tom', string>>
  readonly service: RunningService
  readonly discordChannel: string
  slackCards(): readonly SlackMessage[]
  discordCards(): readonly Message[]
  /** What every thread says, without its pictures. */
  thread(platform: 'slack' | 'discord'): readonly string[]
  remove(): Promise<void>
}

/** Not started yet. */
export async function createChatService(environment: Readonly<Record<string, string>> = {}): Promise<ChatService> {
  const users = Object.values(slackPeople).map((id) => ({ id, kind: 'member' as const }))
  const slack = await createFakeSlack({ channels: [SLACK_CHANNEL], users, pace: 10 })
  const discord = await createFakeDiscord()
  const guild = discord.addGuild()
  const discordChannel = discord.addChannel(guild, 'patches').id
  const join = (name: string) => {
    const user = discord.addUser(name)
    discord.join(guild, user)
    return user.id
  }
  const discordPeople = { mara: join('mara'), tom: join('tom') }
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden chat '))
  await cp(shipped('fleet.json'), path.join(folder, 'fleet.json'))
  const file = path.join(folder, 'patchwarden.yaml')
  const team = 'roles: { owner: [mara], security: [tom] }, policy: both, window: any-time, rollout: all'
  await writeFile(
    file,
    `
console: { publicUrl: "https://patchwarden.example.net" }
people:
  mara: { name: Mara Keller, slack: ${slackPeople.mara}, discord: "${discordPeople.mara}" }
  tom: { name: Tom Okafor, slack: ${slackPeople.tom}, discord: "${discordPeople.tom}" }
roles: { operator: [mara] }
teams:
  web-platform: { name: Web, channel: web, ${team} }
  payments: { name: Payments, channel: payments, ${team} }
channels: { web: { slack: ${SLACK_CHANNEL}, discord: "${discordChannel}" }, payments: {} }
policies: { both: { kind: quorum, approvals: { owner: 1, security: 1 }, stop: [owner], resume: { owner: 1 } } }
windows: { any-time: { rules: [{ days: every day, start: "00:00", duration: 24 hours }] } }
rollouts:
  all: { rings: [{ name: canary, select: { tag: canary }, batch: 1 }, { name: broad, select: rest, batch: 4 }] }
sources: { example: { kind: file, path: fleet.json, format: json, engine: simulated } }
engines: { simulated: { kind: simulated, state: fleet.json, pace: 1 s } }
proposals: { groupBy: team }
feeds: { catalog: { kind: file-catalog, path: ${JSON.stringify(shipped('catalog.json'))} } }
`,
  )
  const service = await createService({
    PATCHWARDEN_CONFIG: file,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.url,
    DISCORD_BOT_TOKEN: discord.token,
    DISCORD_API_URL: discord.url,
    ...environment,
  })
  const discordCards = () => discord.messages(discordChannel).filter(({ components }) => components.length > 0)
  return {
    slack,
    discord,
    discordPeople,
    service,
    discordChannel,
    slackCards: () => slack.messages.filter(({ thread, channel }) => thread === null && channel === SLACK_CHANNEL),
    discordCards,
    thread(platform) {
      const [card] = discordCards()
      const texts =
        platform === 'slack'
          ? slack.messages.flatMap(({ thread, text }) => (thread === null ? [] : [text]))
          : discord.messages(card?.id ?? '').map(({ content }) => content)
      // A picture comes without a text, on Slack in a message of its own.
      return texts.filter((text) => text !== '')
    },
    async remove() {
      await service.remove()
      await slack.close()
      await discord.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
