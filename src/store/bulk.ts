/** Helpers for many rows in few statements. */

import { type SQL, sql } from 'drizzle-orm'

/** Most rows in one statement. */
export const ROWS_AT_ONCE = 5_000

/** Cuts rows into slices, one for each statement. */
export function* slices<Row>(rows: readonly Row[], size = ROWS_AT_ONCE): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += size) yield rows.slice(from, from + size)
}

/** A list in PostgreSQL's text form of an array. Our connections cannot send an array as a parameter. */
export function listOf(values: readonly (string | number | null)[]): string {
  const items = values.map((value) => (value === null ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`))
  return `{${items.join(',')}}`
}

/**
 * An array of texts without line breaks, such as JSON. They are sent as one long text, which the server splits. Nothing
 * has to be escaped: for long lists of JSON that would cost most of the time.
 */
export function linesOf(values: readonly (string | null)[]): SQL {
  for (const value of values)
    if (value === '' || value?.includes('\n') === true)
      throw new TypeError('A text of a list is empty or has a line break')
  return sql`string_to_array(${values.map((value) => value ?? '').join('\n')}::text, chr(10), '')`
}
