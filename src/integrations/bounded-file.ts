import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { errorText } from '../core/error-text.ts'
import { inUtf8 } from './text-encoding.ts'

const gunzipBytes = promisify(gunzip)
const inflateBytes = promisify(inflate)

export interface BoundedFile {
  readonly bytes: Buffer
  /** When the file was last written. */
  readonly modifiedAt: Date
}

/**
 * Opens a file for reading. Throws a sentence when the path is missing, unreadable or not a file. Never blocks on a
 * pipe.
 */
export async function openFile(path: string): Promise<FileHandle> {
  // Without O_NONBLOCK, opening a pipe would block for ever when no process writes to it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw new Error(`${path} cannot be read: ${fileProblem(error)}`, { cause: error })
  })
  const stat = await file.stat()
  if (stat.isFile()) return file
  await file.close()
  throw new Error(
    stat.isDirectory() ? `${path} cannot be read: it is a folder` : `${path} is not a file: give the path of a file`,
  )
}

/** Reads a whole file. Throws a sentence when it is missing, unreadable, not a file or larger than `maxBytes`. */
export async function readBoundedFile(path: string, maxBytes: number): Promise<BoundedFile> {
  const file = await openFile(path)
  try {
    const stat = await file.stat()
    if (stat.size > maxBytes) throw new Error(`${path} is ${stat.size} bytes long, more than the limit of ${maxBytes}`)
    const bytes = await file.readFile()
    if (bytes.length > maxBytes) throw new Error(`${path} is longer than the limit of ${maxBytes} bytes`)
    return { bytes, modifiedAt: stat.mtime }
  } finally {
    await file.close()
  }
}

/**
 * Unpacks gzip data; returns other bytes unchanged. Throws a sentence when the data is damaged, cut off or too large.
 */
export async function unpackGzip(bytes: Buffer, what: string, maxBytes: number): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  return unpack(gunzipBytes(bytes, { maxOutputLength: maxBytes }), what, 'gzip', maxBytes)
}

/** Unpacks a text like `unpackGzip`, and returns it as UTF-8 without a byte order mark. */
export async function unpackText(bytes: Buffer, what: string, maxBytes: number): Promise<Buffer> {
  return inUtf8(await unpackGzip(bytes, what, maxBytes), what)
}

/** Unpacks a zlib stream. Throws a sentence when the data is damaged, cut off or too large. */
export async function unpackZlib(bytes: Buffer, what: string, maxBytes: number): Promise<Buffer> {
  return unpack(inflateBytes(bytes, { maxOutputLength: maxBytes }), what, 'zlib', maxBytes)
}

async function unpack(result: Promise<Buffer>, what: string, format: string, maxBytes: number): Promise<Buffer> {
  try {
    return await result
  } catch (error) {
    throw new Error(`${what} cannot be unpacked: ${unpackProblem(error, format, maxBytes)}`, { cause: error })
  }
}

function unpackProblem(error: unknown, format: string, maxBytes: number): string {
  switch (errorCode(error)) {
    case 'Z_BUF_ERROR':
      return `the ${format} data is cut off`
    case 'ERR_BUFFER_TOO_LARGE':
      return `it would be larger than the limit of ${maxBytes} bytes`
    default:
      return `the ${format} data is damaged`
  }
}

/**
 * Replaces a file in one step that survives a crash: a reader sees either the old or the new content, never a mixture.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = temporaryBeside(path)
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

/** A unique path in the same folder. */
export function temporaryBeside(path: string): string {
  return `${path}.${randomUUID()}.tmp`
}

/** Makes a rename or link inside the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The code of a system error, e.g. `ENOENT`; `null` for other errors. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

function fileProblem(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'there is no such file'
    case 'EACCES':
      return 'permission denied'
    case 'EISDIR':
      return 'it is a folder'
    case 'ENOTDIR':
      return 'a part of its path is not a folder'
    case 'ELOOP':
      return 'its symbolic links lead in a circle'
    case 'ENAMETOOLONG':
      return 'its name is too long'
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open here'
    case 'EIO':
    case 'ESTALE':
      return 'the disk or the share that holds it fails'
    default:
      return `the system says ${errorCode(error) ?? errorText(error)}`
  }
}
