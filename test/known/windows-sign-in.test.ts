/** Signing in to real servers, each by the way that Windows servers know. */

import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { trustAuthorities } from '../../src/config/authorities.ts'
import { type HttpAnswer, type HttpRequest, request } from '../../src/integrations/http/request.ts'
import { maybeSent } from '../../src/integrations/http/sent.ts'
import type { WindowsFetchOptions, WindowsSignIn } from '../../src/integrations/windows-sign-in/types.ts'
import { noDomain, PASSWORD, USER, type WindowsDomain, windowsDomain } from '../support/windows-domain.ts'

const noPackage = canLoad('kerberos') ? null : 'the package kerberos is not here (npm install --no-save kerberos@7.0.0)'
const noCurl = /GSS-API|Kerberos/.test(String(spawnSync('curl', ['--version']).stdout)) ? null : 'no curl with Kerberos'
for (const reason of [noDomain, noPackage, noCurl]) if (reason !== null) console.info(`skipped: ${reason}`)

function canLoad(name: string): boolean {
  try {
    createRequire(import.meta.url)(name)
    return true
  } catch {
    return false
  }
}

const { signal } = new AbortController()

describe.skipIf(noDomain !== null)('signing in as Windows does', () => {
  let domain: WindowsDomain
  /** Loaded after KRB5_CONFIG is set, as it is when a service starts. */
  let windowsFetch: (options: WindowsFetchOptions) => typeof fetch

  beforeAll(async () => {
    domain = await windowsDomain()
    process.env.KRB5_CONFIG = domain.krb5Config
    ;({ windowsFetch } = await import('../../src/integrations/windows-sign-in/index.ts'))
    trustAuthorities([domain.ca])
  })
  afterAll(async () => {
    await domain.stop()
  })
  beforeEach(async () => {
    domain.arrived.length = 0
    await domain.requests()
  })

  function by(signIn: WindowsSignIn, more: Partial<WindowsFetchOptions> = {}): typeof fetch {
    return windowsFetch({ signIn, verified: true, authorities: () => [domain.ca], at: '127.0.0.1', ...more })
  }
  function ask(fetch: typeof globalThis.fetch, url: string, more: Partial<HttpRequest> = {}): Promise<HttpAnswer> {
    return request({ url, timeoutSeconds: 30, maxBytes: 1_000_000, fetch, ...more }, signal)
  }
  /** Either the status and what the server says, or why there is no answer. */
  async function got(answer: Promise<HttpAnswer>) {
    const one = await answer
    if (one.kind === 'none') return { problem: one.problem, maybeSent: maybeSent(one.cause) }
    return { status: one.response.status, ...JSON.parse(String(one.body)) }
  }
  const ntlm = (change: Partial<Extract<WindowsSignIn, { kind: 'ntlm' }>> = {}): WindowsSignIn => ({
    ...{ kind: 'ntlm', domain: 'CORP', user: USER, password: PASSWORD },
    ...change,
  })

  const ways = [
    { way: 'package' as const, absent: noPackage },
    { way: 'curl' as const, absent: noCurl },
  ]
  describe.each(ways)('by Kerberos with $way', ({ way, absent }) => {
    const kerberos = (names: { readonly ticketCache?: string; readonly keytab?: string } = {}): WindowsSignIn => ({
      ...{ kind: 'kerberos', way },
      ticketCache: names.ticketCache ?? `FILE:${path.join(domain.folder, `empty-${way}`)}`,
      keytab: names.keytab ?? path.join(domain.folder, 'no.keytab'),
    })
    const principal = `${USER}@CORP.EXAMPLE`

    it.skipIf(absent !== null)('looks at the certificate, unless it is told in as many words not to', async () => {
      const signIn = kerberos({ ticketCache: domain.ticket(`tls-${way}`, '10m') })
      trustAuthorities([])
      try {
        expect(await got(ask(by(signIn, { authorities: () => [] }), domain.kerberos))).toEqual({
          problem: expect.stringContaining('of an authority that is not known here'),
          maybeSent: false,
        })
        expect(await got(ask(by(signIn, { verified: false }), domain.kerberos))).toMatchObject({ status: 200 })
      } finally {
        trustAuthorities([domain.ca])
      }
    })

    it.skipIf(absent !== null)('signs in with the key of a file, and carries the body once', async () => {
      const fetch = by(kerberos({ keytab: domain.keytab, ticketCache: `FILE:${domain.folder}/fresh-${way}` }))
      expect(await got(ask(fetch, `${domain.kerberos}/read`))).toEqual({ status: 200, user: principal, body: '' })
      const json = { text: 'With "quotes", \\ and ümlaut\n@file' }
      expect(await got(ask(fetch, `${domain.kerberos}/change?a=1&b=[2]`, { method: 'POST', json }))).toEqual({
        status: 200,
        user: principal,
        body: JSON.stringify(json),
      })
      expect(domain.arrived.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'GET /read',
        'POST /change?a=1&b=[2]',
      ])
      expect(domain.arrived[1]?.headers['content-type']).toBe('application/json')
      // The first request carries its token: no round trip is lost.
      expect(await domain.requests()).toEqual(['GET 200', 'POST 200'])
    })

    it.skipIf(absent !== null)('signs in with a ticket that somebody got', async () => {
      const ticketCache = domain.ticket(`got-${way}`, '10m')
      expect(await got(ask(by(kerberos({ ticketCache })), domain.kerberos))).toMatchObject({
        status: 200,
        user: principal,
      })
    })

    it.skipIf(absent !== null)('makes a token for each request, and a token that was seen is refused', async () => {
      const fetch = by(kerberos({ ticketCache: domain.ticket(`many-${way}`, '10m') }))
      const answers = await Promise.all(Array.from({ length: 8 }, () => got(ask(fetch, domain.kerberos))))
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
      const seen = domain.arrived.map(({ headers }) => headers.authorization)
      expect(new Set(seen).size).toBe(8)
      const { unverifiedFetch } = await import('../../src/integrations/http/fetch-by.ts')
      // Again, over a name that this machine does not know: at its address.
      const url = domain.kerberos.replace('cm01.corp.example', '127.0.0.1')
      const again = await request(
        { url, headers: { authorization: seen[0] ?? '' }, maxBytes: 1_000, fetch: unverifiedFetch },
        signal,
      )
      expect(again.kind === 'answer' && again.response.status).toBe(401)
    })

    it.skipIf(absent !== null)('says that a ticket has expired, and renews it where there is a key', async () => {
      const ticketCache = domain.ticket(`short-${way}`, '2s')
      await sleep(3_000)
      expect(await got(ask(by(kerberos({ ticketCache })), domain.kerberos, { method: 'POST', json: {} }))).toEqual({
        problem: expect.stringContaining('the Kerberos ticket has expired'),
        maybeSent: false,
      })
      expect(domain.arrived).toEqual([])
      expect(await got(ask(by(kerberos({ ticketCache, keytab: domain.keytab })), domain.kerberos))).toMatchObject({
        status: 200,
      })
    })

    it.skipIf(absent !== null)('says that there is no ticket', async () => {
      expect(await got(ask(by(kerberos()), domain.kerberos))).toEqual({
        problem: expect.stringContaining('there is no Kerberos ticket here'),
        maybeSent: false,
      })
    })

    it.skipIf(absent !== null)('says that nothing is registered under the name of the address', async () => {
      const signIn = kerberos({ ticketCache: domain.ticket(`name-${way}`, '10m') })
      const other = domain.kerberos.replace('cm01', 'sccm')
      expect(await got(ask(by(signIn, { verified: false }), other))).toEqual({
        problem: expect.stringContaining('knows no service HTTP/sccm.corp.example'),
        maybeSent: false,
      })
      expect(await got(ask(by(signIn), 'https://cm01/'))).toMatchObject({
        problem: expect.stringContaining('"cm01" is none'),
      })
    })

    it.skipIf(absent !== null)('says that a password was changed since the keytab was made', async () => {
      const keytab = path.join(domain.folder, `old-${way}.keytab`)
      domain.admin(`addprinc -randkey old-${way}`)
      domain.admin(`ktadd -k ${keytab} old-${way}`)
      domain.admin(`cpw -randkey old-${way}`)
      expect(await got(ask(by(kerberos({ keytab })), domain.kerberos))).toMatchObject({
        problem: expect.stringContaining('the password of the account was changed'),
      })
    })

    it.skipIf(absent !== null)('says that a server takes no Kerberos', async () => {
      const signIn = kerberos({ ticketCache: domain.ticket(`only-${way}`, '10m') })
      expect(await got(ask(by(signIn), domain.ntlm, { method: 'POST', json: {} }))).toEqual({
        problem: expect.stringMatching(/takes no Kerberos|does not take our Kerberos ticket/),
        maybeSent: false,
      })
      expect(domain.arrived).toEqual([])
    })

    it.skipIf(absent !== null)('does not know whether a request was carried out that was cut off', async () => {
      const fetch = by(kerberos({ ticketCache: domain.ticket(`cut-${way}`, '10m') }))
      const cut = await ask(fetch, `${domain.kerberos}/drop`, { method: 'POST', json: {} })
      // Apache answers for the server behind it.
      expect(cut.kind === 'answer' && cut.response.status).toBe(502)
      expect(domain.arrived).toHaveLength(1)
    })
  })

  describe('by NTLM', () => {
    it('signs in over one connection with two legs, of which the second alone carries the body', async () => {
      const answer = await got(ask(by(ntlm()), `${domain.ntlm}/change`, { method: 'POST', json: { a: 1 } }))
      expect(answer).toEqual({ status: 200, user: expect.stringContaining(USER), body: '{"a":1}' })
      expect(await domain.requests()).toEqual(['GET 401', 'POST 200'])
      expect(domain.arrived).toHaveLength(1)
    })

    it('offers a wrong password once', async () => {
      const wrong = ntlm({ password: 'wrong' })
      expect(await got(ask(by(wrong), domain.ntlm, { method: 'POST', json: {} }))).toEqual({
        problem: expect.stringContaining(`does not take the user CORP\\${USER}`),
        maybeSent: false,
      })
      expect(await domain.requests()).toEqual(['GET 401', 'POST 401'])
      expect(domain.arrived).toEqual([])
    })

    it('is told by a server that takes Kerberos alone', async () => {
      expect(await got(ask(by(ntlm()), domain.kerberos, { method: 'POST', json: {} }))).toEqual({
        problem: expect.stringContaining('takes no NTLM, but Negotiate (write signIn: kerberos)'),
        maybeSent: false,
      })
      expect(await domain.requests()).toEqual(['GET 401'])
    })

    it('looks at the certificate, unless it is told in as many words not to', async () => {
      trustAuthorities([])
      try {
        expect(await got(ask(by(ntlm()), domain.ntlm))).toMatchObject({
          problem: expect.stringContaining('of an authority that is not known here'),
        })
        expect(await got(ask(by(ntlm(), { verified: false }), domain.ntlm))).toMatchObject({ status: 200 })
      } finally {
        trustAuthorities([domain.ca])
      }
    })

    it('signs in many at once, each over its own connection', async () => {
      const fetch = by(ntlm())
      const answers = await Promise.all(Array.from({ length: 8 }, () => got(ask(fetch, domain.ntlm))))
      expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
      expect(await domain.requests()).toHaveLength(16)
    })
  })

  it('puts nothing secret on the command line of curl', async () => {
    const bin = path.join(domain.folder, 'bin.d')
    const { mkdirSync } = await import('node:fs')
    mkdirSync(bin)
    const record = path.join(domain.folder, 'curl-was-called')
    writeFileSync(
      path.join(bin, 'curl'),
      `#!/bin/sh\nprintf '%s\\n' "$@" >'${record}'\ncat >'${record}.input'\nprintf 'HTTP/1.1 200 OK\\r\\n\\r\\n{}'\n`,
    )
    chmodSync(path.join(bin, 'curl'), 0o755)
    const before = process.env.PATH
    process.env.PATH = `${bin}:${before}`
    try {
      const signIn: WindowsSignIn = { kind: 'kerberos', way: 'curl', ticketCache: null, keytab: domain.keytab }
      const json = { clearText: PASSWORD }
      await ask(by(signIn), domain.kerberos, { method: 'POST', json, headers: { 'x-key': 'secret' } })
    } finally {
      process.env.PATH = before
    }
    expect(readFileSync(record, 'utf8')).toBe('--disable\n--config\n-\n')
    expect(readFileSync(`${record}.input`, 'utf8')).toContain('x-key: secret')
  })
})
