/**
 * PostgreSQL's text and jsonb cannot hold NUL or lone surrogates. Untrusted text (logs, host names, comments) may
 * contain both. They are replaced by U+FFFD before storing, so no text can make a write fail.
 */
export function storable<T>(value: T): T
export function storable(value: unknown): unknown {
  if (isStorable(value)) return value
  if (typeof value === 'string') return storableText(value)
  if (Array.isArray(value)) return value.map((item) => storable(item))
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(members.map(([key, item]) => [storableText(key), storable(item)]))
}

/** Nearly every value can be stored unchanged and then need not be copied. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorableText(value)
  if (value === null || typeof value !== 'object') return true
  if (Array.isArray(value)) return value.every(isStorable)
  for (const [key, item] of Object.entries(value))
    if (item === undefined || !isStorableText(key) || !isStorable(item)) return false
  return true
}

function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** Like `storable`, for one text. */
export function storableText(text: string): string {
  return isStorableText(text) ? text : text.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** A value as JSON text that PostgreSQL accepts as `jsonb`. */
export function storableAsJson(value: unknown): string {
  return storableJson(JSON.stringify(value))
}

/**
 * Replaces escapes of NUL and lone surrogates in JSON text. `JSON.stringify` escapes only lone surrogates, not pairs.
 */
export function storableJson(text: string): string {
  if (!text.includes('\\u')) return text
  return text.replace(/\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g, (found) => (found.length > 2 ? '\\ufffd' : found))
}
