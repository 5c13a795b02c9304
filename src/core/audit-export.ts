/**
 * The export of the audit record, in JSON Lines: a header, every event in the order in which it was recorded, each
 * content once before the first event that names it, every checkpoint, and an end line with the number of lines and the
 * SHA-256 of all bytes before it. Each line is canonical JSON, so a check finds every changed byte and names its line.
 */

import { createHash } from 'node:crypto'
import {
  type AuditProblem,
  type Checkpoint,
  createChainCheck,
  isEntry,
  type RecordItem,
  type SealedEvent,
  type StreamHead,
} from './audit.ts'
import { createContentCheck } from './audit-content.ts'
import { canonicalJson } from './canonical-json.ts'
import type { StoredContent } from './content.ts'
import { errorText } from './error-text.ts'
import { besideOf, type SealedEntry } from './record/entry.ts'

const FORMAT = 'patchwarden-audit-3'
/** Format 2 is from before entries existed; format 1 is from before content was kept separately from the events. */
const EARLIER_FORMATS: readonly unknown[] = ['patchwarden-audit-2', 'patchwarden-audit-1']

/** Makes the lines of an export, each with its line end: the header, then events, then checkpoints, then the end. */
export function createExportLines(exportedAt: string) {
  const digest = createHash('sha256')
  let lines = 0
  function line(value: unknown): string {
    const out = `${canonicalJson(value)}\n`
    digest.update(out, 'utf8')
    lines++
    return out
  }
  return {
    header: () => line({ kind: 'header', format: FORMAT, exportedAt }),
    event: (item: RecordItem) => line(isEntry(item) ? entryLine(item) : eventLine(item)),
    content: ({ hash, kind, format, text }: StoredContent) => line({ kind: 'content', of: kind, format, hash, text }),
    checkpoint: (checkpoint: Checkpoint) => line({ kind: 'checkpoint', ...checkpoint }),
    end: () => `${canonicalJson({ kind: 'end', lines, sha256: digest.digest('hex') })}\n`,
  }
}

function eventLine({ stream, seq, at, actor, event, prev, hash }: SealedEvent) {
  return { kind: 'event', stream, seq, at, actor, event, prev, hash }
}

function entryLine({ stream, seq, text, hash, beside }: SealedEntry) {
  return { kind: 'entry', stream, seq, hash, entry: text, salt: beside?.salt ?? null, beside: beside?.text ?? null }
}

/** The lines of a whole export of events and checkpoints that are in memory. */
export function* exportLines(
  events: Iterable<RecordItem>,
  checkpoints: readonly Checkpoint[],
  exportedAt: string,
): Generator<string> {
  const lines = createExportLines(exportedAt)
  yield lines.header()
  for (const event of events) yield lines.event(event)
  for (const checkpoint of checkpoints) yield lines.checkpoint(checkpoint)
  yield lines.end()
}

export interface RecordCounts {
  readonly events: number
  readonly streams: number
  readonly checkpoints: number
  /** Number of contents that events name; each content counts once. */
  readonly contents: number
  /** Number of logs that events name and that have expired. */
  readonly expiredLogs: number
  /** Number of entries whose text beside them was erased. */
  readonly erased: number
}

export type ExportVerdict = ({ readonly ok: true } & RecordCounts) | ({ readonly ok: false } & AuditProblem)

/**
 * Checks an export byte by byte and names the first record that is wrong. Never throws, whatever the text.
 * `mayBeErased`: entries may have lost their text beside them.
 */
export function verifyExport(text: string, { mayBeErased = false } = {}): ExportVerdict {
  const check = createExportCheck()
  for (let offset = 0; offset < text.length; ) {
    const end = text.indexOf('\n', offset)
    const bad = check.line(Buffer.from(end === -1 ? text.slice(offset) : text.slice(offset, end)), end !== -1)
    if (bad !== null) return bad
    offset = end === -1 ? text.length : end + 1
  }
  const verdict = check.end()
  const [lost] = mayBeErased ? [] : check.lost().first
  return verdict.ok && lost !== undefined ? { ok: false, ...lost } : verdict
}

/**
 * Checks an export line by line. Never throws. `lost`: entries without their text beside them, for the caller to judge.
 */
