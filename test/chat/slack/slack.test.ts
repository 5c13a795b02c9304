import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChatConnection } from '../../../src/chat/platform.ts'
import { createSlack } from '../../../src/chat/slack/connection.ts'
import type { ProposalState } from '../../../src/core/proposal/proposal.ts'
import { drawPng } from '../../../src/integrations/picture/index.ts'
import { createPosts } from '../../../src/store/posts.ts'
import { findProposal } from '../../../src/store/proposals.ts'
import { createSlackInstallations } from '../../../src/store/slack-installations.ts'
import { buttonsOf, createFakeSlack, type FakeSlack, menusOf } from '../../fakes/slack/fake-slack.ts'
import type { SlackMessage } from '../../fakes/slack/world.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import { exampleService, proposeAll, webProposal } from '../../support/example-service.ts'

const database = useDatabase()
const people = { mara: 'U0MARA', tom: 'U0TOM', jonas: 'U0JONAS', guest: 'U0GUEST', bot: 'U0ROBOT' }
const accounts = accountsOf(people)

let slack: FakeSlack
let connection: ChatConnection
let service: Awaited<ReturnType<typeof exampleService>>
let web: ProposalState
let warnings: string[]

beforeEach(async ({ task }) => {
  const { db } = database()
  warnings = []
  slack = await createFakeSlack({
    channels: ['C0WEB'],
    users: [
      ...['U0MARA', 'U0TOM', 'U0JONAS', 'U0NEW'].map((id) => ({ id, kind: 'member' as const })),
      { id: 'U0GUEST', kind: 'guest' },
      { id: 'U0ROBOT', kind: 'bot' },
    ],
  })
  service = await exampleService(db, {
    policy: { breakGlass: { roles: ['owner'], reviewWithinSeconds: 86_400 } },
    connect(desk) {
      connection = createSlack({
        drawPng,
        access: { mode: 'socket', botToken: slack.botToken, appToken: slack.appToken },
        named: [],
        installations: createSlackInstallations(db, '', () => new Date()),
        apiUrl: slack.url,
        desk,
        posts: createPosts(db),
        accounts,
        places: new Map([['web-platform', 'C0WEB']]),
        consoleUrl: 'https://patchwarden.example.net',
        clock: () => new Date(),
        log: { info: () => {}, warn: (message) => warnings.push(message) },
        pace: { postMs: 0, anyPostMs: 0, editMs: 0 },
        // Elsewhere a socket that is opened anew would take what another test means for its own call.
        ...(task.name.includes('opened anew') ? { staggerMs: 300 } : {}),
      })
      return [connection.platform]
    },
  })
  await connection.start()
  await proposeAll(service.workflow)
  await service.workflow.deliver()
  web = await webProposal(db)
})
afterEach(async () => {
  await connection.stop()
  await slack.close()
  await service.remove()
})

function cards(): readonly SlackMessage[] {
  return slack.messages.filter((message) => message.thread === null)
}

function card(): SlackMessage {
  const [first] = cards()
  if (!first) throw new Error('No card was posted.')
  return first
}

async function settled(): Promise<ProposalState | null> {
  await service.workflow.deliver()
  return findProposal(database().db, web.id)
}

async function lastAnswer(count: number): Promise<string> {
  await expect.poll(() => slack.answers.length, { timeout: 3_000 }).toBeGreaterThanOrEqual(count)
  return JSON.stringify(slack.answers.at(-1))
}

test('the card shows the plan as a picture soon after its thread does', async () => {
  const image = () => card().blocks.find(({ type }) => type === 'image')
  await expect.poll(image, { timeout: 10_000 }).toMatchObject({ alt_text: expect.stringContaining('canary: ') })
})

test('check says that both tokens work, and which does not', async () => {
  expect(await connection.check()).toMatch(/^both tokens work in the workspace Example; 1 channel configured$/)
  slack.fail('apps.connections.open', { kind: 'error', error: 'not_allowed_token_type' })
  await expect(connection.check()).rejects.toThrow(/SLACK_APP_TOKEN.*connections:write/)
  slack.fail('auth.test', { kind: 'error', error: 'invalid_auth' })
  await expect(connection.check()).rejects.toThrow(/SLACK_BOT_TOKEN/)
})

