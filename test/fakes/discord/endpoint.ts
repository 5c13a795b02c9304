/**
 * Interactions over HTTP: signed with Ed25519 over timestamp and body. Setting an endpoint checks it as Discord does,
 * with a PING and with a signature that is wrong.
 * Discord: interactions/overview#setting-up-an-endpoint, interactions/receiving-and-responding#receiving-an-interaction.
 */

import { generateKeyPairSync, sign } from 'node:crypto'
import type { Json } from './json.ts'

export interface Endpoint {
  /** 64 hexadecimal digits, as in the developer portal. */
  readonly publicKey: string
  readonly url: () => string | null
  /** Throws with the reason when Discord would not save this address. */
  readonly set: (url: string | null) => Promise<void>
  readonly post: (payload: Json, how?: SigningFault) => Promise<EndpointAnswer>
}

/** `body`: signed, then changed. `key`: signed by another. `missing`: no signature. `old`: signed an hour ago. */
export type SigningFault = 'body' | 'key' | 'missing' | 'old'

export interface EndpointAnswer {
  readonly status: number
  readonly body: unknown
}

export function createEndpoint(applicationId: string, now: () => number): Endpoint {
  const keys = generateKeyPairSync('ed25519')
  const others = generateKeyPairSync('ed25519')
  let current: string | null = null

  async function send(url: string, payload: Json, how?: SigningFault): Promise<EndpointAnswer> {
    const body = JSON.stringify(payload)
    const timestamp = String(Math.floor(now() / 1000) - (how === 'old' ? 3600 : 0))
    const key = how === 'key' ? others.privateKey : keys.privateKey
    const signature = sign(null, Buffer.from(timestamp + body), key).toString('hex')
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      'User-Agent': 'Discord-Interactions/1.0 (+https://discord.com)',
      'X-Signature-Timestamp': timestamp,
    }
    if (how !== 'missing') headers['X-Signature-Ed25519'] = signature
    const changed = how === 'body' ? body.replace(/\}$/, ',"changed":true}') : body
    const response = await fetch(url, { method: 'POST', headers, body: changed })
    const text = await response.text()
    return { status: response.status, body: parse(text) }
  }

  return {
    publicKey: keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex'),
    url: () => current,
    set: async (url) => {
      if (url !== null) {
        const ping = { id: '1', application_id: applicationId, type: 1, token: 'ping', version: 1 }
        const forged = await send(url, ping, 'key')
        if (forged.status !== 401)
          throw new Error(`${url} answered ${forged.status} to a wrong signature; Discord requires 401.`)
        const pong = await send(url, ping)
        const body = pong.body
        if (pong.status !== 200 || typeof body !== 'object' || body === null || !('type' in body) || body.type !== 1)
          throw new Error(`${url} answered a PING with ${pong.status} ${JSON.stringify(body)} and not with a PONG.`)
      }
      current = url
    },
    post: (payload, how) => {
      if (current === null) throw new Error('No interactions endpoint is set.')
      return send(current, payload, how)
    },
  }
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return text
  }
}
