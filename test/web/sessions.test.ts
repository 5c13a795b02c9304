/** Signing in and out: what a link does when it is fetched, and where a session ends. */

import type { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sessions, signInLinks } from '../../src/store/schema.ts'
import { endSessionsOf, purgeSessions } from '../../src/store/sessions.ts'
import { issueSignInToken } from '../../src/web/backend/tokens.ts'
import { createConsole } from '../../src/web/console.ts'
import type { ConsolePort } from '../../src/web/console-port.ts'
import { useDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { exampleService } from '../support/example-service.ts'
import { linkFor } from '../support/session.ts'

const database = useDatabase()
const minute = 60_000

let service: Awaited<ReturnType<typeof exampleService>>
let now: Date
let port: ConsolePort
let app: Hono
let logged: string[]

beforeEach(async () => {
  service = await exampleService(database().db)
  now = new Date()
  const parts = { ...service.parts, clock: () => now }
  port = exampleConsole(database().db, { ...service, parts })
  logged = []
  app = consoleAt(null)
})
afterEach(() => service.remove())

function consoleAt(publicUrl: string | null): Hono {
  return createConsole({
    port,
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: (text) => logged.push(text) },
    allowedHosts: ['localhost', 'patchwarden.example.net'],
    publicUrl,
  })
}

const ending = () => ({ by: null, now: now.toISOString() })
const link = (person: string) => issueSignInToken(database().db, linkFor(person), now)

function ask(path: string, init: RequestInit = {}, host = 'localhost'): Promise<Response> {
  const headers = { host, ...Object.fromEntries(new Headers(init.headers)) }
  return Promise.resolve(app.request(`http://${host}${path}`, { ...init, headers }))
}

function redeem(token: string, headers: Record<string, string> = {}, host = 'localhost'): Promise<Response> {
  return ask('/sign-in', { method: 'POST', body: new URLSearchParams({ token }), headers }, host)
}

function cookieOf(answer: Response): string {
  return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
}

async function signedIn(person: string): Promise<string> {
  return cookieOf(await redeem(await link(person)))
}

const statusFor = async (cookie: string) => (await ask('/people', { headers: { cookie } })).status
const post = (path: string, cookie: string) => ask(path, { method: 'POST', headers: { cookie } })

/** A live page: what it hears, and when the server ends it. */
async function openLive(cookie: string) {
  const answer = await ask('/live', { headers: { cookie } })
  expect(answer.status).toBe(200)
  let heard = ''
  async function read() {
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) heard += decoder.decode(chunk, { stream: true })
    return heard
  }
  const ended = read()
  await expect.poll(() => heard).toContain('event: alive')
  return { ended }
}

describe('a sign-in link', () => {
  it('that is fetched says who would sign in and where, and is not spent, however often and whatever fetches it', async () => {
    const token = await link('tom')
    const path = `/sign-in?token=${token}`
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET', 'OPTIONS']) {
      const answer = await ask(path, { method, headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0' } })
      expect(answer.headers.get('set-cookie')).toBeNull()
      if (method !== 'GET') continue
      expect(answer.status).toBe(200)
      expect(await answer.text()).toMatch(/Sign in as tom\?[\s\S]*http:\/\/localhost/)
    }
    expect((await redeem(token)).status).toBe(303)
  })

  it('is spent by the button, once; two clicks at once sign in once', async () => {
    const token = await link('tom')
    const answers = await Promise.all([redeem(token), redeem(token)])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403])
    for (const again of [await redeem(token), await ask(`/sign-in?token=${token}`)]) {
      expect(again.status).toBe(403)
      expect(await again.text()).toContain('spent or too old')
    }
  })

  it('leaves its page in no cache and its token in no referrer', async () => {
    const answer = await ask(`/sign-in?token=${await link('tom')}`)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('referrer-policy')).toBe('strict-origin')
    const text = await answer.text()
    expect(text).toContain('action="/sign-in"')
    expect(text).not.toContain('?token=')
  })

  it.each([
    ['another site', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['another site, without saying which', { 'sec-fetch-site': 'cross-site' }],
  ])('is not redeemed by %s', async (_, headers) => {
    const token = await link('tom')
    expect((await redeem(token, headers)).status).toBe(403)
    expect((await redeem(token, { origin: 'http://localhost' })).status).toBe(303)
  })

  it.each([
    ['the public address', 'https://patchwarden.example.net', 'patchwarden.example.net', 303],
    ['it, through a proxy that names itself', 'https://patchwarden.example.net', 'localhost', 303],
    ['this machine', 'http://localhost', 'localhost', 303],
    ['a forged page of that name without TLS', 'http://patchwarden.example.net', 'patchwarden.example.net', 403],
    ['another port of that name', 'https://patchwarden.example.net:8443', 'patchwarden.example.net', 403],
  ])(
    'with an https address, the form of %s, which says %s to %s, is answered with %s',
    async (_, origin, host, status) => {
      app = consoleAt('https://patchwarden.example.net/')
      expect((await redeem(await link('tom'), { origin }, host)).status).toBe(status)
    },
  )

  it('is taken from the form alone', async () => {
    const token = await link('tom')
    expect((await ask(`/sign-in?token=${token}`, { method: 'POST' })).status).toBe(403)
    expect((await redeem(token)).status).toBe(303)
  })

  it('printed at the start lives 15 minutes, others a day', async () => {
    const { db } = database()
    const [start, other] = [await issueSignInToken(db, linkFor('mara', 'start'), now), await link('mara')]
    now = new Date(now.getTime() + 16 * minute)
    expect((await redeem(start)).status).toBe(403)
    now = new Date(now.getTime() + 23 * 60 * minute)
    expect((await redeem(other)).status).toBe(303)
  })

  it('made by an operator uses the public address', async () => {
    app = consoleAt('https://patchwarden.example.net')
    const answer = await post('/people/tom/link', await signedIn('mara'))
    expect(await answer.text()).toContain('https://patchwarden.example.net/sign-in?token=')
  })

  it('opened where somebody is signed in ends that session', async () => {
    const before = await signedIn('mara')
    await redeem(await link('tom'), { cookie: before })
    expect(await statusFor(before)).toBe(401)
  })
})

