import { hash } from 'node:crypto'

/**
 * The first eight bytes of a text's SHA-256, by which a stored row is recognised. Never 0, because 0 means "not known".
 */
export function rowHash(text: string): bigint {
  return hash('sha256', text, 'buffer').readBigInt64BE(0) || 1n
}
