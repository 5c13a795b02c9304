/** Debian's version order: deb-version(7), Debian Policy 5.6.12. */

import type { Order } from './order.ts'

export interface DpkgVersion {
  readonly epoch: number
  readonly upstream: string
  readonly revision: string
}

/** The parts of a version; `null`: dpkg would not accept it. Spaces around it are allowed. */
export function parseDpkgVersion(given: string): DpkgVersion | null {
  const text = given.trim()
  const colon = text.indexOf(':')
  const epochText = colon === -1 ? '0' : text.slice(0, colon)
  if (!/^\d+$/.test(epochText) || Number(epochText) > 2_147_483_647) return null
  const rest = colon === -1 ? text : text.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  const upstream = dash === -1 ? rest : rest.slice(0, dash)
  const revision = dash === -1 ? '' : rest.slice(dash + 1)
  if (!/^\d[A-Za-z0-9.+\-~:]*$/.test(upstream)) return null
  if (dash !== -1 && !/^[A-Za-z0-9+.~]+$/.test(revision)) return null
  return { epoch: Number(epochText), upstream, revision }
}

/** Compares two versions. `1.0` and `0:1.0-0` are the same version. */
export function compareDpkg(a: string, b: string): Order {
  if (a === b) return 0
  const left = split(a)
  const right = split(b)
  return (
    sign(left.epoch - right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  )
}

function sign(difference: number): Order {
  return difference < 0 ? -1 : difference > 0 ? 1 : 0
}

/** Splits any text, so even an invalid version from a host has a place in the order. */
function split(given: string): DpkgVersion {
  const text = given.trim()
  const colon = text.indexOf(':')
  const epoch = colon === -1 ? 0 : Number(text.slice(0, colon))
  const numbered = Number.isInteger(epoch) && colon !== 0
  const rest = colon === -1 || !numbered ? text : text.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: numbered ? epoch : 0,
    upstream: dash === -1 ? rest : rest.slice(0, dash),
    revision: dash === -1 ? '' : rest.slice(dash + 1),
  }
}

const TILDE = 126
const ZERO = 48

/** `~` sorts before everything, even the end; letters before other characters. The end (`NaN`) and digits weigh 0. */
function weight(code: number): number {
  if (!(code >= 0) || isDigit(code)) return 0
  if (code === TILDE) return -1
  return isLetter(code) ? code : code + 256
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 57
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

function comparePart(a: string, b: string): Order {
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a.charCodeAt(i))) || (j < b.length && !isDigit(b.charCodeAt(j)))) {
      const order = weight(a.charCodeAt(i)) - weight(b.charCodeAt(j))
      if (order !== 0) return sign(order)
      i++
      j++
    }
    while (a.charCodeAt(i) === ZERO) i++
    while (b.charCodeAt(j) === ZERO) j++
    let first = 0
    while (isDigit(a.charCodeAt(i)) && isDigit(b.charCodeAt(j))) {
      if (first === 0) first = a.charCodeAt(i) - b.charCodeAt(j)
      i++
      j++
    }
    if (isDigit(a.charCodeAt(i))) return 1
    if (isDigit(b.charCodeAt(j))) return -1
    if (first !== 0) return sign(first)
  }
  return 0
}
