import { createHash } from 'node:crypto'

/** Hexadecimal, over the text in UTF-8. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
