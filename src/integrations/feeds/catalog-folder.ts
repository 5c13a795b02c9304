/**
 * Reads a folder of feed files, for an assessment without the service. Recognises the kind of each file by its content.
 */

import { inflateSync } from 'node:zlib'
import type { FeedContent, RejectedRecord } from '../../core/catalog.ts'
import { errorText } from '../../core/error-text.ts'
import { looksLikeHtml } from '../json-text.ts'
import { readDocument } from './document-reader.ts'
import { documentsInFolder } from './documents.ts'
import type { Assessed, FeedInput } from './feed.ts'
import type { FeedKind } from './kind.ts'
import { feedKinds } from './registry.ts'
import { contentOf, createSink } from './sink.ts'

export interface CatalogFolder {
  readonly contents: readonly FeedContent[]
  readonly rejected: readonly RejectedRecord[]
  /** The number of files read, by kind. */
  readonly kinds: ReadonlyMap<string, number>
  /** Files of no known kind. */
  readonly unknown: readonly string[]
}

/** Throws a sentence when the folder cannot be read. A file that cannot be read is listed in `rejected`. */
export async function readCatalogFolder(
  folder: string,
  about: Assessed,
  among: readonly FeedKind[] = feedKinds,
): Promise<CatalogFolder> {
  const contents: FeedContent[] = []
  const rejected: RejectedRecord[] = []
  const kinds = new Map<string, number>()
  const unknown: string[] = []
  const sink = createSink()
  const { readers, wholeFiles } = formatsOf(among)
  for await (const document of documentsInFolder(folder)) {
    const { name, bytes } = document
    const head = headOf(bytes)
    const whole = wholeFiles.find((one) => one.matches(head))
    const before = sink.rejected.length
    try {
      if (whole !== undefined) {
        const input: FeedInput<never> = { bytes, what: name, previous: null, fromMirror: false, allowShrinking: true }
        const { content, rejected: skipped } = await whole.parse(input, about)
        contents.push(content)
        rejected.push(...skipped)
      }
      const known = whole ?? readDocument(readers, document, sink)
      if (known === null) {
        if (looksLikeHtml(bytes.toString('utf8', 0, 1_000)))
          rejected.push({ where: name, reason: 'it is an HTML page instead of data' })
        else if (sink.rejected.length === before) unknown.push(name)
      } else kinds.set(known.kind, (kinds.get(known.kind) ?? 0) + 1)
    } catch (error) {
      rejected.push({ where: name, reason: errorText(error) })
    }
  }
  contents.push(contentOf(sink))
  return { contents, rejected: [...rejected, ...sink.rejected], kinds, unknown }
}

/** All formats, each with its kind. */
function formatsOf(kinds: readonly FeedKind[]) {
  const formats = kinds.map(({ name: kind, documents }) =>
    'matches' in documents
      ? { wholeFiles: [{ ...documents, kind }], readers: [] }
      : { wholeFiles: [], readers: documents.map((reader) => ({ ...reader, kind })) },
  )
  return {
    wholeFiles: formats.flatMap(({ wholeFiles }) => wholeFiles),
    readers: formats.flatMap(({ readers }) => readers),
  }
}

const HEAD = 4_000

/** The first characters of the file; of a zlib stream (debsecan), the first characters inside it. */
function headOf(bytes: Buffer): string {
  if (bytes[0] !== 0x78) return bytes.toString('utf8', 0, HEAD)
  try {
    return inflateSync(bytes.subarray(0, HEAD), { finishFlush: 2, maxOutputLength: 1_000_000 }).toString(
      'utf8',
      0,
      HEAD,
    )
  } catch {
    return ''
  }
}
