/** Debian's version order: deb-version(7), Debian Policy 5.6.12. */

export interface DpkgVersion {
  readonly epoch: number
  readonly upstream: string
  readonly revision: string
}

/** The parts of a version, or `null` for what dpkg would not accept. */
export function parseDpkgVersion(text: string): DpkgVersion | null {
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

/** -1 when `a` is older than `b`, 1 when newer, 0 when they are the same version (`1.0` and `0:1.0-0`). */
export function compareDpkg(a: string, b: string): -1 | 0 | 1 {
  const left = split(a)
  const right = split(b)
  const order =
    left.epoch - right.epoch || comparePart(left.upstream, right.upstream) || comparePart(left.revision, right.revision)
  return order < 0 ? -1 : order > 0 ? 1 : 0
}

/** Splits leniently, so that even an odd version found on a host has a place in the order. */
function split(text: string): DpkgVersion {
  const match = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/s.exec(text.trim())
  return { epoch: Number(match?.[1] ?? 0), upstream: match?.[2] ?? '', revision: match?.[3] ?? '' }
}

/** `~` sorts before everything, even the end; letters before other characters. */
function weight(character: string | undefined): number {
  if (character === undefined || isDigit(character)) return 0
  if (character === '~') return -1
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9'
}

function comparePart(a: string, b: string): number {
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a[i])) || (j < b.length && !isDigit(b[j]))) {
      const order = weight(a[i]) - weight(b[j])
      if (order !== 0) return order
      i++
      j++
    }
    while (a[i] === '0') i++
    while (b[j] === '0') j++
    let first = 0
    while (isDigit(a[i]) && isDigit(b[j])) {
      if (first === 0) first = (a.charCodeAt(i) ?? 0) - b.charCodeAt(j)
      i++
      j++
    }
    if (isDigit(a[i])) return 1
    if (isDigit(b[j])) return -1
    if (first !== 0) return first
  }
  return 0
}
