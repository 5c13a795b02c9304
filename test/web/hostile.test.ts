/** Whatever is sent to the console: a sentence comes back, never a failure of ours. */

import { request } from 'node:http'
import { connect } from 'node:net'
import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { issueSignInToken } from '../../src/web/backend/tokens.ts'
import { createConsole } from '../../src/web/console.ts'
import { serveConsole } from '../../src/web/serve.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { exampleConsole } from '../support/example-console.ts'
import { exampleService, proposeAll } from '../support/example-service.ts'
import { linkFor } from '../support/session.ts'

let database: TestDatabase
let service: Awaited<ReturnType<typeof exampleService>>
let app: Hono
let server: Awaited<ReturnType<typeof serveConsole>>
let port: number
let cookie: string
const warnings: string[] = []
let subscribed = 0

beforeAll(async () => {
  database = await createTestDatabase()
  service = await exampleService(database.db)
  await proposeAll(service.workflow)
  await service.workflow.deliver()
  const backend = {
    ...exampleConsole(database.db, service),
    subscribe: () => {
      subscribed++
      return () => {
        subscribed--
      }
    },
  }
  app = createConsole({
    port: backend,
    health: { writing: async () => 'ok', platforms: [] },
    log: { warn: (text) => warnings.push(text) },
    allowedHosts: ['127.0.0.1'],
  })
  server = await serveConsole(app, { host: '127.0.0.1', port: 0 })
  port = Number(new URL(server.address).port)
  await signIn()
}, 60_000)
afterAll(async () => {
  await server.close()
  await service.remove()
  await database.drop()
})

async function signIn(): Promise<void> {
  const token = await issueSignInToken(database.db, linkFor('mara'), new Date())
  const { headers } = await send({
    method: 'POST',
    path: '/sign-in',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `token=${token}`,
  })
  cookie = String(headers['set-cookie']).split(';')[0] ?? ''
  expect(cookie).toMatch(/^patchwarden=.+/)
}

interface Sent {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer
  readonly signedIn?: boolean
}

interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

function send({ method = 'GET', path, headers = {}, body, signedIn = false }: Sent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const own = signedIn ? { cookie } : {}
    const asked = request({ host: '127.0.0.1', port, method, path, headers: { ...own, ...headers } }, (answer) => {
      let text = ''
      const done = () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
        // It goes on for as long as the page is open.
        if (answer.headers['content-type']?.startsWith('text/event-stream')) {
          done()
          asked.destroy()
        }
      })
      answer.on('end', done)
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Below 500, nothing logged, and whoever is refused is told why. */
function expectSentence({ status, text, headers }: Received, what: string, method = 'GET'): void {
  expect(warnings.splice(0), what).toEqual([])
  expect(status, `${what}: ${text.slice(0, 300)}`).toBeGreaterThanOrEqual(200)
  expect(status, `${what}: ${text.slice(0, 300)}`).toBeLessThan(500)
  if (method === 'HEAD' || status < 400) return
  const words = text.replace(/<(script|style|head)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, ' ')
  expect(words, `${what} (${String(headers['content-type'])})`).toMatch(/[A-Z][a-z]+ [a-z]+/)
  expect(words, what).not.toMatch(/\n\s+at |Error:/)
}

const long = 'x'.repeat(12_000)
const values: Readonly<Record<string, string>> = {
  NUL: '%00',
  'NUL within': 'PW-1%00',
  'a lone surrogate': '%ed%a0%80',
  'bytes that are not UTF-8': '%ff%fe',
  'a broken escape': '%',
  'another broken escape': '%zz%4',
  long: long,
  quotes: '%27%22%3Bdrop%20table%20votes--',
  markup: '%3Cscript%3Ealert(1)%3C/script%3E',
  'a way up': '..%2f..%2f..%2fetc%2fpasswd',
  prototype: '__proto__',
  constructor: 'constructor',
  'a line end': '%0d%0aset-cookie:%20a=b',
  'a number that is too large': '99999999999999999999',
  'a number in another form': '1e300',
  negative: '-1',
  'not a number': 'NaN',
  empty: '',
  emoji: '%F0%9F%94%92%E2%80%AE',
}
/** Of these, what a query and a field are tried with. */
const telling = ['NUL', 'a lone surrogate', 'a broken escape', 'prototype', 'a number in another form', 'long']
const queryNames = ['name', 'before', 'token', 'theme', 'current', 'selected', '__proto__', 'x[]']
const fields = [
  'action',
  'revision',
  'reason',
  'owner',
  'asset',
  'until',
  'text',
  'proposal',
  'person',
  'platform',
  'account',
]

function routes(): readonly { readonly method: string; readonly path: string }[] {
  const known = new Map<string, { method: string; path: string }>()
  for (const { method, path } of app.routes) {
    // Middleware is on every path.
    if (method !== 'ALL') known.set(`${method} ${path}`, { method, path })
  }
  return [...known.values()]
}

/** A path with something good at each variable place, or with `value` at all of them. */
function filled(path: string, value: string | null): string {
  const good: Readonly<Record<string, string>> = { id: 'PW-1', detail: 'plan', which: 'plan', file: 'console.css' }
  return path.replace(
    /:(\w+)/g,
    (_, name: string) => value ?? (path.startsWith('/c/') ? 'web-platform' : (good[name] ?? 'x')),
  )
}

const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }
const multipart = { 'content-type': 'multipart/form-data; boundary=b' }
const bodies: Readonly<Record<string, { readonly headers: Record<string, string>; readonly body: string | Buffer }>> = {
  nothing: { headers: urlencoded, body: '' },
  'repeated fields': { headers: urlencoded, body: fields.map((name) => `${name}=1&${name}=2&${name}[]=3`).join('&') },
  'a broken escape': { headers: urlencoded, body: fields.map((name) => `${name}=%zz%`).join('&') },
  prototype: { headers: urlencoded, body: '__proto__=1&constructor=2&__proto__.polluted=3&toString=4' },
  'multipart that does not parse': { headers: multipart, body: 'hello' },
  'multipart without its end': {
    headers: multipart,
    body: '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello',
  },
  'multipart without a boundary': { headers: { 'content-type': 'multipart/form-data' }, body: '--b--' },
  'multipart with files': {
    headers: multipart,
    body: `${fields.map((name) => `--b\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\n\r\nx\r\n`).join('')}--b--\r\n`,
  },
  JSON: { headers: { 'content-type': 'application/json' }, body: '{"action":"approve"}' },
  'JSON nested 10,000 deep': { headers: { 'content-type': 'application/json' }, body: '['.repeat(10_000) },
  'no type': { headers: {}, body: 'action=approve' },
  'a type of nonsense': { headers: { 'content-type': '/;;=multipart/form-data' }, body: 'x' },
  'another charset': {
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' },
    body: Buffer.from('text=x', 'utf16le'),
  },
  bytes: { headers: urlencoded, body: Buffer.from([0, 255, 254, 0, 1]) },
  'a body that is too long': { headers: urlencoded, body: `text=${'x'.repeat(100_000)}` },
}

