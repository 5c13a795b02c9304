/** Kerberos by the package `kerberos`, which speaks to the Kerberos of the machine (MIT). */

import { createRequire } from 'node:module'
import { errorText } from '../../core/error-text.ts'
import { SignInProblem } from '../http/sent.ts'
import { type KerberosNames, kerberosEnvironment, serverName } from './kerberos-environment.ts'
import { kerberosProblem, refusedTicket } from './kerberos-words.ts'

/** What we use of it. Its own types are not there where it is not installed. */
interface Kerberos {
  readonly GSS_MECH_OID_KRB5: number
  readonly GSS_MECH_OID_SPNEGO: number
  initializeClient(service: string, options: { readonly mechOID: number }): Promise<Client>
}
interface Client {
  step(challenge: string): Promise<string>
}

/** Loaded with the first request: nobody else needs it. */
let loaded: Kerberos | null = null

function kerberos(): Kerberos {
  try {
    loaded ??= createRequire(import.meta.url)('kerberos') as Kerberos
    return loaded
  } catch (error) {
    throw new SignInProblem(
      'Kerberos needs the package "kerberos", which is not here: run "npm install --no-save kerberos@7.0.0" (it needs libkrb5-dev, make and a C++ compiler), or write "signIn: kerberos by curl"',
      error,
    )
  }
}

/** Each request gets a token of its own: a server refuses one that it has seen. */
export function kerberosFetch(names: KerberosNames, plain: typeof fetch): typeof fetch {
  return async (input, init) => {
    const host = serverName(input)
    const { client, token } = await newToken(names, host, init?.signal ?? null)
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Negotiate ${token}`)
    const answer = await plain(input, { ...init, headers })
    if (answer.status === 401) {
      await answer.body?.cancel()
      throw new SignInProblem(refusedTicket(host, answer.headers.get('www-authenticate')))
    }
    await checkServer(client, host, answer)
    return answer
  }
}

/** The proof of the server that it is the one that the ticket is for. */
async function checkServer(client: Client, host: string, answer: Response): Promise<void> {
  const proof = /\bNegotiate ([\w+/=]+)/i.exec(answer.headers.get('www-authenticate') ?? '')?.[1]
  if (proof === undefined) return
  try {
    await client.step(proof)
  } catch (error) {
    await answer.body?.cancel()
    throw new Error(`${host} could not prove that it is ${host}: somebody else may answer in its place`, {
      cause: error,
    })
  }
}

/** The environment is one for the whole process: tokens are made one after another. It takes milliseconds. */
let turn: Promise<unknown> = Promise.resolve()

async function newToken(names: KerberosNames, host: string, signal: AbortSignal | null) {
  const module = kerberos()
  const mine = turn.then(async () => {
    signal?.throwIfAborted()
    const environment = kerberosEnvironment(names)
    for (const [name, value] of Object.entries(environment)) {
      if (process.env[name] === value) continue
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    return made(module, host)
  })
  turn = mine.catch(() => undefined)
  return mine
}

async function made(module: Kerberos, host: string): Promise<{ readonly client: Client; readonly token: string }> {
  try {
    const client = await module.initializeClient(`HTTP@${host}`, { mechOID: module.GSS_MECH_OID_SPNEGO })
    return { client, token: await client.step('') }
  } catch (error) {
    const why = await reason(module, host).catch(errorText)
    throw new SignInProblem(kerberosProblem(host, why ?? errorText(error)), error)
  }
}

/** Kerberos alone says why; what chooses between it and others does not. */
async function reason(module: Kerberos, host: string): Promise<null> {
  await (await module.initializeClient(`HTTP@${host}`, { mechOID: module.GSS_MECH_OID_KRB5 })).step('')
  return null
}
