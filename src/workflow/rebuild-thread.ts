/** Compares the thread of one proposal with what its events tell, while both are read. */

import { plain } from '../chat/rich-text.ts'
import type { AuditProblem } from '../core/audit.ts'
import { errorText } from '../core/error-text.ts'
import { sha256 } from '../core/sha256.ts'
import type { SentEntry, ToldEntry } from '../store/told.ts'

/** An entry that an event tells. */
export interface ThreadLine {
  /** Person id; `null`: Patchwarden itself. */
  readonly author: string | null
  /** The names were erased: it may be anybody's. */
  readonly somebody: boolean
  /** What they wrote, word for word; `null` where the words are ours and change with the version, or were erased. */
  readonly text: string | null
  /** It may be missing: what was erased would have said whether it was told. */
  readonly maybe: boolean
}

interface Expected extends Omit<ThreadLine, 'text'> {
  /** The hash of the text. */
  readonly hash: string | null
}

interface Found extends Pick<ToldEntry, 'id' | 'table' | 'author'> {
  readonly hash: string | null
}

/** What belongs to one instant. */
interface Instant {
  /** An event was recorded then. */
  happened: boolean
  expected: Expected[]
  found: Found[]
}

/** An entry on the way to chat platforms, or there since not long. */
interface Sent {
  readonly id: number
  /** In milliseconds. */
  readonly at: number
  /** An event was recorded then. */
  happened: boolean
}

export type ThreadCheck = ReturnType<typeof createThreadCheck>

/**
 * What is matched is forgotten, so that a thread of any length fits, as long as events and entries are handed over at
 * about the same pace: some hundred bytes are kept for each that has no counterpart yet, and 50 for each that was sent
 * this month. It compares instants, how many entries each has, whose they are and what people wrote: the other words
 * depend on the version.
 */
export function createThreadCheck(id: string) {
  /** By instant, in milliseconds. */
  const open = new Map<number, Instant>()
  /** They are in the order of their instants as soon as the first event was handed over. */
  const outgoing: Sent[] = []
  let events = 0
  let told = 0
  let found = 0
  let lastEvent = Number.NEGATIVE_INFINITY
  let lastEntry = Number.NEGATIVE_INFINITY

  function instantOf(at: number): Instant {
    const known = open.get(at)
    if (known !== undefined) return known
    const instant = { happened: false, expected: [], found: [] }
    open.set(at, instant)
    return instant
  }

  function event(at: string, entries: readonly ThreadLine[]): void {
    lastEvent = Date.parse(at)
    const instant = instantOf(lastEvent)
    instant.happened = true
    if (events++ === 0) outgoing.sort((a, b) => a.at - b.at)
    markHappened(outgoing, lastEvent)
    for (const { text, ...entry } of entries)
      instant.expected.push({ ...entry, hash: text === null ? null : sha256(text) })
    told += entries.length
  }

  function entry({ id: number, table, at, author, text }: ToldEntry): void {
    lastEntry = Date.parse(at)
    instantOf(lastEntry).found.push({ id: number, table, author, hash: text === null ? null : sha256(wordsOf(text)) })
    found++
  }

  /** All of them before the first event. */
  function sent({ id: number, at }: SentEntry): void {
    outgoing.push({ id: number, at: Date.parse(at), happened: false })
  }

  /** Forgets what matches of all instants that are over in both, as far as clocks go forward. */
  function settle(): void {
    settleBefore(open, Math.min(lastEvent, lastEntry))
  }

  /** Yields what has no counterpart. */
  function* differences(): Generator<AuditProblem> {
    settleBefore(open, Number.POSITIVE_INFINITY)
    yield* withoutCounterpart(id, open, outgoing)
  }

  return { event, entry, sent, settle, differences, behind: () => found < told }
}

/** Forgets what matches of all instants before this. */
function settleBefore(open: Map<number, Instant>, end: number): void {
  for (const [at, instant] of open) {
    if (at >= end) continue
    match(instant)
    if (instant.expected.length + instant.found.length === 0) open.delete(at)
  }
}

/** What in the thread of a proposal has no counterpart. */
function* withoutCounterpart(
  id: string,
  open: ReadonlyMap<number, Instant>,
  outgoing: readonly Sent[],
): Generator<AuditProblem> {
  for (const [at, { happened: isTold, expected, found: left }] of open) {
    const instant = new Date(at).toISOString()
    for (const { author, maybe } of expected) {
      if (maybe) continue
      const whose = author === null ? 'an entry' : `an entry of ${author}`
      yield { record: `console_messages ${id}`, problem: `lacks ${whose} of ${instant}, or it was changed` }
    }
    for (const { table, id: number } of left)
      yield {
        record: `${table} ${number}`,
        problem: isTold
          ? `is one entry too many: the events of ${id} tell it not`
          : `is told of no event: ${id} has none of ${instant}`,
      }
  }
  for (const { id: number, at, happened } of outgoing)
    if (!happened)
      yield {
        record: `outbox ${number}`,
        problem: `is told of no event: ${id} has none of ${new Date(at).toISOString()}`,
      }
}

/** All of an instant at which an event was recorded. */
function markHappened(outgoing: readonly Sent[], at: number): void {
  let [low, high] = [0, outgoing.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((outgoing[middle]?.at ?? 0) < at) low = middle + 1
    else high = middle
  }
  for (let sent = outgoing[low]; sent?.at === at; sent = outgoing[++low]) sent.happened = true
}

/**
 * Those of which most is known come first: otherwise an entry that fits everything would take the place of one that
 * fits only something else.
 */
function match(instant: Instant): void {
  const known = ({ hash, somebody, maybe }: Expected) => (hash === null ? 0 : 4) + (somebody ? 0 : 2) + (maybe ? 0 : 1)
  const left = [...instant.found]
  instant.expected = [...instant.expected]
    .sort((a, b) => known(b) - known(a))
    .filter(({ author, somebody, hash }) => {
      const index = left.findIndex(
        (one) => (somebody ? one.author !== null : one.author === author) && (hash === null || one.hash === hash),
      )
      if (index !== -1) left.splice(index, 1)
      return index === -1
    })
  instant.found = left
}

/** What was changed in the store may be of any shape. */
function wordsOf(text: NonNullable<ToldEntry['text']>): string {
  try {
    return plain(text)
  } catch (error) {
    return errorText(error)
  }
}
