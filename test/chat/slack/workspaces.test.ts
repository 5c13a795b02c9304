/** Whose word counts where several Slack workspaces can reach the app: those that the operator named, and each by itself. */

import type { Server } from 'node:http'
import type { Installation } from '@slack/bolt'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Accounts } from '../../../src/chat/accounts.ts'
import type { ChatConnection } from '../../../src/chat/platform.ts'
import { rich } from '../../../src/chat/rich-text.ts'
import type { SlackAccess } from '../../../src/chat/slack/access.ts'
import { findProposal, openProposals } from '../../../src/store/proposals.ts'
import { createSlackInstallations } from '../../../src/store/slack-installations.ts'
import { createAccounts } from '../../../src/workflow/accounts.ts'
import type { PersonEntry } from '../../../src/workflow/configured-account.ts'
import { createFakeSlack, type FakeSlack, WORKSPACE } from '../../fakes/slack/fake-slack.ts'
import type { SlackMessage } from '../../fakes/slack/world.ts'
import { useDatabase } from '../../support/database.ts'
import type { exampleService } from '../../support/example-service.ts'
import { proposeAll } from '../../support/example-service.ts'
import { slackByRequests } from '../../support/slack-by-requests.ts'

const database = useDatabase()
const SECOND = 'T0000002'
const FOREIGN = 'T0000666'
const bothPlaces = {
  'web-platform': `${WORKSPACE}/C0WEB`,
  payments: `${SECOND}/C0PAY`,
}

/** The same member id in both workspaces, and it is not the same person. */
const twins = { mara: `${WORKSPACE}/U0SAME`, tom: `${SECOND}/U0SAME` }

let slack: FakeSlack
let server: Server
/** What else is to be ended. */
let earlier: (() => Promise<void>)[]
let address: string
let connection: ChatConnection
let accounts: Accounts
let service: Awaited<ReturnType<typeof exampleService>>
let warnings: string[]

function installations() {
  return createSlackInstallations<Installation>(database().db, 'a secret', () => new Date())
}

function entry(id: string, slackId: string | null, email: string | null = null): PersonEntry {
  return { id, name: id, email, slack: slackId, discord: null }
}

interface Configured {
  readonly named: readonly string[]
  readonly places?: Readonly<Record<string, string>>
  readonly people?: readonly PersonEntry[]
  readonly access?: SlackAccess
}

async function begin({ named, places = bothPlaces, people = [], access = oauth() }: Configured): Promise<void> {
  const { db } = database()
  accounts = createAccounts(db, people, ['slack'])
  const given = { access, accounts, named, places: new Map(Object.entries(places)), installations: installations() }
  const begun = await slackByRequests(db, slack, given, warnings)
  ;({ service, connection, server, address } = begun)
}

function oauth(): SlackAccess {
  const { clientId, clientSecret, signingSecret } = slack.world
  return { mode: 'oauth', clientId, clientSecret, signingSecret, stateSecret: 'state' }
}

function oneToken(): SlackAccess {
  return { mode: 'http', botToken: slack.botToken, signingSecret: slack.world.signingSecret }
}

/** As an administrator does it in the browser: the link, the page of Slack, and back. */
async function install(
  workspace: string,
): Promise<{ readonly status: number; readonly type: string; readonly page: string }> {
  const page = await fetch(`${address}/slack/install`)
  const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
  const [, link = ''] = /href="([^"]*oauth[^"]*)"/.exec(await page.text()) ?? []
  const allow = new URL(link.replaceAll('&amp;', '&'))
  allow.searchParams.set('team', workspace)
  allow.searchParams.set('redirect_uri', `${address}/slack/oauth_redirect`)
  const back = await fetch(allow, { redirect: 'manual' })
  const answer = await fetch(back.headers.get('location') ?? '', { headers: { cookie } })
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', page: await answer.text() }
}

