/**
 * An entry of the record: one event as plain facts. Its bytes never change. Names, comments and other personal data
 * stand beside it. The entry contains a hash over that data and a salt, so the data can be erased and the entry can
 * still be verified. Hashes are made as for the leaves of RFC 6962.
 */

import { createHash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'

/** A value of a fact. Never a name, a comment, an account, a user or an address. Numbers are integers. */
export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [key: string]: Fact | undefined }
export type Facts = Readonly<Record<string, Fact | undefined>>

/** Data beside the facts. It can be erased. */
export type Beside = Readonly<Record<string, Fact | undefined>>

/** The content of an entry before it has its time and its place in a stream. */
export interface Told {
  readonly event: string
  readonly facts: Facts
  readonly beside?: Beside
}

export interface Entry {
  /** E.g. `PW-3`, `rights`, `persons`, `feeds`, `assets:TEAM`, `findings:TEAM`. */
  readonly stream: string
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number
  /** When it was recorded, ISO 8601 UTC. */
  readonly at: string
  /** The pseudonym of a person, or the name of a part of Patchwarden. */
  readonly by: string
  readonly event: string
  readonly facts: Facts
  /** Hash over the data beside the entry and its salt; left out: there is no such data. */
  readonly commit?: string
  /** Hash of the entry before this one in the stream. */
  readonly prev: string
}

/** An entry as it is stored. */
export interface SealedEntry {
  readonly stream: string
  readonly seq: number
  /** The bytes that are hashed. */
  readonly text: string
  readonly hash: string
  /** `null`: there never was data beside it, or it was erased. */
  readonly beside: { readonly salt: string; readonly text: string } | null
}

/** The number of the format, in every entry. Events of earlier versions have none. */
const FORM = 2

/** SHA-256 over the byte 0 and the entry, hexadecimal. */
export function leafHash(text: string): string {
  return createHash('sha256').update('\0', 'utf8').update(text, 'utf8').digest('hex')
}

/** The hash over salt and text. To check it by hand: `printf '%s\n%s' SALT TEXT | sha256sum`. */
export function commitTo(salt: string, text: string): string {
  return createHash('sha256').update(`${salt}\n${text}`, 'utf8').digest('hex')
}

/**
 * Makes an entry. `salt`: 32 random hexadecimal digits, never used twice. Throws if a number in a fact is no integer.
 */
export function sealEntry(entry: Omit<Entry, 'commit'>, beside: Beside, salt: string): SealedEntry {
  const { stream, seq, at, by, event, facts, prev } = entry
  const besideText = Object.values(beside).some((value) => value !== undefined) ? canonicalJson(beside) : null
  const commit = besideText === null ? undefined : commitTo(salt, besideText)
  checkNumbers(facts, event)
  const text = canonicalJson({ at, by, commit, event, facts, prev, seq, stream, v: FORM })
  const hash = leafHash(text)
  return { stream, seq, text, hash, beside: besideText === null ? null : { salt, text: besideText } }
}

function checkNumbers(value: Fact | Facts | undefined, event: string): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new TypeError(`A fact of ${event} is ${value}: facts have whole numbers only`)
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) checkNumbers(item, event)
}

const texts = ['stream', 'at', 'by', 'event', 'prev'] as const

/** Reads an entry from its text. Throws a clause if the text is not an entry: somebody may have changed the store. */
export function readEntry(text: string): Entry {
  const value = parsed(text)
  if (!isRecord(value)) throw new Error('is not an entry')
  const { seq, facts, commit, v } = value
  if (v !== FORM) throw new Error(`is of the form ${String(v).slice(0, 20)}, which this version does not know`)
  for (const name of texts) if (typeof value[name] !== 'string') throw new Error(`has no "${name}"`)
  if (!Number.isSafeInteger(seq)) throw new Error('has no "seq"')
  if (!isRecord(facts)) throw new Error('has no "facts"')
  if (commit !== undefined && typeof commit !== 'string') throw new Error('has a "commit" that is not text')
  return value as unknown as Entry
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('is not the JSON of an entry')
  }
}

const HASH = /^[0-9a-f]{64}$/

/**
 * A clause about how the text of an entry differs from what `sealEntry` writes; `null`: it does not. If a key stood
 * there twice, some readers would use the first and some the last. Numbers that are not integers are also read
 * differently by different programs.
 */
export function spellingProblem(
  text: string,
  { at, by, commit, event, facts, prev, seq, stream }: Entry,
): string | null {
  const written = canonicalJson({ at, by, commit, event, facts, prev, seq, stream, v: FORM })
  if (written !== text) return 'is not written as entries are: as one line, each member once, in order, and no other'
  if (!isWhole(facts)) return 'has a fact that is a number and not whole'
  return commit === undefined || HASH.test(commit) ? null : 'has a "commit" that is not a hash'
}

function isWhole(value: Fact | Facts | undefined): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isWhole)
}

/** The data beside an entry with its salt; `null`: neither is there. Throws a clause if only one of them is there. */
export function besideOf(salt: string | null, text: string | null): SealedEntry['beside'] {
  if (salt === null && text === null) return null
  if (text === null) throw new Error('has a salt, and what it belongs to is gone: only both can be erased')
  if (salt === null) throw new Error('has something beside it without its salt: only both can be erased')
  return { salt, text }
}

/** Reads the data beside an entry; `null`: it was erased. */
export function readBeside(text: string | null): Beside | null {
  if (text === null) return null
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) throw new Error('has something beside it that is not a record')
  return value as Beside
}

/** A clause if the data beside an entry does not match the entry's hash; `null`: it matches, or it was erased. */
export function besideProblem({ commit }: Pick<Entry, 'commit'>, beside: SealedEntry['beside']): string | null {
  if (beside === null) return null
  if (commit === undefined) return 'has something beside it that the entry is not bound to'
  return commitTo(beside.salt, beside.text) === commit ? null : 'has something else beside it than what was written'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
