/**
 * Alpine's version order, as apk-tools computes it: numbers, one letter, suffixes, `-r` revision. Invalid versions,
 * about which apk warns, are ordered as apk orders them. See apk-package(5), "PACKAGE VERSION".
 */

import type { Order } from './order.ts'

/**
 * Kinds of tokens in apk's order. If two versions first differ in a token's kind, the one with the earlier kind is
 * newer.
 */
const kinds = ['number', 'letter', 'gap', 'suffix', 'suffix number', 'revision', 'end', 'invalid'] as const
type Kind = (typeof kinds)[number]

interface Token {
  readonly kind: Kind
  readonly text: string
}

const preReleases = ['alpha', 'beta', 'pre', 'rc']
const suffixes = [...preReleases, 'cvs', 'svn', 'git', 'hg', 'p']

/** Accepts more than apk's valid versions: apk warns about some of these and still compares them. */
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
      // After a dot, a leading zero makes the number a fraction: 1.01 is older than 1.1.
      return !first && a.kind === 'number' && (a.text.startsWith('0') || b.text.startsWith('0'))
        ? compareText(a.text, b.text)
        : compareNumbers(a.text, b.text)
  }
}

/** Compares digits of any length. No digits count as 0. */
function compareNumbers(a: string, b: string): Order {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  return left.length === right.length ? compareText(left, right) : left.length < right.length ? -1 : 1
}

function compareText(a: string, b: string): Order {
  return a < b ? -1 : a > b ? 1 : 0
}

/** One expression per kind, tried at the current place. A dot without a number after it is a gap. */
const patterns: Readonly<Record<'number' | 'letter' | 'gap' | 'suffix' | 'suffix number' | 'revision', RegExp>> = {
  number: /\.?(\d+)/y,
  letter: /([a-z])/y,
  gap: /\.()/y,
  suffix: new RegExp(`_(${suffixes.join('|')})`, 'y'),
  'suffix number': /(\d+)/y,
  revision: /-r(\d*)(?![a-z])/y,
}

/** The kinds that may follow each kind. */
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

/** Splits a version into tokens. A commit hash (`~1a2b`) is left out, because it says nothing about the order. */
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
