/**
 * Reads rows of ManageEngine's answers. The same field is a number in one answer and a text in another; a key may have its
 * table in front (`resource.name`), or be written in another case (`ComputerName`); what is missing is `"--"`, `"NA"` or 0.
 */

import { looksLikeHtml, parseJson } from '../json-text.ts'

export type Row = Readonly<Record<string, unknown>>

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Letters and digits in small, so that `resource_id`, `resourceId` and `ResourceID` are one. */
function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/**
 * The value of the first of these fields that the row has. A key that is written exactly so comes first, then one in another
 * case, then one with a table in front.
 */
function foundIn(row: Row, fields: readonly string[]): unknown {
  for (const field of fields) {
    if (Object.hasOwn(row, field) && !isMissing(row[field])) return row[field]
    const wanted = plain(field)
    const keys = Object.keys(row)
    const key =
      keys.find((one) => plain(one) === wanted && !isMissing(row[one])) ??
      keys.find(
        (one) => one.includes('.') && plain(one.slice(one.lastIndexOf('.') + 1)) === wanted && !isMissing(row[one]),
      )
    if (key !== undefined) return row[key]
  }
  return null
}

function isMissing(value: unknown): boolean {
  return (
    value === null || value === undefined || (typeof value === 'string' && /^(?:|-+|NA|N\/A|null)$/i.test(value.trim()))
  )
}

/** `null`: the row does not say it. */
export function textOf(row: Row, ...fields: readonly string[]): string | null {
  const value = foundIn(row, fields)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? value.trim() : null
}

export function numberOf(row: Row, ...fields: readonly string[]): number | null {
  const text = textOf(row, ...fields)
  if (text === null || !/^-?\d{1,15}$/.test(text)) return null
  return Number(text)
}

/**
 * An id as text. Ids of the cloud have 14 digits and more, which a number may not hold exactly, so a field with the text comes
 * first. Throws a sentence if the id cannot be read, because a wrong one would be another machine.
 */
export function idOf(row: Row, ...fields: readonly string[]): string {
  const value = foundIn(row, fields)
  if (typeof value === 'string' && /^\d{1,20}$/.test(value.trim())) return value.trim()
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return String(value)
  throw new Error(`ManageEngine gave a row whose ${fields[0]} cannot be read: ${JSON.stringify(value)?.slice(0, 60)}`)
}

/** Years 2000 to 2100, in milliseconds. A number of seconds is none: it would be an instant of January 1970. */
const EARLIEST_MS = Date.UTC(2000)
const LATEST_MS = Date.UTC(2100)

/** ISO 8601 UTC, of a field with milliseconds since 1970; `null`: it is missing, 0, or no such instant. */
export function instantIn(row: Row, ...fields: readonly string[]): string | null {
  const at = numberOf(row, ...fields)
  return at === null || at < EARLIEST_MS || at > LATEST_MS ? null : new Date(at).toISOString()
}

export function yesOrNoOf(row: Row, ...fields: readonly string[]): boolean | null {
  const text = textOf(row, ...fields)?.toLowerCase()
  if (text === 'true' || text === '1' || text === 'yes') return true
  return text === 'false' || text === '0' || text === 'no' ? false : null
}

/** The row in a body, whatever its header says it is: good answers come as text/plain. `null`: it is no JSON object. */
export function parsedRow(body: Buffer | null): Row | null {
  const text = body?.toString('utf8') ?? ''
  if (looksLikeHtml(text)) return null
  try {
    const value = parseJson(text, 'The answer')
    return isRow(value) ? value : null
  } catch {
    return null
  }
}
