/** How deep objects and arrays may be nested. Patchwarden's data stays under 20; too deep data exhausts the stack. */
const DEEPEST = 200

/**
 * JSON with exactly one spelling for each value: keys sorted by code unit, no spaces, no members that are `undefined`
 * (after RFC 8785). Hashes and signatures are made over it. Throws a TypeError for a value that JSON cannot hold or
 * that is nested too deep.
 */
export function canonicalJson(value: unknown): string {
  return spelled(value, 0)
}

function spelled(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
    return String(value)
  }
  if (depth === DEEPEST) throw new TypeError(`It is nested more than ${DEEPEST} deep`)
  if (typeof value !== 'object') throw new TypeError(`A ${typeof value} has no JSON form`)
  // Strings are joined directly, for speed: this function is called very often.
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

/** Sorts keys by code unit. Many objects have their keys in this order already, so that is checked first. */
function sorted(keys: string[]): readonly string[] {
  for (let index = 1; index < keys.length; index++)
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return keys.sort()
  return keys
}

/** Limit of the cache. There are few different member names. */
const MOST_NAMES = 1_000
const names = new Map<string, string>()

function named(key: string): string {
  const known = names.get(key)
  if (known !== undefined) return known
  const text = `${JSON.stringify(key)}:`
  if (names.size < MOST_NAMES) names.set(key, text)
  return text
}
