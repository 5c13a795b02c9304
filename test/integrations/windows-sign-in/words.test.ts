import { describe, expect, it } from 'vitest'
import { maybeSent, SignInProblem } from '../../../src/integrations/http/sent.ts'
import { networkProblem } from '../../../src/integrations/network-problem.ts'
import { windowsFetchOptions } from '../../../src/integrations/windows-sign-in/configuration.ts'
import { serverName } from '../../../src/integrations/windows-sign-in/kerberos-environment.ts'
import { kerberosProblem, refusedTicket } from '../../../src/integrations/windows-sign-in/kerberos-words.ts'
import { waysOffered } from '../../../src/integrations/windows-sign-in/offered.ts'

const more = 'Unspecified GSS failure.  Minor code may provide more information: '

describe('what Kerberos refuses, as a sentence', () => {
  // As MIT Kerberos 1.20 writes it (its tables of errors: krb5_err.et, kdc5_err.et).
  it.each([
    [`${more}Ticket expired`, 'the Kerberos ticket has expired'],
    [`${more}Server HTTP/cm01.corp.example@CORP.EXAMPLE not found in Kerberos database`, 'no service HTTP/cm01'],
    [`${more}Client 'old@CORP.EXAMPLE' not found in Kerberos database`, 'does not know the account'],
    [`${more}Clock skew too great`, 'the clocks here and at the Kerberos server differ'],
    [`${more}Preauthentication failed`, 'the password of the account was changed'],
    [`${more}Client's credentials have been revoked`, 'the account is locked'],
    [`${more}Password has expired`, 'the password of the account has expired'],
    [`${more}Cannot contact any KDC for realm 'CORP.EXAMPLE'`, 'no Kerberos server of the realm can be reached'],
    [`${more}Cannot find KDC for realm "CORP.EXAMPLE"`, 'no Kerberos server of the realm can be reached'],
    [`${more}Configuration file does not specify default realm`, 'which Kerberos realm'],
    [`${more}KDC has no support for encryption type`, 'no kind of encryption in common'],
    [`${more}No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)`, 'no Kerberos ticket here'],
    ['No credentials cache found', 'no Kerberos ticket here'],
    [`${more}Something new`, 'Kerberos gives no ticket for HTTP/cm01.corp.example (Something new)'],
  ])('%s', (said, sentence) => {
    expect(kerberosProblem('cm01.corp.example', said)).toContain(sentence)
  })

  it('tells a server that takes no Kerberos from one that takes not this ticket', () => {
    expect(refusedTicket('cm01', 'NTLM, Basic realm="x"')).toContain('takes no Kerberos, but NTLM, Basic:')
    expect(refusedTicket('cm01', 'Negotiate, NTLM')).toContain('does not take our Kerberos ticket')
    expect(refusedTicket('cm01', null)).toContain('does not take our Kerberos ticket')
  })
})

describe('ways that a refusal offers', () => {
  it.each([
    ['Negotiate, NTLM', ['Negotiate', 'NTLM']],
    ['NTLM TlRMTVNTUAAC=', ['NTLM']],
    ['Basic realm="x"', ['Basic']],
    [null, []],
  ])('%s', (header, ways) => {
    expect(waysOffered(header)).toEqual(ways)
  })
})

describe('names of servers', () => {
  it.each(['https://10.1.2.3/', 'https://[::1]/', 'https://cm01/'])('%s has none that Kerberos knows', (url) => {
    expect(() => serverName(url)).toThrow(SignInProblem)
  })
  it('are written small', () => {
    expect(serverName('https://CM01.Corp.Example:443/x')).toBe('cm01.corp.example')
  })
})

it('knows what was never sent', () => {
  const failed = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
  expect(maybeSent(new SignInProblem('no ticket'))).toBe(false)
  for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID'])
    expect(maybeSent(failed(code))).toBe(false)
  for (const code of ['ECONNRESET', 'ETIMEDOUT', 'UND_ERR_SOCKET']) expect(maybeSent(failed(code))).toBe(true)
  expect(maybeSent(new Error('aborted'))).toBe(true)
  expect(networkProblem(new SignInProblem('no ticket'))).toBe('no ticket')
})

describe('settings', () => {
  const settings = {
    signIn: 'ntlm',
    keytab: null,
    ticketCache: null,
    user: 'CORP\\svc-patch',
    certificate: 'verified',
  } as const

  it('take the password from a variable, and say which one is not set', () => {
    expect(windowsFetchOptions(settings, { A_PASSWORD: 'x' }, 'A_PASSWORD').signIn).toEqual({
      ...{ kind: 'ntlm', domain: 'CORP', user: 'svc-patch', password: 'x' },
    })
    expect(windowsFetchOptions(settings, {}, 'A_PASSWORD').signIn).toMatchObject({
      problem: expect.stringContaining('A_PASSWORD is not set'),
    })
    expect(windowsFetchOptions({ ...settings, user: null }, { A_PASSWORD: 'x' }, 'A_PASSWORD').signIn).toMatchObject({
      problem: expect.stringContaining('no "user" for NTLM'),
    })
  })

  it('verify certificates unless they say otherwise', () => {
    expect(windowsFetchOptions(settings, {}, 'A').verified).toBe(true)
    expect(windowsFetchOptions({ ...settings, certificate: 'not verified' }, {}, 'A').verified).toBe(false)
  })
})
