/** RPM's order of `[epoch:]version[-release]`: rpm-version(7) and the table of rpm's own test rpmvercmp.at. */

import type { Order } from './order.ts'

export interface RpmVersion {
  readonly epoch: string
  readonly version: string
  /** `null`: no release is given. Such a version sorts before versions with a release. */
  readonly release: string | null
}

/** Splits a version. The epoch is the digits before the first colon; the release is the text after the last dash. */
export function splitRpmVersion(given: string): RpmVersion {
  const text = given.trim()
  let end = 0
  while (isDigit(text.charCodeAt(end))) end++
  const hasEpoch = text[end] === ':'
  const rest = hasEpoch ? text.slice(end + 1) : text
  const dash = rest.lastIndexOf('-')
  return {
    epoch: hasEpoch && end > 0 ? text.slice(0, end) : '0',
    version: dash === -1 ? rest : rest.slice(0, dash),
    release: dash === -1 ? null : rest.slice(dash + 1),
  }
}

/** rpm itself compares any text. Text that cannot be part of a package name is refused here. */
export function isRpmVersion(text: string): boolean {
  return /^[\p{L}\p{N}._+~^:-]+$/u.test(text.trim()) && splitRpmVersion(text).version !== ''
}

export function compareRpm(a: string, b: string): Order {
  if (a === b) return 0
  const left = splitRpmVersion(a)
  const right = splitRpmVersion(b)
  const order = comparePart(left.epoch, right.epoch) || comparePart(left.version, right.version)
  if (order !== 0 || left.release === right.release) return order
  if (left.release === null) return -1
  if (right.release === null) return 1
  return comparePart(left.release, right.release)
}

const TILDE = 126
const CARET = 94
const ZERO = 48

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 57
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

function endOf(text: string, from: number, is: (code: number) => boolean): number {
  let end = from
  while (end < text.length && is(text.charCodeAt(end))) end++
  return end
}

/** Everything but ASCII letters, digits, `~` and `^` is a separator. */
function skipSeparators(text: string, from: number): number {
  return endOf(text, from, (code) => !isDigit(code) && !isLetter(code) && code !== TILDE && code !== CARET)
}

/** rpmvercmp: segments of digits or letters in turn. `~` sorts before the end, `^` after it and before all else. */
function comparePart(a: string, b: string): Order {
  if (a === b) return 0
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    i = skipSeparators(a, i)
    j = skipSeparators(b, j)
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(j)
    if (left === TILDE || right === TILDE) {
      if (left !== TILDE) return 1
      if (right !== TILDE) return -1
      i++
      j++
      continue
    }
    if (left === CARET || right === CARET) {
      if (i >= a.length) return -1
      if (j >= b.length) return 1
      if (left !== CARET) return 1
      if (right !== CARET) return -1
      i++
      j++
      continue
    }
    if (i >= a.length || j >= b.length) break
    const numeric = isDigit(left)
    const endA = endOf(a, i, numeric ? isDigit : isLetter)
    const endB = endOf(b, j, numeric ? isDigit : isLetter)
    // If only one segment is a number, that version is newer.
    if (endB === j) return numeric ? 1 : -1
    const order = numeric ? compareDigits(a, i, endA, b, j, endB) : compareText(a.slice(i, endA), b.slice(j, endB))
    if (order !== 0) return order
    i = endA
    j = endB
  }
  if (i >= a.length && j >= b.length) return 0
  return i >= a.length ? -1 : 1
}

/** Compares digits of any length, without leading zeros. */
function compareDigits(a: string, i: number, endA: number, b: string, j: number, endB: number): Order {
  const startA = Math.min(
    endOf(a, i, (code) => code === ZERO),
    endA,
  )
  const startB = Math.min(
    endOf(b, j, (code) => code === ZERO),
    endB,
  )
  const length = endA - startA - (endB - startB)
  if (length !== 0) return length < 0 ? -1 : 1
  return compareText(a.slice(startA, endA), b.slice(startB, endB))
}

function compareText(a: string, b: string): Order {
  return a < b ? -1 : a > b ? 1 : 0
}
