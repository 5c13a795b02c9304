import { gzipSync } from 'node:zlib'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rich } from '../../src/chat/rich-text.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { putMessages } from '../../src/store/outbox.ts'
import { issueSignInToken } from '../../src/web/backend/tokens.ts'
import { createConsole } from '../../src/web/console.ts'
import { addHealthRoutes } from '../../src/web/health.ts'
import { watchConnection } from '../../src/workflow/watched-connection.ts'
import { useDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { exampleService, proposeAll, webProposal } from '../support/example-service.ts'
import { unseen } from '../support/hostile-text.ts'
import { linkFor } from '../support/session.ts'

const database = useDatabase()
const nasty = '<script>alert(1)</script><img src=x onerror=alert(1)> & "quotes" \u202e\u2067\u001b[2J\u009b\nFORGED'

let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono
let web: ProposalState
let example: boolean

beforeEach(async () => {
  const { db } = database()
  service = await exampleService(db, {
    edit: (fleet) => fleet.replace(/("name": "web-06",[^[]*"tags": )\["prod"\]/, '$1["<b>bold</b>"]'),
  })
  await proposeAll(service.workflow)
  web = await webProposal(db)
  example = false
  const port = exampleConsole(db, service, { example: () => example, title: nasty })
  app = createConsole({
    port,
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: () => {} },
    allowedHosts: ['localhost'],
  })
})
afterEach(() => service.remove())

interface Client {
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; text: string; headers: Headers }>
  post(
    path: string,
    form: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<{ status: number; text: string; headers: Headers }>
}

function client(cookie: string | null): Client {
  const own: Record<string, string> = { host: 'localhost', ...(cookie === null ? {} : { cookie }) }
  return {
    async get(path, headers = {}) {
      const answer = await app.request(`http://localhost${path}`, { headers: { ...own, ...headers } })
      return { status: answer.status, text: await answer.text(), headers: answer.headers }
    },
    async post(path, form, headers = {}) {
      const body = new URLSearchParams(form)
      const answer = await app.request(`http://localhost${path}`, {
        method: 'POST',
        body,
        headers: { ...own, 'content-type': 'application/x-www-form-urlencoded', ...headers },
      })
      return { status: answer.status, text: await answer.text(), headers: answer.headers }
    },
  }
}

async function signedIn(person: string): Promise<Client> {
  const token = await issueSignInToken(database().db, linkFor(person, 'test', example), new Date())
  const answer = await client(null).post('/sign-in', { token })
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  expect(cookie).toMatch(/^patchwarden=.+/)
  return client(cookie)
}

function vote(action: string, more: Record<string, string> = {}) {
  return { action, revision: String(web.revision), ...more }
}

describe('while the database cannot be used', () => {
  it('a page and a click say so, by a sentence and status 503, and a click under its button', async () => {
    const tom = await signedIn('tom')
    await database().drop()
    for (const path of ['/', '/c/web-platform', '/p/PW-1', '/assets', '/audit', '/fragment/card/PW-1', '/live']) {
      const { status, text, headers } = await tom.get(path)
      expect(status).toBe(503)
      expect(headers.get('retry-after')).toBe('5')
      expect(text).toContain('The database cannot be used just now. It does not answer')
    }
    const plainForm = await tom.post('/p/PW-1/act', vote('approve'))
    expect(plainForm).toMatchObject({ status: 503, text: expect.stringContaining('nothing counts twice') })
    const click = await tom.post('/p/PW-1/act', vote('approve'), { 'hx-request': 'true' })
    expect(click).toMatchObject({ status: 503, text: expect.stringMatching(/^<p class="only warn">/) })
  })
})

describe('signing in', () => {
  it('takes no link that is a day old, or made up', async () => {
    const old = await issueSignInToken(database().db, linkFor('tom'), new Date(Date.now() - 25 * 3_600_000))
    for (const token of [old, 'guess', '', '%00', 'x'.repeat(5_000)]) {
      expect((await client(null).get(`/sign-in?token=${token}`)).status).toBe(403)
      expect((await client(null).post('/sign-in', { token })).status).toBe(403)
    }
  })

  it.each([
    '/',
    '/c/web-platform',
    '/p/PW-1',
    '/p/PW-1/plan',
    '/assets',
    '/audit',
    '/explain',
    '/people',
    '/fragment/card/PW-1',
    '/live',
  ])('%s shows nothing to whoever is not signed in, and says how to', async (path) => {
    const { status, text } = await client('patchwarden=forged').get(path)
    expect(status).toBe(401)
    expect(text).toContain('npx patchwarden sign-in')
    expect(text).not.toContain('openssl')
  })

  it('returns to the page that was wanted, once, and never to another site', async () => {
    const { db } = database()
    const before = await client(null).get(`/p/${web.id}?before=3`)
    const wanted = before.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(before.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Lax/i)
    const spend = async (cookie: string) => {
      const token = await issueSignInToken(db, linkFor('tom', 'test', example), new Date())
      return (await client(cookie).post('/sign-in', { token })).headers
    }
    const after = await spend(wanted)
    expect(after.get('location')).toBe(`/p/${web.id}?before=3`)
    expect(after.getSetCookie().join('\n')).toMatch(/patchwarden=[^\n]*SameSite=Lax/)
    expect(after.getSetCookie().join('\n')).toMatch(/patchwarden-wanted=;[^\n]*Max-Age=0/)
    for (const elsewhere of ['//evil.example/', '/\\evil.example', 'https://evil.example/', '/p/\r\nx: y', ''])
      expect((await spend(`patchwarden-wanted=${encodeURIComponent(elsewhere)}`)).get('location')).toBe('/')
    expect((await client(null).get('/fragment/nav')).headers.get('set-cookie')).toBeNull()
  })

  it('ends when signed out, also for whoever kept the cookie', async () => {
    const tom = await signedIn('tom')
    expect((await tom.get('/c/web-platform')).status).toBe(200)
    await tom.post('/sign-out', {})
    expect((await tom.get('/c/web-platform')).status).toBe(401)
  })

  it('as somebody else exists only in the example, and only for its operator', async () => {
    const real = await signedIn('mara')
    expect((await real.post('/act-as', { person: 'tom' })).text).toContain('only in the labelled example')
    example = true
    const [mara, tom] = [await signedIn('mara'), await signedIn('tom')]
    expect((await tom.post('/act-as', { person: 'mara' })).text).toContain('only in the labelled example')
    expect((await mara.post('/act-as', { person: 'tom' })).status).toBe(303)
    // Nor is it anybody where the configuration is a real one.
    expect((await real.get('/')).status).toBe(401)
    example = false
    expect((await mara.get('/')).status).toBe(401)
    expect((await tom.post(`/p/${web.id}/act`, vote('approve'))).status).toBe(401)
  })

  it('links for others are made by operators', async () => {
    const tom = await signedIn('tom')
    expect((await tom.post('/people/eva/link', {})).text).toContain('Only operators')
    const mara = await signedIn('mara')
    expect((await mara.post('/people/eva/link', {})).text).toMatch(/\/sign-in\?token=/)
    expect((await mara.post('/people/nobody/link', {})).text).toContain('There is no person')
  })
})

describe('deciding', () => {
  it('two people approve by button; a second click counts nothing', async () => {
    example = true
    const [mara, tom] = [await signedIn('mara'), await signedIn('tom')]
    expect((await mara.post(`/p/${web.id}/act`, vote('approve'))).text).toContain('Your approval is recorded.')
    expect((await mara.post(`/p/${web.id}/act`, vote('approve'))).text).toContain('one person counts once')
    expect((await mara.get(`/p/${web.id}`)).text).toContain('(owner) approved.')
    await tom.post(`/p/${web.id}/act`, vote('approve'))
    expect((await tom.get(`/p/${web.id}`)).text).toContain('Its window is open')
    expect((await tom.post(`/p/${web.id}/act`, vote('approve'))).text).toContain('already approved')
  })

  it.each([
    ['without the role', 'jonas', {}, 'takes the role owner or security'],
    ['who belongs to no team', 'eva', {}, 'is not known to team web-platform'],
    ['with an old card', 'tom', { revision: '7' }, 'Look at the new card'],
  ])('somebody %s is refused in a sentence, and nothing changes', async (_, who, more, sentence) => {
    const someone = await signedIn(who)
    const answer = await someone.post(`/p/${web.id}/act`, { ...vote('approve'), ...more })
    expect(answer.text).toContain(sentence)
    expect((await someone.get(`/p/${web.id}`)).text).not.toContain('(owner) approved.')
  })

  it('a rejection needs its reason; then it stands in the thread', async () => {
    const tom = await signedIn('tom')
    expect((await tom.post(`/p/${web.id}/act`, vote('reject'))).text).toContain('Say why')
    const told = vote('reject', { reason: nasty, owner: 'mara', until: '2099-01-01' })
    expect((await tom.post(`/p/${web.id}/act`, told)).text).toContain('days at most')
    const until = new Date(Date.now() + 86_400_000 * 30).toISOString().slice(0, 10)
    expect((await tom.post(`/p/${web.id}/act`, { ...told, until })).text).toContain('Rejected')
  })

  it.each([
    { action: 'conquer', revision: '1' },
    { action: 'approve' },
    { action: 'approve', revision: 'one' },
    { action: 'approve', revision: '-1' },
    { action: '__proto__', revision: '1' },
    {},
  ])('a form that makes no sense does nothing: %j', async (form) => {
    const tom = await signedIn('tom')
    const answer = await tom.post(`/p/${web.id}/act`, form)
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('nothing was done') })
  })

  it('the slash command does what the button does', async () => {
    const tom = await signedIn('tom')
    async function say(text: string) {
      return (await tom.post('/c/web-platform/say', { text, proposal: web.id })).text
    }
    expect(await say('/patch list')).toContain(web.id)
    expect(await say('/patch help')).toContain('/patch reject PW-1')
    expect(await say('/patch frobnicate')).toContain('There is no command')
    expect(await say('/patch approve PW-999')).toContain('There is no proposal PW-999')
    expect(await say('/patch approve')).toContain('Your approval is recorded.')
    expect(await say('/patch withdraw-vote')).toContain('withdrawn')
    expect(await say('/patch plan')).toContain('Next windows')
  })
})