it('a fault of ours while somebody signs in tells neither token nor hash, in the log and on the page', async () => {
  const token = await link('tom')
  await database().db.execute("alter table sessions add constraint broken check (person = '')")
  const answer = await redeem(token)
  expect(answer.status).toBe(500)
  const told = `${await answer.text()} ${logged.join(' ')}`
  expect(told).toContain('violates check constraint')
  expect(told).toContain(' at ')
  expect(told).not.toContain(token)
  expect(told).not.toMatch(/[0-9a-f]{64}/)
})

describe('the cookie of a session', () => {
  it.each([
    ['https://patchwarden.example.net', true],
    ['HTTPS://patchwarden.example.net/', true],
    ['http://patchwarden.example.net', false],
    [null, false],
  ])('with the address %s has Secure: %s', async (publicUrl, secure) => {
    app = consoleAt(publicUrl)
    const given = (await redeem(await link('tom'))).headers.get('set-cookie') ?? ''
    expect(given).toMatch(/HttpOnly.*SameSite=Lax/)
    expect(given.includes('Secure')).toBe(secure)
    const left = (await post('/sign-out', given.split(';')[0] ?? '')).headers.get('set-cookie') ?? ''
    expect(left).toContain('Max-Age=0')
    expect(left.includes('Secure')).toBe(secure)
  })
})

it('no page of the console stays in a cache after signing out', async () => {
  const cookie = await signedIn('tom')
  for (const path of ['/', '/people', '/assets', '/fragment/nav', '/nothing'])
    expect((await ask(path, { headers: { cookie } })).headers.get('cache-control')).toBe('no-store')
})

describe('signing out everywhere', () => {
  it('ends every session of the person and links not used yet, and nobody else is signed out', async () => {
    const [laptop, phone, other] = [await signedIn('tom'), await signedIn('tom'), await signedIn('mara')]
    const unused = await link('tom')
    const othersLink = await link('mara')
    expect((await post('/sign-out-everywhere', laptop)).status).toBe(303)
    expect(await Promise.all([laptop, phone, other].map(statusFor))).toEqual([401, 401, 200])
    expect((await redeem(unused)).status).toBe(403)
    expect((await redeem(othersLink)).status).toBe(303)
  })

  it('stands on every page, and another site cannot ask for it', async () => {
    const cookie = await signedIn('tom')
    expect(await (await ask('/people', { headers: { cookie } })).text()).toContain('action="/sign-out-everywhere"')
    const headers = { cookie, origin: 'https://evil.example' }
    expect((await ask('/sign-out-everywhere', { method: 'POST', headers })).status).toBe(403)
    expect(await statusFor(cookie)).toBe(200)
  })

  it('is not outrun by a link that is redeemed at the same time', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => link('tom')))
    const [, ...answers] = await Promise.all([
      endSessionsOf(database().db, 'tom', ending()),
      ...tokens.map((token) => redeem(token)),
    ])
    // Each came before the end, and is ended, or after it, and found no link.
    for (const answer of answers)
      expect(answer.status === 403 || (await statusFor(cookieOf(answer))) === 401).toBe(true)
  })
})

describe('a live page ends within seconds', () => {
  it.each<[string, (cookie: string) => unknown]>([
    ['its session is signed out', (cookie) => post('/sign-out', cookie)],
    ['its person signs out everywhere', async () => post('/sign-out-everywhere', await signedIn('tom'))],
    ['another process ends the sessions of its person', () => endSessionsOf(database().db, 'tom', ending())],
    ['its browser signs in as somebody else', async (cookie) => redeem(await link('mara'), { cookie })],
  ])('when %s; those of others go on', async (_, end) => {
    const cookie = await signedIn('tom')
    const [own, other] = [await openLive(cookie), await openLive(await signedIn('mara'))]
    let otherEnded = false
    void other.ended.then(() => {
      otherEnded = true
    })
    await end(cookie)
    expect(await own.ended).toContain('event: signed-out')
    expect(otherEnded).toBe(false)
    await endSessionsOf(database().db, 'mara', ending())
    await other.ended
  })

  it('when its session expires, also while the database does not answer', async () => {
    const { ended } = await openLive(await signedIn('tom'))
    await database().drop()
    now = new Date(now.getTime() + 31 * 24 * 60 * minute)
    expect(await ended).toContain('event: signed-out')
  })
})

it('spent links and expired sessions are purged, what still counts is not', async () => {
  const { db } = database()
  await signedIn('tom')
  await link('tom')
  now = new Date(now.getTime() + 29 * 24 * 60 * minute)
  const [kept, unused] = [await signedIn('mara'), await link('eva')]
  await purgeSessions(db, now.toISOString())
  expect(await rows()).toEqual({ sessions: 2, links: 1 })
  expect((await redeem(unused)).status).toBe(303)
  now = new Date(now.getTime() + 2 * 24 * 60 * minute)
  await purgeSessions(db, now.toISOString())
  expect(await rows()).toEqual({ sessions: 2, links: 0 })
  expect(await statusFor(kept)).toBe(200)
})

async function rows(): Promise<{ readonly sessions: number; readonly links: number }> {
  const { db } = database()
  return { sessions: await db.$count(sessions), links: await db.$count(signInLinks) }
}
