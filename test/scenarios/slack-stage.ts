import { createServer, type Server } from 'node:http'
import { expect } from 'vitest'
import { questionsOf } from '../../src/chat/actions.ts'
import { createSlack } from '../../src/chat/slack/connection.ts'
import { drawPng } from '../../src/integrations/picture/index.ts'
import { createPosts } from '../../src/store/posts.ts'
import { createSlackInstallations } from '../../src/store/slack-installations.ts'
import { mentions } from '../fakes/slack/block-kit.ts'
import { buttonsOf, createFakeSlack, type FakeSlack, menusOf } from '../fakes/slack/fake-slack.ts'
import type { SlackMessage } from '../fakes/slack/world.ts'
import { accountsOf } from '../support/chat-people.ts'
import { persons, type Stage, type Typed } from './stage.ts'

const CHANNEL = 'C0WEB'
const id = (person: string) => `U0${person.toUpperCase()}`

export interface SlackStage extends Stage {
  readonly slack: FakeSlack
}

/** @param mode how clicks reach the app */
export async function slackStage(mode: 'socket' | 'http', log: { warn(message: string): void }): Promise<SlackStage> {
  const slack = await createFakeSlack({
    channels: [CHANNEL],
    users: persons.map((person) => ({ id: id(person), kind: 'member' as const })),
  })
  let server: Server | null = null

  async function fresh(before: number): Promise<string> {
    await expect.poll(() => slack.answers.length, { timeout: 4_000 }).toBeGreaterThan(before)
    return JSON.stringify(slack.answers.slice(before))
  }

  function cards(): readonly SlackMessage[] {
    return slack.messages.filter(({ thread, channel }) => thread === null && channel === CHANNEL)
  }

  function cardOf(proposal: string): SlackMessage {
    const found = cards().find((message) => JSON.stringify(message.blocks).includes(`"${proposal}:`))
    if (!found) throw new Error(`Slack has no card of ${proposal}.`)
    return found
  }

  function values({ reason, until, owner, person }: Typed) {
    return {
      ...(reason === undefined ? {} : { reason: { reason: { type: 'plain_text_input', value: reason } } }),
      ...(until === undefined ? {} : { until: { until: { type: 'datepicker', selected_date: until } } }),
      ...(owner === undefined
        ? {}
        : { owner: { owner: { type: 'static_select', selected_option: { value: owner } } } }),
      ...(person === undefined
        ? {}
        : { person: { person: { type: 'static_select', selected_option: { value: person } } } }),
    }
  }

  return {
    name: `Slack, ${mode}`,
    slack,
    accounts: accountsOf(Object.fromEntries(persons.slice(0, 3).map((person) => [person, id(person)]))),
    connect(desk, db, accounts) {
      const { botToken, appToken } = slack
      const { signingSecret } = slack.world
      const connection = createSlack({
        drawPng,
        access: mode === 'socket' ? { mode, botToken, appToken } : { mode, botToken, signingSecret },
        apiUrl: slack.url,
        desk,
        posts: createPosts(db),
        accounts,
        places: new Map([['web-platform', CHANNEL]]),
        named: [],
        installations: createSlackInstallations(db, '', () => new Date()),
        consoleUrl: 'https://patchwarden.example.net',
        clock: () => new Date(),
        log: { info: () => {}, warn: log.warn },
        pace: { postMs: 0, anyPostMs: 0, editMs: 0 },
      })
      if (mode === 'socket') return connection
      server = createServer((request, response) => connection.http?.handle(request, response)).listen(0, '127.0.0.1')
      return connection
    },
    async arrive() {
      const address = server?.address()
      const port = typeof address === 'object' && address ? address.port : 0
      if (server !== null) slack.arrivals.setRequestUrl(`http://127.0.0.1:${port}/slack/events`)
    },
    async click(person, proposal, action, typed = {}) {
      const before = slack.answers.length
      const shown = slack.views.length
      const card = cardOf(proposal)
      const button = buttonsOf(card).find(({ action_id }) => action_id === `pw:${action}`)
      const entry = menusOf(card)
        .flatMap(({ options }) => options)
        .find(({ value }) => value.startsWith(`${action}:`))
      if (button) await slack.click(id(person), card, button.action_id)
      else if (entry) await slack.choose(id(person), card, entry.value)
      else throw new Error(`The card of ${proposal} has neither a button nor an entry ${action}.`)
      const asks = questionsOf(action).length > 0 || entry?.value.endsWith(':sure')
      if (!asks) return fresh(before)
      await expect.poll(() => slack.views.length + slack.answers.length).toBeGreaterThan(shown + before)
      if (slack.views.length === shown) return fresh(before)
      const refused = await slack.submit(id(person), values(typed))
      return refused?.response_action === undefined ? fresh(before) : JSON.stringify(refused)
    },
    dialogs: () => slack.views.length,
    async type(person, text) {
      const before = slack.answers.length
      await slack.slash(id(person), CHANNEL, text)
      return fresh(before)
    },
    card: async (proposal) => JSON.stringify(cardOf(proposal)),
    cards: async () => cards().length,
    thread: async (proposal) => {
      const { ts } = cardOf(proposal)
      return slack.messages.filter(({ thread }) => thread === ts).map(({ text }) => text)
    },
    direct: async (person) =>
      slack.messages
        .filter(({ channel }) => channel === `D${id(person).slice(1)}`)
        .map((message) => JSON.stringify([message.text, message.blocks])),
    complaints: () => [
      // What cannot wait is shown in the channel, and names those who can act; nothing else mentions anybody.
      ...slack.messages
        .flatMap((item) => [item.text, item.blocks].flatMap(mentions).map((who) => ({ who, loud: item.broadcast })))
        .flatMap(({ who, loud }) => (loud && who.startsWith('@U') ? [] : [who])),
      ...slack.unacknowledged,
      ...slack.views.flatMap(({ problems }) => problems),
      ...[...slack.homes.values()].flatMap(({ problems }) => problems),
    ],
    async close() {
      server?.closeAllConnections()
      server?.close()
      await slack.close()
    },
  }
}
