import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FeedContent, RejectedRecord } from '../../../src/core/catalog.ts'
import type { CatalogFeed } from '../../../src/core/ports.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let files = 0

/** A file of our own making in fixtures/. */
export function fixture(name: string): Buffer {
  return readFileSync(new URL(`./fixtures/${name}`, import.meta.url))
}

/** `ending`: of its name. */
export function fileWith(bytes: Buffer | string, ending = ''): string {
  const path = join(temporaryFolder('pw-feeds'), `feed-${++files}${ending}`)
  writeFileSync(path, bytes)
  return path
}

/** `text` with its one occurrence of `from` replaced. */
export function spoil(text: Buffer, from: string, to: string): Buffer {
  const parts = text.toString('utf8').split(from)
  if (parts.length !== 2) throw new Error(`"${from}" occurs ${parts.length - 1} times`)
  return Buffer.from(parts.join(to))
}

export interface Fetched {
  readonly content: FeedContent
  readonly rejected: readonly RejectedRecord[]
  readonly cursor: string
  readonly saidAt?: string
}

export async function fetched(feed: CatalogFeed, cursor: string | null = null): Promise<Fetched> {
  const result = await feed.fetch(cursor, new AbortController().signal)
  if (result.status === 'unchanged') throw new Error(`${feed.name} is unchanged`)
  return result
}

/** Unpacks a zstd file beside the fixtures; `null` where the zstd program is absent. */
export function unpackZstd(path: string): Buffer | null {
  try {
    return execFileSync('zstd', ['-dc', path], { maxBuffer: 1 << 30 })
  } catch {
    console.info(`skipped: ${path} needs the program zstd`)
    return null
  }
}
