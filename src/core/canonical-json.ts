/** Groups and lists within each other. What we write has under 20; more would exhaust the stack. */
const DEEPEST = 200

/**
 * JSON with one spelling for each value: keys sorted by code unit, no spaces, members that are `undefined` left out
 * (after RFC 8785). Hashes and signatures are made over it. What JSON cannot hold, and what is nested too deep, is
 * refused with a sentence.
 */
export function canonicalJson(value: unknown): string {
  return spelled(value, 0)
}

function spelled(value: unknown, depth: number): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
    return JSON.stringify(value)
  }
  if (depth === DEEPEST) throw new TypeError(`It is nested more than ${DEEPEST} deep`)
  if (Array.isArray(value)) return `[${value.map((item) => spelled(item ?? null, depth + 1)).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`A ${typeof value} has no JSON form`)
  const members: string[] = []
  for (const [key, member] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${spelled(member, depth + 1)}`)
  }
  return `{${members.join(',')}}`
}
