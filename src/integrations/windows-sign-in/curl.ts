/** Kerberos by the program curl, where the package cannot be had. What is secret goes through its standard input. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { type ProcessEnd, runBounded } from '../bounded-process.ts'
import { SignInProblem } from '../http/sent.ts'
import { describeEnd } from '../process-end.ts'
import { kerberosEnvironment, serverName } from './kerberos-environment.ts'
import { kerberosProblem, refusedTicket } from './kerberos-words.ts'
import type { WindowsFetchOptions, WindowsSignIn } from './types.ts'

/** Its caller has a limit of its own, which is shorter. */
const MOST_SECONDS = 1_800
const MOST_BYTES = 200_000_000

export function curlFetch(
  names: Extract<WindowsSignIn, { kind: 'kerberos' }>,
  { verified, authorities, at }: Pick<WindowsFetchOptions, 'verified' | 'authorities' | 'at'>,
): typeof fetch {
  return async (input, init) => {
    const host = serverName(input)
    const folder = await mkdtemp(join(tmpdir(), 'patchwarden-curl-'))
    try {
      const own = authorities()
      const bundle = verified && own.length > 0 ? join(folder, 'authorities.pem') : null
      if (bundle !== null) await writeFile(bundle, [...rootCertificates, ...own].join('\n'))
      const settings = configuration(String(input instanceof Request ? input.url : input), init, {
        verified,
        bundle,
        at,
      })
      const end = await runBounded({
        command: 'curl',
        // Without the file of the user, and with what it is asked to do on its input.
        args: ['--disable', '--config', '-'],
        input: settings,
        timeoutSeconds: MOST_SECONDS,
        maxBytes: MOST_BYTES,
        signal: init?.signal ?? new AbortController().signal,
        environment: defined(kerberosEnvironment(names)),
      })
      return answerOf(host, end)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

interface Connection {
  readonly verified: boolean
  readonly bundle: string | null
  readonly at: string | undefined
}

function configuration(url: string, init: RequestInit | undefined, { verified, bundle, at }: Connection): string {
  const lines = [
    'negotiate',
    'user = ":"',
    'http1.1',
    'include',
    'silent',
    'verbose',
    'globoff',
    `url = ${quoted(url)}`,
  ]
  lines.push(`request = ${quoted(init?.method ?? 'GET')}`)
  const headers = new Headers(init?.headers)
  const { body } = init ?? {}
  if (body instanceof URLSearchParams && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded')
  // Otherwise it would ask first whether the body is welcome, or name a type of its own.
  headers.set('expect', '')
  if (!headers.has('content-type')) headers.set('content-type', '')
  for (const [name, value] of headers) lines.push(`header = ${quoted(value === '' ? `${name}:` : `${name}: ${value}`)}`)
  if (body !== undefined && body !== null) lines.push(`data-raw = ${quoted(String(body))}`)
  if (!verified) lines.push('insecure')
  if (bundle !== null) lines.push(`cacert = ${quoted(bundle)}`)
  if (at !== undefined) lines.push(`connect-to = ${quoted(`::${at}:`)}`)
  return `${lines.join('\n')}\n`
}

function quoted(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
  return `"${escaped}"`
}

function defined(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const set: Record<string, string> = {}
  for (const [name, value] of Object.entries(variables)) if (value !== undefined) set[name] = value
  return set
}

/** By the numbers of curl, as the codes of Node.js. */
const codes: Readonly<Record<number, string>> = {
  6: 'ENOTFOUND',
  7: 'ECONNREFUSED',
  28: 'ETIMEDOUT',
  35: 'ERR_TLS_HANDSHAKE',
  52: 'ECONNRESET',
  55: 'ECONNRESET',
  56: 'ECONNRESET',
  60: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
}

function answerOf(host: string, end: ProcessEnd): Response {
  if (end.end === 'not found' || end.end === 'not started')
    throw new SignInProblem(
      `Kerberos by curl needs the program curl, and ${describeEnd(end, 'curl', MOST_SECONDS)}: install it, with its Kerberos`,
    )
  if (end.status === 2 && /negotiate/i.test(end.stderr))
    throw new SignInProblem('the curl of this machine was made without Kerberos: install another')
  const said = /gss_init_sec_context\(\) failed: (.+)/.exec(end.stderr)?.[1]
  // Said of the answer of the server, not of the ticket.
  const isAnswer = said !== undefined && /failed to negotiate a mechanism/i.test(said)
  if (said !== undefined && !isAnswer) throw new SignInProblem(kerberosProblem(host, said))
  if (end.status !== 0) {
    const isName = /no alternative certificate subject name|does not match target host/i.test(end.stderr)
    const code = end.status === 60 && isName ? 'ERR_TLS_CERT_ALTNAME_INVALID' : codes[end.status ?? -1]
    const cause = Object.assign(new Error(`curl: ${describeEnd(end, 'curl', MOST_SECONDS)}`), { code })
    throw new TypeError('fetch failed', { cause })
  }
  const answer = lastAnswer(end.stdout)
  if (answer === null)
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('no HTTP'), { code: 'HPE_INVALID' }) })
  if (answer.status === 401) throw new SignInProblem(refusedTicket(host, answer.headers.get('www-authenticate')))
  return answer
}

/** The last of the answers that curl prints one after another, each with its headers. `null`: it printed none. */
function lastAnswer(printed: string): Response | null {
  let rest = printed
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    const head = rest.slice(0, Math.max(end, 0)).split('\r\n')
    const status = Number(/^HTTP\/\S+ (\d{3})/.exec(head[0] ?? '')?.[1])
    if (Number.isNaN(status)) return null
    rest = rest.slice(end + 4)
    if (/^HTTP\/\d\S* \d{3}/.test(rest)) continue
    const headers = new Headers()
    for (const line of head.slice(1)) {
      const colon = line.indexOf(':')
      if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim())
    }
    const hasBody = status !== 204 && status !== 304 && status >= 200
    return new Response(hasBody ? rest : null, { status: Math.max(status, 200), headers })
  }
}
