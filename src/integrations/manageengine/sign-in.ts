/** The header by which ManageEngine knows us: the token of a server on premises, or an access token of Zoho for the cloud. */

import { request } from '../http/request.ts'
import { isRow, numberOf, parsedRow, textOf } from './rows.ts'

export type Secrets =
  /** Made in the console (Admin, API Explorer or API key management), or the answer of its login call. */
  | { readonly kind: 'token'; readonly token: string }
  /** `accounts`: `https://accounts.zoho.eu`, of the data centre that holds the account. */
  | {
      readonly kind: 'zoho'
      readonly accounts: string
      readonly clientId: string
      readonly clientSecret: string
      readonly refreshToken: string
    }
  /** `problem`: a sentence that says which variables are not set. */
  | { readonly kind: 'missing'; readonly problem: string }

export interface SignIn {
  readonly isCloud: boolean
  /** Throws a sentence. */
  header(signal: AbortSignal): Promise<string>
  /** The server did not take this header. Returns whether another one may be had. */
  refused(header: string): boolean
}

/** An access token is renewed so long before its end. */
const BEFORE_END_MS = 60_000
/** Zoho gives 10 access tokens in 10 minutes for a refresh token. */
const LEAST_MS = 61_000

export function createSignIn(secrets: Secrets, clock: () => Date, fetchBy?: typeof fetch): SignIn {
  if (secrets.kind === 'token') return { isCloud: false, header: async () => secrets.token, refused: () => false }
  if (secrets.kind === 'missing') {
    const header = async (): Promise<string> => {
      throw new Error(secrets.problem)
    }
    return { isCloud: false, header, refused: () => false }
  }
  const zoho = secrets
  let current: { readonly header: string; readonly until: number; readonly madeAt: number } | null = null
  let asking: Promise<string> | null = null

  async function renewed(signal: AbortSignal): Promise<string> {
    const answer = await askZoho(zoho, signal, fetchBy)
    const now = clock().getTime()
    // The answer says Bearer; the header that the product wants says otherwise.
    current = {
      header: `Zoho-oauthtoken ${answer.token}`,
      until: now + answer.seconds * 1_000 - BEFORE_END_MS,
      madeAt: now,
    }
    return current.header
  }

  return {
    isCloud: true,
    async header(signal) {
      if (current !== null && clock().getTime() < current.until) return current.header
      // All requests wait for one renewal.
      asking ??= renewed(signal).finally(() => {
        asking = null
      })
      return asking
    },
    refused(header) {
      if (current?.header !== header) return true
      // One that was just made is refused for another reason, and asking on would lock us out.
      if (clock().getTime() - current.madeAt < LEAST_MS) return false
      current = null
      return true
    },
  }
}

async function askZoho(
  { accounts, clientId, clientSecret, refreshToken }: Extract<Secrets, { kind: 'zoho' }>,
  signal: AbortSignal,
  fetchBy: typeof fetch | undefined,
): Promise<{ readonly token: string; readonly seconds: number }> {
  const form = {
    grant_type: 'refresh_token',
    client_id: clientId,
    client_secret: clientSecret,
    refresh_token: refreshToken,
  }
  const got = await request(
    {
      url: new URL('/oauth/v2/token', accounts),
      method: 'POST',
      // In the body, so that no log of addresses holds them.
      form,
      redirect: 'manual',
      timeoutSeconds: 30,
      maxBytes: 100_000,
      ...(fetchBy === undefined ? {} : { fetch: fetchBy }),
    },
    signal,
  )
  if (got.kind === 'none') throw new Error(`${accounts} gave no access token: ${got.problem}`)
  const row = parsedRow(got.body)
  const token = isRow(row) ? textOf(row, 'access_token') : null
  if (token !== null && isRow(row)) return { token, seconds: numberOf(row, 'expires_in') ?? 3_600 }
  const said = isRow(row) ? (textOf(row, 'error') ?? textOf(row, 'error_description')) : null
  throw new Error(`${accounts} gave no access token (${said ?? `HTTP ${got.response.status}`}). ${mendOf(said)}`)
}

function mendOf(said: string | null): string {
  if (said === 'invalid_client') return 'Check the client id and secret, and that the client is of this data centre.'
  if (said === 'invalid_code') return 'The refresh token is of another client, or was revoked: make a new one.'
  if (said !== null && /access.?denied/i.test(said))
    return 'It gives 10 tokens in 10 minutes: wait, and see whether something else uses the same refresh token.'
  return 'Check the three variables, and that the address is of the data centre of the account.'
}
