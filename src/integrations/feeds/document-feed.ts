/** A feed that consists of documents: one file, an archive or a folder. */

import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { setImmediate as othersTurn } from 'node:timers/promises'
import { z } from 'zod'
import type { Platform } from '../../core/asset.ts'
import type { CatalogFeed, FeedFetch } from '../../core/ports.ts'
import { platformsOf } from '../../core/streams.ts'
import { type ChangeList, type Changes, fetchChanges } from './changes.ts'
import { type DocumentReader, readDocument } from './document-reader.ts'
import { documentsIn, documentsInFolder, type FeedDocument, filesOf } from './documents.ts'
import { boundedRejects, type FeedOptions, readCursor, requireNotShrunken, requireReadable } from './feed.ts'
import { readFeed } from './fetch.ts'
import { contentOf, createSink, type Sink } from './sink.ts'

export interface DocumentFeed {
  readonly describe: string
  readonly readers: readonly DocumentReader[]
  /** Keep only fixes that count on these platforms. Default: all. */
  readonly platforms?: readonly Platform[] | undefined
  /** The publisher's list of changes. `null`: the complete file is requested, and read only when it is new. */
  readonly changes: ChangeList | null
  /** True when an answer contains only recent changes. Earlier records then stay. */
  readonly accumulates?: boolean
  /** If an answer has fewer records than the last one, by more than this percentage, it is refused. */
  readonly maxShrinkPercent: number
}

const cursorSchema = z.object({
  location: z.string(),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  sha256: z.string(),
  /** The number of records in the complete feed. */
  records: z.number(),
  /** The time of the newest change that was read from the list of changes; `null`: the feed has no list. */
  seen: z.string().nullable(),
})
type Cursor = z.infer<typeof cursorSchema>

const DOCUMENTS_PER_TURN = 100

/** One feed: its settings and the format of its data. */
interface Source {
  readonly options: FeedOptions
  readonly format: DocumentFeed
}

export function createDocumentFeed(options: FeedOptions, format: DocumentFeed): CatalogFeed {
  const { name, location } = options
  const source: Source = { options, format }
  return {
    name,
    describe: `${format.describe}, from ${location}`,
    fetch: (cursor, signal) => fetchFeed(source, cursor, signal),
  }
}

async function fetchFeed(source: Source, cursor: string | null, signal: AbortSignal): Promise<FeedFetch> {
  const { location } = source.options
  const last = readCursor(cursor, cursorSchema)
  if (isUrl(location) || !(await isFolder(location))) return fetchDocuments(source, last, signal)
  return readFolder(source, last, signal)
}

async function fetchDocuments(source: Source, last: Cursor | null, signal: AbortSignal): Promise<FeedFetch> {
  const { options, format } = source
  const { location } = options
  const list = format.changes
  if (list === null || !isUrl(location)) return fetchWhole(source, last, null, signal)
  const changes = await fetchChanges(list, location, last?.seen ?? list.start ?? null, options, signal)
  const first: Cursor = { location, etag: null, lastModified: null, sha256: '', records: 0, seen: null }
  if (changes.documents !== null && (last !== null || list.start !== undefined))
    return readChanged(format, last ?? first, changes.documents, changes)
  return fetchWhole(source, last, changes.seen, signal)
}

/** Reads only the changed documents. */
function readChanged(
  format: DocumentFeed,
  last: Cursor,
  documents: readonly FeedDocument[],
  { removed, seen }: Changes,
): FeedFetch {
  if (documents.length + removed.length === 0) return { status: 'unchanged' }
  const sink = createSink()
  for (const document of documents) readOne(format, document, sink)
  const records = [...new Set([...sink.records, ...removed])]
  const cursor: Cursor = { ...last, seen }
  return {
    status: 'fetched',
    cursor: JSON.stringify(cursor),
    content: contentOf(sink),
    changes: { records },
    rejected: boundedRejects(sink.rejected),
  }
}

/** Reads the complete feed. `seen`: the time of the newest change in the list of changes. */
async function fetchWhole(
  source: Source,
  last: Cursor | null,
  seen: string | null,
  signal: AbortSignal,
): Promise<FeedFetch> {
  const { options, format } = source
  const archive = format.changes?.archive
  const from =
    archive === undefined ? options : { ...options, location: await archive(options.location, options, signal) }
  const answer = await readFeed(from, last, signal, { keepPacked: true })
  if (answer.status === 'unchanged') return { status: 'unchanged' }
  const sink = await readAll(format, documentsIn(answer.bytes, answer.validators.location), signal)
  return finished(source, sink, last, { ...answer.validators, seen })
}

async function readFolder(source: Source, last: Cursor | null, signal: AbortSignal): Promise<FeedFetch> {
  const { location } = source.options
  const hash = createHash('sha256')
  for (const { path, size, modifiedMs } of await filesOf(location)) hash.update(`${path} ${size} ${modifiedMs}\n`)
  const sha256 = hash.digest('hex')
  if (last?.sha256 === sha256) return { status: 'unchanged' }
  const sink = await readAll(source.format, documentsInFolder(location), signal)
  return finished(source, sink, last, { location, etag: null, lastModified: null, sha256, seen: null })
}

async function readAll(
  format: DocumentFeed,
  documents: AsyncIterable<FeedDocument>,
  signal: AbortSignal,
): Promise<Sink> {
  const sink = createSink()
  let count = 0
  for await (const document of documents) {
    if (++count % DOCUMENTS_PER_TURN === 0) await othersTurn(undefined, { signal })
    readOne(format, document, sink)
  }
  return sink
}

function readOne(format: DocumentFeed, document: FeedDocument, sink: Sink): void {
  const before = sink.rejected.length
  const fixes = sink.fixes.length
  const known = readDocument(format.readers, document, sink)
  const { platforms } = format
  if (platforms !== undefined) {
    const wanted = new Set(platforms.flatMap(platformsOf))
    const kept = sink.fixes.splice(fixes).filter((fix) => wanted.has(fix.platform))
    for (const fix of kept) sink.fixes.push(fix)
  }
  if (known !== null || sink.rejected.length > before || !/\.(?:json|xml|csv)$/i.test(document.name)) return
  sink.rejected.push({ where: document.name, reason: `is not ${format.describe}: ${marksOf(format)}` })
}

function marksOf({ readers }: DocumentFeed): string {
  return `such a document has ${readers.map(({ marks }) => marks).join(', or ')}`
}

function finished(
  { options, format }: Source,
  sink: Sink,
  last: Cursor | null,
  cursor: Omit<Cursor, 'records'>,
): FeedFetch {
  const content = contentOf(sink)
  const rows = Object.values(content).reduce((sum, kind) => sum + kind.length, 0)
  const what = `${options.name} (${cursor.location})`
  requireReadable(what, Math.max(rows, sink.records.size), sink.rejected, marksOf(format))
  const rejected = boundedRejects(sink.rejected)
  if (format.accumulates) {
    const next: Cursor = { ...cursor, records: 0 }
    const changes = { records: [...sink.records] }
    return { status: 'fetched', cursor: JSON.stringify(next), content, changes, rejected }
  }
  const allowShrinking = options.allowShrinking ?? false
  requireNotShrunken({ what, allowShrinking }, last?.records ?? null, rows, format.maxShrinkPercent)
  const next: Cursor = { ...cursor, records: rows }
  return { status: 'fetched', cursor: JSON.stringify(next), content, rejected }
}

function isUrl(location: string): boolean {
  return /^https?:/i.test(location)
}

async function isFolder(location: string): Promise<boolean> {
  const path = location.startsWith('file:') ? new URL(location) : location
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
}
