/** The page People: who sees which linked accounts, and who may revoke them, by the form alone. */

import type { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { linkedAccounts, outbox } from '../../src/store/schema.ts'
import { issueSignInToken } from '../../src/web/backend/tokens.ts'
import { createConsole } from '../../src/web/console.ts'
import { useDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { exampleService } from '../support/example-service.ts'
import { linkFor } from '../support/session.ts'

const database = useDatabase()
const linkedAt = '2026-11-28T14:05:00.000Z'
const tomski = { platform: 'discord', account: '8035', label: '<b>tomski</b>', person: 'tom' } as const

let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono

beforeEach(async () => {
  const { db } = database()
  service = await exampleService(db, {
    people: [{ id: 'tom', name: 'Tom', email: null, slack: 'U0TOM', discord: null }],
    connect: () => [
      { name: 'slack', deliver: async () => null },
      { name: 'discord', deliver: async () => null },
    ],
  })
  app = createConsole({
    port: exampleConsole(db, service, { example: () => true }),
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: () => {} },
    allowedHosts: ['localhost'],
  })
  await db.insert(linkedAccounts).values([
    { ...tomski, linkedAt, confirmedIn: 'console' },
    { platform: 'discord', account: '9', person: 'jonas', linkedAt },
  ])
})
afterEach(() => service.remove())

async function signedIn(person: string) {
  const token = await issueSignInToken(database().db, linkFor(person, 'test', true), new Date())
  const body = new URLSearchParams({ token })
  const answer = await app.request('http://localhost/sign-in', { method: 'POST', body, headers: { host: 'localhost' } })
  const headers = { host: 'localhost', cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' }
  const asText = async (given: Response) => ({ status: given.status, text: await given.text() })
  return {
    page: async () => (await asText(await app.request('http://localhost/people', { headers }))).text,
    revoke: async (of: string, form: Record<string, string>, more: Record<string, string> = {}) =>
      asText(
        await app.request(`http://localhost/people/${of}/accounts/revoke`, {
          method: 'POST',
          body: new URLSearchParams(form),
          headers: { ...headers, ...more },
        }),
      ),
  }
}

async function linked(): Promise<readonly string[]> {
  const rows = await database().db.select().from(linkedAccounts)
  return rows.map(({ account }) => account).sort()
}

const ofTom = { platform: 'discord', account: '8035' }

describe('the page People', () => {
  it('shows everybody their own accounts, with a button that revokes what was linked', async () => {
    const page = await (await signedIn('tom')).page()
    expect(page).toContain('Slack account U0TOM')
    expect(page).toContain('named in the configuration')
    expect(page).toMatch(/Discord account (&quot;|&#34;|")&lt;b&gt;tomski&lt;\/b&gt;(&quot;|&#34;|") \(8035\)/)
    expect(page).toMatch(/linked in the console, .*28 Nov, 14:05/)
    expect(page.match(/>Revoke</g)).toHaveLength(1)
    expect(page).toContain('method="post" action="/people/tom/accounts/revoke"')
    expect(page).not.toContain('Discord account 9')
  })

  it('shows an operator those of everybody', async () => {
    const page = await (await signedIn('mara')).page()
    expect(page).toContain('tomski')
    expect(page).toContain('Discord account 9')
    expect(page.match(/>Revoke</g)).toHaveLength(2)
  })
})

describe('revoking there', () => {
  it('one’s own works by a plain form, and is told to the other accounts and the revoked one', async () => {
    const tom = await signedIn('tom')
    const { status, text } = await tom.revoke('tom', ofTom)
    expect(status).toBe(200)
    expect(text).toContain('no longer speaks for you')
    expect(text).toContain('href="/people"')
    expect(await linked()).toEqual(['9'])
    const told = await database().db.select().from(outbox).orderBy(outbox.id)
    expect(told.map(({ platform, channel }) => `${platform} ${channel}`)).toEqual(['slack @tom', 'discord @@8035'])
    expect(JSON.stringify(told[0]?.entry)).toContain('revoked in the console at')
    expect(await tom.page()).not.toContain('tomski')
  })

  it('twice is answered with a sentence', async () => {
    const tom = await signedIn('tom')
    await tom.revoke('tom', ofTom)
    const { status, text } = await tom.revoke('tom', ofTom)
    expect(status).toBe(200)
    expect(text).toContain('No Discord account 8035 is linked with you: nothing had to be done.')
  })

  it('an operator revokes anybody’s, and they are told by whom', async () => {
    const { text } = await (await signedIn('mara')).revoke('tom', ofTom, { 'hx-request': 'true' })
    expect(text).toMatch(/^<p class="only good">.*no longer speaks for tom/)
    expect(await linked()).toEqual(['9'])
    const [told] = await database().db.select().from(outbox)
    expect(JSON.stringify(told?.entry)).toContain('revoked in the console by mara')
  })

  it('anybody else is refused, and changes nothing', async () => {
    const { status, text } = await (await signedIn('jonas')).revoke('tom', ofTom)
    expect(status).toBe(200)
    expect(text).toContain('Only they themselves and operators revoke the accounts of a person.')
    expect(await linked()).toEqual(['8035', '9'])
  })

  it('names an account of the person only: that of somebody else stays', async () => {
    const { text } = await (await signedIn('jonas')).revoke('jonas', ofTom)
    expect(text).toContain('is linked with you: nothing had to be done')
    expect(await linked()).toEqual(['8035', '9'])
  })

  it.each<[string, Record<string, string>]>([
    ['no platform', { account: '8035' }],
    ['an unknown platform', { platform: 'teams', account: '8035' }],
    ['no account', { platform: 'discord' }],
    ['an empty account', { platform: 'discord', account: '' }],
  ])('with %s is an incomplete form', async (_, form) => {
    const { status, text } = await (await signedIn('tom')).revoke('tom', form)
    expect(status).toBe(400)
    expect(text).toContain('nothing was done')
    expect(await linked()).toEqual(['8035', '9'])
  })

  it('is taken from no other site', async () => {
    const { status } = await (await signedIn('tom')).revoke('tom', ofTom, { origin: 'https://evil.example' })
    expect(status).toBe(403)
    expect(await linked()).toEqual(['8035', '9'])
  })
})
