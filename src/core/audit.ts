/**
 * The tamper-evident record. Every event carries the SHA-256 of the one before it in its stream (one chain per
 * proposal); checkpoints, chained in turn, fix the heads of all streams, so that a whole stream, or its end, cannot be
 * dropped unseen. Hashes are over canonical JSON.
 */

import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import type { RecordedEvent } from './proposal/event.ts'

export const GENESIS = '0'.repeat(64)

export interface SealedEvent extends RecordedEvent {
  readonly prev: string
  readonly hash: string
}

export interface StreamHead {
  readonly stream: string
  readonly seq: number
  readonly hash: string
}

export interface Checkpoint {
  readonly number: number
  readonly at: string
  /** Streams that grew since the checkpoint before. */
  readonly heads: readonly StreamHead[]
  readonly prev: string
  readonly hash: string
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

export function seal(event: RecordedEvent, prev: string): SealedEvent {
  const { stream, seq, at, actor } = event
  const hash = sha256(canonicalJson({ stream, seq, at, actor, event: event.event, prev }))
  return { stream, seq, at, actor, event: event.event, prev, hash }
}

export function sealCheckpoint(number: number, at: string, heads: readonly StreamHead[], prev: string): Checkpoint {
  return { number, at, heads, prev, hash: sha256(canonicalJson({ number, at, heads, prev })) }
}

/** What is wrong with the record, naming the first record that is wrong; `null` where all of it holds. */
export interface AuditProblem {
  /** `PW-3 event 7`, `checkpoint 2`, `line 14`. */
  readonly record: string
  readonly problem: string
}

/** Checks every chain. `events` in stream order, `checkpoints` in their order. */
export function verifyChains(events: readonly SealedEvent[], checkpoints: readonly Checkpoint[]): AuditProblem | null {
  const heads = new Map<string, { seq: number; hash: string }>()
  const hashes = new Map<string, string>()
  for (const event of events) {
    const record = `${event.stream} event ${event.seq}`
    const head = heads.get(event.stream) ?? { seq: 0, hash: GENESIS }
    if (event.seq !== head.seq + 1)
      return { record, problem: `follows event ${head.seq}: events are missing or out of order` }
    if (event.prev !== head.hash) return { record, problem: 'does not carry the hash of the event before it' }
    if (seal(event, event.prev).hash !== event.hash)
      return { record, problem: 'its content does not match its hash: it was changed' }
    heads.set(event.stream, { seq: event.seq, hash: event.hash })
    hashes.set(`${event.stream} ${event.seq}`, event.hash)
  }
  let prev = GENESIS
  for (const [index, checkpoint] of checkpoints.entries()) {
    const record = `checkpoint ${checkpoint.number}`
    if (checkpoint.number !== index + 1) return { record, problem: 'checkpoints are missing or out of order' }
    if (checkpoint.prev !== prev) return { record, problem: 'does not carry the hash of the checkpoint before it' }
    if (sealCheckpoint(checkpoint.number, checkpoint.at, checkpoint.heads, checkpoint.prev).hash !== checkpoint.hash) {
      return { record, problem: 'its content does not match its hash: it was changed' }
    }
    for (const head of checkpoint.heads) {
      const hash = hashes.get(`${head.stream} ${head.seq}`)
      if (hash === undefined)
        return { record: `${head.stream} event ${head.seq}`, problem: `is missing, though ${record} has seen it` }
      if (hash !== head.hash)
        return { record: `${head.stream} event ${head.seq}`, problem: `differs from what ${record} has seen` }
    }
    prev = checkpoint.hash
  }
  return null
}
