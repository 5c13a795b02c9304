/**
 * An entry of the record: one event as plain facts, whose bytes never change. Names, words and other personal data stand
 * beside it; the entry has a hash over them and a salt, so that they can be erased and the entry still verifies. Hashes
 * are those of the leaves of RFC 6962.
 */

import { createHash } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'

/** What a fact may be: never a name, a comment, an account, a user or an address. Numbers are whole. */
export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [key: string]: Fact | undefined }
export type Facts = Readonly<Record<string, Fact | undefined>>

/** What stands beside the facts, and can be erased. */
export type Beside = Readonly<Record<string, Fact | undefined>>

/** What an entry says before it is given its time and its place. */
export interface Told {
  readonly event: string
  readonly facts: Facts
  readonly beside?: Beside
}

export interface Entry {
  /** `PW-3`, `rights`, `persons`, `feeds`, `assets:TEAM`, `findings:TEAM`. */
  readonly stream: string
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number
  /** When it was recorded, ISO 8601 UTC. */
  readonly at: string
  /** A person's pseudonym, or a part of Patchwarden. */
  readonly by: string
  readonly event: string
  readonly facts: Facts
  /** Binds what stands beside it; left out where nothing stands there. */
  readonly commit?: string
  /** Hash of the entry before it in its stream. */
  readonly prev: string
}

/** An entry as it is kept. */
export interface SealedEntry {
  readonly stream: string
  readonly seq: number
  /** The bytes that are hashed. */
  readonly text: string
  readonly hash: string
  /** `null`: there is nothing beside it, or it was erased. */
  readonly beside: { readonly salt: string; readonly text: string } | null
}

/** The number of the form, which stands in every entry. What earlier versions wrote has none. */
const FORM = 2

/** SHA-256 over the byte 0 and the entry, hexadecimal. */
export function leafHash(text: string): string {
  return createHash('sha256').update('\0', 'utf8').update(text, 'utf8').digest('hex')
}

/** Check by hand: `printf '%s\n%s' SALT TEXT | sha256sum`. */
export function commitTo(salt: string, text: string): string {
  return createHash('sha256').update(`${salt}\n${text}`, 'utf8').digest('hex')
}

/** `salt`: 32 random hexadecimal digits, used for no other entry. Throws where a fact has a number that is not whole. */
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

/**
 * Reads an entry from its bytes. Throws a clause where they are not an entry: somebody who changed the store may have
 * written anything.
 */
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
 * What differs, in an entry that could be read, from the way `sealEntry` writes it, as a clause; `null`: nothing. If a
 * key stood there twice, some readers would take the first and some the last; and numbers that are not whole are read
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

/**
 * What stands beside an entry, as it is kept: with its salt, or neither of the two. Throws a clause where only one is
 * there.
 */
export function besideOf(salt: string | null, text: string | null): SealedEntry['beside'] {
  if (salt === null && text === null) return null
  if (text === null) throw new Error('has a salt, and what it belongs to is gone: only both can be erased')
  if (salt === null) throw new Error('has something beside it without its salt: only both can be erased')
  return { salt, text }
}

/** What stands beside an entry; `null`: it was erased. */
export function readBeside(text: string | null): Beside | null {
  if (text === null) return null
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) throw new Error('has something beside it that is not a record')
  return value as Beside
}

/**
 * Checks that what stands beside an entry is what the entry is bound to; a clause where it is not. Erased: nobody can
 * tell.
 */
export function besideProblem({ commit }: Pick<Entry, 'commit'>, beside: SealedEntry['beside']): string | null {
  if (beside === null) return null
  if (commit === undefined) return 'has something beside it that the entry is not bound to'
  return commitTo(beside.salt, beside.text) === commit ? null : 'has something else beside it than what was written'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
