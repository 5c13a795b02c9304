/** Reads a folder of feed files of any kind, each recognised by what is in it: for assessment without a service. */

import { inflateSync } from 'node:zlib'
import type { Platform } from '../../core/asset.ts'
import type { FeedContent, RejectedRecord } from '../../core/catalog.ts'
import { errorText } from '../../core/error-text.ts'
import { looksLikeHtml } from '../json-text.ts'
import { parseAdvisories } from './debian-advisories/index.ts'
import { parseTracker } from './debian-tracker/index.ts'
import { parseDebsecan } from './debsecan/index.ts'
import { readDocument } from './document-reader.ts'
import { documentsInFolder, type FeedDocument } from './documents.ts'
import { parseEpss } from './epss/index.ts'
import type { FeedInput, ParsedFeed } from './feed.ts'
import { parseFileCatalog } from './file-catalog/index.ts'
import { parseKev } from './kev/index.ts'
import { documentReaders } from './readers.ts'
import { contentOf, createSink } from './sink.ts'

export interface CatalogFolder {
  readonly contents: readonly FeedContent[]
  readonly rejected: readonly RejectedRecord[]
  /** How many files of each kind were read. */
  readonly kinds: ReadonlyMap<string, number>
  /** Files of no known kind. */
  readonly unknown: readonly string[]
}

/**
 * `platform`: what is assessed; a file that does not say its release, as debsecan's does not, is taken to be about it.
 * `today`: ISO date. Throws a sentence when the folder cannot be read; a file that cannot be read is reported.
 */
export async function readCatalogFolder(folder: string, platform: Platform, today: string): Promise<CatalogFolder> {
  const contents: FeedContent[] = []
  const rejected: RejectedRecord[] = []
  const kinds = new Map<string, number>()
  const unknown: string[] = []
  const sink = createSink()
  for await (const document of documentsInFolder(folder)) {
    const { name, bytes } = document
    const known = wholeFile(document, platform, today)
    const before = sink.rejected.length
    try {
      const kind = known === null ? readDocument(documentReaders, document, sink) : known.kind
      if (known !== null) {
        const { content, rejected: skipped } = await known.parse()
        contents.push(content)
        rejected.push(...skipped)
      }
      if (kind === null) {
        if (looksLikeHtml(bytes.toString('utf8', 0, 1_000)))
          rejected.push({ where: name, reason: 'it is an HTML page instead of data' })
        else if (sink.rejected.length === before) unknown.push(name)
      } else kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    } catch (error) {
      rejected.push({ where: name, reason: errorText(error) })
    }
  }
  contents.push(contentOf(sink))
  return { contents, rejected: [...rejected, ...sink.rejected], kinds, unknown }
}

interface WholeFile {
  readonly kind: string
  parse(): ParsedFeed<unknown> | Promise<ParsedFeed<unknown>>
}

/** Formats in which one file is the whole feed. */
function wholeFile({ name, bytes }: FeedDocument, platform: Platform, today: string): WholeFile | null {
  const input: FeedInput<never> = { bytes, what: name, previous: null, fromMirror: false, allowShrinking: true }
  const head = headOf(bytes)
  if (head.startsWith('VERSION 1\n')) return { kind: 'debsecan', parse: () => parseDebsecan(input, platform) }
  if (head.startsWith('#model_version')) return { kind: 'epss', parse: () => parseEpss(input) }
  if (/^\[\d{1,2} [A-Z][a-z]{2} \d{4}\]\s+D[SL]A-/m.test(head))
    return { kind: 'debian-advisories', parse: () => parseAdvisories(input) }
  if (!/^\s*\{/.test(head)) return null
  if (/"catalogVersion"\s*:/.test(head)) return { kind: 'kev', parse: () => parseKev(input) }
  if (/^\s*\{\s*"[a-z0-9][a-z0-9+.-]*"\s*:\s*\{\s*"(?:CVE|TEMP)-/.test(head))
    return { kind: 'debian-tracker', parse: () => parseTracker(input, [platform]) }
  if (/^\s*\{\s*"(?:\$schema|about|fixes|advisories|kev|epss)"\s*:/.test(head))
    return { kind: 'file-catalog', parse: () => parseFileCatalog(input, today) }
  return null
}

const HEAD = 4_000

/** The first characters; for a zlib stream, as debsecan's feed is, those inside it. */
function headOf(bytes: Buffer): string {
  if (bytes[0] !== 0x78) return bytes.toString('utf8', 0, HEAD).replace(/^\uFEFF/, '')
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
