/** Unpacks feeds within limits: gzip, bzip2, xz, Zstandard, tar and zip, also one inside another. */

import { readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { Decompress } from 'fzstd'
import { parseTar } from 'nanotar'
import bunzip2 from 'unbzip2-stream'
import { fromBuffer } from 'yauzl'
import { errorText } from '../../core/error-text.ts'
import { readBoundedFile, unpackGzip } from '../bounded-file.ts'
import { inputLimits } from '../input-limits.ts'
import { inUtf8 } from '../text-encoding.ts'

// This module is CommonJS, and Node.js cannot see its exports by name.
const { XzReadableStream }: typeof import('xz-decompress') = createRequire(import.meta.url)('xz-decompress')

/** One unpacked file, in UTF-8. `name` is for messages: the archive and the path in it. */
export interface FeedDocument {
  readonly name: string
  readonly bytes: Buffer
  /** Why this file in an archive cannot be unpacked. The other files are still used. */
  readonly problem?: string
}

/** How much of one feed may still be unpacked. An archive inside an archive shares the budget. */
interface Budget {
  bytes: number
  files: number
}

const LAYERS = 4

/**
 * Yields the files inside `bytes`, or `bytes` as one file. Throws a sentence when the data is damaged or exceeds the
 * limits.
 */
export async function* documentsIn(bytes: Buffer, name: string): AsyncGenerator<FeedDocument> {
  yield* unpackAll({ name, bytes }, { bytes: inputLimits.archiveBytes, files: inputLimits.archiveFiles }, LAYERS)
}

/**
 * Yields the files of a folder in the order of their names, archives unpacked. Throws a sentence when the folder cannot
 * be read.
 */
export async function* documentsInFolder(folder: string): AsyncGenerator<FeedDocument> {
  for (const { path } of await filesOf(folder)) {
    const { bytes } = await readBoundedFile(path, inputLimits.feedBytes)
    yield* documentsIn(bytes, relative(folder, path))
  }
}

export interface FileFacts {
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
}

export async function filesOf(folder: string): Promise<readonly FileFacts[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new Error(`The folder ${folder} cannot be read: ${errorText(error)}`, { cause: error })
  })
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  if (paths.length > inputLimits.archiveFiles)
    throw new Error(`${folder} holds ${paths.length} files, more than the limit of ${inputLimits.archiveFiles}`)
  const facts: FileFacts[] = []
  for (const path of paths) {
    const { size, mtimeMs } = await stat(path)
    facts.push({ path, size, modifiedMs: mtimeMs })
  }
  return facts
}

async function* unpackAll(document: FeedDocument, budget: Budget, layers: number): AsyncGenerator<FeedDocument> {
  const { name, bytes } = document
  const form = formOf(bytes)
  if (form === null) {
    yield { ...document, bytes: await inUtf8(bytes, name) }
    return
  }
  if (layers === 0) throw new Error(`${name} is packed more than ${LAYERS} times over`)
  if (form === 'zip') {
    for await (const inner of unzip(document, budget)) yield* unpackInner(inner, budget, layers - 1)
    return
  }
  if (form === 'tar') {
    for (const inner of untar(document, budget)) yield* unpackInner(inner, budget, layers - 1)
    return
  }
  const limit = Math.max(0, Math.min(budget.bytes, inputLimits.feedUnpackedBytes))
  const unpacked = await inflate(form, bytes, name, limit)
  budget.bytes -= unpacked.length
  yield* unpackAll({ name: name.replace(/\.(?:gz|bz2|xz|zst)$/, ''), bytes: unpacked }, budget, layers - 1)
}

async function* unpackInner(document: FeedDocument, budget: Budget, layers: number): AsyncGenerator<FeedDocument> {
  try {
    yield* unpackAll(document, budget, layers)
  } catch (error) {
    if (budget.bytes < 0 || budget.files < 0 || causeOf(error) instanceof TooLarge) throw error
    yield { name: document.name, bytes: Buffer.alloc(0), problem: errorText(error) }
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : null
}

type Form = 'gzip' | 'bzip2' | 'xz' | 'zstd' | 'zip' | 'tar'

function formOf(bytes: Buffer): Form | null {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip'
  if (bytes.toString('latin1', 0, 3) === 'BZh' && bytes.toString('latin1', 4, 10) === '1AY&SY') return 'bzip2'
  if (bytes.toString('latin1', 0, 6) === '\xfd7zXZ\0') return 'xz'
  if (bytes.length > 4 && bytes.readUInt32LE(0) === 0xfd2fb528) return 'zstd'
  if (bytes.length > 22 && bytes.readUInt32LE(0) === 0x04034b50) return 'zip'
  if (bytes.toString('latin1', 257, 262) === 'ustar') return 'tar'
  return null
}

async function inflate(form: Form, bytes: Buffer, name: string, limit: number): Promise<Buffer> {
  if (form === 'gzip') return unpackGzip(bytes, name, limit)
  try {
    switch (form) {
      case 'bzip2':
        return await unbzip2(bytes, limit)
      case 'xz':
        return await collect(Readable.fromWeb(new XzReadableStream(webStream(bytes))), limit)
      default:
        return unzstd(bytes, limit)
    }
  } catch (error) {
    const why = error instanceof TooLarge ? error.message : `the ${form} data is damaged or cut off`
    throw new Error(`${name} cannot be unpacked: ${why}`, { cause: error })
  }
}

class TooLarge extends Error {
  constructor(limit: number) {
    super(`it would be larger than the limit of ${limit} bytes`)
  }
}

const CHUNK = 65_536

function* chunked(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK)
}