describe('explain', () => {
  it('says who says what, what decided, and which assets; what was asked for never becomes markup', async () => {
    const mara = await signedIn('mara')
    const get = async (name: string) => (await mara.get(`/explain?name=${encodeURIComponent(name)}`)).text
    const page = await get('openssl')
    for (const part of ['Decision', 'SSVC deployer table', 'It would change', 'is older than'])
      expect(page).toContain(part)
    expect(await get('CVE-1999-0001')).toContain('No feed knows CVE-1999-0001')
    expect(await get('<b>x</b>')).not.toContain('<b>x</b>')
  })
})

describe('untrusted text', () => {
  it('is shown as it is and never becomes markup', async () => {
    const mara = await signedIn('mara')
    await mara.post('/c/web-platform/say', { text: nasty, proposal: web.id })
    await service.workflow.deliver()
    for (const path of [
      `/p/${web.id}`,
      '/c/payments',
      '/assets',
      `/p/${web.id}/assets`,
      `/p/${web.id}/report`,
      '/audit',
    ]) {
      const { status, text } = await mara.get(path)
      expect(status, path).toBe(200)
      expect(text, path).not.toMatch(/<script>alert|<img src=x|<b>bold/)
      expect(unseen.exec(text), path).toBeNull()
    }
    expect((await mara.get(`/p/${web.id}`)).text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  })

  it('a channel shows what it was told lately that is about no proposal', async () => {
    const { db } = database()
    const told = (text: string, daysAgo: number, channel = 'web-platform') => ({
      platform: 'console',
      channel,
      proposal: null,
      at: new Date(Date.now() - daysAgo * 86_400_000).toISOString(),
      entry: { author: null, tone: 'warning' as const, text: rich(text), detail: [] },
    })
    const messages = [told('Told <today>.', 0), told('Told long ago.', 15), told('Told elsewhere.', 0, 'payments')]
    await putMessages(db, messages)
    const { text } = await (await signedIn('mara')).get('/c/web-platform')
    expect(text).toContain('Told &lt;today&gt;.')
    expect(text).not.toMatch(/Told long ago|Told elsewhere/)
  })

  it('the record shows what was decided and done, and on demand what was known, too', async () => {
    const mara = await signedIn('mara')
    const decided = (await mara.get('/audit')).text
    expect(decided).toContain('opened')
    expect(decided).not.toContain('findings:')
    const known = (await mara.get('/audit?known=1')).text
    expect(known).toContain('findings:web-platform event')
    expect(known).toContain('findings-opened')
  })

  it('of any length or kind gets an answer', async () => {
    const mara = await signedIn('mara')
    for (const text of [
      'x'.repeat(9_999),
      'x'.repeat(60_000),
      '\0\ud800',
      '/'.repeat(500),
      '/patch '.repeat(900),
      '🙂'.repeat(2_000),
    ]) {
      expect((await mara.post('/c/web-platform/say', { text, proposal: web.id })).status).toBeLessThan(500)
    }
    expect((await mara.post('/c/web-platform/say', { text: 'x'.repeat(70_000) })).status).toBe(413)
  })
})

describe('what comes from elsewhere', () => {
  it.each([
    ['another site', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['another site, without saying which', { 'sec-fetch-site': 'cross-site' }],
  ])('a vote from %s is refused', async (_, headers) => {
    const tom = await signedIn('tom')
    const answer = await tom.post(`/p/${web.id}/act`, vote('approve'), headers)
    expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('another site') })
    expect((await tom.get(`/p/${web.id}`)).text).not.toContain('(security) approved')
  })

  it('the console answers to its own names only', async () => {
    const answer = await app.request('http://evil.example/', { headers: { host: 'evil.example' } })
    expect(answer.status).toBe(421)
  })

  it('pages allow no script but their own, and no frame around them', async () => {
    const { headers } = await (await signedIn('tom')).get('/c/web-platform')
    expect(headers.get('content-security-policy')).toMatch(
      /default-src 'none'; script-src 'self'.*frame-ancestors 'none'/,
    )
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})

it.each([
  '/c/nowhere',
  '/p/PW-999',
  '/p/PW-1/secrets',
  '/p/%00',
  '/assets-static/..%2fconsole.ts',
  '/fragment/card/PW-999',
  '/nothing',
])('%s is not found', async (path) => {
  expect((await (await signedIn('tom')).get(path)).status).toBe(404)
})

it('is healthy without a session', async () => {
  for (const path of ['/healthz', '/livez']) {
    expect(await client(null).get(path)).toMatchObject({ status: 200, text: 'ok' })
  }
})

it.each([
  ['ok', 200, 'ok'],
  ['read-only', 503, 'The database is read-only.'],
  ['no space', 503, 'The disk of the database is full.'],
  ['refused', 503, 'The database refuses to write.'],
  ['no answer', 503, 'The database does not answer.'],
] as const)(
  'a database that is %s is told as %d; a platform that is down says no reason',
  async (writing, status, text) => {
    const routes = new Hono()
    const log = { info: () => {}, warn: () => {} }
    const slack = watchConnection('slack', { clock: () => new Date('2026-12-01T10:00:00Z'), log })
    slack.down('10.0.0.7 refuses mara')
    addHealthRoutes(routes, { writing: async () => writing, platforms: [slack] })
    const health = await routes.request('/healthz')
    expect([health.status, await health.text()]).toEqual([status, text])
    const ready = await routes.request('/readyz')
    expect([ready.status, await ready.json()]).toEqual([
      status,
      {
        ready: writing === 'ok',
        database: writing,
        platforms: { slack: { connected: false, state: 'down', since: '2026-12-01T10:00:00.000Z' } },
      },
    ])
  },
)

it('sends each file once, packed, and pages with all they load are small', async () => {
  const tom = await signedIn('tom')
  const page = await tom.get(`/p/${web.id}`)
  const files = [...page.text.matchAll(/(?:src|href)="(\/assets-static\/[^"#]+)/g)].map(([, path = '']) => path)
  let bytes = gzipSync(page.text).length
  for (const path of new Set(files)) {
    const headers = { host: 'localhost', 'accept-encoding': 'gzip' }
    const answer = await app.request(`http://localhost${path}`, { headers })
    bytes += (await answer.arrayBuffer()).byteLength
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    const again = { ...headers, 'if-none-match': answer.headers.get('etag') ?? '' }
    expect((await app.request(`http://localhost${path}`, { headers: again })).status).toBe(304)
  }
  expect(files.length).toBeGreaterThan(4)
  expect(bytes).toBeLessThan(100_000)
})
