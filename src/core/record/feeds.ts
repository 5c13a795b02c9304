/** What the stream `feeds` says when a feed is read, fails, or leaves the configuration. */

import { createHash, type Hash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import type { FeedContent } from '../catalog.ts'
import { sha256 } from '../sha256.ts'
import { storable } from '../storable.ts'
import type { Told } from './entry.ts'

/** What the record last said of a feed. */
export interface FeedRecorded {
  readonly failing: boolean
  /** When it last brought something new, ISO 8601 UTC; `null`: it never did. */
  readonly readAt: string | null
  /** Hashes of the cursor and of what it brought. */
  readonly cursor: string | null
  readonly said: string | null
}

/** What came of asking a feed. */
export type FeedAnswer =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly problem: string }
  | FeedNewsRead

export interface FeedNewsRead {
  readonly kind: 'read'
  /** ISO 8601 UTC. */
  readonly readAt: string
  /** The day or instant that the feed itself says it is of. */
  readonly saidAt?: string
  /** How many records it brought, by kind. */
  readonly counts: Readonly<Record<string, number>>
  readonly rejected: number
  /** How many records it says have changed; `null`: it brought everything. */
  readonly changed: number | null
  /** Hash of the cursor. */
  readonly cursor: string
  /** Hash over what it brought: `contentDigest`. */
  readonly said: string
}

const unknown: FeedRecorded = { failing: false, readAt: null, cursor: null, said: null }

/** What must be recorded about an answer, and what the record says afterwards; `null`: nothing. */
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
  // Two processes may have read the same: it was new once.
  if (answer.kind === 'unchanged' || (answer.cursor === before.cursor && answer.said === before.said))
    return told.length === 0 ? null : { told, recorded: { ...before, failing: false } }
  const { kind: _, changed, ...facts } = answer
  told.push({ event: 'feed-read', facts: { feed, ...facts, ...(changed === null ? {} : { changed }) } })
  const { readAt, cursor, said } = answer
  return { told, recorded: { failing: false, readAt, cursor, said } }
}

/** What must be recorded about feeds that are not configured any more. */
export function feedsRemoved(feeds: readonly string[]): readonly Told[] {
  return feeds.toSorted().map((feed) => ({ event: 'feed-removed', facts: { feed } }))
}

/** The record of a cursor: it may hold addresses. */
export function cursorHash(cursor: string): string {
  return sha256(cursor)
}

const ROWS_AT_ONCE = 250

/** In the order of their names. */
const kinds = ['advisories', 'cves', 'epss', 'fixes', 'kev', 'lifecycles', 'updates'] as const satisfies readonly Kind[]

type Kind = keyof FeedContent
type RowOf<K extends Kind> = NonNullable<FeedContent[K]>[number]

/** Sees each row as it can be stored, with its line. */
type RowVisitor<K extends Kind> = (row: RowOf<K>, line: string) => void
export type RowVisitors = { readonly [K in Kind]: RowVisitor<K> }

/**
 * SHA-256 over what a feed brought: for each kind in the order of names a line with the name, then each record as a line
 * of canonical JSON, in the order of the feed. In steps, so that others have their turn.
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
      // What cannot be stored is written with an escape.
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
