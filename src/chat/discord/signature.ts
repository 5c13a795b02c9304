import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** DER prefix of a SubjectPublicKeyInfo for Ed25519; the key follows it. RFC 8410, section 4. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
/** Older requests are refused, so that a recorded request cannot be used again. */
const MOST_SECONDS = 300

/** Reads the application's public key: 32 bytes as 64 hexadecimal digits. Throws a sentence. */
export function discordKey(hex: string): KeyObject {
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new Error('DISCORD_PUBLIC_KEY is not 64 hexadecimal digits.')
  return createPublicKey({ key: Buffer.concat([SPKI, Buffer.from(hex, 'hex')]), format: 'der', type: 'spki' })
}

/** True if Discord sent the request. Discord signs timestamp and body: interactions/overview#setting-up-an-endpoint. */
export function isSigned(
  key: KeyObject,
  { signature, timestamp, body }: { readonly signature: string; readonly timestamp: string; readonly body: Buffer },
  nowSeconds: number,
): boolean {
  if (!/^[0-9a-f]{128}$/i.test(signature) || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(nowSeconds - Number(timestamp)) > MOST_SECONDS) return false
  return verify(null, Buffer.concat([Buffer.from(timestamp), body]), key, Buffer.from(signature, 'hex'))
}
