/** Signs in to a server as Windows does: Kerberos or NTLM. See docs/decisions/0039-windows-sign-in.md. */

import { isIP, type LookupFunction } from 'node:net'
import { fetchBy } from '../http/fetch-by.ts'
import { SignInProblem } from '../http/sent.ts'
import { curlFetch } from './curl.ts'
import { kerberosFetch } from './kerberos.ts'
import { ntlmFetch } from './ntlm.ts'
import type { WindowsFetchOptions } from './types.ts'

export type { WindowsFetchOptions, WindowsSignIn } from './types.ts'

/**
 * A `fetch` that signs each request in, for the option `fetch` of `request`. It follows no redirect. It throws a SignInProblem, whose
 * message `request` gives as its `problem`, where we have nothing to sign in with or the server does not take it: the request
 * was then not carried out. What else is thrown is judged by `maybeSent`.
 */
export function windowsFetch(options: WindowsFetchOptions): typeof fetch {
  const { signIn, verified, at } = options
  const connection = { rejectUnauthorized: verified, ...(at === undefined ? {} : { lookup: alwaysAt(at) }) }
  switch (signIn.kind) {
    case 'kerberos':
      return signIn.way === 'curl' ? curlFetch(signIn, options) : kerberosFetch(signIn, fetchBy(connection))
    case 'ntlm':
      return ntlmFetch(signIn, connection)
    case 'missing':
      return () => Promise.reject(new SignInProblem(signIn.problem))
  }
}

function alwaysAt(address: string): LookupFunction {
  const family = isIP(address)
  return (_, { all }, found) => (all ? found(null, [{ address, family }]) : found(null, address, family))
}
