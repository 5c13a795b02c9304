/**
 * Content: what events name by its hash instead of holding it. It is written once and never changed; each kind has formats
 * of its own, and a program reads every format that was ever written.
 */

import { canonicalJson } from './canonical-json.ts'
import { sha256 } from './sha256.ts'
import { storable } from './storable.ts'

/** Each kind by its number in the store, which is never given to another, with its newest format. */
const kinds = {
  /** What became of up to 500 assets, as one event records it. */
  results: { number: 1, format: 1, called: 'results page' },
  /** What a package manager wrote. Not kept for ever. */
  log: { number: 2, format: 1, called: 'log' },
  /** A package or an update: from which version to which. */
  change: { number: 3, format: 1, called: 'change' },
  /** The changes that many assets share. */
  'change set': { number: 4, format: 1, called: 'change set' },
  /** What the package manager said that it would do. */
  transaction: { number: 5, format: 1, called: 'transaction' },
  patch: { number: 6, format: 1, called: 'patch' },
  /** Why a patch has its priority. Nobody votes on it. */
  judgement: { number: 7, format: 1, called: 'judgement' },
  /** Up to 1,000 assets of a decision: the class and the ring of each. */
  members: { number: 8, format: 1, called: 'page of assets' },
  /** Up to 1,000 classes of a decision: what their assets get, and when. */
  classes: { number: 9, format: 1, called: 'page of classes' },
  /** What is voted on. */
  decision: { number: 10, format: 1, called: 'decision' },
  /** What is shown with a decision and nobody votes on. */
  evidence: { number: 11, format: 1, called: 'evidence' },
  /** A part of a list that is too long to stand where it belongs. */
  list: { number: 12, format: 1, called: 'part of a list' },
  /** Who must say yes, how many, by when, as it was when a proposal opened. */
  policy: { number: 13, format: 1, called: 'policy' },
  /** The configuration as it was loaded, with pseudonyms and without secrets. */
  configuration: { number: 14, format: 1, called: 'configuration' },
  /** Ids of assets that an entry speaks of. */
  assets: { number: 15, format: 1, called: 'list of assets' },
} as const

export type ContentKind = keyof typeof kinds

export interface HashedContent {
  /** SHA-256, hexadecimal: over kind, format and text. */
  readonly hash: string
  readonly kind: ContentKind
  readonly format: number
  /** Canonical JSON. */
  readonly text: string
}

/** As it is stored or exported, where anything may have been changed. */
export interface StoredContent {
  readonly hash: string
  readonly kind: string
  readonly format: number
  readonly text: string
}

/** A value as content of the newest format. Texts that could not be stored as they are become storable before. */
export function contentOf(kind: ContentKind, value: unknown): HashedContent {
  const plain = canonicalJson(value)
  // Only what JSON has to escape can be what no database holds.
  const text = plain.includes('\\u') ? canonicalJson(storable(value)) : plain
  const { format } = kinds[kind]
  return { hash: contentHash(kind, format, text), kind, format, text }
}

/** Content of a value that never changes. */
export interface MadeContent extends HashedContent {
  /** True: what is stored differs from the value, because no database can hold the value. */
  readonly other: boolean
}

/** As `contentOf`. */
export function madeContent(kind: ContentKind, value: unknown): MadeContent {
  const content = contentOf(kind, value)
  return { ...content, other: content.text.includes('\ufffd') }
}

/**
 * Content of objects that are asked for again and again, and never change: the hash of each is kept, and the text is made
 * again where somebody reads it.
 */
export function contentOnce<Key extends object>(
  kind: ContentKind,
  toText: (key: Key) => unknown,
): (key: Key) => MadeContent {
  const known = new WeakMap<Key, Known>()
  return (key) => {
    const before = known.get(key)
    if (before !== undefined) return before
    const made = madeContent(kind, toText(key))
    known.set(key, new Known(made, () => contentOf(kind, toText(key)).text))
    return made
  }
}

/** Content without its text. */
class Known implements MadeContent {
  readonly hash: string
  readonly kind: ContentKind
  readonly format: number
  readonly other: boolean
  readonly #spell: () => string

  constructor({ hash, kind, format, other }: MadeContent, spell: () => string) {
    this.hash = hash
    this.kind = kind
    this.format = format
    this.other = other
    this.#spell = spell
  }

  get text(): string {
    return this.#spell()
  }
}

function contentHash(kind: string, format: number, text: string): string {
  return sha256(`patchwarden ${kind} ${format}\n${text}`)
}

export function kindNumber(kind: ContentKind): number {
  return kinds[kind].number
}

/** The kind of a number; for one that nobody knows, words that name it. */
export function kindOf(number: number): string {
  return Object.entries(kinds).find(([, kind]) => kind.number === number)?.[0] ?? `number ${number}`
}

/** What is wrong with content that should be of this kind; `null`: it matches its hash, and can be read. */
export function contentProblem(kind: ContentKind, content: StoredContent | undefined): string | null {
  if (content === undefined) return 'is missing'
  const problem = ownProblem(content)
  if (problem !== null) return problem
  return content.kind === kind ? null : `is content of the kind "${content.kind}"`
}

/** What is wrong with content by itself. */
export function ownProblem({ hash, kind, format, text }: StoredContent): string | null {
  if (!isKind(kind)) return `is content of the kind "${kind}", which this version does not know`
  if (format < 1 || format > kinds[kind].format)
    return `is written in format ${format}, and this version reads formats up to ${kinds[kind].format}`
  return contentHash(kind, format, text) === hash ? null : 'does not match its hash: it was changed'
}

function isKind(kind: string): kind is ContentKind {
  return Object.hasOwn(kinds, kind)
}

/** `the results page 0a1b2c3d4e5f` */
export function contentName(kind: string, hash: string): string {
  return `the ${isKind(kind) ? kinds[kind].called : 'content'} ${hash.slice(0, 12)}`
}