/** As it was kept when every workspace that installed the app was trusted. */
async function installedEarlier(workspace: string): Promise<void> {
  const token = slack.world.workspaces.get(workspace)?.botToken ?? ''
  const bot = { token, scopes: [], id: 'B0BOT', userId: 'U0BOT' }
  const user = { id: 'U0ADMIN', token: undefined, scopes: undefined }
  const team = { id: workspace, name: 'Earlier' }
  await installations().storeInstallation({ team, enterprise: undefined, user, isEnterpriseInstall: false, bot })
}

async function propose(): Promise<string> {
  await proposeAll(service.workflow)
  await service.workflow.deliver()
  return (await openProposals(database().db)).find(({ team }) => team === 'web-platform')?.id ?? ''
}

function cardIn(workspace: string): SlackMessage {
  const found = slack.messages.find((item) => item.workspace === workspace && item.thread === null)
  if (!found) throw new Error(`No card in ${workspace}.`)
  return found
}

async function votes(id: string): Promise<readonly string[]> {
  return ((await findProposal(database().db, id))?.votes ?? []).map(({ person }) => person)
}

async function answer(count: number): Promise<string> {
  await expect.poll(() => slack.answers.length, { timeout: 4_000 }).toBeGreaterThanOrEqual(count)
  return JSON.stringify(slack.answers.at(-1))
}

function deliver(id: number, channel: string): Promise<number | null> {
  const said = { author: null, tone: 'neutral' as const, text: rich(`Hello ${channel}.`), detail: [] }
  return connection.platform.deliver({ id, channel, proposal: null, at: new Date().toISOString(), entry: said })
}

function directMessages(): readonly string[] {
  return slack.messages.filter(({ channel }) => channel.startsWith('D')).map((item) => `${item.workspace} ${item.text}`)
}

/** As when the service is started again with another configuration. */
async function beginAgain(configured: Configured): Promise<void> {
  const [before, old] = [service, server]
  earlier.push(async () => {
    old.close()
    await before.remove()
  })
  await begin(configured)
}

function showCard(id: string): Promise<number | null> {
  const at = new Date().toISOString()
  return connection.platform.deliver({ id: 2_000, channel: 'web-platform', proposal: id, at, entry: null })
}

function cards(id: string): readonly string[] {
  const shown = slack.messages.filter(
    ({ thread, blocks }) => thread === null && JSON.stringify(blocks).includes(`"${id}:`),
  )
  return shown.map(({ workspace, channel, edits }) => `${workspace} ${channel} ${edits > 0 ? 'edited' : 'new'}`)
}

beforeEach(async () => {
  warnings = []
  earlier = []
  const member = (id: string) => ({ id, kind: 'member' as const })
  slack = await createFakeSlack({ channels: ['C0WEB'], users: [member('U0SAME'), member('U0NEW')] })
  slack.addWorkspace(SECOND, 'Second', 'xoxb-2', ['C0PAY', 'C0WEB'], [member('U0SAME'), member('U0NEW')])
  slack.addWorkspace(FOREIGN, 'Foreign <b>', 'xoxb-666', ['C0WEB'], [member('U0SAME'), member('U0EVIL')])
})
afterEach(async () => {
  await connection.stop()
  server.closeAllConnections()
  server.close()
  await slack.close()
  await service.remove()
  for (const end of earlier) await end()
})

