/**
 * Content is data that events name by its hash instead of containing it. It is written once and never changed. Each
 * kind has its own formats, and this program reads every format that was ever written.
 */

import { canonicalJson } from './canonical-json.ts'
import { sha256 } from './sha256.ts'
import { storable } from './storable.ts'

/** Each kind has its number in the store and its newest format. A number is never used for another kind. */
const kinds = {
  /** The results of up to 500 assets, as one event records them. */
  results: { number: 1, format: 1, called: 'results page' },
  /** Output of a package manager. It expires. */
  log: { number: 2, format: 1, called: 'log' },
  /** The change of one package or update: the version before and after. Only earlier versions wrote it by itself. */
  change: { number: 3, format: 1, called: 'change' },
  /** The changes that assets share. Only earlier versions wrote it. */
  'change set': { number: 4, format: 1, called: 'change set' },
  /** The transaction that the package manager announced. */
  transaction: { number: 5, format: 1, called: 'transaction' },
  patch: { number: 6, format: 1, called: 'patch' },
  /** Why a patch has its priority. Nobody votes on it. */
  judgement: { number: 7, format: 1, called: 'judgement' },
  /** Up to 1,000 assets of a decision: the class and the ring of each. */
  members: { number: 8, format: 1, called: 'page of assets' },
  /** Up to 1,000 classes of a decision. A class says what its assets get, and when. */
  classes: { number: 9, format: 2, called: 'page of classes' },
  /** What people vote on. */
  decision: { number: 10, format: 2, called: 'decision' },
  /** Facts that are shown with a decision; nobody votes on them. */
  evidence: { number: 11, format: 1, called: 'evidence' },
  /** One part of a list that is too long for its place. */
  list: { number: 12, format: 1, called: 'part of a list' },
  /** The policy when a proposal was opened: who must approve, how many, by when. */
  policy: { number: 13, format: 1, called: 'policy' },
  /** The configuration as it was loaded, with pseudonyms and without secrets. */
  configuration: { number: 14, format: 1, called: 'configuration' },
  /** Ids of the assets that an entry names. */
  assets: { number: 15, format: 1, called: 'list of assets' },
  /** How flaws are judged: a page that one entry names. */
  judged: { number: 16, format: 1, called: 'page of judgements' },
  /** The facts and the row of the table behind judgements. */
  grounds: { number: 17, format: 1, called: 'grounds of judgements' },
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

/** Content as it is stored or exported. Somebody may have changed any of it. */
export interface StoredContent {
  readonly hash: string
  readonly kind: string
  readonly format: number
  readonly text: string
}

/** Makes content of the newest format from a value. Characters that a database cannot store are replaced. */
export function contentOf(kind: ContentKind, value: unknown): HashedContent {
  const plain = canonicalJson(value)
  // A character that a database cannot store is always escaped in JSON.
  const text = plain.includes('\\u') ? canonicalJson(storable(value)) : plain
  const { format } = kinds[kind]
  return { hash: contentHash(kind, format, text), kind, format, text }
}

/** Content of a value that never changes. */
export interface MadeContent extends HashedContent {
  /** True: the stored text differs from the value, because a database cannot store the value. */
  readonly other: boolean
}

/** Like `contentOf`, for a value that never changes. */
export function madeContent(kind: ContentKind, value: unknown): MadeContent {
  const content = contentOf(kind, value)
  return { ...content, other: content.text.includes('\ufffd') }
}

/**
 * For unchanging objects that are asked for repeatedly. Keeps the hash of each; the text is made again when it is read.
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

/** Content that makes its text again each time. */
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

/** The kind with this number; for an unknown number, words that name it. */
export function kindOf(number: number): string {
  return Object.entries(kinds).find(([, kind]) => kind.number === number)?.[0] ?? `number ${number}`
}

/** What is wrong with content that should be of this kind; `null`: it matches its hash and can be read. */
export function contentProblem(kind: ContentKind, content: StoredContent | undefined): string | null {
  if (content === undefined) return 'is missing'
  const problem = ownProblem(content)
  if (problem !== null) return problem
  return content.kind === kind ? null : `is content of the kind "${content.kind}"`
}

/** What is wrong with content, whatever its kind; `null`: it matches its hash and can be read. */
export function ownProblem({ hash, kind, format, text }: StoredContent): string | null {
  if (!isKind(kind)) return `is content of the kind "${kind}", which this version does not know`
  if (format < 1 || format > kinds[kind].format)
    return `is written in format ${format}, and this version reads formats up to ${kinds[kind].format}`
  return contentHash(kind, format, text) === hash ? null : 'does not match its hash: it was changed'
}

function isKind(kind: string): kind is ContentKind {
  return Object.hasOwn(kinds, kind)
}

/** E.g. `the results page 0a1b2c3d4e5f`. */
export function contentName(kind: string, hash: string): string {
  return `the ${isKind(kind) ? kinds[kind].called : 'content'} ${hash.slice(0, 12)}`
}