export function createExportCheck() {
  const chain = createChainCheck()
  let contents = createContentCheck('')
  const digest = createHash('sha256')
  let number = 0
  let ended = false

  /** What is wrong with the next line, or `null`. `bytes`: without the line end. `whole`: the line had a line end. */
  function line(bytes: Buffer, whole: boolean): Extract<ExportVerdict, { ok: false }> | null {
    number++
    const bad = (problem: string, record = `line ${number}`) => ({ ok: false, record, problem }) as const
    if (ended) return bad('stands after the end of the record')
    const raw = textOf(bytes)
    const value = parse(raw)
    if (value === null) return bad('is not the JSON that was written: it was changed or cut off')
    const record = `line ${number}${nameOf(value)}`
    if (!whole) return bad('is cut off', record)
    const problem = meaning(value, record)
    if (problem !== null) return bad(problem.problem, problem.record)
    if (spelling(value) !== raw) return bad('is not written as it was exported: it was changed', record)
    digest.update(bytes).update('\n')
    return null
  }

  function meaning(value: Readonly<Record<string, unknown>>, record: string): AuditProblem | null {
    if (number === 1) {
      const known = value.format === FORMAT || EARLIER_FORMATS.includes(value.format)
      // A missing log must have expired before the export was made.
      contents = createContentCheck(typeof value.exportedAt === 'string' ? value.exportedAt : '')
      if (value.kind === 'header' && known) return null
      return { record, problem: 'is not the header of an audit export' }
    }
    switch (value.kind) {
      case 'event': {
        if (!isSealedEvent(value)) return { record, problem: 'is not an event as it was recorded: it was changed' }
        const problem = chain.event(value) ?? contents.event(value)
        return problem === null ? null : { record, problem: problem.problem }
      }
      case 'entry': {
        const entry = entryOfLine(value)
        if (typeof entry === 'string') return { record, problem: entry }
        const problem = chain.event(entry) ?? contents.event(entry)
        return problem === null ? null : { record, problem: problem.problem }
      }
      case 'content': {
        const problem = isContent(value)
          ? contents.content({ ...value, kind: value.of })
          : 'is not content as it was exported'
        return problem === null ? null : { record, problem }
      }
      case 'checkpoint': {
        if (!isCheckpoint(value)) return { record, problem: 'is not a checkpoint as it was recorded: it was changed' }
        const problem = chain.checkpoint(value)
        if (problem === null) return null
        return problem.record === `checkpoint ${value.number}` ? { record, problem: problem.problem } : problem
      }
      case 'end':
        if (value.lines !== number - 1)
          return { record, problem: `says ${brief(value.lines)} lines, and there are ${number - 1}` }
        if (value.sha256 !== digest.copy().digest('hex'))
          return { record, problem: 'does not match what stands before it: the header or an end was changed' }
        ended = true
        return unnamedProblem()
      default:
        return { record, problem: 'is of no known kind' }
    }
  }

  function unnamedProblem(): AuditProblem | null {
    const hash = contents.unnamed()
    return hash === null ? null : { record: `content ${hash}`, problem: 'is not named by any event' }
  }

  function end(): ExportVerdict {
    if (!ended) return { ok: false, record: 'the end', problem: 'is missing: the export was cut off' }
    return { ok: true, ...chain.counts(), ...contents.counts() }
  }

  return { line, end, lost: chain.lost }
}

/** The bytes as text. Bytes that are not UTF-8 are read as latin1, so different bytes always give different texts. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : bytes.toString('latin1')
}

function parse(raw: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(raw)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

/** The canonical JSON of a value; `null`: the value has none, so it was never exported. */
function spelling(value: unknown): string | null {
  try {
    return canonicalJson(value)
  } catch {
    return null
  }
}

/** The entry of a line, or a clause that says what is wrong. */
function entryOfLine(value: Readonly<Record<string, unknown>>): SealedEntry | string {
  const { stream, seq, hash, entry: text, salt, beside } = value
  if (typeof stream !== 'string' || typeof hash !== 'string' || typeof text !== 'string') return NO_ENTRY
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || !isTextOrNull(salt) || !isTextOrNull(beside))
    return NO_ENTRY
  try {
    return { stream, seq, text, hash, beside: besideOf(salt, beside) }
  } catch (error) {
    return errorText(error)
  }
}

const NO_ENTRY = 'is not an entry as it was recorded: it was changed'

function isTextOrNull(value: unknown): value is string | null {
  return typeof value === 'string' || value === null
}

/** Checks only the members that the chains need. The hash shows whether the other members are unchanged. */
function isSealedEvent(value: object): value is SealedEvent {
  return hasText(value, ['stream', 'at', 'prev', 'hash']) && hasNumber(value, 'seq') && 'actor' in value
}

function isContent(value: object): value is StoredContent & { readonly of: string } {
  return hasText(value, ['of', 'hash', 'text']) && hasNumber(value, 'format')
}

function isCheckpoint(value: object): value is Checkpoint {
  if (!hasText(value, ['at', 'prev', 'hash']) || !hasNumber(value, 'number')) return false
  return 'heads' in value && Array.isArray(value.heads) && value.heads.every(isStreamHead)
}

function isStreamHead(value: unknown): value is StreamHead {
  return typeof value === 'object' && value !== null && hasText(value, ['stream', 'hash']) && hasNumber(value, 'seq')
}

function hasText(value: object, keys: readonly string[]): boolean {
  const members = new Map<string, unknown>(Object.entries(value))
  return keys.every((key) => typeof members.get(key) === 'string')
}

function hasNumber(value: object, key: string): boolean {
  return Number.isSafeInteger(new Map<string, unknown>(Object.entries(value)).get(key))
}

function nameOf(value: Readonly<Record<string, unknown>>): string {
  if (value.kind === 'event' || value.kind === 'entry') return ` (${brief(value.stream)} event ${brief(value.seq)})`
  if (value.kind === 'content') return ` (content ${brief(value.hash)})`
  if (value.kind === 'checkpoint') return ` (checkpoint ${brief(value.number)})`
  return value.kind === 'end' ? ' (the end)' : ''
}

/** The value as a short text of at most 60 characters; `?` for anything but a string or a number. */
function brief(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 60) : '?'
}
