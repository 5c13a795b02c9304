/**
 * PostgreSQL's text and jsonb hold neither NUL nor lone surrogates. Untrusted text (logs, host names, comments) may
 * carry both; they become U+FFFD on the way in, so that no text can make a write fail.
 */
export function storable<T>(value: T): T
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map((item) => storable(item))
  if (value === null || typeof value !== 'object') return value
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) if (item !== undefined) out[clean(key)] = storable(item)
  return out
}

function clean(text: string): string {
  const wellFormed = Buffer.from(text, 'utf8').toString('utf8')
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\uFFFD') : wellFormed
}
