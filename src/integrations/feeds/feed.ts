/** Common parts of all catalog feeds: fetching, the cursor, and refusing implausible answers. */

import { z } from 'zod'
import type { Platform } from '../../core/asset.ts'
import type { FeedContent, RejectedRecord } from '../../core/catalog.ts'
import type { CatalogFeed, FeedFetch } from '../../core/ports.ts'
import { inputLimits } from '../input-limits.ts'
import { type LocationOptions, readFeed } from './fetch.ts'

export interface FeedOptions extends LocationOptions {
  readonly name: string
  /** Accept an answer with far fewer records than the last good one. Default false. */
  readonly allowShrinking?: boolean
}

/** The format of a feed. `State` is kept for the next fetch as JSON. */
export interface FeedFormat<State> {
  readonly describe: string
  readonly state: z.ZodType<State>
  /** The settings that decide what is kept of an answer, such as the release. The same bytes are read anew for other ones. */
  readonly asked?: string
  /** Throws a sentence when the whole answer is unusable. */
  parse(input: FeedInput<State>): Promise<ParsedFeed<State>> | ParsedFeed<State>
}

export interface FeedInput<State> {
  readonly bytes: Buffer
  /** For messages: the name of the feed and the address of the data. */
  readonly what: string
  /** The state of the last fetch; `null` at the first fetch. */
  readonly previous: State | null
  readonly fromMirror: boolean
  readonly allowShrinking: boolean
}

export interface ParsedFeed<State> {
  readonly content: FeedContent
  readonly rejected: readonly RejectedRecord[]
  readonly state: State
  /** The date or time of the data, as the feed states it. */
  readonly saidAt?: string
}

/** Recognises a file that is a complete feed, and reads it where no feed is configured. */
export interface WholeFile {
  /** `head`: the first characters of the file; of a zlib stream, the first characters inside. */
  matches(head: string): boolean
  parse(input: FeedInput<never>, about: Assessed): ParsedFeed<unknown> | Promise<ParsedFeed<unknown>>
}

/** What a folder of feed files is read for. */
export interface Assessed {
  /** The platforms that are assessed. Feeds of all releases are read for these only. */
  readonly platforms: readonly Platform[]
  /** ISO date. */
  readonly today: string
}

export function createFeed<State>(options: FeedOptions, format: FeedFormat<State>): CatalogFeed {
  const { name, location } = options
  const cursorSchema = z.object({
    location: z.string(),
    etag: z.string().nullable(),
    lastModified: z.string().nullable(),
    sha256: z.string(),
    resolved: z.string().optional(),
    asked: z.string(),
    state: format.state,
  })
  const { asked = '' } = format

  async function fetchFeed(cursor: string | null, signal: AbortSignal): Promise<FeedFetch> {
    const read = readCursor(cursor, cursorSchema)
    const last = read?.asked === asked ? read : null
    const answer = await readFeed(options, last, signal)
    if (answer.status === 'unchanged') return { status: 'unchanged' }
    const { content, rejected, state, saidAt } = await format.parse({
      bytes: answer.bytes,
      what: `${name} (${answer.validators.location})`,
      previous: last?.state ?? null,
      fromMirror: answer.fromMirror,
      allowShrinking: options.allowShrinking ?? false,
    })
    signal.throwIfAborted()
    const next = JSON.stringify({ ...answer.validators, asked, state })
    const said = saidAt === undefined ? {} : { saidAt }
    return { status: 'fetched', cursor: next, content, rejected: boundedRejects(rejected), ...said }
  }

  return { name, describe: `${format.describe}, from ${location}`, fetch: fetchFeed }
}

/** Reads a cursor. A cursor in the format of an older version counts as `null`, so the feed is read anew. */
export function readCursor<T>(cursor: string | null, schema: z.ZodType<T>): T | null {
  if (cursor === null) return null
  try {
    return schema.parse(JSON.parse(cursor))
  } catch {
    return null
  }
}

export function boundedRejects(rejected: readonly RejectedRecord[]): readonly RejectedRecord[] {
  const limit = inputLimits.rejectedRecords
  if (rejected.length <= limit) return rejected
  const more = { where: 'the rest', reason: `${rejected.length - limit} more records were rejected` }
  return [...rejected.slice(0, limit), more]
}

/**
 * Throws when more records were rejected than read: then the format has changed, or it is another feed. `hint` says in
 * words how to recognise a document, for an answer without any record.
 */
export function requireReadable(
  what: string,
  readable: number,
  rejected: readonly RejectedRecord[],
  hint?: string,
): void {
  if (readable > 0 && readable >= rejected.length) return
  const first = rejected[0]
  if (first === undefined) throw new Error(`${what} holds no records at all${hint === undefined ? '' : `: ${hint}`}`)
  throw new Error(
    `${what}: ${rejected.length} of ${readable + rejected.length} records cannot be read; the first, ${first.where}: ${first.reason}`,
  )
}

/** Throws when the feed lost more than `percent` of its records since the last good answer. */
export function requireNotShrunken(
  input: { readonly what: string; readonly allowShrinking: boolean },
  previous: number | null,
  now: number,
  percent: number,
): void {
  if (previous === null || input.allowShrinking || now >= previous * (1 - percent / 100)) return
  throw new Error(
    `${input.what} has only ${now} records where the last good one had ${previous}: it is not believed; if that is right, set allowShrinking for one sync`,
  )
}
