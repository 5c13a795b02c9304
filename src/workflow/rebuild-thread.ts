/** Compares the thread of one proposal with its events, while both are being read. */

import { plain } from '../chat/rich-text.ts'
import type { AuditProblem } from '../core/audit.ts'
import { errorText } from '../core/error-text.ts'
import { sha256 } from '../core/sha256.ts'
import type { SentEntry, ToldEntry } from '../store/told.ts'

/** A thread entry that an event makes. */
export interface ThreadLine {
  /** Person id; `null`: Patchwarden itself. */
  readonly author: string | null
  /** True: the author's name was erased, so the entry may be anybody's. */
  readonly somebody: boolean
  /** The person's words; `null`: Patchwarden's words, which change with the version, or words that were erased. */
  readonly text: string | null
  /** True: the entry may be missing, because erased words decided whether there was one. */
  readonly maybe: boolean
}

interface Expected extends Omit<ThreadLine, 'text'> {
  /** The hash of the text. */
  readonly hash: string | null
}

interface Found extends Pick<ToldEntry, 'id' | 'table' | 'author'> {
  readonly hash: string | null
}

/** Events and entries of one instant. */
interface Instant {
  /** True: an event was recorded at this instant. */
  happened: boolean
  /** True: an earlier version told an event of this instant in more or fewer entries of Patchwarden's own. */
  regrouped: boolean
  expected: Expected[]
  found: Found[]
}

/** An entry that waits for a chat platform, or was delivered recently. */
interface Sent {
  readonly id: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** True: an event was recorded at this instant. */
  happened: boolean
}

export type ThreadCheck = ReturnType<typeof createThreadCheck>

/**
 * Compares the instants, how many entries each has, their authors, and the words of people. Other words depend on the
 * version, and so does how many entries of its own Patchwarden made of an event that is regrouped. Matches are forgotten, so a thread of any length fits into memory if events and entries are read at about
 * the same pace. It keeps some hundred bytes for each event or entry without a match, and 50 for each entry sent this
 * month.
 */
export function createThreadCheck(id: string) {
  /** By instant, in milliseconds since 1970. */
  const open = new Map<number, Instant>()
  /** Sorted by instant when the first event comes. */
  const outgoing: Sent[] = []
  let events = 0
  let told = 0
  let found = 0
  let lastEvent = Number.NEGATIVE_INFINITY
  let lastEntry = Number.NEGATIVE_INFINITY

  function instantOf(at: number): Instant {
    const known = open.get(at)
    if (known !== undefined) return known
    const instant = { happened: false, regrouped: false, expected: [], found: [] }
    open.set(at, instant)
    return instant
  }

  function event(at: string, entries: readonly ThreadLine[], isRegrouped = false): void {
    lastEvent = Date.parse(at)
    const instant = instantOf(lastEvent)
    instant.happened = true
    if (isRegrouped) instant.regrouped = true
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

  /** All sent entries must come before the first event. */
  function sent({ id: number, at }: SentEntry): void {
    outgoing.push({ id: number, at: Date.parse(at), happened: false })
  }

  /** Forgets the matches of instants that both sides have passed. This assumes that clocks go forward. */
  function settle(): void {
    settleBefore(open, Math.min(lastEvent, lastEntry))
  }

  /** Yields everything without a match. */
  function* differences(): Generator<AuditProblem> {
    settleBefore(open, Number.POSITIVE_INFINITY)
    yield* withoutCounterpart(id, open, outgoing)
  }

  return { event, entry, sent, settle, differences, behind: () => found < told }
}

/** Forgets the matches of all instants before `end`. */
function settleBefore(open: Map<number, Instant>, end: number): void {
  for (const [at, instant] of open) {
    if (at >= end) continue
    match(instant)
    if (instant.expected.length + instant.found.length === 0) open.delete(at)
  }
}

/** Everything in the thread and the events that has no match. */
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

/** Marks all sent entries of an instant at which an event was recorded. */
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
 * Matches the most exact entries first. Otherwise an entry that fits everything could take the place of an exact one.
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
  if (!instant.regrouped) return
  instant.expected = instant.expected.filter(({ author }) => author !== null)
  instant.found = left.filter(({ author }) => author !== null)
}

/** Somebody may have changed the store, so the text may have any shape. */
function wordsOf(text: NonNullable<ToldEntry['text']>): string {
  try {
    return plain(text)
  } catch (error) {
    return errorText(error)
  }
}
