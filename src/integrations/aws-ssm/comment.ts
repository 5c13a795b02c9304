import { createHash } from 'node:crypto'

/** A comment takes 100 characters, and a key may have 200. */
const KEY_CHARACTERS = 60

/**
 * The comment by which the command that starts the run is found again: SendCommand has no token of its own for that.
 */
export function startComment(key: string): string {
  return `Patchwarden start ${shortKey(key)}`
}

export function followComment(key: string): string {
  return `Patchwarden follow ${shortKey(key)}`
}

function shortKey(key: string): string {
  if (key.length <= KEY_CHARACTERS) return key
  return `${key.slice(0, 27)}-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`
}
