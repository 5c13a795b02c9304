/** Many rows in few statements. */

import { type SQL, sql } from 'drizzle-orm'

/** Rows in one statement. */
export const ROWS_AT_ONCE = 5_000

/** The rows of one statement after the other. */
export function* slices<Row>(rows: readonly Row[], size = ROWS_AT_ONCE): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += size) yield rows.slice(from, from + size)
}

/** A list as PostgreSQL writes an array: what the parameters of our connections cannot be. */
export function listOf(values: readonly (string | number | null)[]): string {
  const items = values.map((value) => (value === null ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`))
  return `{${items.join(',')}}`
}

/**
 * A list of texts without line breaks, such as JSON, as an array: one long text that the server takes apart. Nothing is
 * escaped, which is most of what long lists of JSON would cost otherwise.
 */
export function linesOf(values: readonly (string | null)[]): SQL {
  for (const value of values)
    if (value === '' || value?.includes('\n') === true)
      throw new TypeError('A text of a list is empty or has a line break')
  return sql`string_to_array(${values.map((value) => value ?? '').join('\n')}::text, chr(10), '')`
}
