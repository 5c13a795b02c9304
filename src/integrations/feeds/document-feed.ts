/** A feed that consists of documents: one file, an archive or a folder. */

import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { setImmediate as othersTurn } from 'node:timers/promises'
import { z } from 'zod'
import type { Platform } from '../../core/asset.ts'
import type { CatalogFeed, FeedFetch } from '../../core/ports.ts'
import { platformsOf } from '../../core/streams.ts'
import { type ChangedDocument, type ChangeList, type Changes, fetchChanges, type ReadBefore } from './changes.ts'
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
  /** What the feed was asked for. A cursor of another question says nothing about what was left out then. */
  asked: z.string(),
  /** See `ReadBefore`. Left out: none. */
  revisions: z.record(z.string(), z.string()).optional(),
  unread: z.array(z.string()).optional(),
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
  const read = readCursor(cursor, cursorSchema)
  const last = read?.asked === askedOf(source) ? read : null
  if (isUrl(location) || !(await isFolder(location))) return fetchDocuments(source, last, signal)
  return readFolder(source, last, signal)
}

function askedOf({ options, format }: Source): string {
  return JSON.stringify([options.location, format.platforms ?? null])
}

async function fetchDocuments(source: Source, last: Cursor | null, signal: AbortSignal): Promise<FeedFetch> {
  const { options, format } = source
  const { location } = options
  const list = format.changes
  if (list === null || !isUrl(location)) return fetchWhole(source, last, null, signal)
  const changes = await fetchChanges(list, location, readBefore(last), options, signal)
  if (changes.documents !== null && (last !== null || list.isWhole))
    return readChanged(source, last, changes.documents, changes)
  return fetchWhole(source, last, changes.seen, signal)
}

function readBefore(last: Cursor | null): ReadBefore {
  return { seen: last?.seen ?? null, revisions: last?.revisions ?? {}, unread: last?.unread ?? [] }
}

/**
 * Reads only the changed documents. One that cannot be read (cut off on its way, say) is kept in mind, because the list names it
 * no more: it is fetched again next time.
 */
function readChanged(
  source: Source,
  last: Cursor | null,
  documents: readonly ChangedDocument[],
  { removed, seen }: Changes,
): FeedFetch {
  if (documents.length + removed.length === 0) return { status: 'unchanged' }
  const { options, format } = source
  const { location } = options
  const sink = createSink()
  const revisions = { ...last?.revisions }
  const unread: string[] = []
  for (const document of documents) {
    const known = sink.records.size
    readOne(format, document, sink)
    if (sink.records.size > known) revisions[document.path] = document.at
    else unread.push(document.path)
  }
  const first = { location, etag: null, lastModified: null, sha256: '', records: 0, asked: askedOf(source) }
  const cursor: Cursor = {
    ...(last ?? first),
    seen,
    unread,
    ...(format.changes?.isWhole ? { revisions } : {}),
  }
  const [content, rejected] = [contentOf(sink), boundedRejects(sink.rejected)]
  const read = { status: 'fetched', cursor: JSON.stringify(cursor), content, rejected } as const
  if (last !== null) return { ...read, changes: { records: [...new Set([...sink.records, ...removed])] } }
  requireReadable(`${options.name} (${location})`, sink.records.size, sink.rejected, marksOf(format))
  return read
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
  source: Source,
  sink: Sink,
  last: Cursor | null,
  found: Omit<Cursor, 'records' | 'asked'>,
): FeedFetch {
  const { options, format } = source
  const cursor = { ...found, asked: askedOf(source) }
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
