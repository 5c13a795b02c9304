/**
 * The export of the audit record: JSON Lines. A header, every event in the order it was recorded, every checkpoint,
 * and an end line with the number of lines and the SHA-256 of all bytes before it. Each line is canonical JSON, so that
 * no byte can change without a line being named.
 */

import { createHash } from 'node:crypto'
import {
  type AuditProblem,
  type Checkpoint,
  GENESIS,
  type SealedEvent,
  seal,
  sealCheckpoint,
  sha256,
  verifyChains,
} from './audit.ts'
import { canonicalJson } from './canonical-json.ts'

const FORMAT = 'patchwarden-audit-1'

export function* exportLines(
  events: Iterable<SealedEvent>,
  checkpoints: readonly Checkpoint[],
  exportedAt: string,
): Generator<string> {
  const digest = createHash('sha256')
  let lines = 0
  function line(value: unknown): string {
    const out = `${canonicalJson(value)}\n`
    digest.update(out, 'utf8')
    lines++
    return out
  }
  yield line({ kind: 'header', format: FORMAT, exportedAt })
  for (const { stream, seq, at, actor, event, prev, hash } of events) {
    yield line({ kind: 'event', stream, seq, at, actor, event, prev, hash })
  }
  for (const checkpoint of checkpoints) yield line({ kind: 'checkpoint', ...checkpoint })
  yield `${canonicalJson({ kind: 'end', lines, sha256: digest.digest('hex') })}\n`
}

export type ExportVerdict =
  | { readonly ok: true; readonly events: number; readonly streams: number; readonly checkpoints: number }
  | ({ readonly ok: false } & AuditProblem)

/** Checks an export byte by byte and names the first record that is wrong. Never throws, whatever the text. */
export function verifyExport(text: string): ExportVerdict {
  const events: SealedEvent[] = []
  const checkpoints: Checkpoint[] = []
  let offset = 0
  let ended = false
  const heads = new Map<string, { seq: number; hash: string }>()
  for (let number = 1; offset < text.length; number++) {
    const end = text.indexOf('\n', offset)
    const raw = end === -1 ? text.slice(offset) : text.slice(offset, end)
    const bad = (problem: string, record = `line ${number}`): ExportVerdict => ({ ok: false, record, problem })
    if (ended) return bad('stands after the end of the record')
    const value = parse(raw)
    if (value === null) return bad('is not the JSON that was written: it was changed or cut off')
    const record = `line ${number}${nameOf(value)}`
    if (end === -1) return bad('is cut off', record)
    if (number === 1 && (value.kind !== 'header' || value.format !== FORMAT))
      return bad('is not the header of an audit export', record)
    if (value.kind === 'event') {
      const event = value as unknown as SealedEvent
      const head = heads.get(event.stream) ?? { seq: 0, hash: GENESIS }
      if (seal(event, event.prev).hash !== event.hash)
        return bad('was changed: its content does not match its hash', record)
      if (event.seq !== head.seq + 1 || event.prev !== head.hash)
        return bad('does not follow the event before it in its chain', record)
      heads.set(event.stream, { seq: event.seq, hash: event.hash })
      events.push(event)
    } else if (value.kind === 'checkpoint') {
      const checkpoint = value as unknown as Checkpoint
      const sealed = sealCheckpoint(checkpoint.number, checkpoint.at, checkpoint.heads, checkpoint.prev)
      if (sealed.hash !== checkpoint.hash) return bad('was changed: its content does not match its hash', record)
      checkpoints.push(checkpoint)
    } else if (value.kind === 'end') {
      if (value.lines !== number - 1)
        return bad(`says ${String(value.lines)} lines, and there are ${number - 1}`, record)
      if (value.sha256 !== sha256(text.slice(0, offset)))
        return bad('does not match what stands before it: the header or an end was changed', record)
      ended = true
    } else if (value.kind !== 'header' || number !== 1) return bad('is of no known kind', record)
    if (canonicalJson(value) !== raw) return bad('is not written as it was exported: it was changed', record)
    offset = end + 1
  }
  if (!ended) return { ok: false, record: 'the end', problem: 'is missing: the export was cut off' }
  const problem = verifyChains(events, checkpoints)
  if (problem) return { ok: false, ...problem }
  return { ok: true, events: events.length, streams: heads.size, checkpoints: checkpoints.length }
}

function parse(raw: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(raw)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

function nameOf(value: Record<string, unknown>): string {
  if (value.kind === 'event') return ` (${String(value.stream)} event ${String(value.seq)})`
  if (value.kind === 'checkpoint') return ` (checkpoint ${String(value.number)})`
  return value.kind === 'end' ? ' (the end)' : ''
}
