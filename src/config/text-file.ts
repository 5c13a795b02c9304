import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'

export type TextFile =
  | {
      readonly ok: true
      readonly text: string
      /** Other accounts of this machine may change the file. */
      readonly othersWrite: boolean
    }
  /** `what` continues a sentence that begins with the file. `absent`: the file does not exist. */
  | { readonly ok: false; readonly absent: boolean; readonly what: string; readonly mend: string }

/** Reads a text file of at most `maximumBytes`, without a UTF-8 byte order mark. Never throws. */
export function readTextFile(path: string, maximumBytes: number): TextFile {
  let bytes: Buffer
  let othersWrite = false
  try {
    const facts = statSync(path)
    if (facts.isDirectory()) return refusal('is a folder, not a file', 'Name the file in it.')
    if (!facts.isFile()) return refusal('is not an ordinary file', 'Name a file.')
    if (facts.size > maximumBytes) {
      const mend = `At most ${Math.round(maximumBytes / 1_000)} kB are read: is it the right file?`
      return refusal(`has ${Math.round(facts.size / 1_000).toLocaleString('en')} kB`, mend)
    }
    bytes = readFileSync(path)
    othersWrite = process.platform !== 'win32' && (facts.mode & 0o022) !== 0
  } catch (error) {
    return unreadable(error)
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return refusal('is UTF-16 text', 'Save it as UTF-8.')
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!hasControlCharacters(text)) return { ok: true, text, othersWrite }
  } catch {
    // The file is not UTF-8. It gets the same sentence as one with control characters.
  }
  return refusal('is not text', 'It must be a UTF-8 text file: is it the right file?')
}

function hasControlCharacters(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters show that the file is binary.
  return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text)
}

const failure = z.object({ code: z.string() })

function unreadable(error: unknown): TextFile {
  const parsed = failure.safeParse(error)
  const code = parsed.success ? parsed.data.code : 'unknown error'
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { ...refusal('does not exist', 'Check the path, or run "patchwarden init" to write one.'), absent: true }
    case 'EACCES':
    case 'EPERM':
      return refusal('cannot be read: permission denied', 'Let the user that runs Patchwarden read it.')
    default:
      return refusal(`cannot be read (${code})`, 'Check the path and the disk.')
  }
}

function refusal(what: string, mend: string): Extract<TextFile, { ok: false }> {
  return { ok: false, absent: false, what, mend }
}
