/** Slack by requests: signatures, installation by OAuth in several workspaces, the app's own page, user groups. */

import type { Server } from 'node:http'
import type { Installation } from '@slack/bolt'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ChatConnection } from '../../../src/chat/platform.ts'
import type { SlackAccess } from '../../../src/chat/slack/access.ts'
import { openProposals } from '../../../src/store/proposals.ts'
import { createSlackInstallations } from '../../../src/store/slack-installations.ts'
import { createFakeSlack, type FakeSlack, WORKSPACE } from '../../fakes/slack/fake-slack.ts'
import { accountsOf } from '../../support/chat-people.ts'
import { useDatabase } from '../../support/database.ts'
import type { exampleService } from '../../support/example-service.ts'
import { proposeAll } from '../../support/example-service.ts'
import { slackByRequests } from '../../support/slack-by-requests.ts'

const database = useDatabase()
const OTHER = 'T0000002'
const SECRET = 'a secret that is not in the database'

let slack: FakeSlack
let server: Server
let address: string
let connection: ChatConnection
let service: Awaited<ReturnType<typeof exampleService>>
let warnings: string[]

function installations() {
  return createSlackInstallations<Installation>(database().db, SECRET, () => new Date())
}

async function begin(
  access: SlackAccess,
  places: ReadonlyMap<string, string>,
  people: Readonly<Record<string, string>> = { mara: 'U0MARA', tom: 'U0TOM', jonas: 'U0JONAS' },
): Promise<void> {
  const { db } = database()
  warnings = []
  const given = {
    access,
    accounts: accountsOf(people),
    named: access.mode === 'oauth' ? [WORKSPACE, OTHER] : [],
    places,
    installations: installations(),
  }
  const begun = await slackByRequests(db, slack, given, warnings)
  ;({ service, connection, server, address } = begun)
}

async function propose(): Promise<string> {
  await proposeAll(service.workflow)
  await service.workflow.deliver()
  return (await openProposals(database().db)).find(({ team }) => team === 'web-platform')?.id ?? ''
}

beforeEach(async () => {
  const users = ['U0MARA', 'U0TOM'].map((id) => ({ id, kind: 'member' as const }))
  slack = await createFakeSlack({ channels: ['C0WEB'], users })
})
afterEach(async () => {
  await connection.stop()
  server.closeAllConnections()
  server.close()
  await slack.close()
  await service.remove()
})