test('the console has routes to try', () => {
  expect(routes().length).toBeGreaterThan(20)
})

describe.each([true, false])('signed in: %s', (signedIn) => {
  async function expectAnswer(sent: Sent, what: string): Promise<void> {
    const answer = await send({ ...sent, signedIn })
    expectSentence(answer, `${sent.method ?? 'GET'} ${sent.path.slice(0, 80)} ${what}`, sent.method)
    if (signedIn && sent.path.startsWith('/sign-out') && answer.status === 303) await signIn()
  }

  test('every path', { timeout: 120_000 }, async () => {
    for (const { method, path } of routes()) {
      await expectAnswer({ method, path: filled(path, null) }, 'as it is meant')
      if (!path.includes(':')) continue
      for (const [what, value] of Object.entries(values))
        await expectAnswer({ method, path: filled(path, value) }, what)
    }
  })

  test('every query', { timeout: 120_000 }, async () => {
    for (const { method, path } of routes()) {
      if (method !== 'GET' || !signedIn) continue
      for (const [what, value] of Object.entries(values).filter(([name]) => telling.includes(name))) {
        const query = queryNames.map((name) => `${name}=${value.slice(0, 1_000)}&${name}=twice`).join('&')
        await expectAnswer({ path: `${filled(path, null)}?${query}` }, what)
      }
    }
  })

  test('every form', { timeout: 120_000 }, async () => {
    for (const { method, path } of routes()) {
      if (method !== 'POST' || (!signedIn && path !== '/act-as')) continue
      const to = filled(path, null)
      for (const [what, { headers, body }] of Object.entries(bodies))
        await expectAnswer({ method, path: to, headers, body }, what)
      for (const [what, value] of Object.entries(values).filter(([name]) => telling.includes(name))) {
        const good: Readonly<Record<string, string>> = {
          action: 'freeze',
          revision: '1',
          until: '2099-01-01',
          reason: 'x',
          platform: 'discord',
          account: '8035',
        }
        for (const field of fields) {
          const body = fields.map((name) => `${name}=${name === field ? value : (good[name] ?? '')}`).join('&')
          await expectAnswer({ method, path: to, headers: urlencoded, body }, `${field}: ${what}`)
        }
      }
    }
  })

  test('every method', { timeout: 60_000 }, async () => {
    for (const { path } of routes()) {
      for (const method of ['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', 'POST', 'GET'])
        await expectAnswer({ method, path: filled(path, null) }, '')
    }
    // A page that was left, or only its head that was asked for, listens to nothing any more.
    await expect.poll(() => subscribed).toBe(0)
  })

  test('headers', { timeout: 60_000 }, async () => {
    const odd: readonly Record<string, string | string[]>[] = [
      { cookie: `patchwarden=${long}` },
      { cookie: 'patchwarden=%00; patchwarden=%zz; =; ;;;' },
      { cookie: 'patchwarden=__proto__' },
      { cookie: ['patchwarden=a', 'patchwarden=b'] },
      { host: 'nowhere' },
      { host: '127.0.0.1:99999999' },
      { host: 'a b' },
      { host: '[' },
      { origin: 'null' },
      { origin: 'http://[' },
      { 'hx-request': 'true', 'sec-fetch-site': 'none' },
      { referer: `http://127.0.0.1/\u00ff${long}` },
      { 'accept-encoding': 'x', 'accept-language': long, range: 'bytes=9-1', 'if-none-match': '*', expect: '200-ok' },
    ]
    for (const { method, path } of routes())
      for (const headers of odd)
        await expectAnswer(
          { method, path: filled(path, null), headers: { ...headers } },
          JSON.stringify(headers).slice(0, 80),
        )
  })
})