function webStream(bytes: Buffer): ReadableStream<Uint8Array> {
  const chunks = chunked(bytes)
  return new ReadableStream({
    pull(controller) {
      const next = chunks.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
  })
}

async function collect(stream: AsyncIterable<unknown>, limit: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of stream) {
    if (!(part instanceof Uint8Array)) continue
    length += part.length
    if (length > limit) throw new TooLarge(limit)
    parts.push(part)
  }
  return Buffer.concat(parts, length)
}

/**
 * Unpacks bzip2. The stream of `bunzip2` is of the oldest kind: it closes as soon as it ends, even when nobody has read
 * it.
 */
function unbzip2(bytes: Buffer, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    const source = Readable.from(chunked(bytes))
    const stream = source.pipe(bunzip2())
    stream.on('data', (part: Buffer) => {
      length += part.length
      parts.push(part)
      if (length <= limit) return
      source.destroy()
      reject(new TooLarge(limit))
    })
    stream.on('end', () => resolve(Buffer.concat(parts, length)))
    stream.on('error', reject)
  })
}

function unzstd(bytes: Buffer, limit: number): Buffer {
  const parts: Uint8Array[] = []
  let length = 0
  let ended = false
  const stream = new Decompress((part, last) => {
    length += part.length
    if (length > limit) throw new TooLarge(limit)
    parts.push(Uint8Array.from(part))
    ended = last === true
  })
  for (const chunk of chunked(bytes)) stream.push(chunk)
  stream.push(new Uint8Array(0), true)
  if (!ended) throw new Error('it has no end')
  return Buffer.concat(parts, length)
}

function take(budget: Budget, name: string, size: number): void {
  budget.files--
  budget.bytes -= size
  if (budget.files < 0) throw new Error(`${name} holds more than ${inputLimits.archiveFiles} files`)
  if (size > inputLimits.archiveFileBytes)
    throw new Error(`${name} holds a file of ${size} bytes, more than the limit of ${inputLimits.archiveFileBytes}`)
  if (budget.bytes < 0)
    throw new Error(`${name} would unpack to more than the limit of ${inputLimits.archiveBytes} bytes`)
}

function* untar({ name, bytes }: FeedDocument, budget: Budget): Generator<FeedDocument> {
  let files: readonly { readonly name: string; readonly type?: unknown; readonly data?: Uint8Array | undefined }[]
  if (!hasEndOfTar(bytes)) throw new Error(`${name} cannot be unpacked: the tar data is cut off`)
  try {
    files = parseTar(ofItsOwn(bytes))
  } catch (error) {
    throw new Error(`${name} cannot be unpacked: the tar data is damaged or cut off`, { cause: error })
  }
  for (const file of files) {
    if (file.type !== 'file' && file.type !== 'contiguousFile') continue
    const content = Buffer.from(file.data ?? new Uint8Array(0))
    take(budget, name, content.length)
    yield { name: `${name}/${file.name}`, bytes: content }
  }
}

/** In memory of its own: nanotar reads the memory that bytes lie in from its beginning, and small buffers share theirs. */
function ofItsOwn(bytes: Buffer): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}

/** A tar ends with empty blocks. One that was cut off between two files cannot be told otherwise. */
function hasEndOfTar(bytes: Buffer): boolean {
  return bytes.length % TAR_BLOCK === 0 && bytes.subarray(-TAR_BLOCK).every((byte) => byte === 0)
}

const TAR_BLOCK = 512

async function* unzip({ name, bytes }: FeedDocument, budget: Budget): AsyncGenerator<FeedDocument> {
  const damaged = (error: unknown) => new Error(`${name} cannot be unpacked: ${errorText(error)}`, { cause: error })
  const archive = await new Promise<import('yauzl').ZipFile>((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true, validateEntrySizes: true }, (error, zip) =>
      error ? reject(damaged(error)) : resolve(zip),
    )
  })
  try {
    for (;;) {
      const entry = await new Promise<import('yauzl').Entry | null>((resolve, reject) => {
        const settle = () => archive.removeAllListeners()
        archive.once('entry', (next) => {
          settle()
          resolve(next)
        })
        archive.once('end', () => {
          settle()
          resolve(null)
        })
        archive.once('error', (error) => {
          settle()
          reject(damaged(error))
        })
        archive.readEntry()
      })
      if (entry === null) return
      if (entry.fileName.endsWith('/')) continue
      take(budget, name, entry.uncompressedSize)
      const content = await new Promise<Buffer>((resolve, reject) => {
        archive.openReadStream(entry, (error, stream) => {
          if (error) reject(damaged(error))
          else collect(stream, inputLimits.archiveFileBytes).then(resolve, (problem) => reject(damaged(problem)))
        })
      })
      yield { name: `${name}/${entry.fileName}`, bytes: content }
    }
  } finally {
    archive.close()
  }
}