describe('the menu More', () => {
  const entries = () => menusOf(card()).flatMap(({ options }) => options.map(({ value }) => value))
  const entry = (action: string) => entries().find((value) => value.startsWith(`${action}:`)) ?? ''

  test('holds what has no button, and nothing that has one', () => {
    const shown = buttonsOf(card()).map(({ action_id }) => action_id.replace('pw:', ''))
    expect(shown).toEqual(['approve', 'reject', 'assets'])
    expect(entries().map((value) => value.split(':')[0])).toEqual(
      expect.arrayContaining(['explain', 'plan', 'report', 'break-glass']),
    )
    for (const action of shown) expect(entry(action)).toBe('')
  })

  test('an act that is chosen there asks what its button would ask, and is done', async () => {
    await slack.choose('U0MARA', card(), entry('break-glass'))
    await expect.poll(() => slack.views.at(-1)?.view).toMatchObject({ title: { text: 'Break glass' } })
    await slack.submit('U0MARA', { reason: { reason: { type: 'plain_text_input', value: 'exploited on web1' } } })
    await expect.poll(async () => (await settled())?.breakGlass?.person).toBe('mara')
  })

  test('a look that is chosen there is answered to who chose it, as often as they choose it', async () => {
    for (const count of [1, 2]) {
      await slack.choose('U0MARA', card(), entry('plan'))
      expect(await lastAnswer(count)).toContain('canary')
    }
    expect(slack.views).toEqual([])
  })

  test('where its button would ask once more, so does the entry', async () => {
    await slack.click('U0MARA', card(), 'pw:approve')
    await slack.click('U0TOM', card(), 'pw:approve')
    await expect.poll(async () => (await settled())?.approvedBy).not.toBeNull()
    await expect.poll(() => entry('withdraw-vote')).toMatch(/:sure$/)
    await slack.choose('U0MARA', card(), entry('withdraw-vote'))
    await expect.poll(() => slack.views.at(-1)?.problems).toEqual([])
    expect((await settled())?.approvedBy).not.toBeNull()
    await slack.submit('U0MARA', {})
    await expect.poll(async () => (await settled())?.approvedBy).toBeNull()
  })

  test('who may not is told so', async () => {
    await slack.choose('U0JONAS', card(), entry('abstain'))
    expect(await lastAnswer(1)).toContain('takes the role')
  })
})

describe('who may not', () => {
  test.each([
    ['somebody whom the configuration does not name', 'U0NEW', {}, 'add your Slack member id, U0NEW'],
    ['a guest', 'U0GUEST', {}, 'Guests of the workspace do not decide'],
    ['a bot', 'U0ROBOT', {}, 'Bots and workflows do not decide'],
    ['somebody of another workspace', 'U0MARA', { team: 'T0OTHER' }, 'Slack Connect'],
    ['somebody without the role', 'U0JONAS', {}, 'takes the role'],
  ])('%s is told why, and nothing changes', async (_, user, more, says) => {
    await slack.click(user, card(), 'pw:approve', more)
    expect(await lastAnswer(1)).toContain(says)
    expect((await settled())?.votes).toEqual([])
  })
})

test('what cannot wait is shown in the channel too, and mentions those who can act; a comment is not and does not', async () => {
  const mara = { kind: 'person', id: 'mara', name: 'Mara', via: 'slack' } as const
  await service.workflow.execute(web.id, { type: 'comment', text: 'look at <@U0TOM>' }, mara)
  await service.workflow.execute(web.id, { type: 'break-glass', reason: 'exploited on web1' }, mara)
  await settled()
  const loud = slack.messages.filter(({ broadcast }) => broadcast)
  expect(loud.map(({ thread }) => thread)).toEqual([card().ts])
  const said = JSON.stringify(loud[0]?.blocks)
  expect(said).toContain('<@U0TOM> or <@U0JONAS>: press ')
  expect(loud[0]?.text).not.toContain('<@')
  const others = slack.messages.filter(({ broadcast }) => !broadcast)
  expect(JSON.stringify(others.map(({ blocks }) => blocks))).not.toContain('<@U0TOM>')
})