describe('what is hardly HTTP', () => {
  const lines = (...all: readonly string[]) => all.join('\r\n')
  test.each([
    ['garbage', 'hello\r\n\r\n'],
    ['bytes', '\x16\x03\x01\x02\x00\x01\x00\x01'],
    ['no host', lines('GET / HTTP/1.1', '', '')],
    ['an absolute address', lines('GET http://elsewhere/ HTTP/1.1', 'host: 127.0.0.1', '', '')],
    ['an address that is none', lines('GET http://[ HTTP/1.1', 'host: 127.0.0.1', '', '')],
    ['no path', lines('GET ? HTTP/1.1', 'host: 127.0.0.1', '', '')],
    ['a star', lines('OPTIONS * HTTP/1.1', 'host: 127.0.0.1', '', '')],
    ['two slashes', lines('GET //%00//.. HTTP/1.1', 'host: 127.0.0.1', '', '')],
    ['a tunnel', lines('CONNECT a:1 HTTP/1.1', 'host: 127.0.0.1', '', '')],
    ['an upgrade', lines('GET /live HTTP/1.1', 'host: 127.0.0.1', 'connection: upgrade', 'upgrade: websocket', '', '')],
    ['a header that is too long', lines('GET / HTTP/1.1', 'host: 127.0.0.1', `x: ${'x'.repeat(100_000)}`, '', '')],
    [
      'two lengths',
      lines('POST /act-as HTTP/1.1', 'host: 127.0.0.1', 'content-length: 1', 'content-length: 2', '', 'ab'),
    ],
    [
      'a length and chunks',
      lines(
        'POST /act-as HTTP/1.1',
        'host: 127.0.0.1',
        'content-length: 1',
        'transfer-encoding: chunked',
        '',
        '0',
        '',
        '',
      ),
    ],
    ['a negative length', lines('POST /act-as HTTP/1.1', 'host: 127.0.0.1', 'content-length: -1', '', '')],
    [
      'chunks of garbage',
      lines(
        'POST /act-as HTTP/1.1',
        'host: 127.0.0.1',
        'COOKIE',
        'content-type: application/x-www-form-urlencoded',
        'transfer-encoding: chunked',
        '',
        'zz',
        'garbage',
        '',
      ),
    ],
    [
      'endless chunks',
      lines(
        'POST /act-as HTTP/1.1',
        'host: 127.0.0.1',
        'COOKIE',
        'transfer-encoding: chunked',
        '',
        `${(200_000).toString(16)}`,
        'x'.repeat(200_000),
        '0',
        '',
        '',
      ),
    ],
    [
      'a form that is cut off',
      lines(
        'POST /act-as HTTP/1.1',
        'host: 127.0.0.1',
        'COOKIE',
        'content-type: multipart/form-data; boundary=b',
        'content-length: 1000',
        '',
        '--b',
      ),
    ],
    [
      'a form that is cut off, in JSON',
      lines('POST /p/PW-1/act HTTP/1.1', 'host: 127.0.0.1', 'COOKIE', 'content-length: 1000', '', 'x'),
    ],
  ])('%s', async (_, text) => {
    const answer = await raw(text.replace('COOKIE', `cookie: ${cookie}`))
    expect(warnings.splice(0)).toEqual([])
    if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 [234]\d\d /)
    expect(await send({ path: '/healthz' })).toMatchObject({ status: 200 })
  })
})

/** What comes back for these bytes until the server closes, or until we do because nothing follows. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(text, 'latin1'))
    socket.setEncoding('latin1')
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (chunk: string) => {
      got += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(got))
  })
}