describe('two workspaces that the operator named', () => {
  const named = [WORKSPACE, SECOND]

  async function both(people: readonly PersonEntry[]): Promise<void> {
    await begin({ named, people })
    await install(WORKSPACE)
    await install(SECOND)
    await connection.start()
  }

  test('the same member id in both is two people', async () => {
    await both([entry('mara', twins.mara), entry('tom', twins.tom)])
    const id = await propose()
    await slack.click('U0SAME', cardIn(WORKSPACE), 'pw:approve', { workspace: WORKSPACE })
    expect(await answer(1)).toContain('Your approval is recorded.')
    await slack.slash('U0SAME', 'C0PAY', `approve ${id}`, { workspace: SECOND })
    expect(await answer(2)).toContain('Your approval is recorded.')
    expect(await votes(id)).toEqual(['mara', 'tom'])
  })

  test('somebody with the member id of a person in the other one is nobody, and is told what to have added', async () => {
    await both([entry('mara', twins.mara)])
    const id = await propose()
    await slack.slash('U0SAME', 'C0PAY', `approve ${id}`, { workspace: SECOND })
    expect(await answer(1)).toContain(`add your Slack member id, ${SECOND}/U0SAME`)
    expect(await votes(id)).toEqual([])
  })

  test('what Slack says of a member in one is not taken for the one in the other', async () => {
    slack.home.users.set('U0NEW', { id: 'U0NEW', kind: 'member', email: 'mara@example.net', confirmed: true })
    await both([entry('mara', null, 'mara@example.net')])
    const id = await propose()
    await slack.slash('U0NEW', 'C0WEB', `approve ${id}`, { workspace: WORKSPACE })
    expect(await answer(1)).toContain('Your approval is recorded.')
    await slack.slash('U0NEW', 'C0PAY', `approve ${id}`, { workspace: SECOND })
    expect(await answer(2)).toContain('does not know you yet')
  })

  test('a member of one clicks in a channel that it shares with the other, and is who they are at home', async () => {
    slack.home.users.set('U0PAY', { id: 'U0PAY', kind: 'member', team: SECOND })
    slack.world.workspaces.get(SECOND)?.users.set('U0PAY', { id: 'U0PAY', kind: 'guest' })
    await both([entry('mara', `${SECOND}/U0PAY`)])
    const id = await propose()
    await slack.click('U0PAY', cardIn(WORKSPACE), 'pw:approve', { workspace: WORKSPACE, team: SECOND })
    expect(await answer(1)).toContain('Guests of the workspace do not decide')
    slack.home.users.set('U0OPS', { id: 'U0OPS', kind: 'member', team: SECOND })
    slack.world.workspaces.get(SECOND)?.users.set('U0OPS', { id: 'U0OPS', kind: 'member' })
    await slack.click('U0OPS', cardIn(WORKSPACE), 'pw:approve', { workspace: WORKSPACE, team: SECOND })
    expect(await answer(2)).toContain(`add your Slack member id, ${SECOND}/U0OPS`)
    expect(await votes(id)).toEqual([])
  })

  test('direct messages go to each person in their own workspace', async () => {
    await both([entry('mara', twins.mara), entry('tom', twins.tom)])
    await deliver(1001, '@mara')
    await deliver(1002, '@tom')
    await deliver(1003, '@mara')
    await deliver(1003, '@mara')
    expect(directMessages()).toEqual([
      `${WORKSPACE} Hello @mara.`,
      `${SECOND} Hello @tom.`,
      `${WORKSPACE} Hello @mara.`,
    ])
    expect(slack.calls.filter(({ method }) => method === 'conversations.open')).toHaveLength(2)
  })

  test('a person whose account is of no named workspace, or of one that is not said, gets no direct message', async () => {
    await both([entry('mara', `${FOREIGN}/U0SAME`), entry('tom', 'U0SAME')])
    await installedEarlier(FOREIGN)
    expect([await deliver(1001, '@mara'), await deliver(1002, '@tom')]).toEqual([null, null])
    expect(directMessages()).toEqual([])
  })

  test('user groups are read in their own workspace', async () => {
    await both([entry('mara', twins.mara), entry('tom', twins.tom)])
    slack.home.userGroups.set('S0SEC', ['U0SAME'])
    slack.world.workspaces.get(SECOND)?.userGroups.set('S0SEC', ['U0SAME', 'U0NEW'])
    const people = async (server: string | null) => {
      const found = await connection.accountsIn({ server, id: 'S0SEC' })
      return Promise.all(found.map(async (account) => (await accounts.personOf(account))?.id ?? null))
    }
    expect(await people(WORKSPACE)).toEqual(['mara'])
    expect(await people(SECOND)).toEqual(['tom', null])
    await expect(people(null)).rejects.toThrow('names several')
    await expect(people(FOREIGN)).rejects.toThrow(`${FOREIGN} is not named`)
  })

  test('/patch in a channel is about the channel of that workspace, whatever has its id elsewhere', async () => {
    await both([entry('mara', twins.mara), entry('tom', twins.tom)])
    await propose()
    await slack.slash('U0SAME', 'C0WEB', 'list', { workspace: WORKSPACE })
    expect(await answer(1)).toContain('1 open proposal:')
    await slack.slash('U0SAME', 'C0WEB', 'list', { workspace: SECOND })
    expect(await answer(2)).toContain('2 open proposals:')
  })
})

