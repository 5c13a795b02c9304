import type { KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../request-body.ts'
import type { Troubles } from '../troubles.ts'
import { interaction, interactionTypes } from './answers.ts'
import { isSigned } from './signature.ts'

const BODY_BYTES = 256 * 1024

export interface SignedRequests {
  readonly key: KeyObject
  readonly clock: () => Date
  readonly take: (raw: unknown) => void
  readonly troubles: Troubles
}

/** Discord itself sends forged requests now and then, to see that they are refused. So one in a row says nothing. */
const FORGED_BY_DISCORD = 3
const forgedInARow = new WeakMap<KeyObject, number>()

function noteSignature(key: KeyObject, signed: boolean, troubles: Troubles): void {
  const forged = signed ? 0 : (forgedInARow.get(key) ?? 0) + 1
  forgedInARow.set(key, forged)
  if (signed) troubles.end('signature')
  else if (forged >= FORGED_BY_DISCORD) troubles.begin('signature', SIGNATURE)
}

const SIGNATURE =
  'Requests to /discord/interactions are refused, because DISCORD_PUBLIC_KEY does not match their signature, or the clock of this host is more than five minutes wrong. Set the public key of the app ("General Information"), and the clock (NTP); no click arrives until then.'

/** Handles a signed request. The answer to the person goes over the API, as it does with the gateway. */
export async function takeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { key, clock, take, troubles }: SignedRequests,
): Promise<void> {
  const body = await readBody(request, BODY_BYTES)
  const header = (name: string) => String(request.headers[name] ?? '')
  const signed =
    body !== null &&
    isSigned(
      key,
      { signature: header('x-signature-ed25519'), timestamp: header('x-signature-timestamp'), body },
      clock().getTime() / 1_000,
    )
  if (request.method === 'POST' && header('x-signature-ed25519') !== '') noteSignature(key, signed, troubles)
  if (request.method !== 'POST' || !signed) {
    response.writeHead(request.method === 'POST' ? 401 : 405).end()
    return
  }
  const raw = parsed(body)
  const asked = interaction.safeParse(raw)
  if (asked.success && asked.data.type === interactionTypes.ping) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ type: 1 }))
    return
  }
  response.writeHead(asked.success ? 202 : 400).end()
  take(raw)
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return null
  }
}
