/** What the stream `feeds` says when a feed is read, fails, or is removed from the configuration. */

import { createHash, type Hash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import type { FeedContent } from '../catalog.ts'
import { sha256 } from '../sha256.ts'
import { storable } from '../storable.ts'
import type { Told } from './entry.ts'

/** What the record last said about a feed. */
export interface FeedRecorded {
  readonly failing: boolean
  /** When the feed last had new data, ISO 8601, UTC; `null`: never. */
  readonly readAt: string | null
  /** Hashes of the cursor and of the data. */
  readonly cursor: string | null
  readonly said: string | null
}

/** The result of asking a feed. */
export type FeedAnswer =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly problem: string }
  | FeedNewsRead

export interface FeedNewsRead {
  readonly kind: 'read'
  /** ISO 8601 UTC. */
  readonly readAt: string
  /** The day or instant that the feed gives as its own date. */
  readonly saidAt?: string
  /** Number of records that were read, by kind. */
  readonly counts: Readonly<Record<string, number>>
  readonly rejected: number
  /** Number of records that the feed names as changed; `null`: all records were read. */
  readonly changed: number | null
  /** Hash of the cursor. */
  readonly cursor: string
  /** Hash over the data: see `contentDigest`. */
  readonly said: string
}

const unknown: FeedRecorded = { failing: false, readAt: null, cursor: null, said: null }

/** What must be recorded about an answer, and what the record says afterwards; `null`: nothing must be recorded. */
export function feedDifference(
  feed: string,
  recorded: FeedRecorded | null,
  answer: FeedAnswer,
): { readonly told: readonly Told[]; readonly recorded: FeedRecorded } | null {
  const before = recorded ?? unknown
  if (answer.kind === 'failed') {
    if (before.failing) return null
    const told = [{ event: 'feed-failed', facts: { feed }, beside: { problem: answer.problem } }]
    return { told, recorded: { ...before, failing: true } }
  }
  const told: Told[] = before.failing ? [{ event: 'feed-recovered', facts: { feed } }] : []
  // Two processes may have read the same data. It is recorded only once.
  if (answer.kind === 'unchanged' || (answer.cursor === before.cursor && answer.said === before.said))
    return told.length === 0 ? null : { told, recorded: { ...before, failing: false } }
  const { kind: _, changed, ...facts } = answer
  told.push({ event: 'feed-read', facts: { feed, ...facts, ...(changed === null ? {} : { changed }) } })
  const { readAt, cursor, said } = answer
  return { told, recorded: { failing: false, readAt, cursor, said } }
}

/** What must be recorded about feeds that were removed from the configuration. */
export function feedsRemoved(feeds: readonly string[]): readonly Told[] {
  return feeds.toSorted().map((feed) => ({ event: 'feed-removed', facts: { feed } }))
}

/** A cursor is recorded as a hash, because it may contain addresses. */
export function cursorHash(cursor: string): string {
  return sha256(cursor)
}

const ROWS_AT_ONCE = 250

/** All kinds, sorted by name. */
const kinds = ['advisories', 'cves', 'epss', 'fixes', 'kev', 'lifecycles', 'updates'] as const satisfies readonly Kind[]

type Kind = keyof FeedContent
type RowOf<K extends Kind> = NonNullable<FeedContent[K]>[number]

/** Gets each row as it can be stored, and its line of JSON. */
type RowVisitor<K extends Kind> = (row: RowOf<K>, line: string) => void
export type RowVisitors = { readonly [K in Kind]: RowVisitor<K> }

/**
 * SHA-256 over the data of a feed. For each kind, sorted by name: a line with its name, then each record as a line of
 * canonical JSON, in the order of the feed. In steps, so other work can run in between.
 */
export function* contentDigest(content: FeedContent, visitors?: RowVisitors): Generator<void, string, void> {
  const digest = createHash('sha256')
  for (const kind of kinds) yield* digestKind(kind, content, digest, visitors)
  return digest.digest('hex')
}

function* digestKind<K extends Kind>(
  kind: K,
  content: FeedContent,
  digest: Hash,
  visitors: RowVisitors | undefined,
): Generator<void, void, void> {
  const rows: readonly RowOf<K>[] | undefined = content[kind]
  if (rows === undefined) return
  const visit: RowVisitor<K> | undefined = visitors?.[kind]
  digest.update(`${kind}\n`, 'utf8')
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    let lines = ''
    for (const row of rows.slice(from, from + ROWS_AT_ONCE)) {
      let kept = row
      let line = canonicalJson(row)
      // A character that cannot be stored is always escaped in JSON.
      if (line.includes('\\u')) {
        kept = storable(row)
        line = canonicalJson(kept)
      }
      lines += `${line}\n`
      visit?.(kept, line)
    }
    digest.update(lines, 'utf8')
    yield
  }
}

export function countsOf(content: FeedContent): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(content).flatMap(([kind, rows]) => (rows === undefined ? [] : [[kind, rows.length]])),
  )
}
