/**
 * Click to acknowledgement and click to updated card, at 50 clicks a second for a minute, beside a bare app of the same
 * library that only acknowledges, in the same run: ten seconds of one, ten of the other, in turn. Both talk over the wire
 * to a fake of the platform each; Patchwarden is the whole service, started as a user starts it, every click a vote.
 * Arguments: seconds (60) and clicks a second (50).
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createFakeDiscord } from '../fakes/discord/fake-discord.ts'
import { createFakeSlack } from '../fakes/slack/fake-slack.ts'
import type { SlackMessage } from '../fakes/slack/world.ts'
import { startChild } from '../support/child.ts'
import { createService } from '../support/running-service.ts'
import { ms, percentile } from './percentile.ts'

const [seconds = 60, rate = 50] = process.argv.slice(2).map(Number)
const PEOPLE = 60
const TURN_S = 10
const names = Array.from({ length: PEOPLE }, (_, index) => `p${index}`)
const shipped = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))

/** What came of one click. */
interface Clicked {
  readonly at: number
  readonly ackMs: number
  /** When the person was answered; `null` where nobody answers. */
  readonly answeredAt: number | null
}

interface Side {
  readonly click: (index: number) => Promise<Clicked | null>
  /** When a card was changed, in order. */
  readonly edits: () => readonly number[]
  readonly limited: () => number
}

function configuration(
  folder: string,
  platform: 'slack' | 'discord',
  place: string,
  accounts: readonly string[],
): string {
  const people = names.map((name, index) => `  ${name}: { name: ${name}, ${platform}: "${accounts[index]}" }`)
  return `
people:
  nobody: { name: Nobody } # never votes, so that it is never decided
${people.join('\n')}
teams:
  web-platform:
    name: Web
    channel: web
    roles: { security: [nobody], owner: [${names.join(', ')}] }
    policy: many
    window: any-time
    rollout: all
  payments: { name: Payments, channel: web }
channels: { web: { ${platform}: "${place}" } }
policies: { many: { kind: quorum, approvals: { owner: 50, security: 1 }, stop: [owner], resume: { owner: 1 } } }
windows: { any-time: { rules: [{ days: every day, start: "00:00", duration: 24 hours }] } }
rollouts: { all: { rings: [{ name: all, select: rest, batch: 5 }] } }
sources: { example: { kind: file, path: ${JSON.stringify(path.join(folder, 'fleet.json'))}, format: json, team: web-platform, engine: simulated } }
engines: { simulated: { kind: simulated, state: ${JSON.stringify(path.join(folder, 'fleet.json'))} } }
proposals: { groupBy: team }
feeds: { catalog: { kind: file-catalog, path: ${JSON.stringify(shipped('catalog.json'))} } }
`
}

/** The example's fleet, all of one team. */
async function prepare(platform: 'slack' | 'discord', place: string, accounts: readonly string[]) {
  const folder = await mkdtemp(path.join(tmpdir(), 'patchwarden bench '))
  const { readFile } = await import('node:fs/promises')
  const fleet = (await readFile(shipped('fleet.json'), 'utf8')).replaceAll('"payments"', '"web-platform"')
  await writeFile(path.join(folder, 'fleet.json'), fleet)
  const file = path.join(folder, 'patchwarden.yaml')
  await writeFile(file, configuration(folder, platform, place, accounts))
  return { file, remove: () => rm(folder, { recursive: true, force: true }) }
}

async function load(side: Side, from: number, count: number): Promise<readonly (Clicked | null)[]> {
  const began = performance.now()
  const clicks: Promise<Clicked | null>[] = []
  for (let index = 0; index < count; index++) {
    const wait = began + (index * 1_000) / rate - performance.now()
    if (wait > 0) await sleep(wait)
    clicks.push(side.click(from + index))
  }
  return Promise.all(clicks)
}