describe('by signed requests', () => {
  const access = (): SlackAccess => ({
    mode: 'http',
    botToken: slack.botToken,
    signingSecret: slack.world.signingSecret,
  })

  test.each(['unsigned', 'wrong secret', 'old'] as const)('one that is %s is refused', async (how) => {
    await begin(access(), new Map([['web-platform', 'C0WEB']]))
    await connection.start()
    expect(await slack.arrivals.forge(how)).toBe(401)
    expect(slack.answers).toEqual([])
    const said = {
      unsigned: [],
      'wrong secret': [/SLACK_SIGNING_SECRET does not match/],
      old: [/by the clock of this host/],
    }
    expect(warnings).toEqual(said[how].map((sentence) => expect.stringMatching(sentence)))
    // Said once, however many come.
    await slack.arrivals.forge(how)
    expect(warnings).toHaveLength(said[how].length)
  })

  test('a scope that was taken away is named by the start and by check, and so is a Slack that does not say who clicks', async () => {
    await begin(access(), new Map([['web-platform', 'C0WEB']]))
    slack.home.scopes.delete('users:read')
    await connection.start()
    expect(warnings.join()).toContain('lacks the scope users:read: install it again')
    await expect(connection.check()).rejects.toThrow('lacks the scope users:read')
    await slack.slash('U0TOM', 'C0WEB', 'list')
    await expect.poll(() => warnings.join()).toContain('Slack does not say who clicks (users.info), so nobody can act')
    const { length } = warnings
    await slack.slash('U0MARA', 'C0WEB', 'list')
    await expect.poll(() => slack.answers.length).toBe(2)
    expect(warnings).toHaveLength(length)
    slack.home.scopes.add('users:read')
    await slack.slash('U0TOM', 'C0WEB', 'list')
    await expect.poll(() => slack.answers.length).toBe(3)
    expect(await connection.check()).toContain('the token works')
  })

  /** What nobody catches would end the service. */
  async function uncaughtDuring(work: () => Promise<void>): Promise<readonly unknown[]> {
    const uncaught: unknown[] = []
    const note = (reason: unknown) => uncaught.push(reason)
    process.on('unhandledRejection', note)
    await work()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    return uncaught
  }

  test('a signed body that is no event of Slack’s is refused, whatever is in it, and the next click counts', async () => {
    await begin(access(), new Map([['web-platform', 'C0WEB']]))
    await connection.start()
    const nothings = ['null', '1', '-1e999', 'true', '"text"', '[]', '[null]', '', '{', '\u0000']
    const forms = nothings.map((body) => `payload=${encodeURIComponent(body)}`)
    const objects = [
      '{}',
      '{"type":null}',
      '{"type":"block_actions"}',
      '{"type":"block_actions","actions":null,"user":null,"team":7}',
      '{"type":"block_actions","actions":[null],"user":{"id":"U0MARA"},"team":{"id":"T0000001"}}',
      '{"type":"view_submission","view":null}',
      '{"type":"view_submission","user":{"id":5},"team":null,"view":{"callback_id":"pw-ask","state":[]}}',
      '{"type":"event_callback","event":null}',
      '{"event":{"type":"app_home_opened","tab":"home","user":{"toString":null}},"authorizations":[null]}',
      '{"__proto__":{"type":"block_actions"},"command":"/patch"}',
      `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
    ]
    const uncaught = await uncaughtDuring(async () => {
      for (const body of nothings) expect(await slack.arrivals.post(body, 'application/json'), body).toBe(400)
      for (const body of forms.filter((form) => form !== 'payload='))
        expect(await slack.arrivals.post(body, 'application/x-www-form-urlencoded'), body).toBe(400)
      const statuses = await Promise.all(objects.map((body) => slack.arrivals.post(body, 'application/json')))
      for (const status of statuses) expect(status).toBeLessThan(500)
    })
    expect(uncaught).toEqual([])
    const id = await propose()
    await slack.slash('U0MARA', 'C0WEB', `status ${id}`)
    await expect.poll(() => slack.answers.length).toBe(1)
  })

  test('Slack that does not answer when the service opens is asked again at the next click', async () => {
    slack.fail('auth.test', { kind: 'status', status: 500 })
    const uncaught = await uncaughtDuring(() => begin(access(), new Map([['web-platform', 'C0WEB']])))
    await expect(connection.start()).rejects.toThrow()
    expect(uncaught).toEqual([])
    const id = await propose()
    await slack.slash('U0MARA', 'C0WEB', `status ${id}`)
    await expect.poll(() => slack.answers.length).toBe(1)
  })

  test('another path is not found, and no socket is opened', async () => {
    await begin(access(), new Map([['web-platform', 'C0WEB']]))
    await connection.start()
    expect((await fetch(`${address}/slack/nothing`)).status).toBe(404)
    expect(slack.sockets()).toBe(0)
    expect(await connection.check()).toBe('the token works in the workspace Example; 1 channel configured')
  })

  test('the app’s own page lists what waits, what runs and what was decided; its buttons decide', async () => {
    await begin(access(), new Map([['web-platform', 'C0WEB']]))
    await connection.start()
    const id = await propose()
    const page = async () => {
      await slack.openHome('U0MARA')
      await expect.poll(() => slack.homes.get('U0MARA')).toBeDefined()
      return slack.homes.get('U0MARA')
    }
    expect((await page())?.problems).toEqual([])
    expect(JSON.stringify((await page())?.view)).toContain(`*${id}*`)
    await slack.clickHome('U0MARA', `pw:approve:${id}`, `${id}:1`)
    await expect.poll(async () => JSON.stringify((await page())?.view)).toMatch(/Decided by you.*approve/)
    expect(JSON.stringify((await page())?.view)).toContain('expand')
    const state = (await openProposals(database().db)).find((item) => item.id === id)
    expect(state?.votes).toMatchObject([{ person: 'mara', via: 'slack' }])
  })

  test('who is in a user group is asked, and why it cannot be is said', async () => {
    await begin(access(), new Map())
    slack.home.userGroups.set('S0SEC', ['U0TOM'])
    expect(await connection.accountsIn({ server: null, id: 'S0SEC' })).toMatchObject([
      { id: 'U0TOM', realm: { id: WORKSPACE, only: true } },
    ])
    slack.home.scopes.delete('usergroups:read')
    await expect(connection.accountsIn({ server: null, id: 'S0SEC' })).rejects.toThrow(/lacks a scope/)
  })

  test.each([
    [
      'a revoked token',
      () => (slack.home.tokenProblem = 'token_revoked'),
      'Install the app again and set the new token',
    ],
    ['an app that was removed', () => (slack.home.tokenProblem = 'account_inactive'), 'the app was removed'],
    ['a missing scope', () => slack.home.scopes.delete('chat:write'), 'install it again from manifests/slack.yaml'],
    ['an archived channel', () => slack.archived.add('C0WEB'), 'unarchive it'],
    ['a channel that is gone', () => slack.home.channels.delete('C0WEB'), 'invite the app'],
  ])('%s is one notice with a way back, and nothing is lost', async (_, breakIt, mend) => {
    await begin(access(), new Map([['web-platform', 'C0WEB']]))
    await connection.start()
    breakIt()
    await propose()
    await service.workflow.deliver()
    expect(service.warnings.filter((warning) => warning.includes(mend))).toHaveLength(1)
    slack.home.tokenProblem = null
    slack.home.scopes.add('chat:write')
    slack.home.channels.add('C0WEB')
    slack.archived.clear()
    await expect
      .poll(
        async () => {
          await service.workflow.deliver()
          return slack.messages.filter(({ thread }) => thread === null).length
        },
        { timeout: 8_000 },
      )
      .toBe(1)
    expect(service.warnings).toHaveLength(1)
  })
})

describe('from every named workspace that installs the app', () => {
  const access = (): SlackAccess => ({
    mode: 'oauth',
    clientId: slack.world.clientId,
    clientSecret: slack.world.clientSecret,
    signingSecret: slack.world.signingSecret,
    stateSecret: 'state',
  })

  /** As an administrator does it in the browser: the link, the page of Slack, and back. */
  async function install(workspace: string): Promise<number> {
    const page = await fetch(`${address}/slack/install`)
    const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
    const [, link = ''] = /href="([^"]*oauth[^"]*)"/.exec(await page.text()) ?? []
    const allow = new URL(link.replaceAll('&amp;', '&'))
    allow.searchParams.set('team', workspace)
    allow.searchParams.set('redirect_uri', `${address}/slack/oauth_redirect`)
    const back = await fetch(allow, { redirect: 'manual' })
    return (await fetch(back.headers.get('location') ?? '', { headers: { cookie } })).status
  }

  test('each is kept sealed, gets its cards, and its people decide', async () => {
    const users = [{ id: 'U0TOM', kind: 'member' as const }]
    slack.addWorkspace(OTHER, 'Other', 'xoxb-none', ['C0PAY'], users)
    slack.home.users.delete('U0TOM')
    const places = new Map([
      ['web-platform', `${WORKSPACE}/C0WEB`],
      ['payments', `${OTHER}/C0PAY`],
    ])
    await begin(access(), places, { tom: `${OTHER}/U0TOM` })
    expect(await connection.check()).toContain('no workspace has installed the app yet')
    expect([await install(WORKSPACE), await install(OTHER)]).toEqual([200, 200])
    expect(await connection.check()).toContain('Example, Other')
    await connection.start()
    const id = await propose()
    expect(
      slack.messages
        .filter(({ thread }) => thread === null)
        .map(({ workspace }) => workspace)
        .sort(),
    ).toEqual([WORKSPACE, OTHER])
    await slack.slash('U0TOM', 'C0PAY', `approve ${id}`)
    await expect.poll(() => JSON.stringify(slack.answers)).toContain('Your approval is recorded.')
    const kept = await database().sql`select installation from slack_installations`
    expect(JSON.stringify(kept)).not.toContain('xoxb-')
    const { db } = database()
    await expect(createSlackInstallations(db, 'another', () => new Date()).find(OTHER)).rejects.toThrow(/CLIENT_SECRET/)
    expect((await installations().find(OTHER))?.botToken).toMatch(/^xoxb-/)
  })

  test('somebody of a workspace that is not named does not decide', async () => {
    await begin(access(), new Map([['web-platform', `${WORKSPACE}/C0WEB`]]))
    await install(WORKSPACE)
    await connection.start()
    await propose()
    const [card] = slack.messages
    if (!card) throw new Error('No card.')
    await slack.click('U0MARA', card, 'pw:approve', { team: 'T0000003' })
    await expect.poll(() => JSON.stringify(slack.answers)).toContain('Slack Connect')
  })

  test('a state that is not ours installs nothing', async () => {
    await begin(access(), new Map())
    slack.world.codes.set('stolen', OTHER)
    const status = (await fetch(`${address}/slack/oauth_redirect?code=stolen&state=forged`)).status
    expect(status).toBeGreaterThanOrEqual(400)
    expect(await installations().all()).toEqual([])
  })
})
