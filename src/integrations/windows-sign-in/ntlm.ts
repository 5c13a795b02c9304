/** NTLM by the messages of the package `httpntlm`: two legs over one connection, because the server knows the connection. */

import { Agent } from 'node:https'
import { createRequire } from 'node:module'
import { boundedBody } from '../http/bounded-body.ts'
import { type ConnectionOptions, fetchBy } from '../http/fetch-by.ts'
import { SignInProblem } from '../http/sent.ts'
import { waysOffered } from './offered.ts'
import type { WindowsSignIn } from './types.ts'

type Account = Extract<WindowsSignIn, { kind: 'ntlm' }>

interface Options {
  readonly domain: string
  readonly username: string
  readonly password: string
}
interface Challenge {
  readonly negotiateFlags: number
  readonly targetInfo?: Buffer
}
interface Messages {
  createType1Message(options: Options): string
  parseType2Message(header: string, failed: (error: Error) => void): Challenge | null
  createType3Message(challenge: Challenge, options: Options): string
}

/** Loaded with the first request: nobody else needs it. */
let loaded: Messages | null = null

function messages(): Messages {
  loaded ??= (createRequire(import.meta.url)('httpntlm') as { readonly ntlm: Messages }).ntlm
  return loaded
}

/** Whoever refuses a sign-in says so in few words. */
const MOST_BYTES = 1_000_000
const EXTENDED_SECURITY = 0x80000

/** The whole is tried once more where the connection was closed between the legs, and never where the password was refused. */
export function ntlmFetch(account: Account, connection: ConnectionOptions): typeof fetch {
  return async (input, init) => {
    const answer =
      (await signedIn(account, connection, input, init)) ?? (await signedIn(account, connection, input, init))
    if (answer !== null) return answer
    throw new SignInProblem(
      `${hostOf(input)} closes the connection before NTLM has signed in: is a proxy in between, which NTLM cannot pass?`,
    )
  }
}

type Input = Parameters<typeof fetch>[0]
type Init = Parameters<typeof fetch>[1]

/** `null`: the connection was closed between the legs, and nothing was done. */
async function signedIn(
  account: Account,
  connection: ConnectionOptions,
  input: Input,
  init: Init,
): Promise<Response | null> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let isSame = false
  function reused(yes: boolean): void {
    isSame = yes
  }
  const send = fetchBy({ ...connection, agent, reused })
  const options = { domain: account.domain, username: account.user, password: account.password }
  const host = hostOf(input)
  try {
    const asking = await send(input, firstLeg(init, messages().createType1Message(options)))
    if (asking.status !== 401) return withoutSignIn(host, init, asking)
    const offered = asking.headers.get('www-authenticate')
    if ((await boundedBody(asking, MOST_BYTES)) === null)
      throw new SignInProblem(`${host} answers a sign-in with more than can be read`)
    const challenge = challengeIn(host, offered)

    const headers = new Headers(init?.headers)
    headers.set('authorization', messages().createType3Message(challenge, options))
    headers.set('connection', 'close')
    const answer = await send(input, { ...init, headers })
    if (answer.status !== 401) return answer
    await answer.body?.cancel()
    if (!isSame) return null
    throw new SignInProblem(
      `${host} does not take the user ${account.domain}\\${account.user} with this password by NTLM: check both, whether the account is locked, and whether the server wants Kerberos or extended protection`,
    )
  } catch (error) {
    agent.destroy()
    throw error
  }
}

/** It changes nothing and carries nothing, whatever is to be sent after it. */
function firstLeg(init: Init, authorization: string): RequestInit {
  const headers = new Headers(init?.headers)
  headers.delete('content-type')
  headers.set('authorization', authorization)
  return { method: 'GET', headers, ...(init?.signal ? { signal: init.signal } : {}) }
}

/** A question has its answer; a change was never sent. */
function withoutSignIn(host: string, init: Init, answer: Response): Response {
  if ((init?.method ?? 'GET') === 'GET') return answer
  throw new SignInProblem(`${host} did not ask who we are (HTTP ${answer.status}), so nothing was changed there`)
}

function challengeIn(host: string, offered: string | null): Challenge {
  const token = /\bNTLM ([\w+/=]+)/i.exec(offered ?? '')?.[1]
  if (token === undefined) {
    const ways = waysOffered(offered)
    const mend = ways.some((way) => /negotiate|kerberos/i.test(way)) ? ' (write signIn: kerberos)' : ''
    throw new SignInProblem(
      `${host} takes no NTLM, but ${ways.join(', ') || 'says no way to sign in'}${mend}. Since version 2509, Configuration Manager takes Kerberos alone`,
    )
  }
  const challenge = read(host, token)
  // The older forms can be broken by whoever sees one sign-in.
  if ((challenge.negotiateFlags & EXTENDED_SECURITY) === 0 || challenge.targetInfo === undefined)
    throw new SignInProblem(`${host} speaks NTLM in its first version alone, which is not safe to use: update it`)
  return challenge
}

function read(host: string, token: string): Challenge {
  try {
    const challenge = messages().parseType2Message(`NTLM ${token}`, () => undefined)
    if (challenge !== null) return challenge
  } catch {
    // It read past the end.
  }
  throw new SignInProblem(`${host} answers NTLM with something that cannot be read`)
}

function hostOf(input: Input): string {
  return new URL(input instanceof Request ? input.url : input).host
}
