/**
 * Alpine's version order, as apk-tools walks it: numbers, one letter, suffixes, `-r` revision. Odd versions that apk
 * would warn of keep the place that its walk gives them. apk-package(5), "PACKAGE VERSION".
 */

import type { Order } from './order.ts'

/**
 * The kinds that may follow, in the order in which apk ranks them: of two versions, the one that goes on with an
 * earlier kind is newer.
 */
const kinds = ['number', 'letter', 'gap', 'suffix', 'suffix number', 'revision', 'end', 'invalid'] as const
type Kind = (typeof kinds)[number]

interface Token {
  readonly kind: Kind
  readonly text: string
}

const preReleases = ['alpha', 'beta', 'pre', 'rc']
const suffixes = [...preReleases, 'cvs', 'svn', 'git', 'hg', 'p']

/** Looser than apk, which warns of some of these and compares them all the same. */
export function isApkVersion(text: string): boolean {
  return /^[0-9A-Za-z._~-]+$/.test(text.trim()) && /[0-9A-Za-z]/.test(text)
}

export function compareApk(a: string, b: string): Order {
  const left = tokens(a)
  const right = tokens(b)
  for (let index = 0; ; index++) {
    const one = left[index] ?? end
    const two = right[index] ?? end
    if (one.kind === two.kind) {
      if (one.kind === 'end' || one.kind === 'invalid') return 0
      const order = compareTokens(one, two, index === 0)
      if (order !== 0) return order
      continue
    }
    if (isPreRelease(one)) return -1
    if (isPreRelease(two)) return 1
    return kinds.indexOf(one.kind) > kinds.indexOf(two.kind) ? -1 : 1
  }
}

const end: Token = { kind: 'end', text: '' }

function isPreRelease({ kind, text }: Token): boolean {
  return kind === 'suffix' && preReleases.includes(text)
}

function compareTokens(a: Token, b: Token, first: boolean): Order {
  if (a.text === b.text) return 0
  switch (a.kind) {
    case 'suffix':
      return suffixes.indexOf(a.text) < suffixes.indexOf(b.text) ? -1 : 1
    case 'letter':
      return a.text < b.text ? -1 : 1
    default:
      // Behind a dot a leading zero makes it a fraction: 1.01 is older than 1.1.
      return !first && a.kind === 'number' && (a.text.startsWith('0') || b.text.startsWith('0'))
        ? compareText(a.text, b.text)
        : compareNumbers(a.text, b.text)
  }
}

/** Digits of any length; none at all count as 0. */
function compareNumbers(a: string, b: string): Order {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  return left.length === right.length ? compareText(left, right) : left.length < right.length ? -1 : 1
}

function compareText(a: string, b: string): Order {
  return a < b ? -1 : a > b ? 1 : 0
}

/** One expression per kind, at the place it is tried. A dot with no number behind it is a gap. */
const patterns: Readonly<Record<'number' | 'letter' | 'gap' | 'suffix' | 'suffix number' | 'revision', RegExp>> = {
  number: /\.?(\d+)/y,
  letter: /([a-z])/y,
  gap: /\.()/y,
  suffix: new RegExp(`_(${suffixes.join('|')})`, 'y'),
  'suffix number': /(\d+)/y,
  revision: /-r(\d*)(?![a-z])/y,
}

/** What may come after a token of each kind. */
const followers: Readonly<Record<Kind, readonly (keyof typeof patterns)[]>> = {
  number: ['number', 'letter', 'gap', 'suffix', 'revision'],
  letter: ['number', 'gap', 'suffix', 'revision'],
  gap: ['number', 'letter', 'gap', 'suffix', 'revision'],
  suffix: ['suffix number', 'suffix', 'revision'],
  'suffix number': ['suffix', 'revision'],
  revision: [],
  end: [],
  invalid: [],
}

/** A commit hash (`~1a2b`) says nothing about the order and is left out. */
function tokens(given: string): readonly Token[] {
  const text = given.trim().replace(/~[0-9a-f]+/, '')
  const leading = /^\d*/.exec(text)?.[0] ?? ''
  const found: Token[] = [{ kind: 'number', text: leading }]
  let at = leading.length
  let kind: Kind = 'number'
  while (at < text.length) {
    let next: Token = { kind: 'invalid', text: '' }
    for (const candidate of followers[kind]) {
      const pattern = patterns[candidate]
      pattern.lastIndex = at
      const match = pattern.exec(text)
      if (match === null) continue
      next = { kind: candidate, text: match[1] ?? '' }
      at = pattern.lastIndex
      break
    }
    found.push(next)
    if (next.kind === 'invalid') return found
    kind = next.kind
  }
  return found
}
