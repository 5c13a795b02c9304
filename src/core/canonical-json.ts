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
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
    return JSON.stringify(value)
  }
  if (depth === DEEPEST) throw new TypeError(`It is nested more than ${DEEPEST} deep`)
  if (typeof value !== 'object') throw new TypeError(`A ${typeof value} has no JSON form`)
  // Put together piece by piece, because nothing else is written as often as this.
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value) text += (text === '' ? '' : ',') + spelled(item ?? null, depth + 1)
    return `[${text}]`
  }
  for (const key of sorted(Object.keys(value))) {
    const member = (value as Readonly<Record<string, unknown>>)[key]
    if (member !== undefined) text += (text === '' ? '' : ',') + named(key) + spelled(member, depth + 1)
  }
  return `{${text}}`
}

/** By code unit. Many objects have their keys in that order already. */
function sorted(keys: string[]): readonly string[] {
  for (let index = 1; index < keys.length; index++)
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return keys.sort()
  return keys
}

/** Names of members are few. */
const MOST_NAMES = 1_000
const names = new Map<string, string>()

function named(key: string): string {
  const known = names.get(key)
  if (known !== undefined) return known
  const text = `${JSON.stringify(key)}:`
  if (names.size < MOST_NAMES) names.set(key, text)
  return text
}