describe('one workspace that the operator named', () => {
  const named = [WORKSPACE]
  const places = { 'web-platform': 'C0WEB' }

  test('needs not be written in ids, and another that installed the app earlier does not change what they mean', async () => {
    await begin({ named, places, people: [entry('mara', 'U0SAME')] })
    await installedEarlier(FOREIGN)
    await install(WORKSPACE)
    await connection.start()
    const id = await propose()
    expect(slack.messages.map(({ workspace }) => workspace)).toContain(WORKSPACE)
    expect(slack.messages.map(({ workspace }) => workspace)).not.toContain(FOREIGN)
    await slack.click('U0SAME', cardIn(WORKSPACE), 'pw:approve', { workspace: WORKSPACE })
    expect(await answer(1)).toContain('Your approval is recorded.')
    await deliver(1001, '@mara')
    expect(directMessages()).toEqual([`${WORKSPACE} Hello @mara.`])
    slack.home.userGroups.set('S0SEC', ['U0SAME'])
    expect(await connection.accountsIn({ server: null, id: 'S0SEC' })).toMatchObject([{ id: 'U0SAME' }])
    expect(await votes(id)).toEqual(['mara'])
  })

  test('is not the first that installed the app', async () => {
    await begin({ named, places, people: [entry('mara', 'U0SAME')] })
    await installedEarlier(FOREIGN)
    expect(await connection.check()).toBe(
      `no workspace has installed the app yet: open /slack/install; not trusted, because identity.slackWorkspaces does not name it: ${FOREIGN}`,
    )
    await propose()
    expect(slack.messages).toEqual([])
    expect(service.warnings.join()).toContain(`The Slack workspace ${WORKSPACE} has not installed the app`)
  })

  test('somebody of a foreign workspace that installed the app earlier is nobody, and the app does nothing there', async () => {
    await begin({ named, places, people: [entry('mara', 'U0SAME')] })
    await installedEarlier(FOREIGN)
    await install(WORKSPACE)
    await connection.start()
    const id = await propose()
    const before = slack.calls.length
    await slack.slash('U0SAME', 'C0WEB', `approve ${id}`, { workspace: FOREIGN })
    await slack.openHome('U0SAME', { workspace: FOREIGN })
    await expect.poll(() => warnings.filter((warning) => warning.includes(`${FOREIGN} is not named`)).length).toBe(2)
    expect(slack.answers).toEqual([])
    expect(slack.calls.slice(before)).toEqual([])
    expect(await votes(id)).toEqual([])
  })

  test('somebody of a foreign workspace with a colleague’s address or member id is refused, with a sentence', async () => {
    const evil = { kind: 'member', email: 'tom@example.net', confirmed: true } as const
    slack.world.workspaces.get(FOREIGN)?.users.set('U0EVIL', { id: 'U0EVIL', ...evil })
    // Seen from here by a shared channel; as one shares a channel with them, they are no "stranger" to Slack.
    slack.home.users.set('U0EVIL', { id: 'U0EVIL', ...evil, team: FOREIGN })
    await begin({ named, places, people: [entry('mara', 'U0SAME'), entry('tom', null, 'tom@example.net')] })
    await installedEarlier(FOREIGN)
    await install(WORKSPACE)
    await connection.start()
    const id = await propose()
    for (const [index, user] of ['U0EVIL', 'U0SAME'].entries()) {
      await slack.click(user, cardIn(WORKSPACE), 'pw:approve', { workspace: WORKSPACE, team: FOREIGN })
      expect(await answer(index + 1)).toContain('from another workspace')
    }
    // Where Slack says only where the app is, what it knows of the user decides.
    await slack.slash('U0EVIL', 'C0WEB', `approve ${id}`, { workspace: WORKSPACE })
    expect(await answer(3)).toContain('from another workspace')
    await slack.openHome('U0EVIL', { workspace: WORKSPACE })
    await expect.poll(() => JSON.stringify(slack.homes.get('U0EVIL')?.view)).toContain('from another workspace')
    expect(await votes(id)).toEqual([])
  })

  test('a foreign one that installs the app is told what to have added where; nothing of it is kept', async () => {
    await begin({ named, places })
    const { status, type, page } = await install(FOREIGN)
    expect([status, type]).toEqual([403, 'text/plain; charset=utf-8'])
    expect(page).toContain(`has not named the workspace Foreign <b> (${FOREIGN})`)
    expect(page).toContain(`add ${FOREIGN} to identity.slackWorkspaces in patchwarden.yaml`)
    expect(await installations().all()).toEqual([])
    expect(slack.world.workspaces.get(FOREIGN)?.tokenProblem).toBe('token_revoked')
    expect(warnings).toEqual([expect.stringContaining(`The Slack workspace ${FOREIGN} is not named`)])
  })

  test('a whole organisation that installs the app is refused, whatever its workspaces', async () => {
    await begin({ named, places })
    const { status, page } = await install('E0000001')
    expect(status).toBe(403)
    expect(page).toContain('for a whole organisation')
    expect(await installations().all()).toEqual([])
  })

  test('that has installed the app is read and told of; what installed it beside is not trusted', async () => {
    await begin({ named, places })
    await install(WORKSPACE)
    await installedEarlier(FOREIGN)
    expect(await connection.check()).toBe(
      `the token works in the workspace Example; 1 channel configured; not trusted, because identity.slackWorkspaces does not name it: ${FOREIGN}`,
    )
  })
})

