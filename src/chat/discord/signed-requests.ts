import type { KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../request-body.ts'
import { interaction, interactionTypes } from './answers.ts'
import { isSigned } from './signature.ts'

const BODY_BYTES = 256 * 1024

/** Handles a signed request. The answer to the person goes over the API, as it does with the gateway. */
export async function takeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { key, clock, take }: { readonly key: KeyObject; readonly clock: () => Date; readonly take: (raw: unknown) => void },
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