describe('what gets lost', () => {
  test('a post whose answer was lost is found again, not posted twice', async () => {
    slack.fail('chat.postMessage', { kind: 'lost' })
    await slack.click('U0MARA', card(), 'pw:approve')
    await lastAnswer(1)
    await expect
      .poll(
        async () => {
          await settled()
          return slack.messages.filter((item) => item.text === 'Mara: Approved.' || item.text === 'mara: Approved.')
            .length
        },
        { timeout: 8_000 },
      )
      .toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    await settled()
    expect(slack.messages.filter((item) => item.text.endsWith('Approved.'))).toHaveLength(1)
  })

  test('a card that somebody deleted comes back', async () => {
    slack.delete(card().ts)
    await slack.slash('U0MARA', 'C0WEB', `approve ${web.id}`)
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

  test('an archived channel is one notice with a way back, and the rest goes on once it is mended', async () => {
    slack.archived.add('C0WEB')
    await slack.slash('U0MARA', 'C0WEB', `approve ${web.id}`)
    await lastAnswer(1)
    await settled()
    expect(service.warnings.join()).toContain('is archived: unarchive it')
    slack.archived.clear()
    await expect
      .poll(
        async () => {
          await settled()
          return JSON.stringify(card().blocks)
        },
        { timeout: 8_000 },
      )
      .toContain('(owner) approved.')
  })

  test('the second socket is opened anew a while later, and there are never fewer than two', async () => {
    const tickets = () => slack.calls.filter(({ method }) => method === 'apps.connections.open').length
    await expect.poll(() => tickets(), { timeout: 5_000 }).toBe(3)
    await expect.poll(() => slack.sockets(), { timeout: 5_000 }).toBe(2)
    await slack.click('U0MARA', card(), 'pw:approve')
    expect(await lastAnswer(1)).toContain('Your approval is recorded.')
  })

  test.each([
    ['answers 500', { kind: 'status', status: 500 }],
    ['breaks the connection', { kind: 'lost' }],
    ['refuses the token for a moment', { kind: 'error', error: 'invalid_auth' }],
  ] as const)(
    'when Slack %s to the question for a new socket, it is asked again until it gives one',
    async (_what, fault) => {
      const asked = () => slack.calls.filter(({ method }) => method === 'apps.connections.open').length
      await expect.poll(asked).toBe(2)
      slack.fail('apps.connections.open', fault, fault)
      slack.arrivals.drop()
      await expect.poll(asked, { timeout: 10_000 }).toBe(6)
      await expect.poll(() => slack.sockets(), { timeout: 10_000 }).toBe(2)
      await slack.click('U0MARA', card(), 'pw:approve')
      expect(await lastAnswer(1)).toContain('Your approval is recorded.')
    },
  )

  test('what is no message of Slack’s is ignored', async () => {
    await expect.poll(() => slack.sockets()).toBe(2)
    const events = ['close', 'disconnected', 'error', 'slack_event'].map((type) => ({ type }))
    const nested = events.map((event) => ({ type: 'events_api', envelope_id: 'e', payload: { event } }))
    for (const said of [null, 1, [], 'text', {}, { type: null }, { type: 'events_api' }, ...events, ...nested])
      slack.arrivals.say(JSON.stringify(said))
    slack.arrivals.say('{')
    await slack.click('U0MARA', card(), 'pw:approve')
    expect(await lastAnswer(1)).toContain('Your approval is recorded.')
    expect(slack.sockets()).toBe(2)
  })

  test('a socket that Slack refreshes loses no click', async () => {
    await expect.poll(() => slack.sockets()).toBe(2)
    slack.refresh()
    await slack.click('U0MARA', card(), 'pw:approve')
    expect(await lastAnswer(1)).toContain('Your approval is recorded.')
    await expect.poll(() => slack.sockets(), { timeout: 8_000 }).toBe(2)
  })
})

test('a button that the message still has works by its proposal and revision only', async () => {
  const old = { ...card(), blocks: JSON.parse(JSON.stringify(card().blocks).replaceAll(`${web.id}:1`, `${web.id}:7`)) }
  await slack.click('U0MARA', old, 'pw:approve')
  expect(await lastAnswer(1)).toContain('Look at the new card')
  expect(buttonsOf(card()).map((button) => button.value)).toContain(`${web.id}:1`)
})