async function measure(name: string, bare: Side, ours: Side): Promise<void> {
  const results = { bare: [] as (Clicked | null)[], ours: [] as (Clicked | null)[] }
  await load(bare, 0, rate) // warm
  await load(ours, 0, rate)
  await sleep(3_000)
  for (let turn = 0; turn * TURN_S < seconds; turn++) {
    const from = turn * TURN_S * rate
    results.bare.push(...(await load(bare, from, TURN_S * rate)))
    results.ours.push(...(await load(ours, from, TURN_S * rate)))
  }
  await sleep(5_000)
  const acks = (list: readonly (Clicked | null)[]) => list.flatMap((item) => item?.ackMs ?? [])
  const [floor, own] = [acks(results.bare), acks(results.ours)]
  const edits = ours.edits()
  const toCard = results.ours.flatMap((item) => {
    const answered = item?.answeredAt ?? null
    const shown = answered === null ? undefined : edits.find((at) => at >= answered)
    return item && shown !== undefined ? [shown - item.at] : []
  })
  const toAnswer = results.ours.flatMap((item) => (item?.answeredAt ? [item.answeredAt - item.at] : []))
  const line = (what: string, values: readonly number[]) =>
    `  ${what.padEnd(34)} p50 ${ms(percentile(values, 0.5)).padStart(8)}   p99 ${ms(percentile(values, 0.99)).padStart(8)}   (${values.length})`
  console.log(`${name}: ${rate} clicks a second for ${seconds} s, each a vote, beside an app that only acknowledges`)
  console.log(line('acknowledged, bare app', floor))
  console.log(line('acknowledged, Patchwarden', own))
  console.log(line('vote recorded and answered', toAnswer))
  console.log(line('card shows it (platform’s pace)', toCard))
  const ratio = (share: number) => (percentile(own, share) / percentile(floor, share)).toFixed(2)
  console.log(`  acknowledgement, Patchwarden / bare: p50 ${ratio(0.5)}, p99 ${ratio(0.99)}`)
  const lost = results.ours.length - own.length
  console.log(
    `  not acknowledged in 3 s: ${lost} of ${results.ours.length}; told to slow down (429): ${ours.limited()}`,
  )
  if (lost > 0 || ours.limited() > 0) process.exitCode = 1
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !condition(); tries++) await sleep(100)
  if (!condition()) throw new Error('The service did not come to what was waited for within a minute.')
}

// ---------------------------------------------------------------- Slack

async function slack(): Promise<void> {
  const accounts = names.map((name) => `U0000${name.toUpperCase()}`)
  const users = accounts.map((id) => ({ id, kind: 'member' as const }))
  const make = (pace: number) => createFakeSlack({ channels: ['C00000WEB'], users, ...(pace > 0 ? { pace } : {}) })
  const [theirs, mine] = [await make(0), await make(1)]
  const bare = startChild('test/bench/apps/bare-slack.ts', [theirs.url, theirs.botToken, theirs.appToken])
  await bare.line()
  const { file, remove } = await prepare('slack', 'C00000WEB', accounts)
  const service = await createService({
    PATCHWARDEN_CONFIG: file,
    SLACK_BOT_TOKEN: mine.botToken,
    SLACK_APP_TOKEN: mine.appToken,
    SLACK_API_URL: mine.url,
  })
  await service.start()
  const card = () => mine.messages.find(({ thread }) => thread === null)
  await until(() => mine.sockets() === 2 && card() !== undefined)
  const real = card()
  if (!real) throw new Error('No card was posted.')

  function side(fake: typeof mine, message: SlackMessage): Side {
    return {
      async click(index) {
        const user = accounts[index % PEOPLE] ?? ''
        // Round by round everybody changes their vote.
        const action = Math.floor(index / PEOPLE) % 2 === 0 ? 'pw:approve' : 'pw:abstain'
        const at = Date.now()
        const began = performance.now()
        const before = fake.unacknowledged.length
        const path = await fake.click(user, message, action)
        const ackMs = performance.now() - began
        if (fake.unacknowledged.length > before) return null
        for (let tries = 0; fake === mine && tries < 200 && !fake.answeredAt.has(path); tries++) await sleep(10)
        return { at, ackMs, answeredAt: fake.answeredAt.get(path) ?? null }
      },
      edits: () => fake.calls.filter(({ method }) => method === 'chat.update').map(({ at }) => at),
      limited: fake.limited,
    }
  }
  try {
    // As it is now: the real one is edited all the time.
    const shown = { ...real }
    await measure('Slack (Bolt, Socket Mode)', side(theirs, shown), side(mine, shown))
  } finally {
    await bare.kill()
    await service.remove()
    await theirs.close()
    await mine.close()
    await remove()
  }
}

