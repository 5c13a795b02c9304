/**
 * The tamper-evident record. Every entry carries the SHA-256 of the entry before it in its stream; there is one chain per
 * proposal. Checkpoints record the heads of the streams and form a chain themselves, so nobody can drop a stream or its
 * end unnoticed. Hashes are over canonical JSON.
 */

import { canonicalJson } from './canonical-json.ts'
import { errorText } from './error-text.ts'
import { addHash, type HashList, hashAt, hashList } from './hash-table.ts'
import type { RecordedEvent, WrittenEvent } from './proposal/event.ts'
import { besideProblem, type Entry, leafHash, readEntry, type SealedEntry, spellingProblem } from './record/entry.ts'
import { sha256 } from './sha256.ts'

export const GENESIS = '0'.repeat(64)

/** The two hashes that link an event to its chain. */
export interface Seal {
  readonly prev: string
  readonly hash: string
}

/** An event as earlier versions wrote it: its hash is over its canonical JSON. */
export interface SealedEvent extends Omit<RecordedEvent, 'event'>, Seal {
  readonly event: WrittenEvent
}

/** One event in the record: an entry, or an event of an earlier version. */
export type RecordItem = SealedEntry | SealedEvent

export function isEntry(item: RecordItem): item is SealedEntry {
  return 'text' in item
}

/** An event with all its data: also the text beside its entry and the content that it names. */
export interface OpenedEvent extends RecordedEvent {
  readonly hash: string
  /** True if the text beside its entry was erased. */
  readonly erased?: boolean
}

export interface StreamHead {
  readonly stream: string
  readonly seq: number
  readonly hash: string
}

export interface Checkpoint {
  readonly number: number
  readonly at: string
  /** Heads of the streams that grew since the checkpoint before. */
  readonly heads: readonly StreamHead[]
  readonly prev: string
  readonly hash: string
}

export function eventHash({ stream, seq, at, actor, event, prev }: Omit<SealedEvent, 'hash'>): string {
  return sha256(canonicalJson({ stream, seq, at, actor, event, prev }))
}

export function sealCheckpoint(number: number, at: string, heads: readonly StreamHead[], prev: string): Checkpoint {
  return { number, at, heads, prev, hash: sha256(canonicalJson({ number, at, heads, prev })) }
}

/** The first record that is wrong, and what is wrong with it. */
export interface AuditProblem {
  /** Name of the record: `PW-3 event 7`, `checkpoint 2`, `line 14`. */
  readonly record: string
  readonly problem: string
}

/**
 * Checks chains while they are read, so the record may have any length. The caller first gives every event, those of
 * one stream in their order, then every checkpoint. Each call returns what is wrong, or `null`. It keeps the hash of
 * each event for the checkpoints: 32 to 64 bytes per event and about 500 per stream. A chain stays valid if the text
 * beside an entry is gone. `lost` names those entries; the caller judges them.
 */
export function createChainCheck() {
  const streams = new Map<string, HashList>()
  let events = 0
  let last = { number: 0, hash: GENESIS }
  let erased = 0
  const lostFirst: AuditProblem[] = []

  function event(item: RecordItem): AuditProblem | null {
    const { stream, seq, hash } = item
    const record = `${stream} event ${seq}`
    const before = streams.get(stream) ?? hashList()
    if (seq !== before.length + 1)
      return { record, problem: `follows event ${before.length}: events are missing or out of order` }
    const head = before.length === 0 ? GENESIS : hashAt(before, before.length - 1)
    const { problem, lost } = isEntry(item)
      ? checkEntry(item, head)
      : { problem: sealedProblem(item, head), lost: false }
    if (problem !== null) return { record, problem }
    if (lost) {
      erased++
      if (lostFirst.length < LOST_NAMED) lostFirst.push({ record, problem: LOST })
    }
    addHash(before, hash)
    if (seq === 1) streams.set(stream, before)
    events++
    return null
  }

  function checkpoint({ number, at, heads: seen, prev, hash }: Checkpoint): AuditProblem | null {
    const record = `checkpoint ${number}`
    if (number !== last.number + 1) return { record, problem: 'checkpoints are missing or out of order' }
    if (prev !== last.hash) return { record, problem: 'does not carry the hash of the checkpoint before it' }
    const problem = sealProblem(() => sealCheckpoint(number, at, seen, prev).hash, hash)
    if (problem !== null) return { record, problem }
    for (const head of seen) {
      const known = streams.get(head.stream)
      if (known === undefined || head.seq < 1 || head.seq > known.length)
        return { record: `${head.stream} event ${head.seq}`, problem: `is missing, though ${record} has seen it` }
      if (hashAt(known, head.seq - 1) !== head.hash)
        return { record: `${head.stream} event ${head.seq}`, problem: `differs from what ${record} has seen` }
    }
    last = { number, hash }
    return null
  }

  return {
    event,
    checkpoint,
    counts: () => ({ events, streams: streams.size, checkpoints: last.number, erased }),
    lost: (): LostBesides => ({ count: erased, first: lostFirst }),
  }
}

/** Entries that have lost the text beside them. */
export interface LostBesides {
  readonly count: number
  /** The first 100 of them. */
  readonly first: readonly AuditProblem[]
}

/** At most this many entries are named; the others are only counted. */
const LOST_NAMED = 100
const LOST = 'has lost what stood beside it, and no entry says that it was erased'

const UNCHAINED = 'does not carry the hash of the event before it'

/** `head`: hash of the event before this one. */
function sealedProblem(sealed: SealedEvent, head: string): string | null {
  if (sealed.prev !== head) return UNCHAINED
  return sealProblem(() => eventHash(sealed), sealed.hash)
}

/**
 * Checks the hash over the stored bytes. Then the parsed entry, written again, must give the same bytes, so every
 * reader finds the same data in it. `lost`: the entry has text beside it, and that text is gone.
 */
function checkEntry(sealed: SealedEntry, head: string): { readonly problem: string | null; readonly lost: boolean } {
  const { text, hash, beside } = sealed
  if (leafHash(text) !== hash) return { problem: 'its content does not match its hash: it was changed', lost: false }
  try {
    const entry = readEntry(text)
    return { problem: entryProblem(sealed, entry, head), lost: beside === null && entry.commit !== undefined }
  } catch (error) {
    return { problem: errorText(error), lost: false }
  }
}

function entryProblem({ stream, seq, text, beside }: SealedEntry, entry: Entry, head: string): string | null {
  if (entry.stream !== stream || entry.seq !== seq) return `says that it is ${entry.stream} event ${entry.seq}`
  if (entry.prev !== head) return UNCHAINED
  return spellingProblem(text, entry) ?? besideProblem(entry, beside)
}

/** Compares the hash. Content without a canonical form was never recorded. */
function sealProblem(sealed: () => string, hash: string): string | null {
  try {
    return sealed() === hash ? null : 'its content does not match its hash: it was changed'
  } catch (error) {
    return `its content was never recorded: ${errorText(error)}`
  }
}

/** Checks every chain. `events` in stream order, `checkpoints` in their order. */
export function verifyChains(events: readonly RecordItem[], checkpoints: readonly Checkpoint[]): AuditProblem | null {
  const check = createChainCheck()
  for (const event of events) {
    const problem = check.event(event)
    if (problem !== null) return problem
  }
  for (const checkpoint of checkpoints) {
    const problem = check.checkpoint(checkpoint)
    if (problem !== null) return problem
  }
  return null
}
