import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** DER of a SubjectPublicKeyInfo for Ed25519, up to the key itself: RFC 8410, section 4. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
/** A request that is older is not answered, should somebody have kept one. */
const MOST_SECONDS = 300

/** The application's public key, 32 bytes as 64 hexadecimal digits. Throws a sentence. */
export function discordKey(hex: string): KeyObject {
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new Error('DISCORD_PUBLIC_KEY is not 64 hexadecimal digits.')
  return createPublicKey({ key: Buffer.concat([SPKI, Buffer.from(hex, 'hex')]), format: 'der', type: 'spki' })
}

/** Is the request from Discord? It signs timestamp and body: interactions/overview#setting-up-an-endpoint. */
export function isSigned(
  key: KeyObject,
  { signature, timestamp, body }: { readonly signature: string; readonly timestamp: string; readonly body: Buffer },
  nowSeconds: number,
): boolean {
  if (!/^[0-9a-f]{128}$/i.test(signature) || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(nowSeconds - Number(timestamp)) > MOST_SECONDS) return false
  return verify(null, Buffer.concat([Buffer.from(timestamp), body]), key, Buffer.from(signature, 'hex'))
}
