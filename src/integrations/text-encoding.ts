/** The one place where the encoding of a file is found out. What reads files and feeds gets UTF-8. */

import { createTurns } from './turns.ts'

/** Pieces that are decoded without a pause. An even number, because a unit of UTF-16 has two bytes. */
const PIECE_BYTES = 1_000_000

/**
 * Returns the text as UTF-8 without a byte order mark. Windows writes UTF-16 (redirection in PowerShell) and UTF-8 with
 * a mark (editors). Bytes in another encoding are returned as they are. Throws a sentence where the text is UTF-32 or
 * cut off inside a character.
 */
export async function inUtf8(bytes: Buffer, what: string): Promise<Buffer> {
  const found = encodingOf(bytes)
  if (found === 'utf-32') throw new Error(`${what} is UTF-32 text: save it as UTF-8`)
  if (found === 'utf-8') return bytes
  if (found === 'utf-8 with a mark') return bytes.subarray(3)
  if (bytes.length % 2 === 1) throw new Error(`${what} is UTF-16 text and is cut off inside a character`)
  const decoder = new TextDecoder(found)
  const turns = createTurns()
  const parts: Buffer[] = []
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    if (turns.over()) await turns.next()
    const piece = bytes.subarray(start, start + PIECE_BYTES)
    parts.push(Buffer.from(decoder.decode(piece, { stream: start + PIECE_BYTES < bytes.length })))
  }
  return Buffer.concat(parts)
}

type Encoding = 'utf-8' | 'utf-8 with a mark' | 'utf-16le' | 'utf-16be' | 'utf-32'

/** By the byte order mark. Without one, UTF-16 is known by its first two characters: half of their bytes are zero. */
function encodingOf(bytes: Buffer): Encoding {
  const [a, b, c, d] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8 with a mark'
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 && bytes.length % 4 === 0 ? 'utf-32' : 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return 'utf-32'
  if (a === undefined || b === undefined || c === undefined || d === undefined) return 'utf-8'
  if (a > 0 && b === 0 && c > 0 && d === 0) return 'utf-16le'
  if (a === 0 && b > 0 && c === 0 && d > 0) return 'utf-16be'
  return 'utf-8'
}
