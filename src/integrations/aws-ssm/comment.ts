import { createHash } from 'node:crypto'

/** A comment may have 100 characters, but a key may have 200. */
const KEY_CHARACTERS = 60

/**
 * The comment of the command that starts a run. The command is found again by this comment, because SendCommand has no
 * token of its own.
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
