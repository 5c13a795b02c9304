/**
 * Reads a folder of feed files, for an assessment without the service. Recognises the kind of each file by its content,
 * and says which files are not data.
 */

import { relative } from 'node:path'
import { inflateSync } from 'node:zlib'
import type { FeedContent, RejectedRecord } from '../../core/catalog.ts'
import type { FeedVoice, Voices } from '../../core/coverage.ts'
import { errorText } from '../../core/error-text.ts'
import { readBoundedFile } from '../bounded-file.ts'
import { inputLimits } from '../input-limits.ts'
import { looksLikeHtml } from '../json-text.ts'
import { type DocumentReader, readDocument } from './document-reader.ts'
import { documentsIn, type FeedDocument, filesOf } from './documents.ts'
import type { Assessed, FeedInput, WholeFile } from './feed.ts'
import type { FeedKind } from './kind.ts'
import { feedKinds } from './registry.ts'
import { contentOf, createSink, type Sink } from './sink.ts'

export interface CatalogFolder {
  readonly contents: readonly FeedContent[]
  /** Records that were skipped. The rest of their files is used. */
  readonly rejected: readonly RejectedRecord[]
  /** Files that are not data, with the reason: of another kind, empty, damaged or cut off. */
  readonly unusable: readonly RejectedRecord[]
  /** The number of files read, by kind. */
  readonly kinds: ReadonlyMap<string, number>
  /** The kinds that say what is fixed on each platform. */
  readonly voices: Voices
  /** Documentation, checksums and the like. */
  readonly unknown: readonly string[]
}

/** What is known of the folder so far. */
interface Reading {
  readonly about: Assessed
  readonly formats: ReturnType<typeof formatsOf>
  readonly sink: Sink
  readonly contents: FeedContent[]
  readonly rejected: RejectedRecord[]
  readonly unusable: RejectedRecord[]
  readonly kinds: Map<string, number>
  readonly voices: Map<string, FeedVoice[]>
}

/** Throws a sentence when the folder or one of its files cannot be opened. */
export async function readCatalogFolder(
  folder: string,
  about: Assessed,
  among: readonly FeedKind[] = feedKinds,
): Promise<CatalogFolder> {
  const sink = createSink()
  const reading: Reading = {
    about,
    formats: formatsOf(among),
    sink,
    contents: [],
    rejected: [],
    unusable: [],
    kinds: new Map(),
    voices: new Map(),
  }
  const unknown: string[] = []
  for (const { path } of await filesOf(folder)) {
    const name = relative(folder, path)
    const { bytes } = await readBoundedFile(path, inputLimits.feedBytes)
    const before = reading.unusable.length
    if ((await readOneFile(reading, name, bytes)) || reading.unusable.length > before) continue
    if (isBesideData(name)) unknown.push(name)
    else reading.unusable.push({ where: name, reason: 'it is of no kind of feed that is read here' })
  }
  const { contents, unusable, kinds, voices } = reading
  contents.push(contentOf(sink))
  return { contents, rejected: [...reading.rejected, ...sink.rejected], unusable, kinds, voices, unknown }
}

/** False if the file, and everything in it, is of no known kind. */
async function readOneFile(reading: Reading, name: string, bytes: Buffer): Promise<boolean> {
  const { sink, unusable, kinds } = reading
  if (bytes.toString('utf8', 0, 1_000).trim() === '') {
    unusable.push({ where: name, reason: 'it is empty' })
    return true
  }
  const before = sizeOf(sink)
  const rejectedBefore = sink.rejected.length
  let known: string | null = null
  let whole = false
  try {
    for await (const document of documentsIn(bytes, name)) {
      const kind = await readOneDocument(reading, document)
      if (kind === null) continue
      known = kind.name
      whole ||= kind.whole
    }
  } catch (error) {
    unusable.push({ where: name, reason: errorText(error) })
    return true
  }
  if (known === null) return false
  if (whole || sizeOf(sink) > before) {
    kinds.set(known, (kinds.get(known) ?? 0) + 1)
    return true
  }
  const [first] = sink.rejected.splice(rejectedBefore)
  unusable.push(first ?? { where: name, reason: `it holds no record (${known})` })
  return true
}

/** The kind of the document; `null`: it is not known, or the document is damaged. */
async function readOneDocument(
  { about, formats, sink, contents, rejected, unusable, voices }: Reading,
  document: FeedDocument,
): Promise<{ readonly name: string; readonly whole: boolean } | null> {
  const { name, bytes } = document
  const head = headOf(bytes)
  const file = formats.wholeFiles.find((one) => one.matches(head))
  if (file !== undefined) {
    try {
      const input: FeedInput<never> = { bytes, what: name, previous: null, fromMirror: false, allowShrinking: true }
      const { content, rejected: skipped } = await file.parse(input, about)
      contents.push(content)
      rejected.push(...skipped)
      noteVoices(voices, file.kind, content.fixes ?? [], 0)
      return { name: file.kind, whole: true }
    } catch (error) {
      unusable.push({ where: name, reason: errorText(error) })
      return null
    }
  }
  const [fixes, updates, skipped] = [sink.fixes.length, sink.updates.length, sink.rejected.length]
  const reader = readDocument(formats.readers, document, sink)
  if (reader !== null) {
    noteVoices(voices, reader.kind, sink.fixes, fixes)
    noteVoices(voices, reader.kind, sink.updates, updates)
    return { name: reader.kind, whole: false }
  }
  if (looksLikeHtml(bytes.toString('utf8', 0, 1_000)))
    unusable.push({ where: name, reason: 'it is an HTML page instead of data' })
  // No reader took it, so this says that the document itself is damaged.
  else unusable.push(...sink.rejected.splice(skipped))
  return null
}

function noteVoices(
  voices: Map<string, FeedVoice[]>,
  feed: string,
  said: readonly { readonly platform: string }[],
  from: number,
): void {
  let last = ''
  for (let index = from; index < said.length; index++) {
    const platform = said[index]?.platform ?? ''
    if (platform === last) continue
    last = platform
    const those = voices.get(platform)
    if (those === undefined) voices.set(platform, [{ feed, readAt: null }])
    else if (!those.some((voice) => voice.feed === feed)) those.push({ feed, readAt: null })
  }
}

/** How much was collected, so that it shows whether a file added anything. */
function sizeOf({ fixes, advisories, updates, cves, lifecycles, records }: Sink): number {
  return fixes.length + advisories.length + updates.length + cves.length + lifecycles.length + records.size
}

/** Files that people keep beside data, by their names. */
function isBesideData(name: string): boolean {
  return /\.(?:md|txt|rst|asc|sig|gpg|sha\d+|md5|log|sh|py|yaml|yml)$|(?:^|\/)(?:README|LICEN[CS]E|COPYING|CHANGELOG|MD5SUMS|SHA\d+SUMS)$/i.test(
    name,
  )
}

/** All formats, each with its kind. */
function formatsOf(kinds: readonly FeedKind[]) {
  const wholeFiles: (WholeFile & { readonly kind: string })[] = []
  const readers: (DocumentReader & { readonly kind: string })[] = []
  for (const { name: kind, documents } of kinds) {
    if ('matches' in documents) wholeFiles.push({ ...documents, kind })
    else for (const reader of documents) readers.push({ ...reader, kind })
  }
  return { wholeFiles, readers }
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
