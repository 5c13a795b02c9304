/** Decision tables as data: a CSV in the format of the CERTCC/SSVC repository. Pure and strict about its input. */

export interface DecisionTable {
  /** Decision points without their version: `Exploitation`, `System Exposure`. */
  readonly points: readonly string[]
  readonly rows: readonly DecisionRow[]
}

export interface DecisionRow {
  readonly number: number
  readonly values: readonly string[]
  readonly outcome: string
}

/** Reads a table: a header `row,<point> v1.0,...,<outcome>`, then one row per combination. Throws with a sentence. */
export function parseDecisionTable(csv: string): DecisionTable {
  const lines = csv.split(/\r?\n/).filter((line) => line.trim() !== '')
  const header = fields(lines[0] ?? '')
  if (header.length < 3)
    throw new Error('A decision table needs a header: row, at least one decision point, the outcome.')
  const points = header.slice(1, -1).map((name) => name.replace(/\s+v\d+(\.\d+)*$/i, '').trim())
  const rows = lines.slice(1).map((line, index) => {
    const cells = fields(line)
    if (cells.length !== header.length) {
      throw new Error(
        `Line ${index + 2} of the decision table has ${cells.length} columns; the header has ${header.length}.`,
      )
    }
    return { number: index + 1, values: cells.slice(1, -1), outcome: cells.at(-1) ?? '' }
  })
  if (rows.length === 0) throw new Error('The decision table has no rows.')
  return { points, rows }
}

function fields(line: string): string[] {
  const cells: string[] = []
  for (const [, quoted, bare] of line.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)) {
    cells.push((quoted?.replaceAll('""', '"') ?? bare ?? '').trim())
  }
  // The expression matches once more, empty, at the end of the line.
  return line.endsWith(',') ? cells : cells.slice(0, -1)
}

export interface Decided {
  readonly outcome: string
  /** Row number, from 1, as people count. */
  readonly row: number
}

/** The row that fits the facts, whatever their case; `null` where none does. Missing facts fit no row. */
export function decideByTable(table: DecisionTable, facts: Readonly<Record<string, string>>): Decided | null {
  const given = new Map(Object.entries(facts).map(([point, value]) => [point.toLowerCase(), value.toLowerCase()]))
  for (const row of table.rows) {
    if (
      row.values.every((value, index) => given.get(table.points[index]?.toLowerCase() ?? '') === value.toLowerCase())
    ) {
      return { outcome: row.outcome, row: row.number }
    }
  }
  return null
}
