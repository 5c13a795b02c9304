/** Formats in which a file contains one or many records: how to recognise and read them. */

import { errorText } from '../../core/error-text.ts'
import { looksLikeHtml, parseJson } from '../json-text.ts'
import type { FeedDocument } from './documents.ts'
import type { Sink } from './sink.ts'

/** `marks` says in words how to recognise a document; for error messages. */
export type DocumentReader =
  | {
      readonly form: 'json'
      readonly marks: string
      matches(value: object): boolean
      read(value: unknown, where: string, sink: Sink): void
    }
  | {
      readonly form: 'text'
      readonly marks: string
      /** `head`: the first characters of the document. */
      matches(head: string): boolean
      read(text: string, where: string, sink: Sink): void
    }

const HEAD = 4_000

/**
 * Reads a document with the first reader that recognises it. Returns this reader; `null`: no reader does. Never throws.
 */
export function readDocument<Reader extends DocumentReader>(
  readers: readonly Reader[],
  document: FeedDocument,
  sink: Sink,
): Reader | null {
  const { name, bytes } = document
  if (document.problem !== undefined) {
    sink.rejected.push({ where: name, reason: document.problem })
    return null
  }
  const head = bytes.toString('utf8', 0, HEAD)
  try {
    const text = readers.find((reader) => reader.form === 'text' && reader.matches(head))
    if (text?.form === 'text') {
      text.read(bytes.toString('utf8'), name, sink)
      return text
    }
    if (!/^\s*[[{]/.test(head) || looksLikeHtml(head)) return null
    const value = parseJson(bytes.toString('utf8'), name)
    return readJson(readers, value, name, sink)
  } catch (error) {
    sink.rejected.push({ where: name, reason: errorText(error) })
    return null
  }
}

/** Reads a JSON value. Some publishers put many records into one list. */
function readJson<Reader extends DocumentReader>(
  readers: readonly Reader[],
  value: unknown,
  name: string,
  sink: Sink,
): Reader | null {
  if (Array.isArray(value)) {
    let last: Reader | null = null
    for (const [index, item] of value.entries()) {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) continue
      last = readJson(readers, item, `${name}, item ${index + 1}`, sink) ?? last
    }
    return last
  }
  if (typeof value !== 'object' || value === null) return null
  const reader = readers.find((one) => one.form === 'json' && one.matches(value))
  reader?.form === 'json' && reader.read(value, name, sink)
  return reader ?? null
}
