/** Many rows in few statements. */

/** Rows in one statement. */
export const ROWS_AT_ONCE = 5_000

/** The rows of one statement after the other. */
export function* slices<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) yield rows.slice(from, from + ROWS_AT_ONCE)
}

/** A list as PostgreSQL writes an array: what the parameters of our connections cannot be. */
export function listOf(values: readonly (string | number | null)[]): string {
  const items = values.map((value) => (value === null ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`))
  return `{${items.join(',')}}`
}
