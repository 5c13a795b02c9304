import { hash } from 'node:crypto'

/**
 * The first eight bytes of a text's SHA-256, by which a stored row is recognised; never 0, which means that it is not
 * known.
 */
export function rowHash(text: string): bigint {
  return hash('sha256', text, 'buffer').readBigInt64BE(0) || 1n
}
