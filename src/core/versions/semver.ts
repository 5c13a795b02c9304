/** Semantic Versioning 2.0.0, section 11: https://semver.org. Allows a leading `v` or `=`, because people write it. */

import type { Order } from './order.ts'

interface Semver {
  readonly numbers: readonly string[]
  readonly prerelease: readonly string[]
}

/** A missing number is 0. Numbers after the third are ignored like a build: some registries number builds so. */
const pattern =
  /^[v=\s]*(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(0|[1-9]\d*))?(?:\.\d+)*(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?\s*$/

/** `null` for a text that is not a semantic version. */
export function parseSemver(text: string): Semver | null {
  const [, major, minor = '0', patch = '0', prerelease] = pattern.exec(text) ?? []
  if (major === undefined) return null
  return { numbers: [major, minor, patch], prerelease: prerelease?.split('.') ?? [] }
}

/** A text that is not a semantic version is older than every semantic version. Two such texts are ordered as text. */
export function compareSemver(a: string, b: string): Order {
  const left = parseSemver(a)
  const right = parseSemver(b)
  if (left === null || right === null) {
    if (left !== right) return left === null ? -1 : 1
    return a < b ? -1 : a > b ? 1 : 0
  }
  for (const [index, number] of left.numbers.entries()) {
    const order = compareNumbers(number, right.numbers[index] ?? '0')
    if (order !== 0) return order
  }
  return comparePrereleases(left.prerelease, right.prerelease)
}

function comparePrereleases(a: readonly string[], b: readonly string[]): Order {
  if (a.length === 0 || b.length === 0) return a.length === b.length ? 0 : a.length === 0 ? 1 : -1
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined) return 1
    const order = compareIdentifiers(left, right)
    if (order !== 0) return order
  }
  return a.length < b.length ? -1 : 0
}

/** Numbers are lower than words. */
function compareIdentifiers(a: string, b: string): Order {
  const [numberA, numberB] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (numberA && numberB) return compareNumbers(a, b)
  if (numberA !== numberB) return numberA ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** Compares numbers of any length. */
function compareNumbers(a: string, b: string): Order {
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')]
  if (left.length !== right.length) return left.length < right.length ? -1 : 1
  return left < right ? -1 : left > right ? 1 : 0
}