describe('a card that is posted already', () => {
  test('is shown where it is, when its channel is written with its workspace since', async () => {
    await begin({ named: [WORKSPACE], places: { 'web-platform': 'C0WEB' } })
    await install(WORKSPACE)
    await install(SECOND)
    const id = await propose()
    await beginAgain({ named: [WORKSPACE, SECOND], places: { 'web-platform': `${WORKSPACE}/C0WEB` } })
    await showCard(id)
    expect(cards(id)).toEqual([`${WORKSPACE} C0WEB edited`])
  })

  test('comes to the channel of now, when its workspace is not named any more', async () => {
    await begin({ named: [WORKSPACE, SECOND] })
    await install(WORKSPACE)
    await install(SECOND)
    const id = await propose()
    await beginAgain({ named: [SECOND], places: { 'web-platform': 'C0PAY' } })
    await showCard(id)
    expect(cards(id)).toEqual([`${WORKSPACE} C0WEB new`, `${SECOND} C0PAY new`])
  })

  test('is not given up while no workspace can be posted in', async () => {
    await begin({ named: [WORKSPACE], places: { 'web-platform': 'C0WEB' } })
    await install(WORKSPACE)
    const id = await propose()
    const places = { 'web-platform': 'C0WEB' }
    await beginAgain({ named: [], places })
    await expect(showCard(id)).rejects.toThrow('names no workspace')
    await beginAgain({ named: [WORKSPACE], places })
    await showCard(id)
    expect(cards(id)).toEqual([`${WORKSPACE} C0WEB edited`])
  })
})