// ---------------------------------------------------------------- Discord

async function discord(): Promise<void> {
  async function make() {
    const fake = await createFakeDiscord()
    const guild = fake.addGuild()
    const channel = fake.addChannel(guild, 'patches')
    const users = names.map((name) => {
      const user = fake.addUser(name)
      fake.join(guild, user)
      return user.id
    })
    return { fake, channel: channel.id, users }
  }
  const [theirs, mine] = [await make(), await make()]
  const bare = startChild('test/bench/apps/bare-discord.ts', [theirs.fake.url, theirs.fake.token])
  await bare.line()
  const { file, remove } = await prepare('discord', mine.channel, mine.users)
  const service = await createService({
    PATCHWARDEN_CONFIG: file,
    DISCORD_BOT_TOKEN: mine.fake.token,
    DISCORD_API_URL: mine.fake.url,
  })
  await service.start()
  const card = () => mine.fake.messages(mine.channel).find(({ components }) => components.length > 0)
  await until(() => mine.fake.gateway.sessions().length === 1 && card() !== undefined)
  await sleep(1_000)
  const real = card()
  if (!real) throw new Error('No card was posted.')
  // The bare app's message has the same buttons.
  const { REST, Routes } = await import('discord.js')
  const rest = new REST({ api: theirs.fake.url, version: '10' }).setToken(theirs.fake.token)
  const body = { components: real.components, flags: real.flags }
  const copy = (await rest.post(Routes.channelMessages(theirs.channel), { body })) as { id: string }
  const ids = [...JSON.stringify(real.components).matchAll(/"custom_id":"(pw:(?:approve|abstain):[^"]+)"/g)].map(
    (match) => match[1] ?? '',
  )

  function side({ fake, users }: typeof mine, message: string): Side {
    const answered = new Map<string, number>()
    let read = 0
    /** Each request is read once: this process is the platform, too, which has to answer. */
    function answeredAt(click: string): number | undefined {
      for (const { method, path, at } of fake.requests.slice(read)) {
        read++
        const [, token] = /\/webhooks\/[^/]+\/([^/]+)\//.exec(path) ?? []
        if (method === 'PATCH' && token !== undefined) answered.set(token, at)
      }
      return answered.get(click)
    }
    return {
      async click(index) {
        const at = Date.now()
        const customId = ids[Math.floor(index / PEOPLE) % 2] ?? ''
        const clicked = await fake.click(users[index % PEOPLE] ?? '', message, customId)
        if (clicked.answer === null) return null
        const own = () => answeredAt(clicked.token)
        for (let tries = 0; fake === mine.fake && tries < 200 && own() === undefined; tries++) await sleep(10)
        return { at, ackMs: clicked.answer.milliseconds, answeredAt: own() ?? null }
      },
      edits: () =>
        fake.requests
          .filter(({ method, path }) => method === 'PATCH' && path.endsWith(`/messages/${message}`))
          .map(({ at }) => at),
      limited: () => fake.requests.filter(({ status }) => status === 429).length,
    }
  }
  try {
    await measure('Discord (discord.js, gateway)', side(theirs, copy.id), side(mine, real.id))
  } finally {
    await bare.kill()
    await service.remove()
    await theirs.fake.close()
    await mine.fake.close()
    await remove()
  }
}

await slack()
await discord()
process.exit()