describe('no workspace that the operator named', () => {
  test('by OAuth nobody is trusted, and check and the start say so', async () => {
    await begin({ named: [], people: [entry('mara', twins.mara)] })
    await installedEarlier(WORKSPACE)
    const says = /identity\.slackWorkspaces names no workspace, so nobody in Slack is trusted/
    await expect(connection.check()).rejects.toThrow(says)
    await expect(connection.start()).rejects.toThrow(says)
    expect((await install(WORKSPACE)).status).toBe(403)
    await slack.slash('U0SAME', 'C0WEB', 'pending', { workspace: WORKSPACE })
    expect(slack.answers).toEqual([])
    await propose()
    expect(slack.messages).toEqual([])
  })
})

describe('one bot token', () => {
  const places = { 'web-platform': 'C0WEB' }

  test('names its workspace; ids may be written with it or without', async () => {
    const access = oneToken()
    const people = [entry('mara', 'U0SAME'), entry('tom', `${WORKSPACE}/U0NEW`)]
    await begin({ named: [], places: { 'web-platform': `${WORKSPACE}/C0WEB` }, people, access })
    await connection.start()
    const id = await propose()
    await slack.click('U0SAME', cardIn(WORKSPACE), 'pw:approve', { workspace: WORKSPACE })
    await answer(1)
    await slack.click('U0NEW', cardIn(WORKSPACE), 'pw:approve', { workspace: WORKSPACE })
    await answer(2)
    expect(await votes(id)).toEqual(['mara', 'tom'])
    await deliver(1001, '@mara')
    await deliver(1002, '@tom')
    expect(directMessages()).toEqual([`${WORKSPACE} Hello @mara.`, `${WORKSPACE} Hello @tom.`])
  })

  test('is no key to another workspace: what is written of one is said by check, and nobody of it decides', async () => {
    const people = [entry('mara', `${SECOND}/U0SAME`)]
    await begin({ named: [], places: { 'web-platform': `${SECOND}/C0WEB` }, people, access: oneToken() })
    await expect(connection.check()).rejects.toThrow(`SLACK_BOT_TOKEN is of ${WORKSPACE}, not of ${SECOND}`)
    await connection.start()
    const id = await propose()
    expect(slack.messages).toEqual([])
    await slack.slash('U0SAME', 'C0WEB', `approve ${id}`, { workspace: WORKSPACE })
    expect(await answer(1)).toContain('does not know you yet')
    expect(await deliver(1001, '@mara')).toBeNull()
  })

  test('of a workspace that is not among the named ones is refused', async () => {
    await begin({ named: [SECOND], places, people: [entry('mara', 'U0SAME')], access: oneToken() })
    const says = `SLACK_BOT_TOKEN is of the workspace Example (${WORKSPACE}), which identity.slackWorkspaces does not name`
    await expect(connection.check()).rejects.toThrow(says)
    await expect(connection.start()).rejects.toThrow(says)
    const id = await propose()
    expect(slack.messages).toEqual([])
    await slack.slash('U0SAME', 'C0WEB', `approve ${id}`, { workspace: WORKSPACE })
    expect(await answer(1)).toContain('from another workspace')
  })

  test('a foreign user with the member id or the address of a colleague is refused', async () => {
    slack.home.users.set('U0EVIL', {
      id: 'U0EVIL',
      kind: 'member',
      team: FOREIGN,
      email: 'tom@example.net',
      confirmed: true,
    })
    const people = [entry('mara', 'U0SAME'), entry('tom', null, 'tom@example.net')]
    await begin({ named: [], places, people, access: oneToken() })
    await connection.start()
    const id = await propose()
    await slack.click('U0SAME', cardIn(WORKSPACE), 'pw:approve', { workspace: WORKSPACE, team: FOREIGN })
    expect(await answer(1)).toContain('from another workspace')
    await slack.slash('U0EVIL', 'C0WEB', `approve ${id}`, { workspace: WORKSPACE })
    expect(await answer(2)).toContain('from another workspace')
    expect(await votes(id)).toEqual([])
  })
})
